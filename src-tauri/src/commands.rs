//! What a page may call. Each is one line; `src-tauri/capabilities` says which page.

use std::sync::Arc;

use earshot_node::Node;
use earshot_protocol::{ErrorCode, FileReply, FileRequest, FromNode, ToNode};
use tauri::ipc::{Channel, Request};
use tauri::{State, WebviewWindow};

use crate::page::{self, Pages};
#[cfg(target_os = "linux")]
use crate::rtc::Calls;

/// Attaches the calling page to the node; what the node says arrives on `on_message`.
#[tauri::command]
pub(crate) async fn attach(
    window: WebviewWindow,
    node: State<'_, Arc<Node>>,
    pages: State<'_, Pages>,
    on_message: Channel<FromNode>,
) -> Result<(), ErrorCode> {
    pages.attach(&window, &node, on_message).await
}

/// Says something to the node.
#[tauri::command]
pub(crate) async fn say(
    window: WebviewWindow,
    pages: State<'_, Pages>,
    message: ToNode,
) -> Result<(), ErrorCode> {
    pages.say(&window, message).await
}

/// Asks about a file that is being received.
#[tauri::command]
pub(crate) async fn file_request(
    window: WebviewWindow,
    node: State<'_, Arc<Node>>,
    request: FileRequest,
) -> Result<FileReply, ErrorCode> {
    page::check(&window).and(Ok(node.received()))?.request(request).await
}

/// Writes a block of a file that is being received: the call's whole body, raw.
#[tauri::command]
pub(crate) async fn file_block(
    window: WebviewWindow,
    node: State<'_, Arc<Node>>,
    request: Request<'_>,
) -> Result<(), ErrorCode> {
    page::check(&window).and(Ok(node.received()))?.block(page::raw(&request)?).await
}

/// Lets the calling page reach the native half of its calls, once.
#[cfg(target_os = "linux")]
#[tauri::command]
pub(crate) async fn rtc_ticket(
    window: WebviewWindow,
    calls: State<'_, Calls>,
) -> Result<webview_rtc::Ticket, ErrorCode> {
    calls.ticket(&window)
}
