//! The key file: PEM (RFC 7468), readable by its owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::IdentityError;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A device key in PEM has 170 bytes; whatever is longer than this is something else.
const MAX_FILE_BYTES: u64 = 4096;

fn file_error(path: &Path) -> impl Fn(io::Error) -> IdentityError + '_ {
    move |source| IdentityError::File { path: path.to_owned(), source }
}

/// The PKCS#8 bytes in the file, or `None` where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, IdentityError> {
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(path)(error)),
    };
    tighten(&file).map_err(file_error(path))?;
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 1));
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).map_err(file_error(path))?;
    match decode(&text) {
        Some(pkcs8) => Ok(Some(pkcs8)),
        None => Err(IdentityError::CorruptKey { path: path.to_owned() }),
    }
}

/// Writes a new file. `false`: there is one already, and it was left as it is.
pub(crate) fn write_new(path: &Path, pkcs8: &[u8]) -> Result<bool, IdentityError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    make_folder(&folder).map_err(file_error(&folder))?;
    // The temporary file has mode 0600 from the start; it gets its name only once it is whole and on the disk.
    let mut file =
        tempfile::Builder::new().prefix(".device-key-").tempfile_in(&folder).map_err(file_error(&folder))?;
    file.write_all(encode(pkcs8).as_bytes()).map_err(file_error(path))?;
    file.as_file().sync_all().map_err(file_error(path))?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(file_error(path)(error.error)),
    }
    sync_folder(&folder).map_err(file_error(&folder))?;
    Ok(true)
}

fn encode(pkcs8: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(BASE64.encode(pkcs8));
    let mut text = Zeroizing::new(String::with_capacity(base64.len() + 128));
    text.push_str(BEGIN);
    for (index, character) in base64.chars().enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

/// One PRIVATE KEY block and nothing but white space around it.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() as u64 > MAX_FILE_BYTES {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|character| !character.is_ascii_whitespace()).collect());
    BASE64.decode(base64.as_bytes()).ok().map(Zeroizing::new)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // A folder that exists keeps its mode: it may be one that others share.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn tighten(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn tighten(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Without this the name may be lost in a power cut, and the device would be another one afterwards.
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
