//! The pages attached to the node: one per window, so that a page that is loaded anew takes the place of the old one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use earshot_node::{Node, WindowReceiver, WindowSender};
use earshot_protocol::{ErrorCode, FromNode, ToNode};
use tauri::WebviewWindow;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::{Channel, InvokeBody, Request};

use crate::navigation::is_own;

/// The attached pages, by the label of their window.
#[derive(Default)]
pub(crate) struct Pages(Mutex<HashMap<String, Page>>);

struct Page {
    sender: Arc<WindowSender>,
    forwarding: JoinHandle<()>,
}

impl Pages {
    /// Attaches the page in `window` and lets go of the one that was there before.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for a page that is not our own, or the node's refusal.
    pub(crate) async fn attach(
        &self,
        window: &WebviewWindow,
        node: &Node,
        channel: Channel<FromNode>,
    ) -> Result<(), ErrorCode> {
        check(window)?;
        // The old page's calls end before the new one learns what there is.
        self.detach(window.label());
        let (sender, receiver) = node.attach().await?.split();
        let forwarding = spawn(forward(receiver, channel));
        let page = Page { sender: Arc::new(sender), forwarding };
        // Two loads at once: the later one stays.
        let other = self.lock().insert(window.label().to_owned(), page);
        other.into_iter().for_each(Page::let_go);
        Ok(())
    }

    /// Says something to the node on behalf of the page in `window`.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for a page that is not our own or not attached, [`ErrorCode::Internal`] when the node
    /// has ended.
    pub(crate) async fn say(&self, window: &WebviewWindow, message: ToNode) -> Result<(), ErrorCode> {
        check(window)?;
        let sender =
            self.lock().get(window.label()).map(|page| page.sender.clone()).ok_or(ErrorCode::NotAllowed)?;
        if sender.say(message).await { Ok(()) } else { Err(ErrorCode::Internal) }
    }

    /// Lets go of the page in the window with this label.
    pub(crate) fn detach(&self, label: &str) {
        let gone = self.lock().remove(label);
        gone.into_iter().for_each(Page::let_go);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        // Nothing that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    fn let_go(self) {
        // A page that was replaced has no channel any more.
        self.forwarding.abort();
        // Detaching needs the runtime that the node lives in.
        spawn(async move { drop(self.sender) });
    }
}

/// Tauri's capabilities say the same; this holds even if somebody widens them.
///
/// # Errors
/// [`ErrorCode::NotAllowed`] for a page that is not our own.
pub(crate) fn check(window: &WebviewWindow) -> Result<(), ErrorCode> {
    match window.url() {
        Ok(url) if is_own(&url) => Ok(()),
        _ => Err(ErrorCode::NotAllowed),
    }
}

/// A call's body as bytes.
///
/// # Errors
/// [`ErrorCode::Malformed`] for JSON.
pub(crate) fn raw(request: &Request<'_>) -> Result<Vec<u8>, ErrorCode> {
    match request.body() {
        InvokeBody::Raw(bytes) => Ok(bytes.clone()),
        InvokeBody::Json(_) => Err(ErrorCode::Malformed),
    }
}

/// Carries what the node says to a page until either is gone.
async fn forward(mut receiver: WindowReceiver, channel: Channel<FromNode>) {
    while let Some(message) = receiver.next().await {
        if channel.send(message).is_err() {
            return;
        }
    }
    // The node cut the page off: it read too slowly, or the node has ended.
    let _ = channel.send(FromNode::Refused { code: ErrorCode::SlowReader });
}
