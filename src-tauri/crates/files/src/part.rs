//! One file on its way: what there is of it lies beside where it will be, hidden, and gets its name at the end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use earshot_protocol::files::{BlockFrame, chain};
use earshot_protocol::limits::FILE_BLOCK_BYTES;
use earshot_protocol::{Digest, ErrorCode};

use crate::name;

const BLOCK: u64 = FILE_BLOCK_BYTES as u64;
/// How many files of one name a folder may hold before we give up.
const MAX_SAME_NAME: u32 = 9_999;
/// A name that even file systems with less room for names take, in bytes.
const SHORT_NAME_BYTES: usize = 100;
/// Parts of the same file that other programs may hold.
const MAX_TRIES: u32 = 8;

/// What there is of one file.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) key: String,
    folder: PathBuf,
    path: PathBuf,
    file: File,
    name: String,
    size: u64,
    at: u64,
    digest: Digest,
}

impl Part {
    /// Opens what there is of a file in `folder`, or begins one. What lies there is read and digested: it counts as far
    /// as it is really on the disk.
    pub(crate) fn open(folder: &Path, key: &str, name: &str, size: u64) -> Result<Self, ErrorCode> {
        let (file, path) = open_own(folder, key)?;
        let mut part = Self {
            key: key.to_owned(),
            folder: folder.to_owned(),
            path,
            file,
            name: name::safe(name),
            size,
            at: 0,
            digest: Digest([0; 32]),
        };
        part.recover().map_err(|error| coded(&error))?;
        if space(folder).is_some_and(|space| space < size - part.at) {
            if part.at == 0 {
                part.discard();
            }
            return Err(ErrorCode::DiskFull);
        }
        Ok(part)
    }

    /// Up to where it is here, and the digest there.
    pub(crate) fn place(&self) -> (u64, Digest) {
        (self.at, self.digest)
    }

    /// Checks and writes the next block.
    pub(crate) fn write(&mut self, block: &BlockFrame<'_>) -> Result<(), ErrorCode> {
        let length = block.bytes.len() as u64;
        if block.at != self.at || length == 0 || length != BLOCK.min(self.size - self.at) {
            return Err(ErrorCode::Malformed);
        }
        let digest = chain(&self.digest, block.bytes);
        if digest != block.digest {
            return Err(ErrorCode::FileChanged);
        }
        let written = self.file.seek(SeekFrom::Start(self.at)).and_then(|_| self.file.write_all(block.bytes));
        if let Err(error) = written {
            // A half block is nothing to go on from; where cutting it off fails, too, the next opening does it.
            let _ = self.file.set_len(self.at);
            return Err(coded(&error));
        }
        (self.at, self.digest) = (self.at + length, digest);
        Ok(())
    }

    /// Throws away what there is, and begins anew.
    pub(crate) fn restart(&mut self) -> Result<(), ErrorCode> {
        self.file.set_len(0).map_err(|error| coded(&error))?;
        (self.at, self.digest) = (0, Digest([0; 32]));
        Ok(())
    }

    /// Gives the whole file its name, which nobody else has; answers the name.
    pub(crate) fn finish(&self) -> Result<String, ErrorCode> {
        if self.at != self.size {
            return Err(ErrorCode::Malformed);
        }
        self.file.sync_all().map_err(|error| coded(&error))?;
        let name = match self.place_as(&self.name) {
            Err(error) if error.kind() == ErrorKind::InvalidFilename => {
                self.place_as(&name::cut(&self.name, SHORT_NAME_BYTES))
            }
            placed => placed,
        }
        .map_err(|error| coded(&error))?;
        // The name outlives a crash, too, where a folder can be synced.
        #[cfg(unix)]
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(name)
    }

