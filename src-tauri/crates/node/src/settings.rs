//! The settings file: one readable TOML file that a person may edit while Earshot runs.
//!
//! Written whole and renamed into place, so that a crash leaves the old file or the new one. Comments and unknown
//! keys of a hand-edited file are kept. A file that cannot be read as TOML is set aside, and the owner is told.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;
use earshot_protocol::limits::{MAX_ADDRESS_BYTES, MAX_ICE_SERVERS};
use earshot_protocol::owner::{Settings, SettingsChange};
use earshot_protocol::{ErrorCode, Person, Status};
use earshot_signaling::link::ServerUrl;
use toml_edit::{DocumentMut, Item};

use crate::Options;

/// The settings file and what was last read from it.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    text: String,
    stored: Settings,
    overrides: SettingsChange,
}

/// What became of a settings file at start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// There was none; defaults hold.
    Fresh,
    /// Read.
    Read,
    /// It could not be read and lies aside under the name given; defaults hold, and the name is hidden.
    SetAside(PathBuf),
}

impl SettingsFile {
    /// Reads `settings.toml` in `folder`. What `options` say holds for this run and is not written.
    ///
    /// # Errors
    /// Where the file exists but cannot be opened or moved.
    pub(crate) fn open(folder: &Path, options: &Options) -> io::Result<(Self, Loaded)> {
        sweep(folder);
        let path = folder.join("settings.toml");
        let (text, stored, loaded) = match std::fs::read_to_string(&path) {
            // One that says nothing was cut by something, or its writer meant to lose all: either is worth a word.
            Ok(text) => match parse(&text).filter(|_| !text.trim().is_empty()) {
                Some(stored) => (text, stored, Loaded::Read),
                None => {
                    let aside = set_aside(&path)?;
                    (String::new(), cautious(), Loaded::SetAside(aside))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (String::new(), Settings::default(), Loaded::Fresh)
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let aside = set_aside(&path)?;
                (String::new(), cautious(), Loaded::SetAside(aside))
            }
            Err(error) => return Err(error),
        };
        let overrides = SettingsChange {
            name: options.name.clone(),
            port: options.port,
            signaling_url: options.signaling.clone(),
            interfaces: (!options.interface.is_empty()).then(|| options.interface.clone()),
            hide_name: options.hide_name.then_some(true),
            ..SettingsChange::default()
        };
        Ok((Self { path, text, stored, overrides }, loaded))
    }

    /// What holds now: the file, under what the command line said.
    #[must_use]
    pub(crate) fn current(&self) -> Settings {
        let mut settings = self.stored.clone();
        if settings.name.is_empty() {
            settings.name = system_name();
        }
        apply(&mut settings, &self.overrides);
        settings
    }

    /// Changes and writes. A hand edit made meanwhile is read first, so that neither side's change is lost.
    ///
    /// # Errors
    /// A code for the field that is out of its bounds, or [`ErrorCode::StoreFailed`]; then nothing has changed.
    pub(crate) fn change(&mut self, change: &SettingsChange) -> Result<(), ErrorCode> {
        self.reread();
        let mut next = self.stored.clone();
        apply(&mut next, change);
        check(&next)?;
        let text = render(&self.text, &next).ok_or(ErrorCode::StoreFailed)?;
        write_private(&self.path, text.as_bytes()).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "settings could not be written");
            ErrorCode::StoreFailed
        })?;
        self.text = text;
        self.stored = next;
        forget_overrides(&mut self.overrides, change);
        Ok(())
    }

    /// Takes over a hand edit; true when something has changed. An edit that cannot be read is left alone.
    pub(crate) fn reread(&mut self) -> bool {
        let Ok(text) = std::fs::read_to_string(&self.path) else { return false };
        if text == self.text {
            return false;
        }
        let Some(stored) = parse(&text) else { return false };
        let changed = stored != self.stored;
        self.text = text;
        self.stored = stored;
        changed
    }
}

/// What holds when the owner's settings cannot be read: a name that was hidden must not be shown because of a bent file.
fn cautious() -> Settings {
    Settings { hide_name: true, ..Settings::default() }
}

/// The person these settings describe: whose rings are not shown is shown as busy.
#[must_use]
pub(crate) fn person(settings: &Settings) -> Person {
    let status = if settings.do_not_disturb { Status::Busy } else { settings.status };
    Person { name: settings.name.clone(), status, note: settings.note.clone() }
}

/// The name to start with: the account's, else the machine's.
fn system_name() -> String {
    let candidates = [whoami::realname().ok(), whoami::username().ok(), whoami::hostname().ok()];
    candidates
        .into_iter()
        .flatten()
        .map(|name| name.trim().to_owned())
        .find(|name| !matches!(name.as_str(), "" | "root") && Person::named(name.as_str()).check().is_ok())
        .unwrap_or_else(|| "Earshot".to_owned())
}

