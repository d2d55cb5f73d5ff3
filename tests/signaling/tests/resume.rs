//! A lost connection is not a lost place: nothing is missed, nothing is done twice, nobody sees a leave.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use earshot_protocol::hub::{Candidate, HubMessage, LeaveReason, Signal};
use earshot_protocol::limits::PING_INTERVAL;
use earshot_protocol::{
    DeviceId, ErrorCode, Event, FromHub, Media, Reply, Request, Resume, RoomId, RoomRef, RoomRules, ToHub,
};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Link, LinkEvent};
use earshot_tests_signaling::{
    Office, Proxy, Raw, device, ended, make_room, next, person, soon, told, up, up_again,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

fn numbered(room: RoomId, to: DeviceId, number: usize) -> Request {
    let candidate = Candidate {
        candidate: number.to_string(),
        sdp_mid: None,
        sdp_m_line_index: None,
        username_fragment: None,
    };
    Request::Signal { room, to, signal: Signal::Candidate { candidate: Some(candidate) } }
}

fn number_of(event: &Event) -> Option<usize> {
    match event {
        Event::Signal { signal: Signal::Candidate { candidate: Some(candidate) }, .. } => {
            candidate.candidate.parse().ok()
        }
        _ => None,
    }
}

fn join(room: &RoomRef) -> Request {
    Request::Join { room: room.clone(), media: Media::Voice, password: None }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_over_many_cuts() {
    const MESSAGES: usize = 200;
    let server = Office::server().await;
    let proxy = Proxy::to(server.served.address).await;
    let (ann_key, bob_key) = (device(), device());
    let (bob, mut from_bob) = Link::open(bob_key.clone(), server.url(), person("Bob"), Policy::call(), None);
    up(&mut from_bob).await;
    let room = make_room(&bob).await;
    let (ann, mut from_ann) =
        Link::open(ann_key.clone(), server.url_at(proxy.address), person("Ann"), Policy::call(), None);
    up(&mut from_ann).await;
    soon("the room", ann.request(join(&room))).await.unwrap();

    // Both talk all the time; Ann's wire is cut again and again.
    let (ann_id, bob_id, id) = (ann_key.device_id(), bob_key.device_id(), room.room);
    let bob_talks = tokio::spawn(async move {
        for number in 0..MESSAGES {
            assert_eq!(bob.request(numbered(id, ann_id, number)).await, Ok(Reply::Done));
            sleep(Duration::from_millis(10)).await;
        }
        bob
    });
    let ann_talks = tokio::spawn(async move {
        for number in 0..MESSAGES {
            ann.ask(number as u64, numbered(id, bob_id, number)).unwrap();
            sleep(Duration::from_millis(10)).await;
        }
        ann
    });
    let cuts = async {
        for pause in [100, 370, 230, 310, 150] {
            sleep(Duration::from_millis(pause)).await;
            proxy.cut();
        }
    };
    let ann_hears = hear(&mut from_ann, MESSAGES, true);
    let bob_hears = hear(&mut from_bob, MESSAGES, false);
    let (anns, bobs, ()) = tokio::join!(ann_hears, bob_hears, cuts);
    let expected: Vec<_> = (0..MESSAGES).collect();
    assert_eq!(anns.numbers, expected);
    assert_eq!(bobs.numbers, expected);
    assert_eq!(anns.answers.len(), MESSAGES);
    assert!(anns.answers.values().all(|(times, result)| *times == 1 && *result == Ok(Reply::Done)));
    assert!(anns.ups >= 3 && anns.all_resumed, "{} times up", anns.ups);
    // Nobody saw anybody leave or come.
    assert!(
        bobs.others
            .iter()
            .all(|event| matches!(event, Event::ParticipantJoined { .. } | Event::PersonHere { .. }))
    );
    assert_eq!(
        bobs.others.iter().filter(|event| matches!(event, Event::ParticipantJoined { .. })).count(),
        1
    );
    drop((ann_talks.await.unwrap(), bob_talks.await.unwrap()));
}

#[derive(Default)]
struct Heard {
    numbers: Vec<usize>,
    others: Vec<Event>,
    answers: BTreeMap<u64, (u32, Result<Reply, ErrorCode>)>,
    ups: u32,
    all_resumed: bool,
}

/// Listens until so many numbered signals, and answers if wanted, have come and then half a second in peace.
async fn hear(events: &mut mpsc::Receiver<LinkEvent>, count: usize, answers: bool) -> Heard {
    let mut heard = Heard { all_resumed: true, ..Heard::default() };
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let done = heard.numbers.len() >= count && (!answers || heard.answers.len() >= count);
        let until = if done { Instant::now() + Duration::from_millis(500) } else { end };
        match timeout_at(until, events.recv()).await {
            Ok(Some(LinkEvent::Said(event))) => match number_of(&event) {
                Some(number) => heard.numbers.push(number),
                None => heard.others.push(event),
            },
            Ok(Some(LinkEvent::Answered { tag, result })) => {
                let answer = heard.answers.entry(tag).or_insert((0, result));
                answer.0 += 1;
            }
            Ok(Some(LinkEvent::Up(welcome))) => {
                heard.ups += 1;
                heard.all_resumed &= welcome.resumed;
            }
            Ok(Some(LinkEvent::Down { .. })) => {}
            Ok(other) => panic!("{other:?}"),
            Err(_) if done => return heard,
            Err(_) => panic!("{} of {count} signals, {} answers", heard.numbers.len(), heard.answers.len()),
        }
    }
}

#[tokio::test]
async fn an_answer_lost_on_the_way_is_said_again_and_the_request_done_once() {
    // By hand, so that the loss is certain: the request is sent, its answer never read.
    let server = Office::server().await;
    let key = device();
    let mut first = Raw::plain(server.served.address).await;
    let welcome = first.enter(&key).await;
    let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(2), media: Media::Voice };
    first.say(&ToHub::Request { id: 1, request: create.clone() }).await;
    let rooms = || async { server.hub.counts().await.unwrap().rooms };
    earshot_tests_signaling::until("the room", || async { rooms().await == 1 }).await;
    drop(first);

    let mut second = Raw::plain(server.served.address).await;
    let mut hello = second.hello(&key);
    hello.resume = Some(Resume { token: welcome.resume, seen: 0 });
    second.say(&ToHub::Hello(hello)).await;
    let Some(FromHub::Welcome(again)) = second.next().await else { panic!("a welcome") };
    assert!(again.resumed);
    assert_ne!(again.resume, welcome.resume);
    second.say(&ToHub::Request { id: 1, request: create }).await;
    second.say(&ToHub::Ping { seen: 0 }).await;
    let answer = second.next().await;
    assert!(
        matches!(answer, Some(FromHub::Message { seq: 1, message: HubMessage::Ok { id: 1, .. } })),
        "{answer:?}"
    );
    assert_eq!(second.next().await, Some(FromHub::Pong), "the request that came again is not answered again");
    assert_eq!(rooms().await, 1);
}

