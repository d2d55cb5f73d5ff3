//! A WebRTC of our own for the one webview that has none, WebKitGTK. Elsewhere nothing of it is compiled in.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Calls, prepare, prepare_process};

/// Nothing to prepare.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare_process() {}

/// Nothing to prepare: the webview calls by itself.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare(
    builder: tauri::Builder<tauri::Wry>,
    _: &mut tauri::Context,
    _: &std::sync::Arc<earshot_node::Node>,
) -> tauri::Builder<tauri::Wry> {
    builder
}