fn check(settings: &Settings) -> Result<(), ErrorCode> {
    // An empty name is allowed in the file: it means the system's.
    let mut person = person(settings);
    if person.name.is_empty() {
        person.name = "-".to_owned();
    }
    person.check()?;
    if settings.status == Status::InCall {
        return Err(ErrorCode::SettingInvalid);
    }
    if !settings.signaling_url.is_empty() {
        ServerUrl::parse(&settings.signaling_url)?;
    }
    let short = |text: &String| text.len() <= MAX_ADDRESS_BYTES as usize;
    let labels = [&settings.microphone, &settings.camera, &settings.speaker];
    if settings.interfaces.len() > 32
        || !settings.interfaces.iter().all(short)
        || !labels.into_iter().all(short)
        || settings.ice_servers.len() > MAX_ICE_SERVERS as usize
    {
        return Err(ErrorCode::SettingInvalid);
    }
    settings.ice_servers.iter().try_for_each(earshot_protocol::hub::IceServer::check)
}

macro_rules! fields {
    ($macro:ident) => {
        $macro!(
            name status note signaling_url port interfaces ice_servers language theme microphone camera speaker
            capture do_not_disturb only_known refuse_unverified hide_name
        )
    };
}

fn apply(settings: &mut Settings, change: &SettingsChange) {
    macro_rules! each {
        ($($field:ident)*) => {$(
            if let Some(value) = &change.$field {
                settings.$field = value.clone();
            }
        )*};
    }
    fields!(each);
}

/// A field that the owner has just set no longer follows the command line.
fn forget_overrides(overrides: &mut SettingsChange, change: &SettingsChange) {
    macro_rules! each {
        ($($field:ident)*) => {$(
            if change.$field.is_some() {
                overrides.$field = None;
            }
        )*};
    }
    fields!(each);
}

fn parse(text: &str) -> Option<Settings> {
    let settings: Settings = toml_edit::de::from_str(text).ok()?;
    check(&settings).ok()?;
    Some(settings)
}

fn render(old: &str, settings: &Settings) -> Option<String> {
    let mut document: DocumentMut = old.parse().unwrap_or_default();
    if old.is_empty() {
        document
            .as_table_mut()
            .decor_mut()
            .set_prefix("# Earshot's settings. You may edit this file while Earshot runs.\n\n");
    }
    let fresh = toml_edit::ser::to_document(settings).ok()?;
    for (key, item) in fresh.iter() {
        match (document.get_mut(key).and_then(Item::as_value_mut), item.as_value()) {
            // Keeps the comment that stands beside the value.
            (Some(old), Some(new)) => {
                let decor = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = decor;
            }
            _ => {
                document.insert(key, item.clone());
            }
        }
    }
    Some(document.to_string())
}

/// Moves an unreadable file out of the way under a free name beside it.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..1000 {
        let aside = path.with_extension(format!(
            "{}.unreadable-{number}",
            path.extension().and_then(|extension| extension.to_str()).unwrap_or("")
        ));
        if !aside.exists() {
            std::fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("no free name to set the file aside"))
}