    fn place_as(&self, wanted: &str) -> io::Result<String> {
        for n in 1..=MAX_SAME_NAME {
            let name = name::numbered(wanted, n);
            let target = self.folder.join(&name);
            // A second name for the same file: fails where there is something of that name, a dangling link included.
            let linked = match fs::hard_link(&self.path, &target) {
                Err(error)
                    if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::InvalidFilename) =>
                {
                    // No such thing on this file system: the name is taken first, then filled.
                    private().write(true).create_new(true).open(&target).map(drop).and_then(|()| {
                        fs::rename(&self.path, &target).inspect_err(|_| {
                            let _ = fs::remove_file(&target);
                        })
                    })
                }
                linked => linked,
            };
            match linked {
                Ok(()) => {
                    // Gone already where it was renamed.
                    let _ = fs::remove_file(&self.path);
                    return Ok(name);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Throws away what there is.
    pub(crate) fn discard(&self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(kind = ?error.kind(), "a part of a file could not be removed");
        }
    }

    /// Digests whole blocks of what is there, and cuts off the rest.
    fn recover(&mut self) -> io::Result<()> {
        let there = self.file.metadata()?.len().min(self.size);
        let whole = if there == self.size { there } else { there - there % BLOCK };
        let mut block = vec![0; FILE_BLOCK_BYTES as usize];
        self.file.rewind()?;
        while self.at < whole {
            let length = BLOCK.min(whole - self.at);
            // Not more than a block's size, which fits.
            let bytes = &mut block[..length as usize];
            self.file.read_exact(bytes)?;
            self.digest = chain(&self.digest, bytes);
            self.at += length;
        }
        self.file.set_len(whole)
    }
}

/// For its owner alone: whom a file is shown to is the owner's to say. Never executable.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "other systems inherit the folder's rights"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Opens the part that nobody else holds. Links are not followed.
fn open_own(folder: &Path, key: &str) -> Result<(File, PathBuf), ErrorCode> {
    for n in 1..=MAX_TRIES {
        let path = folder.join(part_name(key, n));
        let mut options = private();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // A link's target, or a pipe's other end, is nothing of ours.
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            options.custom_flags(flags.bits().cast_signed());
        }
        match options.open(&path) {
            Ok(file) if is_ours(&file) && file.try_lock().is_ok() => return Ok((file, path)),
            // Somebody else's, or something else of that name.
            Ok(_) => {}
            Err(error) if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) => {
                tracing::warn!(kind = ?error.kind(), "something else is in the way of a file's part");
            }
            Err(error) => return Err(coded(&error)),
        }
    }
    Err(ErrorCode::FolderUnusable)
}

fn is_ours(file: &File) -> bool {
    let Ok(found) = file.metadata() else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.nlink() != 1 {
            return false;
        }
    }
    found.is_file()
}

fn part_name(key: &str, n: u32) -> String {
    if n < 2 { format!(".earshot-{key}.part") } else { format!(".earshot-{key}-{n}.part") }
}

/// Whether this is a part's name.
pub(crate) fn is_part_name(name: &str) -> bool {
    name.starts_with(".earshot-") && name.ends_with(".part")
}

/// Bytes that this user may still write there, where the system tells.
fn space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let told = rustix::fs::statvfs(folder).ok()?;
        Some(told.f_bavail.saturating_mul(told.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// What went wrong with the disk, for people.
pub(crate) fn coded(error: &io::Error) -> ErrorCode {
    tracing::warn!(kind = ?error.kind(), "a file could not be written");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => ErrorCode::DiskFull,
        _ => ErrorCode::FolderUnusable,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_disk_that_fills_up_is_told_and_nothing_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(folder.path(), "key", "a", 5).unwrap();
        let digest = chain(&Digest([0; 32]), b"hello");
        let block = BlockFrame { handle: 0, at: 0, digest, bytes: b"hello" };
        let real =
            std::mem::replace(&mut part.file, OpenOptions::new().write(true).open("/dev/full").unwrap());
        assert_eq!(part.write(&block), Err(ErrorCode::DiskFull));
        assert_eq!(part.place(), (0, Digest([0; 32])));
        // Room was made.
        part.file = real;
        part.write(&block).unwrap();
        assert_eq!(part.finish().unwrap(), "a");
    }
}
