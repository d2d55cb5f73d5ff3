//! WebKitGTK: camera and microphone are switched on in its settings, and its requests wait for the person's answer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use earshot_node::Node;
use earshot_protocol::owner::{Capture, SettingsChange};
use gtk::glib::object::{Cast as _, ObjectExt as _};
use gtk::prelude::{DialogExt as _, GtkWindowExt as _, MessageDialogExt as _, WidgetExt as _};
use tauri::{Manager as _, Url, WebviewWindow};
use webkit2gtk::{
    DeviceInfoPermissionRequest, HardwareAccelerationPolicy, PermissionRequest, PermissionRequestExt as _,
    SettingsExt as _, UserMediaPermissionRequest, WebView, WebViewExt,
};

use super::{Verdict, features, verdict};
use crate::navigation::is_own;
use crate::words::words;

/// MediaStreamTrackProcessor and VideoTrackGenerator (W3C mediacapture-transform): pictures of a track in a Worker.
const TRACK_PROCESSING: &str = "MediaStreamTrackProcessing";
/// Timers of a hidden page run once a second. A call in a hidden window goes on as before.
const TIMER_THROTTLING: &str = "HiddenPageDOMTimerThrottling";
/// Requests that wait for one answer; a page that asks more often is denied.
const MAX_WAITING: usize = 8;

/// Prepares a window for capturing, before its page loads.
///
/// # Errors
/// What the system says.
pub(crate) fn prepare(window: &WebviewWindow) -> tauri::Result<()> {
    let node = window.state::<Arc<Node>>().inner().clone();
    window.with_webview(move |platform| {
        let view = platform.inner();
        if let Some(settings) = WebViewExt::settings(&view) {
            settings.set_enable_media_stream(true);
            // Without effect where WebRTC is compiled out; the page looks for RTCPeerConnection itself.
            settings.set_enable_webrtc(true);
            // A voice is heard whether or not somebody has clicked.
            settings.set_media_playback_requires_user_gesture(false);
            let wanted = [(TRACK_PROCESSING, !without_track_processing()), (TIMER_THROTTLING, false)];
            features::set(&settings, &wanted);
            for_tests(&settings);
            if !has_graphics_card() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
        }
        let desk = Rc::new(Desk { node, waiting: RefCell::default() });
        view.connect_permission_request(move |view, request| desk.clone().decide(view, request));
        let reloaded = Cell::new(false);
        view.connect_web_process_terminated(move |view, _| {
            tracing::error!("the page's process has ended");
            // Once: a page that kills its process each time is not loaded for ever.
            if !reloaded.replace(true) {
                view.reload();
            }
        });
    })
}

/// Without one a call's pictures would be put together by a graphics card that is only computed (Mesa's llvmpipe), which
/// takes most of a core for a window of ordinary size; WebKit's own painting takes a third of that.
fn has_graphics_card() -> bool {
    let devices = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    devices.into_iter().any(|device| device.file_name().to_string_lossy().starts_with("renderD"))
}

fn asked(name: &str) -> bool {
    cfg!(debug_assertions) && std::env::var(name).is_ok_and(|value| value == "1")
}

/// As if this WebKit were one that was built without it. Never in a release.
fn without_track_processing() -> bool {
    asked("EARSHOT_TEST_NO_TRACK_PROCESSING")
}

/// Known pictures and sounds in place of a camera, and the console on standard output. Never in a release.
fn for_tests(settings: &webkit2gtk::Settings) {
    settings.set_enable_mock_capture_devices(asked("EARSHOT_TEST_MOCK_CAPTURE"));
    settings.set_enable_write_console_messages_to_stdout(asked("EARSHOT_TEST_CONSOLE"));
}

/// Where requests are decided, or wait for the person.
struct Desk {
    node: Arc<Node>,
    waiting: RefCell<Vec<PermissionRequest>>,
}

impl Desk {
    /// True: the request was or will be answered.
    fn decide(self: Rc<Self>, view: &WebView, request: &PermissionRequest) -> bool {
        let own = view.uri().and_then(|uri| Url::parse(&uri).ok()).is_some_and(|url| is_own(&url));
        if request.is::<DeviceInfoPermissionRequest>() {
            // Names of devices; without them the page could not offer a choice.
            answer(request, own);
        } else if let Some(media) = request.downcast_ref::<UserMediaPermissionRequest>() {
            if features::is_for_screen(media) {
                // The desktop's portal asks which screen or window, each time; to ask here too would be one too many.
                answer(request, own);
                return true;
            }
            match verdict(own, self.node.settings().capture) {
                Verdict::Allow => request.allow(),
                Verdict::Deny => request.deny(),
                Verdict::Ask => self.ask(view, request.clone()),
            }
        } else {
            request.deny();
        }
        true
    }

    fn ask(self: Rc<Self>, view: &WebView, request: PermissionRequest) {
        let before = self.waiting.borrow().len();
        if before == MAX_WAITING {
            request.deny();
            return;
        }
        self.waiting.borrow_mut().push(request);
        if before == 0 {
            self.show_question(view);
        }
    }

    fn show_question(self: Rc<Self>, view: &WebView) {
        let words = words(self.node.settings().language);
        let parent = view.toplevel().and_then(|widget| widget.downcast::<gtk::Window>().ok());
        let question = gtk::MessageDialog::new(
            parent.as_ref(),
            gtk::DialogFlags::MODAL | gtk::DialogFlags::DESTROY_WITH_PARENT,
            gtk::MessageType::Question,
            gtk::ButtonsType::None,
            words.ask_capture,
        );
        question.set_secondary_text(Some(words.ask_capture_more));
        question.set_title("Earshot");
        question.add_button(words.deny, gtk::ResponseType::No);
        question.add_button(words.allow, gtk::ResponseType::Yes);
        question.set_default_response(gtk::ResponseType::Yes);
        question.connect_response(move |question, response| {
            self.close(response);
            question.close();
        });
        question.show_all();
    }

    /// A question that was closed without an answer is asked again next time.
    fn close(&self, response: gtk::ResponseType) {
        let allowed = response == gtk::ResponseType::Yes;
        if allowed || response == gtk::ResponseType::No {
            let capture = if allowed { Capture::Allow } else { Capture::Deny };
            let change = SettingsChange { capture: Some(capture), ..SettingsChange::default() };
            let node = self.node.clone();
            tauri::async_runtime::spawn(async move {
                if let Err(code) = node.change_settings(change).await {
                    tracing::warn!(%code, "the answer about camera and microphone could not be kept");
                }
            });
        }
        for request in self.waiting.take() {
            answer(&request, allowed);
        }
    }
}

fn answer(request: &PermissionRequest, allowed: bool) {
    if allowed { request.allow() } else { request.deny() }
}
