//! WebKit's features, which are no settings: switched by their name. webkit2gtk's bindings do not have them.

use std::ffi::{CStr, c_char, c_int};

use gtk::glib::translate::ToGlibPtr as _;
use webkit2gtk::ffi::{WebKitSettings, WebKitUserMediaPermissionRequest};
use webkit2gtk::{Settings, UserMediaPermissionRequest};

/// WebKit's `WebKitFeatureList` and `WebKitFeature`: only pointed to.
#[repr(C)]
struct List {
    _opaque: [u8; 0],
}
#[repr(C)]
struct Feature {
    _opaque: [u8; 0],
}

/// What WebKitGTK has since 2.42.
struct Functions {
    all: unsafe extern "C" fn() -> *mut List,
    unref: unsafe extern "C" fn(*mut List),
    length: unsafe extern "C" fn(*mut List) -> usize,
    get: unsafe extern "C" fn(*mut List, usize) -> *mut Feature,
    identifier: unsafe extern "C" fn(*mut Feature) -> *const c_char,
    set_enabled: unsafe extern "C" fn(*mut WebKitSettings, *mut Feature, c_int),
}

impl Functions {
    /// Looked up rather than linked, so that the program starts where they lack.
    fn load() -> Option<Self> {
        let program = libloading::os::unix::Library::this();
        macro_rules! function {
            ($name:literal) => {{
                // The library that has it is linked, so it stays for as long as the program runs.
                #[expect(unsafe_code, reason = "the type is the one of WebKitGTK's header for this name")]
                let found = unsafe { program.get(concat!($name, "\0").as_bytes()) };
                *found.ok()?
            }};
        }
        Some(Self {
            all: function!("webkit_settings_get_all_features"),
            unref: function!("webkit_feature_list_unref"),
            length: function!("webkit_feature_list_get_length"),
            get: function!("webkit_feature_list_get"),
            identifier: function!("webkit_feature_get_identifier"),
            set_enabled: function!("webkit_settings_set_feature_enabled"),
        })
    }
}

/// Switches features on or off by their identifiers; those that this WebKit does not have are left out.
pub(super) fn set(settings: &Settings, wanted: &[(&str, bool)]) {
    let Some(functions) = Functions::load() else {
        tracing::info!("this WebKit is older than 2.42 and has no features to switch");
        return;
    };
    let settings = settings.to_glib_none();
    #[expect(
        unsafe_code,
        reason = "the list is ours until `unref`, its features live as long, `get` is asked below the length, and an \
                  identifier is a string that ends; the settings outlive the call; all on the main thread, like GTK"
    )]
    unsafe {
        let list = (functions.all)();
        for index in 0..(functions.length)(list) {
            let feature = (functions.get)(list, index);
            let identifier = CStr::from_ptr((functions.identifier)(feature));
            let found = wanted.iter().find(|(name, _)| name.as_bytes() == identifier.to_bytes());
            if let Some((_, enabled)) = found {
                (functions.set_enabled)(settings.0, feature, c_int::from(*enabled));
            }
        }
        (functions.unref)(list);
    }
}

/// Whether a page wants to show a screen rather than a camera or a microphone.
pub(super) fn is_for_screen(request: &UserMediaPermissionRequest) -> bool {
    let request: gtk::glib::translate::Stash<'_, *mut WebKitUserMediaPermissionRequest, _> =
        request.to_glib_none();
    #[expect(unsafe_code, reason = "the request is alive and of this type")]
    let answer = unsafe { webkit2gtk::ffi::webkit_user_media_permission_is_for_display_device(request.0) };
    answer != 0
}