#[tokio::test]
async fn more_than_a_queue_can_be_missed() {
    // What a place missed is more than what may wait for a connection at other times: that makes nobody slow.
    const EACH: usize = 220;
    let server = Office::server().await;
    let proxy = Proxy::to(server.served.address).await;
    let ann_key = device();
    let (bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::call(), None);
    up(&mut from_bob).await;
    let room = make_room(&bob).await;
    let (cleo, mut from_cleo) = Link::open(device(), server.url(), person("Cleo"), Policy::call(), None);
    up(&mut from_cleo).await;
    cleo.request(join(&room)).await.unwrap();
    let (ann, mut from_ann) =
        Link::open(ann_key.clone(), server.url_at(proxy.address), person("Ann"), Policy::call(), None);
    up(&mut from_ann).await;
    soon("the room", ann.request(join(&room))).await.unwrap();
    proxy.refuse(true);
    proxy.cut();
    for number in 0..EACH {
        for sender in [&bob, &cleo] {
            assert_eq!(
                sender.request(numbered(room.room, ann_key.device_id(), number)).await,
                Ok(Reply::Done)
            );
        }
    }
    assert!(2 * EACH > earshot_protocol::limits::MAX_QUEUE as usize);
    proxy.refuse(false);
    ann.retry_now();
    assert!(up_again(&mut from_ann).await.0.resumed);
    let mut numbers = Vec::new();
    while numbers.len() < 2 * EACH {
        numbers.extend(number_of(&told(&mut from_ann).await));
    }
    assert!(numbers.iter().copied().eq((0..EACH).flat_map(|number| [number, number])));
    // And the connection is as good as any other.
    assert_eq!(ann.request(Request::Leave { room: room.room }).await, Ok(Reply::Done));
}

