//! Starts the native half of our WebRTC, lets the page's policy reach it, and lets the page in.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use earshot_node::Node;
use earshot_protocol::ErrorCode;
use tauri::async_runtime::block_on;
use tauri::utils::config::{Config, Csp};
use tauri::{Builder, Context, WebviewWindow, Wry};
use webview_rtc::{LocalNames, Options, Rtc, Ticket};

use crate::page::check;

/// The page's origin.
const ORIGIN: &str = "tauri://localhost";

/// What carries the window's calls; None where it could not start.
pub(crate) struct Calls(Option<Rtc>);

impl Calls {
    /// Lets the page in `window` in, once.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for a page that is not our own, [`ErrorCode::Internal`] when there is nothing to let
    /// it into.
    pub(crate) fn ticket(&self, window: &WebviewWindow) -> Result<Ticket, ErrorCode> {
        check(window)?;
        self.0.as_ref().map(Rtc::ticket).ok_or(ErrorCode::Internal)
    }
}

/// Resolves candidates' names the way the node finds people.
struct ByNode(Arc<Node>);

impl LocalNames for ByNode {
    fn resolve(&self, name: String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> {
        let node = self.0.clone();
        Box::pin(async move { node.resolve_local(&name).await })
    }
}

/// Has WebKit give our page memory that its threads share. What worklet and Worker post to each other waits for the page's
/// main thread, and a voice would wait with it. Only our own page is ever loaded; the processes of WebKit inherit this. Who
/// has set it before knows better.
pub(crate) fn prepare_process() {
    const NAME: &str = "JSC_useSharedArrayBuffer";
    if std::env::var_os(NAME).is_some() {
        return;
    }
    #[expect(unsafe_code, reason = "called first of all, when there is no second thread")]
    unsafe {
        std::env::set_var(NAME, "1");
    }
}

/// Starts it before the window opens: the page's policy names its port.
pub(crate) fn prepare(builder: Builder<Wry>, context: &mut Context, node: &Arc<Node>) -> Builder<Wry> {
    let options = Options { origins: vec![ORIGIN.to_owned()], names: Arc::new(ByNode(node.clone())) };
    let rtc = match block_on(Rtc::start(options)) {
        Ok(rtc) => {
            let_page_reach(context.config_mut(), rtc.address());
            Some(rtc)
        }
        Err(error) => {
            // The page tells the person, and leads them to a browser.
            tracing::error!(%error, "the window cannot carry calls");
            None
        }
    };
    builder.manage(Calls(rtc))
}

/// Adds this one address of this run to the policy's `connect-src` (CSP Level 3, section 6.1.2).
fn let_page_reach(config: &mut Config, address: SocketAddr) {
    if let Some(Csp::DirectiveMap(policy)) = &mut config.app.security.csp
        && let Some(sources) = policy.get_mut("connect-src")
    {
        sources.push(format!("ws://{address}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURATION: &str = include_str!("../../../tauri.conf.json");

    fn policy(config: &Config) -> Vec<String> {
        let Some(csp) = config.app.security.csp.clone() else { return Vec::new() };
        csp.to_string().split(';').map(|directive| directive.trim().to_owned()).collect()
    }

    #[test]
    fn the_page_may_reach_the_one_port_and_nothing_more() {
        let mut config: Config = serde_json::from_str(CONFIGURATION).expect("a configuration");
        let mut before = policy(&config);
        before.retain(|directive| !directive.starts_with("connect-src"));
        let_page_reach(&mut config, "127.0.0.1:40123".parse().expect("an address"));
        let mut after = policy(&config);
        let connect = after.iter().position(|directive| directive.starts_with("connect-src")).expect("it");
        assert_eq!(
            after.swap_remove(connect),
            "connect-src 'self' ipc: http://ipc.localhost ws://127.0.0.1:40123"
        );
        before.sort();
        after.sort();
        assert_eq!(before, after);
    }
}
