//! What a restart of the server has to find again of its rooms, in a file beside the key.
//!
//! It holds ids, titles, doors and passwords of the rooms that are open now, and who is in them: no name, no address and
//! no word that was said.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use earshot_identity::replace_private;
use earshot_protocol::HeldRoom;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::warn;

/// The name of the file in the data directory.
pub(crate) const ROOMS_FILE: &str = "rooms.json";
/// What no server of ours writes: more is not read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// How long the end of the server waits for the last write.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// The rooms of the server that ran before, none if they cannot be read: their people talk on, and meet anew.
pub(crate) fn read(path: &Path) -> Vec<HeldRoom> {
    let text = match File::open(path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(MAX_BYTES).read_to_string(&mut text).map(|_| text)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => Err(error),
    };
    let rooms = text.map_err(serde_json::Error::io).and_then(|text| serde_json::from_str(&text));
    rooms.unwrap_or_else(|error| {
        warn!(path = %path.display(), %error, "the rooms of before cannot be read; whoever is in one goes on without it");
        Vec::new()
    })
}

/// Writes what changes.
#[derive(Debug)]
pub(crate) struct Keeping(JoinHandle<()>);

impl Keeping {
    /// Must be called within a tokio runtime.
    pub(crate) fn start(path: PathBuf, mut kept: watch::Receiver<Vec<HeldRoom>>) -> Self {
        Self(tokio::spawn(async move {
            let mut failing = false;
            while kept.changed().await.is_ok() {
                let text = serde_json::to_vec(&*kept.borrow_and_update());
                let path = path.clone();
                let written = match text {
                    Ok(text) => {
                        spawn_blocking(move || replace_private(&path, &text).map_err(io::Error::other))
                            .await
                            .unwrap_or_else(|error| Err(io::Error::other(error)))
                    }
                    Err(error) => Err(error.into()),
                };
                // Said once for each time that it begins to fail.
                if let Err(error) = &written
                    && !failing
                {
                    warn!(%error, "rooms cannot be kept: a restart would end them");
                }
                failing = written.is_err();
            }
        }))
    }

    /// The hub has ended: waits for the last write.
    pub(crate) async fn finish(self) {
        if tokio::time::timeout(LAST_WRITE, self.0).await.is_err() {
            warn!("the rooms could not be kept in time");
        }
    }
}
