//! The window stays on our own page; links to elsewhere open in the system's browser.

use tauri::Url;

/// Whether this is the embedded UI: its own scheme, or on Windows a host name that only the webview knows.
pub(crate) fn is_own(url: &Url) -> bool {
    let (scheme, host) = if cfg!(windows) { ("http", "tauri.localhost") } else { ("tauri", "localhost") };
    url.scheme() == scheme && url.host_str() == Some(host) && url.port().is_none()
}

/// Decides on a navigation: our own page may load, a web page opens in the browser, anything else is dropped.
pub(crate) fn may_load(url: &Url) -> bool {
    if is_own(url) {
        return true;
    }
    open_elsewhere(url);
    false
}

/// Opens a web page in the system's browser. Other schemes could start any program and are dropped.
pub(crate) fn open_elsewhere(url: &Url) {
    if matches!(url.scheme(), "https" | "http")
        && let Err(error) = earshot_node::open_in_browser(url.as_str())
    {
        tracing::warn!(kind = ?error.kind(), "the system's browser could not be started");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_embedded_page_is_our_own() {
        let own = if cfg!(windows) { "http://tauri.localhost/" } else { "tauri://localhost/" };
        assert!(is_own(&Url::parse(own).expect("a URL")));
        for foreign in [
            "https://localhost/",
            "http://localhost/",
            "http://127.0.0.1:7000/",
            "https://tauri.localhost/",
            "tauri://elsewhere/",
            "tauri://localhost.example/",
            "http://tauri.localhost.example/",
            "http://tauri.localhost:8080/",
            "file:///etc/passwd",
            "about:blank",
            "data:text/html,hello",
        ] {
            assert!(!is_own(&Url::parse(foreign).expect("a URL")), "{foreign}");
        }
    }
}