/// Removes what [`write_private`] has left in the data folder when it was killed. Whoever calls holds the folder, so that
/// nobody is writing now. It does no harm where it lies, so nothing is said when that fails.
fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_unfinished)) {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Whether a file's name is one that `atomic_write_file` gives to what is not finished: of one of our files, between a
/// dot and six letters or digits.
fn is_unfinished(name: &str) -> bool {
    name.strip_prefix('.').and_then(|rest| rest.rsplit_once('.')).is_some_and(|(of, random)| {
        matches!(of, "settings.toml" | "running.json" | "notes-read.json")
            && random.len() == 6
            && random.chars().all(|character| character.is_ascii_alphanumeric())
    })
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = AtomicWriteFile::options();
    #[cfg(unix)]
    {
        use atomic_write_file::unix::OpenOptionsExt as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).preserve_mode(false);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use earshot_protocol::owner::Language;

    fn open(folder: &Path) -> (SettingsFile, Loaded) {
        SettingsFile::open(folder, &Options::default()).expect("the folder is readable")
    }

    #[test]
    fn a_change_survives_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut file, loaded) = open(folder.path());
        assert_eq!(loaded, Loaded::Fresh);
        let change = SettingsChange {
            name: Some("Ann".into()),
            language: Some(Language::Chinese),
            ..Default::default()
        };
        file.change(&change).expect("it can be written");
        let (file, loaded) = open(folder.path());
        assert_eq!(loaded, Loaded::Read);
        assert_eq!((file.current().name.as_str(), file.current().language), ("Ann", Language::Chinese));
    }

    #[test]
    fn a_hand_edit_and_its_comments_survive_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut file, _) = open(folder.path());
        file.change(&SettingsChange { name: Some("Ann".into()), ..Default::default() }).expect("written");
        let path = folder.path().join("settings.toml");
        let text = std::fs::read_to_string(&path).expect("readable");
        let edited = text.replace("note = \"\"", "# my own remark\nnote = \"edited\" # beside\nfuture = 1");
        std::fs::write(&path, edited).expect("writable");
        file.change(&SettingsChange { port: Some(4000), ..Default::default() }).expect("written");
        let text = std::fs::read_to_string(&path).expect("readable");
        for kept in ["# my own remark", "note = \"edited\" # beside", "future = 1", "port = 4000"] {
            assert!(text.contains(kept), "{kept} in\n{text}");
        }
    }

    #[test]
    fn an_unreadable_file_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.toml");
        for text in ["name = [", "", " \n"] {
            std::fs::write(&path, text).expect("writable");
            let (file, loaded) = open(folder.path());
            let Loaded::SetAside(aside) = loaded else { panic!("{loaded:?}") };
            assert_eq!(std::fs::read_to_string(aside).expect("kept"), text);
            assert!(file.current().hide_name, "whatever it was, the name is not given away");
        }
    }

    #[test]
    fn what_a_kill_left_unfinished_is_swept_away_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let unfinished = [".settings.toml.4D4h2h", ".running.json.abcdef", ".notes-read.json.000000"];
        let others = [".settings.toml", ".settings.toml.4D4h2", "settings.toml.4D4h2h", ".mine.4D4h2h"];
        for name in unfinished.iter().chain(&others) {
            std::fs::write(folder.path().join(name), "x").expect("writable");
        }
        open(folder.path());
        assert!(unfinished.iter().all(|name| !folder.path().join(name).exists()));
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn bounds_hold_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut file, _) = open(folder.path());
        let bad = [
            SettingsChange { name: Some("a\nb".into()), ..Default::default() },
            SettingsChange { name: Some("x".repeat(65)), ..Default::default() },
            SettingsChange { status: Some(Status::InCall), ..Default::default() },
            SettingsChange { signaling_url: Some("http://x".into()), ..Default::default() },
            SettingsChange { signaling_url: Some("ws://example.com".into()), ..Default::default() },
        ];
        for change in bad {
            file.change(&change).expect_err("out of bounds");
        }
        assert!(!folder.path().join("settings.toml").exists());
    }

    #[test]
    fn the_command_line_holds_until_the_owner_chooses() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { name: Some("Flag".into()), ..Default::default() };
        let (mut file, _) = SettingsFile::open(folder.path(), &options).expect("opens");
        assert_eq!(file.current().name, "Flag");
        file.change(&SettingsChange { note: Some("hi".into()), ..Default::default() }).expect("written");
        assert_eq!(file.current().name, "Flag");
        file.change(&SettingsChange { name: Some("Own".into()), ..Default::default() }).expect("written");
        assert_eq!(file.current().name, "Own");
    }

    #[test]
    fn who_may_ring_and_what_is_told_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut file, _) = open(folder.path());
        let kept = |settings: &Settings| {
            [settings.do_not_disturb, settings.only_known, settings.refuse_unverified, settings.hide_name]
        };
        assert_eq!(kept(&file.current()), [false; 4]);
        let change = SettingsChange {
            do_not_disturb: Some(true),
            only_known: Some(true),
            refuse_unverified: Some(true),
            hide_name: Some(true),
            ..Default::default()
        };
        file.change(&change).expect("written");
        assert_eq!(kept(&open(folder.path()).0.current()), [true; 4]);
        let change = SettingsChange { only_known: Some(false), ..Default::default() };
        file.change(&change).expect("written");
        assert_eq!(kept(&open(folder.path()).0.current()), [true, false, true, true]);
        let path = folder.path().join("settings.toml");
        let text = std::fs::read_to_string(&path).expect("readable");
        std::fs::write(&path, text.replace("hide_name = true", "hide_name = false")).expect("writable");
        assert!(file.reread());
        assert_eq!(kept(&file.current()), [true, false, true, false]);
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "name = \"Ann\"\nstatus = \"away\"\n").expect("writable");
        let (file, loaded) = open(folder.path());
        assert_eq!(loaded, Loaded::Read);
        assert!(!file.current().hide_name && !file.current().do_not_disturb);
    }

    #[test]
    fn who_is_not_to_be_disturbed_is_shown_as_busy() {
        let mut settings = Settings { status: Status::Available, ..Settings::default() };
        assert_eq!(person(&settings).status, Status::Available);
        settings.do_not_disturb = true;
        assert_eq!(person(&settings).status, Status::Busy);
        settings.status = Status::InCall;
        assert_eq!(check(&settings), Err(ErrorCode::SettingInvalid), "never by hand");
    }

    #[test]
    fn a_name_hidden_by_the_command_line_is_shown_when_the_owner_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { hide_name: true, ..Default::default() };
        let (mut file, _) = SettingsFile::open(folder.path(), &options).expect("opens");
        assert!(file.current().hide_name);
        file.change(&SettingsChange { note: Some("hi".into()), ..Default::default() }).expect("written");
        assert!(file.current().hide_name);
        assert!(!open(folder.path()).0.current().hide_name, "for this run only");
        file.change(&SettingsChange { hide_name: Some(false), ..Default::default() }).expect("written");
        assert!(!file.current().hide_name);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (mut file, _) = open(folder.path());
        file.change(&SettingsChange { name: Some("Ann".into()), ..Default::default() }).expect("written");
        let mode =
            std::fs::metadata(folder.path().join("settings.toml")).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
