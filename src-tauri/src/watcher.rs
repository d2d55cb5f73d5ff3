//! The shell's own ear at the node: a ring or a second start brings the window up, settings reach tray and theme.

use std::sync::Arc;

use earshot_node::Node;
use earshot_protocol::owner::Theme;
use earshot_protocol::{ErrorCode, Event, FromNode, HubMessage, OwnerEvent};
use tauri::AppHandle;

use crate::{tray, window};

/// Listens until the node ends. Cut off for being slow, it attaches anew.
pub(crate) async fn watch(app: AppHandle, node: Arc<Node>) {
    loop {
        let mut ear = match node.attach().await {
            Ok(ear) => ear,
            // The node has ended, and so will the program.
            Err(ErrorCode::Internal) => return,
            Err(code) => {
                tracing::warn!(%code, "the shell does not hear the node");
                return;
            }
        };
        let mut theme = None;
        while let Some(message) = ear.next().await {
            act(&app, message, &mut theme);
        }
    }
}

fn act(app: &AppHandle, message: FromNode, theme: &mut Option<Theme>) {
    match message {
        FromNode::Message { message: HubMessage::Event { event: Event::Ringing { .. } }, .. } => {
            window::call_attention(app);
        }
        FromNode::Owner { event: OwnerEvent::Raise } => window::bring_up(app),
        FromNode::State(state) => {
            if theme.replace(state.settings.theme).is_some_and(|before| before != state.settings.theme) {
                window::set_theme(app, state.settings.theme);
            }
            tray::follow(app, &state.settings);
        }
        _ => {}
    }
}
