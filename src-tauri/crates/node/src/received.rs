//! Received files: what a window asks about them, off the runtime's threads, for disks take their time.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use earshot_files::Files;
use earshot_protocol::files::BlockFrame;
use earshot_protocol::limits::{FILE_BLOCK_BYTES, MAX_MESSAGE_BYTES};
use earshot_protocol::{ErrorCode, FileReply, FileRequest};
use http::StatusCode;
use tokio::task::spawn_blocking;

/// The files that windows receive.
#[derive(Debug, Clone)]
pub struct Received {
    files: Arc<Files>,
}

impl Received {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { files: Arc::new(Files::new(folder)) }
    }

    /// Does what a window asks.
    ///
    /// # Errors
    /// See [`Files::request`]; [`ErrorCode::FolderUnusable`] also when nothing here can show a folder.
    pub async fn request(&self, request: FileRequest) -> Result<FileReply, ErrorCode> {
        let files = self.files.clone();
        let done = move || {
            let reply = files.request(&request)?;
            if request == FileRequest::Show {
                crate::browser::open_folder(files.folder()).map_err(|error| {
                    tracing::warn!(kind = ?error.kind(), "the folder of received files could not be shown");
                    ErrorCode::FolderUnusable
                })?;
            }
            Ok(reply)
        };
        // A fault of ours ends this request only.
        spawn_blocking(done).await.unwrap_or(Err(ErrorCode::Internal))
    }

    /// Writes one block: a [`BlockFrame`].
    ///
    /// # Errors
    /// See [`Files::write`]; [`ErrorCode::TooLarge`], [`ErrorCode::Malformed`] for what is no frame.
    pub async fn block(&self, frame: impl AsRef<[u8]> + Send + 'static) -> Result<(), ErrorCode> {
        let files = self.files.clone();
        let done = move || {
            let frame = frame.as_ref();
            if frame.len() > BlockFrame::HEAD_BYTES + FILE_BLOCK_BYTES as usize {
                return Err(ErrorCode::TooLarge);
            }
            files.write(&BlockFrame::read(frame).ok_or(ErrorCode::Malformed)?)
        };
        spawn_blocking(done).await.unwrap_or(Err(ErrorCode::Internal))
    }

    /// The same for a browser's page. Who may ask is the caller's to check.
    pub(crate) fn router(self) -> Router {
        let request = post(request).layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES as usize));
        let most = BlockFrame::HEAD_BYTES + FILE_BLOCK_BYTES as usize;
        let block = post(block).layer(DefaultBodyLimit::max(most));
        Router::new().route("/ui/files/request", request).route("/ui/files/block", block).with_state(self)
    }
}

async fn request(State(received): State<Received>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice(&body) else { return refuse(ErrorCode::Malformed) };
    match received.request(request).await {
        Ok(reply) => Json(reply).into_response(),
        Err(code) => refuse(code),
    }
}

async fn block(State(received): State<Received>, body: Bytes) -> Response {
    match received.block(body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(code) => refuse(code),
    }
}

fn refuse(code: ErrorCode) -> Response {
    (StatusCode::BAD_REQUEST, Json(code)).into_response()
}
