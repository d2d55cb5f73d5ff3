//! Who is found, and what is given away by it, with whole nodes: real TLS, real hubs, real files; only the
//! announcements go through an ether in the process. What must hold: a hidden name is told to devices and never to the
//! network, an office's phrase parts those who know it from all others, and nobody vanishes by a goodbye that somebody
//! else has said.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_discovery::{DiscoveryEvent, Found};
use earshot_node::Options;
use earshot_protocol::hub::RingEnd;
use earshot_protocol::owner::{SettingsChange, StartNote};
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, FromNode, HubMessage, OwnerReply, OwnerRequest, Presence, Reach,
    Status,
};
use earshot_tests_signaling::Raw;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use common::air::{Air, arrive_with};
use common::{Person, call, options};

const SOON: Duration = Duration::from_secs(5);

async fn arrive(ether: &Ether, name: &str) -> (Person, Air) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path(), name);
    arrive_with(ether, &options, folder).await
}

async fn arrive_hidden(ether: &Ether, name: &str) -> (Person, Air) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { hide_name: true, ..options(folder.path(), name) };
    arrive_with(ether, &options, folder).await
}

/// Ends a node and starts it again in its folder.
async fn restart(ether: &Ether, person: Person, name: &str) -> (Person, Air) {
    let Person { node, folder, window, .. } = person;
    drop(window);
    node.shutdown().await;
    drop(node);
    let options = options(folder.path(), name);
    arrive_with(ether, &options, folder).await
}

async fn set_phrase(person: &mut Person, phrase: Option<&str>) {
    let request = OwnerRequest::SetPhrase { phrase: phrase.map(str::to_owned) };
    assert_eq!(person.own(request).await, Ok(OwnerReply::Done));
    let set = phrase.is_some();
    person.state("the phrase in the state", |state| state.has_phrase == set).await;
}

async fn change(person: &Person, change: SettingsChange) {
    person.node.change_settings(change).await.expect("changes");
}

/// Everybody in the list now, of a window opened for it.
async fn list(person: &Person) -> Vec<Presence> {
    let mut window = person.node.attach().await.expect("attaches");
    match window.next().await.expect("a welcome") {
        FromNode::Welcome(welcome) => welcome.people,
        other => panic!("{other:?}"),
    }
}

async fn names(person: &Person) -> Vec<String> {
    let mut names: Vec<String> = list(person).await.into_iter().map(|one| one.person.name).collect();
    names.sort();
    names
}

