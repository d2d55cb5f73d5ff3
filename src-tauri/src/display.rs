//! Whether a window can be shown at all.

use std::io::Write as _;

/// On Linux: a display is named and can be opened. Elsewhere there always is one.
#[cfg(target_os = "linux")]
pub(crate) fn is_there() -> bool {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // GTK is started here rather than by Tauri, which would panic where the display cannot be opened.
    (named("WAYLAND_DISPLAY") || named("DISPLAY")) && gtk::init().is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_there() -> bool {
    true
}

/// Tells the person why no window opens.
pub(crate) fn say_there_is_none() {
    // A closed pipe is no reason to end.
    let _ = writeln!(std::io::stderr(), "There is no display here, so Earshot runs without a window.");
}