#[tokio::test]
async fn who_is_reached_elsewhere_is_followed_at_once() {
    let ann = Office::install().await;
    // Both ways lead to Ann's machine; the first one, her address of before, has fallen silent.
    let (before, now) = (Proxy::to(ann.served.address).await, Proxy::to(ann.served.address).await);
    let (bob, mut from_bob) =
        Link::open(device(), ann.target_at(before.address), person("Bob"), Policy::call(), None);
    up(&mut from_bob).await;
    before.silence(true);
    let began = Instant::now();
    bob.moved(vec![now.address.to_string()]).await;
    assert!(up_again(&mut from_bob).await.0.resumed);
    let took = began.elapsed();
    assert!(took < Duration::from_millis(PING_INTERVAL.into()), "no ping was waited for: {took:?}");
    assert_eq!(
        soon("an answer", bob.request(Request::SetAddresses { addresses: vec![] })).await,
        Ok(Reply::Done)
    );

    // What leads there already is left alone; an own address that is gone may have taken the connection with it.
    bob.moved(vec![now.address.to_string()]).await;
    assert_eq!(
        soon("an answer", bob.request(Request::SetAddresses { addresses: vec![] })).await,
        Ok(Reply::Done)
    );
    assert!(from_bob.try_recv().is_err(), "the connection stayed");
    now.silence(true);
    let began = Instant::now();
    bob.moved(Vec::new()).await;
    sleep(Duration::from_millis(50)).await;
    now.silence(false);
    assert!(up_again(&mut from_bob).await.0.resumed);
    assert!(began.elapsed() < Duration::from_millis(PING_INTERVAL.into()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_place_opens_to_its_device_alone() {
    let server = Office::server().await;
    let (ann, eve) = (device(), device());
    let mut first = Raw::plain(server.served.address).await;
    let stolen = first.enter(&ann).await.resume;
    let mut raw = Raw::plain(server.served.address).await;
    let mut hello = raw.hello(&eve);
    hello.resume = Some(Resume { token: stolen, seen: 0 });
    raw.say(&ToHub::Hello(hello)).await;
    let Some(FromHub::Welcome(welcome)) = raw.next().await else { panic!("a welcome") };
    assert!(!welcome.resumed);
    assert_eq!(welcome.you, eve.device_id());
    // Ann's connection has not been taken from her.
    first.say(&ToHub::Ping { seen: 0 }).await;
    soon("a pong", async { while first.next().await.expect("still here") != FromHub::Pong {} }).await;
}

#[tokio::test]
async fn the_old_connection_of_a_resumed_place_is_closed() {
    let server = Office::server().await;
    let key = device();
    let mut first = Raw::plain(server.served.address).await;
    let token = first.enter(&key).await.resume;
    let mut second = Raw::plain(server.served.address).await;
    let mut hello = second.hello(&key);
    hello.resume = Some(Resume { token, seen: 0 });
    second.say(&ToHub::Hello(hello)).await;
    assert!(matches!(second.next().await, Some(FromHub::Welcome(welcome)) if welcome.resumed));
    first.closed().await;
    assert_eq!(server.hub.counts().await.unwrap().connections, 1);
}

#[tokio::test]
async fn a_line_that_goes_silent_is_noticed_and_left() {
    let server = Office::server().await;
    let proxy = Proxy::to(server.served.address).await;
    let (bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::call(), None);
    up(&mut from_bob).await;
    let room = make_room(&bob).await;
    let ann_key = device();
    let (ann, mut from_ann) =
        Link::open(ann_key.clone(), server.url_at(proxy.address), person("Ann"), Policy::call(), None);
    up(&mut from_ann).await;
    soon("the room", ann.request(join(&room))).await.unwrap();

    proxy.silence(true);
    let silent_since = Instant::now();
    // What Ann asks meanwhile waits, and is answered when the line is back.
    let waiting = tokio::spawn({
        let ann = ann.clone();
        async move { ann.request(Request::SetPerson { person: person("Ann B.") }).await }
    });
    for number in 0..5 {
        bob.request(numbered(room.room, ann_key.device_id(), number)).await.unwrap();
    }
    let down = tokio::time::timeout(Duration::from_secs(15), from_ann.recv()).await.expect("noticed");
    assert!(matches!(down, Some(LinkEvent::Down { code: ErrorCode::LinkLost, .. })), "{down:?}");
    let noticed = silent_since.elapsed();
    let twice = Duration::from_millis(2 * u64::from(PING_INTERVAL));
    assert!(noticed > twice / 2 && noticed < twice + Duration::from_secs(2), "{noticed:?}");

    proxy.silence(false);
    ann.retry_now();
    let (welcome, before) = up_again(&mut from_ann).await;
    assert!(welcome.resumed && before.is_empty());
    let mut numbers = Vec::new();
    while numbers.len() < 5 {
        numbers.extend(number_of(&told(&mut from_ann).await));
    }
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(soon("an answer", waiting).await.unwrap(), Ok(Reply::Done));
}

#[tokio::test]
async fn a_hub_that_starts_anew_knows_no_place() {
    // Two hubs of one device behind one address: the second is the first one after a restart.
    let key = device();
    let before = Office::start(key.clone(), None, false, Default::default()).await;
    let after = Office::start(key.clone(), None, false, Default::default()).await;
    let wire = Proxy::to(before.served.address).await;
    let (ann, mut events) =
        Link::open(device(), before.url_at(wire.address), person("Ann"), Policy::server(), None);
    up(&mut events).await;
    let room = make_room(&ann).await;
    // Cut with a request on its way, which never arrives.
    wire.silence(true);
    ann.ask(1, Request::Leave { room: room.room }).unwrap();
    sleep(Duration::from_millis(100)).await;
    wire.lead_to(after.served.address);
    wire.silence(false);
    wire.cut();
    assert!(matches!(next(&mut events).await, LinkEvent::Down { .. }));
    assert_eq!(next(&mut events).await, LinkEvent::Answered { tag: 1, result: Err(ErrorCode::LinkLost) });
    let welcome = up(&mut events).await;
    assert!(!welcome.resumed);
    // And it is a whole place: requests are numbered from 1 and answered.
    assert_ne!(make_room(&ann).await.room, room.room);
}

#[tokio::test]
async fn a_new_name_is_said_after_the_line_is_back() {
    let server = Office::server().await;
    let proxy = Proxy::to(server.served.address).await;
    let ann_key = device();
    let (_bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::server(), None);
    up(&mut from_bob).await;
    let (ann, mut events) =
        Link::open(ann_key.clone(), server.url_at(proxy.address), person("Ann"), Policy::server(), None);
    up(&mut events).await;
    assert!(matches!(told(&mut from_bob).await, Event::PersonHere { .. }));
    // The first change is lost on the way and will be sent again; it must not have the last word.
    proxy.silence(true);
    ann.set_person(person("Ann B.")).await;
    sleep(Duration::from_millis(50)).await;
    proxy.refuse(true);
    proxy.cut();
    assert!(matches!(next(&mut events).await, LinkEvent::Down { .. }));
    ann.set_person(person("Ann C.")).await;
    sleep(Duration::from_millis(50)).await;
    proxy.silence(false);
    proxy.refuse(false);
    ann.retry_now();
    assert!(up_again(&mut events).await.0.resumed);
    // Whatever comes in between, the last one stays.
    let mut name = String::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(500), from_bob.recv()).await {
        match event {
            LinkEvent::Said(Event::PersonHere { presence }) => name = presence.person.name,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(name, "Ann C.");
}

#[tokio::test]
async fn without_a_place_to_resume_a_server_that_is_down_is_said_at_once() {
    let closed = Proxy::to("127.0.0.1:1".parse().unwrap()).await;
    closed.refuse(true);
    let url = earshot_signaling::Target::Url(format!("ws://{}", closed.address));
    let (link, mut events) = Link::open(device(), url, person("Ann"), Policy::server(), None);
    assert!(matches!(next(&mut events).await, LinkEvent::Down { code: ErrorCode::Unreachable, .. }));
    let started = Instant::now();
    let answer = link.request(Request::Leave { room: RoomId([0; 16]) }).await;
    assert_eq!(answer, Err(ErrorCode::ServerDown));
    assert!(started.elapsed() < Duration::from_millis(300));
    // It comes up by itself once there is a server.
    let server = Office::server().await;
    closed.lead_to(server.served.address);
    closed.refuse(false);
    assert!(!up_again(&mut events).await.0.resumed);
}

#[tokio::test]
async fn a_call_that_cannot_be_had_is_told_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    let closed = "127.0.0.1:1".to_owned();
    for (addresses, at_least) in [(vec![], 0), (vec![closed.clone()], 0), (vec![silent, closed], 2400)] {
        let target = earshot_signaling::Target::Device { device: device().device_id(), addresses };
        let started = Instant::now();
        let (link, mut events) = Link::open(device(), target, person("Ann"), Policy::call(), None);
        // Asked before the first answer: it fails with the link.
        if link.ask(1, Request::Leave { room: RoomId([0; 16]) }).is_ok() {
            let answered = next(&mut events).await;
            assert_eq!(answered, LinkEvent::Answered { tag: 1, result: Err(ErrorCode::Unreachable) });
        }
        assert_eq!(ended(&mut events).await, ErrorCode::Unreachable);
        assert!(started.elapsed() >= Duration::from_millis(at_least));
        assert!(started.elapsed() < Duration::from_millis(3000), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_participant_who_does_not_come_back_is_lost() {
    // The shortest way to the end of the grace without waiting for it: the place is replaced by a new one.
    let server = Office::server().await;
    let (bob, mut from_bob) = Link::open(device(), server.url(), person("Bob"), Policy::call(), None);
    up(&mut from_bob).await;
    let room = make_room(&bob).await;
    let key = device();
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&key).await;
    raw.say(&ToHub::Request { id: 1, request: join(&room) }).await;
    let joined = |event: &Event| matches!(event, Event::ParticipantJoined { .. });
    soon("joined", async { while !joined(&told(&mut from_bob).await) {} }).await;
    drop(raw);
    earshot_tests_signaling::until("the connection is gone", || async {
        server.hub.counts().await.unwrap().connections == 1
    })
    .await;
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&key).await;
    raw.say(&ToHub::Request { id: 1, request: join(&room) }).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match told(&mut from_bob).await {
            Event::ParticipantLeft { device, reason, .. } if device == key.device_id() => {
                seen.push(Some(reason))
            }
            Event::ParticipantJoined { participant, .. } if participant.device == key.device_id() => {
                seen.push(None)
            }
            Event::PersonHere { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, [Some(LeaveReason::Lost), None]);
}
