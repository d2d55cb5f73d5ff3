//! Received files: where they are written while they come, and what they are called then.
//!
//! Invariants:
//! * Nothing outside the folder is written, whatever a sender calls a file; see [`name::safe`].
//! * Nothing that is there is overwritten: a file gets its name by a second link, which fails where the name is taken.
//! * What is on the disk was checked: each block's digest, chained from the file's beginning, before it is written.
//! * What there is of a file survives: it is found again by who sends which file, and read anew, so that a crash in the
//!   middle of a write costs no more than that block.
//! * A file is readable for its owner alone, and never executable.
//! * Memory: one block at a time, which the caller holds.
//!
//! Absent on purpose: sockets, who may ask, the question whether a person wants a file. All calls block on the disk.

pub mod name;
mod part;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use earshot_protocol::files::BlockFrame;
use earshot_protocol::limits::MAX_FILES;
use earshot_protocol::{DeviceId, ErrorCode, FileId, FileReply, FileRequest};

use crate::part::Part;

/// A part that nobody has gone on with for this long is thrown away.
const MAX_PART_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The files that are being received into one folder.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    parts: HashMap<u32, Arc<Mutex<Part>>>,
    last: u32,
}

impl Files {
    /// Receives into `folder`, which is made when the first file comes.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::default() }
    }

    /// Where files are kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Does what a window asks. [`FileRequest::Show`] is the caller's to do.
    ///
    /// # Errors
    /// [`ErrorCode::Malformed`], [`ErrorCode::FileUnknown`], [`ErrorCode::TooManyFiles`], [`ErrorCode::DiskFull`] or
    /// [`ErrorCode::FolderUnusable`].
    pub fn request(&self, request: &FileRequest) -> Result<FileReply, ErrorCode> {
        request.check()?;
        match request {
            FileRequest::Begin { from, file, name, size } => self.begin(from, file, name, *size),
            FileRequest::Again { handle } => {
                held(&*self.part(*handle)?).restart()?;
                Ok(FileReply::Done)
            }
            FileRequest::Finish { handle } => {
                let name = held(&*self.part(*handle)?).finish()?;
                self.forget(*handle);
                Ok(FileReply::Kept { name })
            }
            FileRequest::Pause { handle } => {
                self.forget(*handle);
                Ok(FileReply::Done)
            }
            FileRequest::Discard { handle } => {
                held(&*self.part(*handle)?).discard();
                self.forget(*handle);
                Ok(FileReply::Done)
            }
            FileRequest::Show => Ok(FileReply::Done),
        }
    }

    /// Checks and writes one block.
    ///
    /// # Errors
    /// [`ErrorCode::FileUnknown`]; [`ErrorCode::Malformed`] for a block that is not the next one; [`ErrorCode::FileChanged`]
    /// where its digest does not fit; [`ErrorCode::DiskFull`], [`ErrorCode::FolderUnusable`]. Nothing was written then.
    pub fn write(&self, block: &BlockFrame<'_>) -> Result<(), ErrorCode> {
        held(&*self.part(block.handle)?).write(block)
    }

    fn begin(&self, from: &DeviceId, file: &FileId, name: &str, size: u64) -> Result<FileReply, ErrorCode> {
        fs::create_dir_all(&self.folder).map_err(|error| part::coded(&error))?;
        let key = key(from, file, size);
        // The same file, from a page that was loaded anew: the old one's is closed, once it has written.
        let before: Vec<_> =
            held(&self.open).parts.iter().map(|(handle, part)| (*handle, part.clone())).collect();
        for (handle, part) in before {
            if held(&part).key == key {
                self.forget(handle);
            }
        }
        if held(&self.open).parts.len() >= MAX_FILES as usize {
            return Err(ErrorCode::TooManyFiles);
        }
        self.sweep();
        let part = Part::open(&self.folder, &key, name, size)?;
        let (at, digest) = part.place();
        let mut open = held(&self.open);
        open.last = open.last.wrapping_add(1);
        let handle = open.last;
        open.parts.insert(handle, Arc::new(Mutex::new(part)));
        Ok(FileReply::Begun { handle, at, digest })
    }

    fn part(&self, handle: u32) -> Result<Arc<Mutex<Part>>, ErrorCode> {
        held(&self.open).parts.get(&handle).cloned().ok_or(ErrorCode::FileUnknown)
    }

    fn forget(&self, handle: u32) {
        held(&self.open).parts.remove(&handle);
    }

    /// Removes parts that nobody came back for.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let is_part = entry.file_name().to_str().is_some_and(part::is_part_name);
            let changed =
                entry.metadata().ok().filter(fs::Metadata::is_file).and_then(|found| found.modified().ok());
            let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
            if is_part && age.is_some_and(|age| age > MAX_PART_AGE) {
                // One that cannot be removed is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// What a part is found again by: who sends which file.
fn key(from: &DeviceId, file: &FileId, size: u64) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&from.0);
    context.update(&file.0);
    context.update(&size.to_be_bytes());
    HEXLOWER.encode(&context.finish().as_ref()[..16])
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // A part that panicked half-way through a block has not moved on from its last one.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
