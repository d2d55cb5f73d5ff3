//! One node for one folder: a lock that dies with its process, and a note that tells a second start where to knock.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::write_private;

/// How long a second start waits for the first one's answer.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Holds the folder for this process.
#[derive(Debug)]
pub(crate) struct Instance {
    _lock: File,
    note: PathBuf,
}

/// Where a second start knocks. The file can be read by its owner alone, so that nobody else can.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The UI's port on the loopback address.
    pub(crate) port: u16,
    /// What proves to the first start that the second may read the folder.
    pub(crate) secret: String,
}

impl Instance {
    /// Takes the folder, or `None` where another process has it.
    pub(crate) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let lock =
            File::options().create(true).truncate(false).write(true).open(folder.join("earshot.lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: lock, note: folder.join("running.json") })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Tells later starts where to knock.
    pub(crate) fn publish(&self, note: &Note) -> io::Result<()> {
        write_private(&self.note, &serde_json::to_vec(note)?)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.note);
    }
}

/// Asks the process that holds `folder` to come to the front, and to show where a link leads; answers with a fresh address
/// of its UI.
pub(crate) fn knock(folder: &Path, link: Option<&str>) -> io::Result<String> {
    let link = link.unwrap_or_default();
    let note: Note = serde_json::from_slice(&std::fs::read(folder.join("running.json"))?)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, note.port));
    let mut stream = TcpStream::connect_timeout(&address, KNOCK_TIMEOUT)?;
    stream.set_read_timeout(Some(KNOCK_TIMEOUT))?;
    stream.set_write_timeout(Some(KNOCK_TIMEOUT))?;
    write!(
        stream,
        "POST /raise HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Earshot-Secret: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{link}",
        note.port,
        note.secret,
        link.len()
    )?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(body.trim().to_owned())
}
