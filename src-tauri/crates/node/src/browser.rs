//! The person's own browser.

use std::io;

/// What is in our environment for our own webview only: to a browser it would give pages of others memory that they share
/// with their Workers, which browsers keep from them for good reason.
#[cfg(target_os = "linux")]
const OURS: [&str; 1] = ["JSC_useSharedArrayBuffer"];

/// Opens a web page in the system's browser, which outlives us.
///
/// # Errors
/// Nothing that opens web pages could be started.
#[cfg(target_os = "linux")]
pub fn open_in_browser(url: &str) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    use std::process::Stdio;

    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(url) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        for name in OURS {
            command.env_remove(name);
        }
        match command.spawn() {
            Ok(mut child) => {
                // Only so that it does not stay as a zombie.
                std::thread::spawn(move || child.wait());
                return Ok(());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Shows a folder in the system's file manager.
///
/// # Errors
/// Nothing that shows folders could be started.
#[cfg(target_os = "linux")]
pub(crate) fn open_folder(folder: &std::path::Path) -> io::Result<()> {
    // What opens pages there opens folders, too. A name that is not UTF-8 has no such address.
    open_in_browser(folder.to_str().ok_or(io::ErrorKind::InvalidInput)?)
}

/// Shows a folder in the system's file manager.
///
/// # Errors
/// Nothing that shows folders could be started.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open_folder(folder: &std::path::Path) -> io::Result<()> {
    open::that_detached(folder)
}

/// Opens a web page in the system's browser, which outlives us.
///
/// # Errors
/// Nothing that opens web pages could be started.
#[cfg(not(target_os = "linux"))]
pub fn open_in_browser(url: &str) -> io::Result<()> {
    open::that_detached(url)
}
