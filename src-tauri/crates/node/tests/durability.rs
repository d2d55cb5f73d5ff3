//! What an install keeps survives a kill at any moment, a full disk and files that somebody or something has bent. Whole
//! nodes, real files: this very program is also the one that is killed.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use earshot_discovery::memory::{self, Ether};
use earshot_discovery::{Announcement, DiscoveryEvent};
use earshot_node::{Node, StartError};
use earshot_protocol::owner::{SettingsChange, StartNote};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromNode, HubMessage, Media, OwnerReply, OwnerRequest, Person as Label,
    Request, RoomRef, VERSIONS,
};
use tokio::sync::mpsc as tokio_mpsc;

use common::{Person, options, start};

/// The data folder of a program that another test has started.
const FOLDER: &str = "EARSHOT_TEST_DATA_FOLDER";

const KILLS: u32 = 30;

/// Those on the network whom a node remembers, rings and forgets again. Nobody is at home.
const NEIGHBOURS: u8 = 4;

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("started by another test").into()
}

fn this_test(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(FOLDER, folder);
    command
}

fn neighbour(number: u8) -> DeviceId {
    DeviceId([100 + number; 32])
}

/// Keeps its neighbours in the ether for as long as it lives.
struct Street {
    ether: Ether,
    _neighbours: Vec<(memory::Handle, tokio_mpsc::Receiver<DiscoveryEvent>)>,
}

impl Street {
    fn open() -> Self {
        let ether = Ether::new();
        let neighbours = (0..NEIGHBOURS).map(|number| {
            let announcement = Announcement {
                device: neighbour(number),
                person: Label::named(format!("Neighbour {number}")),
                hidden: false,
                phrase: false,
                rooms: false,
                // Nothing listens there.
                port: 1,
                versions: VERSIONS.to_vec(),
            };
            ether.join(announcement).expect("joins")
        });
        let _neighbours = neighbours.collect();
        Self { ether, _neighbours }
    }

    async fn start(&self, folder: &Path) -> Result<Node, StartError> {
        // Without the name of a command line, so that the file's counts.
        start(&self.ether, &earshot_node::Options { name: None, ..options(folder, "") }).await
    }

    /// A node in an existing folder, with a window.
    async fn person(&self, folder: &Path) -> Person {
        let node = self.start(folder).await.unwrap_or_else(|error| panic!("starts: {error}"));
        let window = node.attach().await.expect("attaches");
        let elsewhere = tempfile::tempdir().expect("a folder");
        Person { node, window, heard: Vec::new(), next: 0, folder: elsewhere }
    }

    /// The same, when the window has seen the neighbours.
    async fn person_who_sees(&self, folder: &Path) -> Person {
        let mut person = self.person(folder).await;
        let mut unseen: BTreeSet<DeviceId> = (0..NEIGHBOURS).map(neighbour).collect();
        let sees = |message: &FromNode| {
            match message {
                FromNode::Welcome(welcome) => {
                    for presence in &welcome.people {
                        unseen.remove(&presence.device);
                    }
                }
                FromNode::Message {
                    message: HubMessage::Event { event: Event::PersonHere { presence } },
                    ..
                } => {
                    unseen.remove(&presence.device);
                }
                _ => {}
            }
            unseen.is_empty().then_some(())
        };
        person.hear("the neighbours", sees).await;
        person
    }
}

async fn set_note(person: &mut Person, note: &str) -> Result<OwnerReply, ErrorCode> {
    let change = SettingsChange { note: Some(note.into()), ..SettingsChange::default() };
    person.own(OwnerRequest::ChangeSettings { change: Box::new(change) }).await
}

/// A call that comes to nothing: it is in the history.
async fn ring_in_vain(person: &mut Person, number: u8, room: &RoomRef) {
    let to = neighbour(number);
    let ring = Request::Ring { to, room: room.clone(), media: Media::Voice };
    assert_eq!(person.ask(ring).await, Err(ErrorCode::Unreachable));
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("the test listens");
}