/// Waits until the list holds these names and no others.
async fn lists(person: &Person, expected: &[&str]) {
    let deadline = Instant::now() + SOON;
    loop {
        let names = names(person).await;
        if names == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{names:?} instead of {expected:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn is_gone(person: &mut Person, device: DeviceId) {
    person
        .event("gone", |event| match event {
            Event::PersonGone { device: gone, .. } if *gone == device => Some(()),
            _ => None,
        })
        .await;
}

fn told_gone(person: &Person) -> bool {
    person.heard.iter().any(|message| {
        matches!(
            message,
            FromNode::Message { message: HubMessage::Event { event: Event::PersonGone { .. } }, .. }
        )
    })
}

/// Reads what the window is told in that time.
async fn listen(person: &mut Person, time: Duration) {
    let deadline = Instant::now() + time;
    while let Ok(Some(message)) = tokio::time::timeout_at(deadline, person.window.next()).await {
        person.heard.push(message);
    }
}

/// Somebody whose record is in the air.
fn found(device: DeviceId, address: SocketAddr) -> Found {
    let port = address.port();
    Found {
        device,
        person: None,
        phrase: false,
        rooms: false,
        revision: 0,
        versions: vec![1],
        addresses: vec![address],
        port,
    }
}

#[tokio::test]
async fn a_hidden_name_is_told_to_devices_and_not_to_the_network() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    assert!(!anns.last().hidden && !anns.last().phrase);
    let begun = Instant::now();
    let (cat, _) = arrive(&ether, "Cat").await;
    ann.sees(cat.device(), |_| true).await;
    eprintln!("an open name is listed {:?} after the start began", begun.elapsed());
    let begun = Instant::now();
    let (mut bob, bobs) = arrive_hidden(&ether, "Bob").await;
    let up = Instant::now();
    let entry = ann.sees(bob.device(), |_| true).await;
    eprintln!("a hidden one {:?} after the start began, {:?} after it was up", begun.elapsed(), up.elapsed());
    assert_eq!((entry.person.name.as_str(), entry.reach, entry.via), ("Bob", Reach::Here, None));
    assert!(bobs.last().hidden && bobs.last().person.name != "Bob", "not even discovery knows");
    bob.sees(ann.device(), |entry| entry.person.name == "Ann").await;
    // A call works as ever.
    call(&mut ann, &mut bob, None).await;
    ann.sees(bob.device(), |entry| entry.person.status == Status::InCall).await;
    // And it can be shown again, and hidden once more, without leaving the list.
    change(&bob, SettingsChange { hide_name: Some(false), ..SettingsChange::default() }).await;
    assert!(!bobs.last().hidden);
    change(&bob, SettingsChange { hide_name: Some(true), ..SettingsChange::default() }).await;
    assert!(bobs.last().hidden);
    change(&bob, SettingsChange { name: Some("Robert".into()), ..SettingsChange::default() }).await;
    ann.sees(bob.device(), |entry| entry.person.name == "Robert").await;
    assert!(!told_gone(&ann));
}

#[tokio::test]
async fn what_a_hidden_person_changes_is_seen_with_a_link_and_without() {
    let ether = Ether::new();
    let (mut ann, _) = arrive(&ether, "Ann").await;
    let (bob, _) = arrive_hidden(&ether, "Bob").await;
    let bobs = bob.device();
    ann.sees(bobs, |_| true).await;
    let begun = Instant::now();
    change(&bob, SettingsChange { status: Some(Status::Away), ..SettingsChange::default() }).await;
    ann.sees(bobs, |entry| entry.person.status == Status::Away).await;
    eprintln!("a status change over a standing link: {:?}", begun.elapsed());
    // Longer than an unused link is kept.
    sleep(Duration::from_secs(12)).await;
    let begun = Instant::now();
    change(&bob, SettingsChange { note: Some("at lunch".into()), ..SettingsChange::default() }).await;
    ann.sees(bobs, |entry| entry.person.note == "at lunch").await;
    eprintln!("without a link: {:?}", begun.elapsed());
    change(&bob, SettingsChange { do_not_disturb: Some(true), ..SettingsChange::default() }).await;
    ann.sees(bobs, |entry| entry.person.status == Status::Busy).await;
}

#[tokio::test]
async fn a_name_is_told_at_once_though_addresses_come_one_by_one() {
    let (here, there) = (Ether::new(), Ether::new());
    let (mut ann, anns) = arrive(&here, "Ann").await;
    let (bob, _) = arrive_hidden(&there, "Bob").await;
    let port = bob.node.hub_port();
    let record = found(bob.device(), SocketAddr::from(([127, 0, 0, 1], port)));
    let begun = Instant::now();
    for last in 1..=4_u8 {
        let addresses = (1..=last).map(|last| SocketAddr::from(([127, 0, 0, last], port))).collect();
        anns.says(DiscoveryEvent::Seen(Found { addresses, ..record.clone() })).await;
    }
    ann.sees(bob.device(), |entry| entry.person.name == "Bob").await;
    assert!(begun.elapsed() < Duration::from_millis(700), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_is_blocked_sees_somebody_away_and_nobody_else_does() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    let (mut bob, _) = arrive(&ether, "Bob").await;
    let (mut cat, _) = arrive(&ether, "Cat").await;
    let (me, bobs) = (ann.device(), bob.device());
    ann.sees(bobs, |_| true).await;
    bob.sees(me, |entry| entry.person.status == Status::Available).await;
    cat.sees(me, |entry| entry.person.status == Status::Available).await;
    let block = |blocked| OwnerRequest::BlockDevice { device: bobs, blocked };
    assert_eq!(ann.own(block(true)).await, Ok(OwnerReply::Done));
    assert!(anns.last().hidden, "the record would tell what the hub does not");
    bob.sees(me, |entry| entry.person.status == Status::Away && entry.person.name == "Ann").await;
    let note = SettingsChange { note: Some("call me".into()), ..SettingsChange::default() };
    change(&ann, note).await;
    cat.sees(me, |entry| entry.person.note == "call me" && entry.person.status == Status::Available).await;
    // Bob asked too, and was told nothing new.
    listen(&mut bob, Duration::from_millis(300)).await;
    let seen = list(&bob).await.into_iter().find(|entry| entry.device == me).expect("still listed");
    assert_eq!(seen.person.status, Status::Away);
    // A restart does not show it for a moment.
    let (mut ann, anns) = restart(&ether, ann, "Ann").await;
    assert!(anns.said.lock().expect("unpoisoned").iter().all(|said| said.hidden));
    cat.sees(me, |entry| entry.person.status == Status::Available && entry.reach == Reach::Here).await;
    listen(&mut bob, Duration::from_millis(500)).await;
    let available = bob.heard.iter().any(|message| {
        matches!(message, FromNode::Message { message: HubMessage::Event { event: Event::PersonHere { presence } }, .. }
            if presence.device == me && presence.person.status == Status::Available)
    });
    assert!(!available, "{:?}", bob.heard);
    let block = OwnerRequest::BlockDevice { device: bobs, blocked: false };
    ann.sees(bobs, |_| true).await;
    assert_eq!(ann.own(block).await, Ok(OwnerReply::Done));
    assert!(!anns.last().hidden);
    bob.sees(me, |entry| entry.person.status == Status::Available).await;
}

#[tokio::test]
async fn an_office_with_a_phrase_finds_its_own_and_nobody_else() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    let (mut bob, _) = arrive(&ether, "Bob").await;
    let (mut cat, _) = arrive(&ether, "Cat").await;
    let (dan, _) = arrive(&ether, "Dan").await;
    lists(&dan, &["Ann", "Bob", "Cat"]).await;
    set_phrase(&mut ann, Some("a quiet corner")).await;
    assert!(anns.last().hidden && anns.last().phrase);
    lists(&ann, &[]).await;
    lists(&dan, &["Bob", "Cat"]).await;
    // Written a little differently, it is the same phrase.
    let begun = Instant::now();
    set_phrase(&mut bob, Some("  a quiet corner ")).await;
    eprintln!("setting a phrase took {:?}", begun.elapsed());
    set_phrase(&mut cat, Some("a quiet coroner")).await;
    lists(&ann, &["Bob"]).await;
    lists(&bob, &["Ann"]).await;
    lists(&cat, &[]).await;
    lists(&dan, &[]).await;
    call(&mut ann, &mut bob, None).await;
    // Those of elsewhere cannot be rung, nor ring.
    let room = dan.node.device();
    let here = ann.open_room(None).await.room;
    assert_eq!(ann.ring(room, &here).await, Err(ErrorCode::PersonUnknown));
    assert_eq!(ann.ring(cat.device(), &here).await, Err(ErrorCode::PersonUnknown));

    // Changed while it runs: Bob is left behind, Cat is met.
    set_phrase(&mut ann, Some("a quiet coroner")).await;
    lists(&ann, &["Cat"]).await;
    lists(&cat, &["Ann"]).await;
    lists(&bob, &[]).await;
    // After a restart it holds, and was in the record from the first word on.
    let (ann, anns) = restart(&ether, ann, "Ann").await;
    assert!(anns.said.lock().expect("unpoisoned").iter().all(|said| said.hidden && said.phrase));
    lists(&ann, &["Cat"]).await;
    lists(&cat, &["Ann"]).await;
    // Taken away: everybody without one is there again.
    let mut ann = ann;
    set_phrase(&mut ann, None).await;
    assert!(!anns.last().hidden && !anns.last().phrase);
    lists(&ann, &["Dan"]).await;
    lists(&cat, &[]).await;
    assert!(!ann.folder.path().join("office-phrase.key").exists());
}

#[tokio::test]
async fn who_does_not_know_the_phrase_is_told_no_name() {
    let ether = Ether::new();
    let (mut ann, _) = arrive(&ether, "Ann").await;
    let stranger = earshot_identity::DeviceKey::generate().expect("a key");
    let address = SocketAddr::from(([127, 0, 0, 1], ann.node.hub_port()));
    let anns = ann.device();
    let knock = async |say: &str| {
        let mut raw = Raw::tls(address, &stranger, anns).await;
        assert_eq!(raw.phrase.is_some(), say == "with a phrase", "{say}");
        let hello = raw.hello(&stranger);
        raw.say(&earshot_protocol::ToHub::Hello(hello)).await;
        raw.next().await
    };
    let welcome = knock("without a phrase").await;
    assert!(matches!(&welcome, Some(FromHub::Welcome(welcome)) if welcome.people[0].person.name == "Ann"));
    set_phrase(&mut ann, Some("a quiet corner")).await;
    let refused = knock("with a phrase").await;
    assert!(matches!(refused, Some(FromHub::Refused { code: ErrorCode::PhraseWrong })), "{refused:?}");
}

#[tokio::test]
async fn a_new_phrase_cuts_off_who_is_in_without_it() {
    let ether = Ether::new();
    let (mut ann, _) = arrive(&ether, "Ann").await;
    let (mut bob, _) = arrive(&ether, "Bob").await;
    ann.sees(bob.device(), |_| true).await;
    let (room, _) = call(&mut ann, &mut bob, None).await;
    set_phrase(&mut ann, Some("a quiet corner")).await;
    let closed = bob
        .event("the room's end", |event| match event {
            Event::RoomClosed { room, .. } => Some(*room),
            _ => None,
        })
        .await;
    assert_eq!(closed, room.room);
    // Nor does Ann stay in where there is none: what she has under way at Bob's hub has ended.
    lists(&ann, &[]).await;
    lists(&bob, &[]).await;
}

#[tokio::test]
async fn a_ring_under_way_ends_when_the_phrase_changes() {
    let ether = Ether::new();
    let (mut ann, _) = arrive(&ether, "Ann").await;
    let (mut bob, _) = arrive(&ether, "Bob").await;
    ann.sees(bob.device(), |_| true).await;
    let room = ann.open_room(None).await.room;
    let ring = ann.ring(bob.device(), &room).await.expect("rings");
    bob.is_rung().await;
    set_phrase(&mut ann, Some("a quiet corner")).await;
    assert_eq!(ann.ring_ends(ring).await, RingEnd::Gone);
    bob.ring_ends(ring).await;
}

#[tokio::test]
async fn a_phrase_has_bounds_and_is_made_one_at_a_time() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    for bad in ["", "short", &"x".repeat(129), "        a        "] {
        let request = OwnerRequest::SetPhrase { phrase: Some(bad.to_owned()) };
        assert_eq!(ann.own(request).await, Err(ErrorCode::SettingInvalid), "{bad:?}");
    }
    assert!(!anns.last().phrase);
    let set = |phrase: &str, id| earshot_protocol::ToNode::Owner {
        id,
        request: OwnerRequest::SetPhrase { phrase: Some(phrase.to_owned()) },
    };
    ann.window.say(set("a quiet corner", 100)).await;
    ann.window.say(set("a loud corner", 101)).await;
    // Neither waits for the other, and the node does not wait for either.
    let begun = Instant::now();
    ann.calls().await;
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    let refused = ann
        .hear("a refusal", |message| match message {
            FromNode::OwnerError { id, code } => Some((*id, *code)),
            _ => None,
        })
        .await;
    assert_eq!(refused, (101, ErrorCode::TooManyRequests));
    let done = ann
        .hear("an answer", |message| match message {
            FromNode::OwnerOk { id: 100, reply } => Some(reply.clone()),
            _ => None,
        })
        .await;
    assert_eq!(done, OwnerReply::Done);
    assert!(anns.last().phrase);
}

#[tokio::test]
async fn a_goodbye_in_somebodys_name_makes_nobody_vanish() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    let (bob, _) = arrive(&ether, "Bob").await;
    let bobs = bob.device();
    ann.sees(bobs, |_| true).await;
    for _ in 0..3 {
        anns.says(DiscoveryEvent::Gone(bobs)).await;
        listen(&mut ann, Duration::from_millis(500)).await;
        assert!(!told_gone(&ann));
        assert_eq!(names(&ann).await, ["Bob"]);
    }
    assert_eq!(*anns.verified.lock().expect("unpoisoned"), [bobs], "the network is asked, and once");
    let room = ann.open_room(None).await.room;
    ann.ring(bobs, &room).await.expect("rings");
    // From then on nobody will say when he goes; it is noticed all the same.
    ether.kill(bobs);
    bob.node.shutdown().await;
    let begun = Instant::now();
    is_gone(&mut ann, bobs).await;
    eprintln!("gone {:?} after a quit behind a goodbye that was not believed", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn an_honest_quit_is_told_at_once() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    for (name, in_touch) in [("Bob", false), ("Cat", true)] {
        let (mut other, _) = arrive(&ether, name).await;
        let device = other.device();
        ann.sees(device, |_| true).await;
        if in_touch {
            call(&mut ann, &mut other, None).await;
        }
        let begun = Instant::now();
        let quit = tokio::spawn(async move { other.node.shutdown().await });
        is_gone(&mut ann, device).await;
        eprintln!("{name}, in touch: {in_touch}: gone {:?} after the quit began", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
        quit.await.expect("ends");
    }
    assert!(anns.verified.lock().expect("unpoisoned").is_empty(), "nobody was doubted");
}

#[tokio::test]
async fn a_machine_that_was_switched_off_is_gone_with_its_goodbye() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    // Nothing answers there, and nothing refuses: a network for documentation (RFC 5737).
    let silent = DeviceId([9; 32]);
    let person = Some(earshot_protocol::Person::named("Zoe"));
    let record = Found { person, ..found(silent, "192.0.2.1:9".parse().expect("an address")) };
    anns.says(DiscoveryEvent::Seen(record)).await;
    ann.sees(silent, |_| true).await;
    let begun = Instant::now();
    anns.says(DiscoveryEvent::Gone(silent)).await;
    is_gone(&mut ann, silent).await;
    assert!(begun.elapsed() < Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn two_hundred_records_of_nobody_keep_no_colleague_from_being_seen() {
    let ether = Ether::new();
    let (mut ann, anns) = arrive(&ether, "Ann").await;
    let (bob, _) = arrive_hidden(&ether, "Bob").await;
    let bobs = bob.device();
    ann.sees(bobs, |_| true).await;
    // Takes every connection and says nothing.
    let (open, most, all) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (counted, peak, total) = (open.clone(), most.clone(), all.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            total.fetch_add(1, Ordering::SeqCst);
            peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let counted = counted.clone();
            tokio::spawn(async move {
                while stream.read(&mut [0; 4096]).await.is_ok_and(|count| count > 0) {}
                counted.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    for number in 0..200 {
        anns.says(DiscoveryEvent::Seen(found(DeviceId([number; 32]), address))).await;
    }
    sleep(Duration::from_millis(1_500)).await;
    let asked = all.load(Ordering::SeqCst);
    assert!((4..=20).contains(&asked), "{asked} connections in a second and a half");
    // Who is known goes first; who is open was never in the queue; a call needs no turn.
    let begun = Instant::now();
    change(&bob, SettingsChange { status: Some(Status::Away), ..SettingsChange::default() }).await;
    ann.sees(bobs, |entry| entry.person.status == Status::Away).await;
    let (cat, _) = arrive(&ether, "Cat").await;
    ann.sees(cat.device(), |_| true).await;
    let room = ann.open_room(None).await.room;
    ann.ring(cat.device(), &room).await.expect("rings");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(names(&ann).await, ["Bob", "Cat"], "nobody of the two hundred is listed");
    // And one who comes hidden in the middle of it has a turn like all others.
    let (dan, _) = arrive_hidden(&ether, "Dan").await;
    let begun = Instant::now();
    timeout(Duration::from_secs(10), async {
        while !names(&ann).await.contains(&"Dan".to_owned()) {
            listen(&mut ann, Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("listed");
    eprintln!("behind two hundred of nobody, a hidden name was listed after {:?}", begun.elapsed());
    assert!(most.load(Ordering::SeqCst) <= 5, "{} at once", most.load(Ordering::SeqCst));
    drop(dan);
}

#[tokio::test]
async fn what_was_set_aside_is_told_until_it_was_read() {
    let ether = Ether::new();
    let (mut ann, _) = arrive(&ether, "Ann").await;
    set_phrase(&mut ann, Some("a quiet corner")).await;
    let device = ann.device();
    let Person { node, folder, window, .. } = ann;
    drop(window);
    node.shutdown().await;
    drop(node);
    let spoil =
        |folder: &Path, name: &str| std::fs::write(folder.join(name), "\0 nonsense").expect("writable");
    for name in ["device-key.pem", "settings.toml", "earshot.db", "office-phrase.key"] {
        spoil(folder.path(), name);
    }
    let again = options(folder.path(), "Ann");
    let (mut ann, anns) = arrive_with(&ether, &again, folder).await;
    assert_ne!(ann.device(), device);
    let aside = |name: &str| format!("{name}.unreadable-1");
    let expected = [
        StartNote::KeySetAside { file: aside("device-key.pem") },
        StartNote::HistorySetAside { file: aside("earshot.db") },
        StartNote::PhraseSetAside { file: aside("office-phrase.key") },
        StartNote::SettingsSetAside { file: aside("settings.toml") },
    ];
    assert_eq!(ann.node.notes(), expected);
    let state = ann.state("the notes", |_| true).await;
    assert_eq!(state.notes, expected);
    // Fails closed: a phrase is set, and nobody has it.
    assert!(state.has_phrase && anns.last().phrase);
    let (bob, _) = arrive(&ether, "Bob").await;
    lists(&ann, &[]).await;
    lists(&bob, &[]).await;

    let (mut ann, _) = restart(&ether, ann, "Ann").await;
    ann.state("the notes, not read yet", |state| state.notes == expected).await;
    assert_eq!(ann.own(OwnerRequest::DismissNotes).await, Ok(OwnerReply::Done));
    ann.state("no notes", |state| state.notes.is_empty()).await;
    let (mut ann, anns) = restart(&ether, ann, "Ann").await;
    assert!(ann.node.notes().is_empty());
    assert!(anns.last().phrase, "it stays closed");
    set_phrase(&mut ann, None).await;
    lists(&ann, &["Bob"]).await;
}
