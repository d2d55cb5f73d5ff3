//! The tray icon: where there is one, closing the window leaves Earshot running, so that one can be called.

use std::sync::Arc;

use earshot_node::Node;
use earshot_protocol::Status;
use earshot_protocol::owner::{Language, Settings, SettingsChange};
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _, Wry};

use crate::window;
use crate::words::{Words, words};

const OPEN: &str = "open";
const QUIT: &str = "quit";
const STATUSES: [Status; 3] = [Status::Available, Status::Away, Status::Busy];

/// The tray's menu, kept to follow the settings.
struct Entries {
    open: MenuItem<Wry>,
    statuses: [CheckMenuItem<Wry>; 3],
    quit: MenuItem<Wry>,
}

/// Puts the icon into the tray, where this system can have one.
///
/// # Errors
/// What the system says.
pub(crate) fn add(app: &AppHandle, node: &Arc<Node>) -> tauri::Result<()> {
    if !is_possible() {
        tracing::info!("no tray here: closing the window quits");
        return Ok(());
    }
    let settings = node.settings();
    let (entries, menu) = build_menu(app, &settings)?;
    let for_menu = node.clone();
    // macOS paints a template in the menu bar's own colour; other trays may be light or dark, so the icon is coloured.
    let icon = if cfg!(target_os = "macos") {
        tauri::include_image!("src-tauri/icons/tray-template.png")
    } else {
        tauri::include_image!("src-tauri/icons/32x32.png")
    };
    build_icon(app, &menu, icon, move |app, event| choose(app, &for_menu, &event))?;
    app.manage(entries);
    Ok(())
}

fn build_icon(
    app: &AppHandle,
    menu: &Menu<Wry>,
    icon: Image<'_>,
    choose: impl Fn(&AppHandle, MenuEvent) + Send + Sync + 'static,
) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("main")
        .icon(icon)
        .icon_as_template(true)
        .tooltip("Earshot")
        .menu(menu)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(choose)
        .on_tray_icon_event(|tray, event| {
            let left = matches!(
                event,
                TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
            );
            if left && !cfg!(target_os = "macos") {
                window::bring_up(tray.app_handle());
            }
        })
        .build(app)
}

fn build_menu(app: &AppHandle, settings: &Settings) -> tauri::Result<(Entries, Menu<Wry>)> {
    let words = words(settings.language);
    let check = |status: Status| {
        let chosen = settings.status == status;
        CheckMenuItem::with_id(app, status.as_str(), status_word(words, status), true, chosen, None::<&str>)
    };
    let entries = Entries {
        open: MenuItem::with_id(app, OPEN, words.open, true, None::<&str>)?,
        statuses: [check(STATUSES[0])?, check(STATUSES[1])?, check(STATUSES[2])?],
        quit: MenuItem::with_id(app, QUIT, words.quit, true, None::<&str>)?,
    };
    let [available, away, busy] = &entries.statuses;
    let line = PredefinedMenuItem::separator(app)?;
    let menu = Menu::with_items(app, &[&entries.open, &line, available, away, busy, &line, &entries.quit])?;
    Ok((entries, menu))
}

/// Follows a change of status or language.
pub(crate) fn follow(app: &AppHandle, settings: &Settings) {
    if let Some(entries) = app.try_state::<Entries>()
        && let Err(error) = entries.show(settings.language, settings.status)
    {
        tracing::warn!(%error, "the tray's menu could not follow the settings");
    }
}

impl Entries {
    fn show(&self, language: Language, status: Status) -> tauri::Result<()> {
        let words = words(language);
        self.open.set_text(words.open)?;
        self.quit.set_text(words.quit)?;
        for (entry, of) in self.statuses.iter().zip(STATUSES) {
            entry.set_text(status_word(words, of))?;
            entry.set_checked(of == status)?;
        }
        Ok(())
    }
}

fn status_word(words: &Words, status: Status) -> &'static str {
    match status {
        // Nobody chooses to be in a call.
        Status::Available | Status::InCall => words.available,
        Status::Away => words.away,
        Status::Busy => words.busy,
    }
}

fn choose(app: &AppHandle, node: &Arc<Node>, event: &MenuEvent) {
    match event.id().as_ref() {
        OPEN => window::bring_up(app),
        QUIT => app.exit(0),
        id => {
            if let Some(status) = STATUSES.into_iter().find(|status| status.as_str() == id) {
                tauri::async_runtime::spawn(set_status(app.clone(), node.clone(), status));
            }
        }
    }
}

async fn set_status(app: AppHandle, node: Arc<Node>, status: Status) {
    let change = SettingsChange { status: Some(status), ..SettingsChange::default() };
    if let Err(code) = node.change_settings(change).await {
        tracing::warn!(%code, "the status could not be changed");
    }
    // Also where nothing changed: a click turns a check mark off.
    follow(&app, &node.settings());
}

/// Whether an icon of ours is to be seen now: only then may the window hide.
pub(crate) fn is_shown(app: &AppHandle) -> bool {
    app.try_state::<Entries>().is_some() && has_host()
}

/// Tauri's tray on Linux needs a library that is not linked, and ends the program where it lacks.
#[cfg(target_os = "linux")]
fn is_possible() -> bool {
    ["libayatana-appindicator3.so.1", "libappindicator3.so.1"].iter().any(|name| {
        // Tauri loads the same library a moment later.
        #[expect(
            unsafe_code,
            reason = "loading a library runs its initialisers; this one's only register types"
        )]
        let loaded = unsafe { libloading::Library::new(name) };
        loaded.is_ok()
    })
}

/// On Linux a tray is a program of the desktop's; GNOME, for one, has none unless an extension was added.
#[cfg(target_os = "linux")]
fn has_host() -> bool {
    use gtk::gio::{BusType, Cancellable, DBusCallFlags, bus_get_sync};
    use gtk::glib::{ToVariant as _, Variant, VariantTy};

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const TIMEOUT_MS: i32 = 300;
    let Ok(bus) = bus_get_sync(BusType::Session, Cancellable::NONE) else { return false };
    let answer = bus.call_sync(
        Some(WATCHER),
        "/StatusNotifierWatcher",
        "org.freedesktop.DBus.Properties",
        "Get",
        Some(&(WATCHER, "IsStatusNotifierHostRegistered").to_variant()),
        Some(VariantTy::TUPLE),
        DBusCallFlags::NO_AUTO_START,
        TIMEOUT_MS,
        Cancellable::NONE,
    );
    answer.ok().and_then(|answer| answer.get::<(Variant,)>()?.0.get::<bool>()).unwrap_or(false)
}

#[cfg(not(target_os = "linux"))]
fn is_possible() -> bool {
    true
}

#[cfg(not(target_os = "linux"))]
fn has_host() -> bool {
    true
}
