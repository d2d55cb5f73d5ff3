//! A window's (or browser tab's) end of the node.

use earshot_protocol::{ErrorCode, FromNode, ToNode};
use tokio::sync::{mpsc, oneshot};

use crate::core::Input;

/// An attached window. Dropping both halves detaches it: its calls are left and its rings cancelled.
#[derive(Debug)]
pub struct Window {
    sender: WindowSender,
    receiver: WindowReceiver,
}

/// The half that speaks.
#[derive(Debug)]
pub struct WindowSender {
    id: u64,
    core: mpsc::Sender<Input>,
}

/// The half that listens.
#[derive(Debug)]
pub struct WindowReceiver {
    messages: mpsc::Receiver<FromNode>,
}

impl Window {
    /// Attaches a window to the core.
    pub(crate) async fn attach(core: &mpsc::Sender<Input>) -> Result<Self, ErrorCode> {
        let (attached, answer) = oneshot::channel();
        core.send(Input::Attach { attached }).await.map_err(|_| ErrorCode::Internal)?;
        let (id, messages) = answer.await.map_err(|_| ErrorCode::Internal)??;
        let core = core.clone();
        Ok(Self { sender: WindowSender { id, core }, receiver: WindowReceiver { messages } })
    }

    /// Says something to the node; waits while the node is busy. False: the node is gone.
    pub async fn say(&self, message: ToNode) -> bool {
        self.sender.say(message).await
    }

    /// The next thing the node says, or `None` when the window was detached.
    pub async fn next(&mut self) -> Option<FromNode> {
        self.receiver.next().await
    }

    /// Parts the two directions. The window is detached when the speaking half is dropped.
    #[must_use]
    pub fn split(self) -> (WindowSender, WindowReceiver) {
        (self.sender, self.receiver)
    }
}

impl WindowSender {
    /// Says something to the node; waits while the node is busy. False: the node is gone.
    pub async fn say(&self, message: ToNode) -> bool {
        self.core.send(Input::Said { window: self.id, message }).await.is_ok()
    }
}

impl Drop for WindowSender {
    fn drop(&mut self) {
        let (core, id) = (self.core.clone(), self.id);
        if let Err(mpsc::error::TrySendError::Full(input)) = core.try_send(Input::Detached(id))
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { core.send(input).await });
        }
    }
}

impl WindowReceiver {
    /// The next thing the node says, or `None` when the window was detached.
    pub async fn next(&mut self) -> Option<FromNode> {
        self.messages.recv().await
    }
}
