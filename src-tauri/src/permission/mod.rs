//! Camera and microphone: only for our own page, asked once, the answer kept in the settings.

#[cfg(target_os = "linux")]
mod features;
#[cfg(target_os = "linux")]
mod linux;

use earshot_protocol::owner::Capture;
use tauri::{Builder, Wry};

/// What is answered to a page that wants to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
    /// The person has not been asked yet.
    Ask,
}

/// `own`: the page is the embedded one.
fn verdict(own: bool, capture: Capture) -> Verdict {
    match capture {
        _ if !own => Verdict::Deny,
        Capture::Allow => Verdict::Allow,
        Capture::Deny => Verdict::Deny,
        Capture::Ask => Verdict::Ask,
    }
}

/// Answers pages' requests, where Tauri's own handler can do that.
#[cfg(not(target_os = "linux"))]
pub(crate) fn answer_requests(builder: Builder<Wry>) -> Builder<Wry> {
    use std::sync::Arc;

    use earshot_node::Node;
    use tauri::Manager as _;
    use tauri::webview::{PermissionKind, PermissionResponse};

    builder.on_permission_request(|webview, kind| {
        if !matches!(
            kind,
            PermissionKind::Camera | PermissionKind::Microphone | PermissionKind::DisplayCapture
        ) {
            return PermissionResponse::Deny;
        }
        let own = webview.url().is_ok_and(|url| crate::navigation::is_own(&url));
        match verdict(own, webview.state::<Arc<Node>>().settings().capture) {
            Verdict::Allow => PermissionResponse::Allow,
            // macOS asks by itself, and remembers.
            Verdict::Ask if cfg!(target_os = "macos") => PermissionResponse::Allow,
            // WebView2 asks by itself, and remembers.
            Verdict::Ask => PermissionResponse::Default,
            // WebView2 keeps a denial for good, beyond a change of the settings: it asks instead.
            Verdict::Deny if own && cfg!(windows) => PermissionResponse::Default,
            Verdict::Deny => PermissionResponse::Deny,
        }
    })
}

/// WebKitGTK asks nobody by itself, and Tauri's handler cannot wait for a person: see [`linux`].
#[cfg(target_os = "linux")]
pub(crate) fn answer_requests(builder: Builder<Wry>) -> Builder<Wry> {
    builder
}

#[cfg(target_os = "linux")]
pub(crate) use linux::prepare;

/// Nothing to prepare: the engine captures as it is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare(_: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_page_never_captures() {
        for capture in [Capture::Ask, Capture::Allow, Capture::Deny] {
            assert_eq!(verdict(false, capture), Verdict::Deny);
        }
    }

    #[test]
    fn our_own_page_does_what_the_person_said() {
        assert_eq!(verdict(true, Capture::Ask), Verdict::Ask);
        assert_eq!(verdict(true, Capture::Allow), Verdict::Allow);
        assert_eq!(verdict(true, Capture::Deny), Verdict::Deny);
    }
}