/// Says what it is about to keep and what it has kept.
#[tokio::test]
#[ignore = "started by killed_at_any_moment"]
async fn keeps_changing() {
    let street = Street::open();
    let mut person = street.person_who_sees(&folder()).await;
    let room = person.open_room(None).await.room;
    say(&format!("ready {}", person.device()));
    for number in 0_u64.. {
        say(&format!("keeps {}-{number}", std::process::id()));
        set_note(&mut person, &format!("{}-{number}", std::process::id())).await.expect("kept");
        say(&format!("kept {}-{number}", std::process::id()));
        let one = u8::try_from(number % u64::from(NEIGHBOURS)).expect("few");
        let device = neighbour(one);
        // The last of them stays for ever.
        if one + 1 < NEIGHBOURS && number % 8 >= 4 {
            person.does(OwnerRequest::ForgetDevice { device }).await;
        } else {
            person.does(OwnerRequest::RememberDevice { device }).await;
            person.does(OwnerRequest::RenameDevice { device, name: Some(format!("No. {number}")) }).await;
        }
        if number.is_multiple_of(3) {
            ring_in_vain(&mut person, one, &room).await;
            say("rang");
        }
    }
}

/// What a writer has said until it was killed.
#[derive(Debug, Default)]
struct Said {
    device: Option<String>,
    keeps: Option<String>,
    kept: Option<String>,
    rang: usize,
}

/// Lets it write for so long, from its start or from its first word, and kills it.
fn write_and_kill(folder: &Path, after: Duration, from_ready: bool) -> Said {
    let mut writer: Child = this_test("keeps_changing", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts again");
    let out = BufReader::new(writer.stdout.take().expect("piped"));
    let (lines, heard) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    let mut said = Said::default();
    let mut take = |line: String| {
        // The test harness has begun the line.
        match line.split_once("... ").map_or(line.as_str(), |(_, rest)| rest).split_once(' ') {
            Some(("ready", device)) => said.device = Some(device.to_owned()),
            Some(("keeps", note)) => said.keeps = Some(note.to_owned()),
            Some(("kept", note)) => said.kept = Some(note.to_owned()),
            None if line == "rang" => said.rang += 1,
            _ => return false,
        }
        true
    };
    if from_ready {
        loop {
            let line = heard.recv_timeout(Duration::from_secs(30)).expect("the writer gets ready");
            if take(line) {
                break;
            }
        }
    }
    std::thread::sleep(after);
    assert!(writer.try_wait().expect("its own child").is_none(), "the writer ended by itself");
    writer.kill().expect("it is there");
    writer.wait().expect("its own child");
    reader.join().expect("it only reads");
    for line in heard.try_iter() {
        take(line);
    }
    said
}

/// Numbers that are spread well enough, from a seed that is printed.
struct Dice(u64);

impl Dice {
    /// With the seed of a run before, when it is given: what a test prints.
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let given = std::env::var("EARSHOT_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(u64::from(now.subsec_nanos()) + 1);
        Self(seed)
    }

    /// xorshift64.
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn set_aside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("readable").flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.contains(".unreadable-"))
        .collect();
    names.sort();
    names
}

