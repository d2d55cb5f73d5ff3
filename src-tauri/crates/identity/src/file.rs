//! Files with secrets in them: readable by their owner alone, whole or not there at all; and the key file's form, PEM
//! (RFC 7468).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::IdentityError;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A device key in PEM has 170 bytes; whatever is longer than this is something else.
const MAX_FILE_BYTES: u64 = 4096;

/// Whoever was killed while it wrote leaves a file of this name.
const UNFINISHED: &str = ".unfinished-key-";

/// Writing takes a moment; what is older than this will not be finished.
const UNFINISHED_FOR: Duration = Duration::from_secs(60);

/// An error of the system, with the path it was about.
pub(crate) struct FileError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl From<FileError> for IdentityError {
    fn from(FileError { path, source }: FileError) -> Self {
        Self::File { path, source }
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> FileError + '_ {
    move |source| FileError { path: path.to_owned(), source }
}

/// All of a small file, `None` where there is none. What is too long to be one of ours comes back cut.
pub(crate) fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    };
    tighten(&file).map_err(at(path))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 1));
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(at(path))?;
    remove_unfinished(folder_of(path));
    Ok(Some(bytes))
}

/// Writes a new file. `false`: there is one already, and it was left as it is.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let file = unnamed(path, bytes)?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(at(path)(error.error)),
    }
    sync_folder(folder_of(path)).map_err(at(path))?;
    Ok(true)
}

/// Writes a file, in the place of the one that is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    unnamed(path, bytes)?.persist(path).map_err(|error| at(path)(error.error))?;
    sync_folder(folder_of(path)).map_err(at(path))
}

/// Writes a file that its owner alone can read, whole or not at all, in the place of one that may be there.
///
/// # Errors
/// [`IdentityError::File`]: what was there stays.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    Ok(replace(path, bytes)?)
}

/// Moves an unreadable file out of the way, to `<name>.unreadable-N` beside it: the first N that is free, so that nothing
/// is ever overwritten.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let name = path.file_name().unwrap_or_default();
    for number in 1..=9999 {
        let mut aside_name = name.to_owned();
        aside_name.push(format!(".unreadable-{number}"));
        let aside = path.with_file_name(aside_name);
        // An empty file takes the name; of two programs only one can have made it.
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(at(&aside)(error)),
        }
        if let Err(error) = fs::rename(path, &aside) {
            let _ = fs::remove_file(&aside);
            return Err(at(path)(error));
        }
        sync_folder(folder_of(path)).map_err(at(path))?;
        return Ok(aside);
    }
    Err(at(path)(io::Error::other("no free name to set the file aside")))
}

/// A whole file, on the disk, that has not got its name yet. It has mode 0600 from its first byte. Where writing fails,
/// also of a full disk, nothing is left of it.
fn unnamed(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, FileError> {
    let folder = folder_of(path);
    make_folder(folder).map_err(at(folder))?;
    remove_unfinished(folder);
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(at(folder))?;
    file.write_all(bytes).map_err(at(path))?;
    file.as_file().sync_all().map_err(at(path))?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Removes what programs left that were killed while they wrote. It does no harm where it lies, so nothing is said when
/// that fails.
fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        let is_old = || {
            let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok()?;
            Some(SystemTime::now().duration_since(modified).ok()? > UNFINISHED_FOR)
        };
        if is_ours && is_old() == Some(true) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The PKCS#8 bytes in the file, or `None` where there is no file.
pub(crate) fn read_pem(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, IdentityError> {
    let Some(text) = read_private(path)? else { return Ok(None) };
    match decode(&text) {
        Some(pkcs8) => Ok(Some(pkcs8)),
        None => Err(IdentityError::CorruptKey { path: path.to_owned() }),
    }
}

/// Writes a new key file. `false`: there is one already, and it was left as it is.
pub(crate) fn write_new_pem(path: &Path, pkcs8: &[u8]) -> Result<bool, IdentityError> {
    Ok(write_new(path, encode(pkcs8).as_bytes())?)
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
