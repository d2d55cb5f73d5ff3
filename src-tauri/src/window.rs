//! The one window: made hidden, shown when its page is there, brought up when somebody rings.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use earshot_protocol::owner::{Settings, Theme};
use tauri::utils::config::Color;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager as _, UserAttentionType, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::{navigation, permission};

/// The window's label, which the capability names.
const LABEL: &str = "main";
/// The ground colours of the UI, so that the window does not flash before the first picture.
const LIGHT: Color = Color(0xf7, 0xf5, 0xf2, 0xff);
const DARK: Color = Color(0x16, 0x16, 0x18, 0xff);

/// Makes the window. `folder`: where this install keeps its files, so that two installs share nothing.
///
/// # Errors
/// What the system says.
pub(crate) fn open(app: &AppHandle, settings: &Settings, folder: Option<&Path>) -> tauri::Result<()> {
    let shown = AtomicBool::new(false);
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Earshot")
        .inner_size(1080.0, 720.0)
        .min_inner_size(400.0, 300.0)
        .center()
        .visible(false)
        .devtools(cfg!(debug_assertions))
        // Files dropped on the window belong to the page.
        .disable_drag_drop_handler()
        .on_navigation(navigation::may_load)
        .on_new_window(|url, _| {
            navigation::open_elsewhere(&url);
            NewWindowResponse::Deny
        })
        .on_page_load(move |window, load| {
            // A page that loads anew leaves a hidden window hidden.
            if load.event() == PageLoadEvent::Finished && !shown.swap(true, Ordering::Relaxed) {
                show(&window);
            }
        });
    if let Some(folder) = folder {
        builder = builder.data_directory(folder.join("webview"));
    }
    let window = builder.build()?;
    match settings.theme {
        // Tauri would take "the system's" for light here, so it is left as it is.
        Theme::System => paint(&window),
        chosen => set_theme(app, chosen),
    }
    permission::prepare(&window)
}

/// Gives window, title bar and dialogs the theme that was chosen.
pub(crate) fn set_theme(app: &AppHandle, theme: Theme) {
    app.set_theme(native_theme(theme));
    if let Some(window) = app.get_webview_window(LABEL) {
        paint(&window);
    }
}

/// Hides the window; the node goes on.
pub(crate) fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        report(window.hide());
    }
}

/// Shows the window in front of others.
pub(crate) fn bring_up(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        report(window.unminimize());
        show(&window);
    }
}

/// Shows the window and asks for attention, where the system does not let a program take the focus.
pub(crate) fn call_attention(app: &AppHandle) {
    bring_up(app);
    if let Some(window) = app.get_webview_window(LABEL) {
        report(window.request_user_attention(Some(UserAttentionType::Critical)));
    }
}

fn show(window: &WebviewWindow) {
    report(window.show());
    report(window.set_focus());
}

fn paint(window: &WebviewWindow) {
    let dark = window.theme().is_ok_and(|theme| theme == tauri::Theme::Dark);
    report(window.set_background_color(Some(if dark { DARK } else { LIGHT })));
}

fn native_theme(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// A window that will not do as told is no reason to end a call.
fn report(result: tauri::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the window did not do as told");
    }
}