/// As SQLite itself sees the file, in a copy: nothing is repaired by looking.
fn check_integrity(folder: &Path) {
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["earshot.db", "earshot.db-wal"] {
        if folder.join(name).exists() {
            fs::copy(folder.join(name), copy.path().join(name)).expect("copied");
        }
    }
    let database = rusqlite::Connection::open(copy.path().join("earshot.db")).expect("opens");
    let found: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(found, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment() {
    let mut dice = Dice::new();
    println!("EARSHOT_TEST_SEED={}", dice.0);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data");
    let street = Street::open();
    let (mut device, mut note, mut calls): (Option<DeviceId>, String, usize) = (None, String::new(), 0);
    let (mut mid_start, mut changed, mut in_doubt) = (0, 0, 0);
    for round in 0..KILLS {
        let from_ready = round % 3 != 0;
        // In a third of the rounds it is killed while it starts.
        let after = Duration::from_micros(dice.below(if from_ready { 60_000 } else { 120_000 }));
        let (data, said) = (
            path.clone(),
            tokio::task::spawn_blocking({
                let data = path.clone();
                move || write_and_kill(&data, after, from_ready)
            }),
        );
        let said = said.await.expect("it ran");
        mid_start += u32::from(said.device.is_none());
        if data.join("earshot.db").exists() {
            check_integrity(&data);
        }

        let mut person = street.person(&data).await;
        let own = person.device();
        assert_eq!(*device.get_or_insert(own), own, "round {round}: the device is another");
        if let Some(told) = &said.device {
            assert_eq!(*told, own.to_string());
        }
        assert_eq!(person.node.notes(), [], "round {round}");
        assert_eq!(set_aside(&data), [""; 0], "round {round}");

        let now = person.node.settings().note;
        let before = said.kept.clone().unwrap_or_else(|| note.clone());
        assert!(
            now == before || Some(&now) == said.keeps.as_ref(),
            "round {round}: {now:?} is neither {before:?} nor {:?}",
            said.keeps
        );
        changed += u32::from(said.kept.is_some());
        in_doubt += u32::from(said.keeps != said.kept);

        let listed = person.calls().await.len();
        let all = (calls + said.rang).min(200);
        assert!(
            listed == all || listed == (all + 1).min(200),
            "round {round}: {listed} calls, {all} were told"
        );
        calls = listed;
        let names: BTreeSet<DeviceId> = person.devices().await.iter().map(|one| one.device).collect();
        assert!(names.iter().all(|known| (0..NEIGHBOURS).any(|number| neighbour(number) == *known)));

        // It goes on as if nothing had happened.
        note = format!("after round {round}");
        set_note(&mut person, &note).await.expect("kept");
        person.node.shutdown().await;
    }
    println!(
        "{KILLS} kills: {mid_start} in the start, {in_doubt} in the middle of a change, {calls} calls kept"
    );
    let left = fs::read_dir(&path).expect("readable").flatten();
    let left: Vec<_> = left.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    assert!(left.iter().all(|name| !name.starts_with('.')), "what was not finished is swept away: {left:?}");
    assert!(changed >= KILLS / 3, "most of them had written something: {changed}");
}

/// Writes until nothing more goes in.
fn fill(disk: &Path) {
    let mut block = 4096;
    for number in 0.. {
        if fs::write(disk.join(format!("ballast-{number}")), vec![1; block]).is_err() {
            block /= 2;
            if block == 0 {
                return;
            }
        }
    }
}

fn make_room(disk: &Path) {
    for entry in fs::read_dir(disk).expect("readable").flatten() {
        if entry.file_name().to_string_lossy().starts_with("ballast-") {
            fs::remove_file(entry.path()).expect("removed");
        }
    }
}

#[tokio::test]
#[ignore = "started by a_full_disk_changes_nothing, which makes the disk"]
async fn meets_a_full_disk() {
    let disk = folder();
    let data = disk.join("data");
    let street = Street::open();
    let mut person = street.person_who_sees(&data).await;
    let device = person.device();
    let room = person.open_room(None).await.room;
    set_note(&mut person, "before").await.expect("kept");
    person.does(OwnerRequest::RememberDevice { device: neighbour(0) }).await;
    ring_in_vain(&mut person, 0, &room).await;
    let settings = fs::read(data.join("settings.toml")).expect("readable");

    fill(&disk);
    for number in 0..3 {
        assert_eq!(set_note(&mut person, &format!("full {number}")).await, Err(ErrorCode::StoreFailed));
        assert_eq!(person.node.settings().note, "before");
        assert_eq!(fs::read(data.join("settings.toml")).expect("readable"), settings);
    }
    assert_eq!(
        person.own(OwnerRequest::SetPhrase { phrase: Some("correct horse battery".into()) }).await,
        Err(ErrorCode::StoreFailed)
    );
    // The log of the database may have some room of its own left; when it has none, nothing changes.
    let mut refused = 0;
    for number in 0..400 {
        let name = format!("A rather long name, so that it takes up room: {number:03}");
        let before = person.devices().await;
        let rename = OwnerRequest::RenameDevice { device: neighbour(0), name: Some(name.clone()) };
        match person.own(rename).await {
            Ok(_) => assert_eq!(person.devices().await[0].own_name.as_ref(), Some(&name)),
            Err(code) => {
                assert_eq!(code, ErrorCode::StoreFailed);
                assert_eq!(person.devices().await, before);
                refused += 1;
            }
        }
        if refused == 5 {
            break;
        }
    }
    assert_eq!(refused, 5, "the disk is full");
    // A call that cannot be noted is a call all the same.
    ring_in_vain(&mut person, 1, &room).await;
    assert_eq!(person.calls().await.len(), 1, "what was there is there");
    say("refused while full");

    make_room(&disk);
    set_note(&mut person, "after").await.expect("kept again");
    person.does(OwnerRequest::RememberDevice { device: neighbour(1) }).await;
    ring_in_vain(&mut person, 1, &room).await;
    assert_eq!((person.devices().await.len(), person.calls().await.len()), (2, 2));
    person.node.shutdown().await;
    drop(person);
    say("works again");

    fill(&disk);
    let error = match street.start(&data).await {
        Ok(_) => panic!("nothing can be written"),
        Err(error) => error,
    };
    println!("a start on a full disk: {error}");
    assert!(matches!(error, StartError::Store(_)), "{error:?}");
    let fresh = disk.join("fresh");
    let error = match street.start(&fresh).await {
        Ok(_) => panic!("nothing can be written"),
        Err(error) => error,
    };
    println!("a first start on a full disk: {error}");
    assert!(matches!(error, StartError::Identity(_)), "{error:?}");

    make_room(&disk);
    for folder in [&data, &fresh] {
        let mut person = street.person(folder).await;
        assert_eq!((person.node.notes(), set_aside(folder)), ([].as_slice(), vec![]), "{}", folder.display());
        set_note(&mut person, "in the end").await.expect("kept");
        if folder == &data {
            assert_eq!(person.device(), device);
            assert_eq!((person.devices().await.len(), person.calls().await.len()), (2, 2));
        }
        person.node.shutdown().await;
        check_integrity(folder);
    }
    say("well in the end");
}

#[test]
fn a_full_disk_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    // A small disk of its own, in a mount namespace of its own; it goes away with its last process.
    let in_a_namespace = |user: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        command.args(user).args(["--mount", "sh", "-c", script, "sh"]);
        command
    };
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$EARSHOT_TEST_DATA_FOLDER\"";
    let ways: [&[&str]; 2] = [&[], &["--user", "--map-root-user"]];
    let way = ways.into_iter().find(|way| {
        let tried = in_a_namespace(way, mount).env(FOLDER, folder.path()).output();
        tried.is_ok_and(|tried| tried.status.success())
    });
    let Some(way) = way else {
        let why = "this machine lets nobody mount a disk of their own";
        // Past the runner, which keeps the output of what passes to itself.
        writeln!(std::io::stderr(), "SKIPPED a_full_disk_changes_nothing: {why}").expect("stderr");
        return;
    };
    let said = in_a_namespace(way, &format!("{mount} && exec \"$@\""))
        .arg(std::env::current_exe().expect("a running program has a path"))
        .args(["--exact", "meets_a_full_disk", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("unshare is there");
    let text = String::from_utf8_lossy(&said.stdout);
    println!("{text}");
    assert!(
        said.status.success() && text.contains("well in the end"),
        "{text}{}",
        String::from_utf8_lossy(&said.stderr)
    );
}

/// Ways in which a file can be bent. Half is cut within a value: a settings file that ends behind a whole line is one
/// that a person may have written.
fn bend(whole: &[u8], dice: &mut Dice) -> [(&'static str, Vec<u8>); 5] {
    let half = (whole.len() / 2..whole.len())
        .find(|end| !matches!(whole[end - 1], b'\n' | b'"') && !matches!(whole[*end], b'\n'))
        .unwrap_or(whole.len() / 2);
    let random = (0..whole.len().max(64)).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect();
    let mut shot = whole.to_vec();
    for byte in shot.iter_mut().skip(37).step_by(64) {
        *byte = b'\xff';
    }
    [
        ("empty", Vec::new()),
        ("zeros", vec![0; whole.len()]),
        ("random", random),
        ("half", whole[..half].to_vec()),
        ("shot through", shot),
    ]
}

#[tokio::test]
async fn a_bent_file_is_set_aside_and_told() {
    let mut dice = Dice::new();
    println!("EARSHOT_TEST_SEED={}", dice.0);
    let street = Street::open();
    let whole = tempfile::tempdir().expect("a folder");
    let mut person = street.person_who_sees(whole.path()).await;
    let device = person.device();
    set_note(&mut person, "before").await.expect("kept");
    for number in 0..NEIGHBOURS {
        person.does(OwnerRequest::RememberDevice { device: neighbour(number) }).await;
    }
    person.does(OwnerRequest::SetPhrase { phrase: Some("correct horse battery".into()) }).await;
    person.node.shutdown().await;
    drop(person);

    for name in ["device-key.pem", "settings.toml", "earshot.db", "office-phrase.key"] {
        let good = fs::read(whole.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (how, bent) in bend(&good, &mut dice) {
            let folder = tempfile::tempdir().expect("a folder");
            for entry in fs::read_dir(whole.path()).expect("readable").flatten() {
                fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
            }
            fs::write(folder.path().join(name), &bent).expect("written");
            let mut person = street.person(folder.path()).await;

            let file = format!("{name}.unreadable-1");
            let aside = folder.path().join(&file);
            assert!(aside.exists(), "{name}, {how}: set aside as {:?}", set_aside(folder.path()));
            assert!(fs::read(&aside).expect("readable") == bent, "{name}, {how}: kept byte for byte");
            let note = match name {
                "device-key.pem" => StartNote::KeySetAside { file },
                "settings.toml" => StartNote::SettingsSetAside { file },
                "earshot.db" => StartNote::HistorySetAside { file },
                _ => StartNote::PhraseSetAside { file },
            };
            assert_eq!(person.node.notes(), std::slice::from_ref(&note), "{name}, {how}");
            let state = person.state("the note", |state| state.notes.contains(&note)).await;
            assert!(state.has_phrase, "{name}, {how}: whoever had a phrase has one");
            assert_eq!(person.device() == device, name != "device-key.pem", "{name}, {how}");
            assert_eq!(person.node.settings().note == "before", name != "settings.toml", "{name}, {how}");
            let known = person.devices().await.len();
            assert_eq!(
                known,
                if name == "earshot.db" { 0 } else { usize::from(NEIGHBOURS) },
                "{name}, {how}"
            );

            // It works, and the next start finds nothing wrong, but tells until somebody has read it.
            set_note(&mut person, "afterwards").await.expect("kept");
            let device = person.device();
            person.node.shutdown().await;
            drop(person);
            let mut person = street.person(folder.path()).await;
            assert_eq!((person.device(), person.node.notes().len()), (device, 1), "{name}, {how}");
            assert_eq!(person.node.settings().note, "afterwards");
            person.does(OwnerRequest::DismissNotes).await;
            person.node.shutdown().await;
            drop(person);
            let person = street.person(folder.path()).await;
            assert_eq!(person.node.notes(), [], "{name}, {how}: read");
            person.node.shutdown().await;
        }
    }
}
