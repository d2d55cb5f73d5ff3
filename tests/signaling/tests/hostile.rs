//! Whatever others do to a hub, two people get their call, nobody honest is cut off, and what the hub holds is bounded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells its numbers"
)]

use std::sync::atomic::Ordering;
use std::time::Duration;

use earshot_protocol::hub::{RingEnd, Signal};
use earshot_protocol::{DeviceId, Event, Media, Reply, Request, RoomRef, RoomRules};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Link, LinkEvent, Target};
use earshot_tests_signaling::{
    Flood, Holds, HubProcess, Sort, Tally, Victim, be_a_hub, device, is_ring_of, like_an_offer, person, up,
};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, timeout};

/// One flood at a time: this machine is attacker and attacked at once.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A loose bound on each step of a call while the hub is flooded; a step takes milliseconds otherwise.
const STEP: Duration = Duration::from_secs(30);

/// More than every bound of the hub together lets a few attackers take, far less than they send.
const MEMORY_KIB: u64 = 400 * 1024;

async fn step<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(STEP, future).await.unwrap_or_else(|_| panic!("{what}: not within {STEP:?} under the flood"))
}

/// The next event that is meant; panics when the link was cut off meanwhile.
async fn expect<T>(
    events: &mut mpsc::Receiver<LinkEvent>,
    what: &str,
    mut wanted: impl FnMut(&Event) -> Option<T>,
) -> T {
    step(what, async {
        loop {
            match events.recv().await {
                Some(LinkEvent::Said(event)) => {
                    if let Some(found) = wanted(&event) {
                        return found;
                    }
                }
                Some(LinkEvent::Answered { .. }) => {}
                other => panic!("{what}: {other:?} for somebody honest"),
            }
        }
    })
    .await
}

fn signal_of(event: &Event) -> Option<Signal> {
    match event {
        Event::Signal { signal, .. } => Some(signal.clone()),
        _ => None,
    }
}

/// The honest: rings, and is told that the ring was taken.
async fn ring_until_accepted(
    ann: &Link,
    from_ann: &mut mpsc::Receiver<LinkEvent>,
    to: DeviceId,
    room: &RoomRef,
) {
    let ring = Request::Ring { to, room: room.clone(), media: Media::Video };
    let rung = step("a ring", ann.request(ring)).await;
    assert!(matches!(rung, Ok(Reply::Ring { .. })), "{rung:?}");
    let end = expect(from_ann, "the ring's end", |event| match event {
        Event::RingEnded { end, .. } => Some(end.clone()),
        _ => None,
    })
    .await;
    assert_eq!(end, RingEnd::Accepted);
}

/// The honest: offers, answers, candidates, each heard before the next is said.
async fn negotiate(ann: &Link, from_ann: &mut mpsc::Receiver<LinkEvent>, room: &RoomRef, to: DeviceId) {
    for text in ["offer", "answer", "candidate", "candidate", "candidate"] {
        let signal = like_an_offer(text);
        let request = Request::Signal { room: room.room, to, signal: signal.clone() };
        assert_eq!(step("a signal", ann.request(request)).await, Ok(Reply::Done));
        expect(from_ann, "the echo", |event| (signal_of(event)? == signal).then_some(())).await;
    }
}

fn told(what: &str, before: Holds, height: Holds, after: Holds, tally: &Tally, took: &[Duration]) {
    let number = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{what}: memory {} KiB before, {} KiB at the height, {} KiB after; open files {} before, {} at the height, {} \
         after; {} connections, {} let in, {} requests, {} MB for nothing; calls took {:?}",
        before.resident,
        height.peak,
        after.resident,
        before.files,
        height.files,
        after.files,
        number(&tally.connections),
        number(&tally.welcomes),
        number(&tally.requests),
        number(&tally.bytes) / 1_000_000,
        took,
    );
    assert!(number(&tally.connections) > 500, "this is no flood");
    assert!(number(&tally.welcomes) > 20, "nobody was let in to do harm");
    assert!(number(&tally.requests) > 500, "nobody asked for much");
    assert!(height.peak < MEMORY_KIB, "{} KiB", height.peak);
}

/// Waits until everything that the flood took is free again.
async fn is_freed(hub: &mut HubProcess, honest: usize, before: Holds) -> Holds {
    // Places without a connection are kept for half a minute.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (places, connections) = hub.places().await;
        let holds = hub.holds();
        if (places, connections) == (honest, honest) && holds.files <= before.files + 8 {
            return holds;
        }
        assert!(Instant::now() < deadline, "{places} places, {connections} connections, {holds:?} are left");
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_a_flooded_server() {
    if be_a_hub_here() {
        return;
    }
    let _alone = ALONE.lock().await;
    let mut hub = HubProcess::start("a_call_through_a_flooded_server", Sort::Server).await;
    let url = || Target::Url(format!("ws://{}", hub.address));
    let (ann_key, bob_key) = (device(), device());
    let (ann, mut from_ann) = Link::open(ann_key.clone(), url(), person("Ann"), Policy::server(), None);
    up(&mut from_ann).await;
    let (bob, mut from_bob) = Link::open(bob_key.clone(), url(), person("Bob"), Policy::server(), None);
    up(&mut from_bob).await;
    let before = hub.holds();
    let victim = Victim { address: hub.address, device: hub.device, tls: false, person: bob_key.device_id() };

    // Bob's node: says busy to strangers, comes when Ann rings, and says again what she says.
    let bobs = tokio::spawn(async move {
        let mut joined = 0;
        while let Some(event) = from_bob.recv().await {
            match event {
                LinkEvent::Said(event) => {
                    if let Some((ring, answer)) = is_ring_of(&event, "Ann") {
                        let _ = bob.ask(0, Request::AnswerRing { ring: *ring, answer: answer.clone() });
                        if let (Event::Ringing { room, .. }, earshot_protocol::hub::RingAnswer::Accepted) =
                            (&event, answer)
                        {
                            let _ = bob.ask(
                                1,
                                Request::Join { room: room.clone(), media: Media::Video, password: None },
                            );
                            joined += 1;
                        }
                    }
                    if let Event::Signal { room, from, signal } = event {
                        let _ = bob.ask(2, Request::Signal { room, to: from, signal });
                    }
                }
                // A ring may have ended meanwhile; what is said to Ann must be heard.
                LinkEvent::Answered { tag: 2, result } => assert_eq!(result, Ok(Reply::Done)),
                LinkEvent::Answered { .. } => {}
                other => panic!("{other:?} for somebody honest"),
            }
        }
        joined
    });

    let flood = Flood::start(victim, 2..18);
    sleep(Duration::from_secs(4)).await;
    let mut height = before.or_more(hub.holds());
    let mut took = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        let create = Request::CreateRoom { via: None, rules: RoomRules::open_to(4), media: Media::Video };
        let Ok(Reply::Room(state)) = step("a room", ann.request(create)).await else { panic!("a room") };
        let room = state.room;
        ring_until_accepted(&ann, &mut from_ann, bob_key.device_id(), &room).await;
        expect(&mut from_ann, "Bob", |event| {
            matches!(event, Event::ParticipantJoined { participant, .. } if participant.person.name == "Bob")
                .then_some(())
        })
        .await;
        negotiate(&ann, &mut from_ann, &room, bob_key.device_id()).await;
        took.push(started.elapsed());
        assert_eq!(step("the end", ann.request(Request::Leave { room: room.room })).await, Ok(Reply::Done));
        height = height.or_more(hub.holds());
        sleep(Duration::from_secs(1)).await;
    }
    // Somebody new comes in all the while, from an address that does no harm.
    for _ in 0..5 {
        let started = Instant::now();
        let (carol, mut events) = Link::open(device(), url(), person("Carol"), Policy::call(), None);
        step("Carol", up(&mut events)).await;
        took.push(started.elapsed());
        carol.close().await;
        height = height.or_more(hub.holds());
    }
    let tally = flood.stop();
    // Neither was ever cut off: their links would have told.
    let drained = tokio::spawn(async move {
        while let Some(event) = from_ann.recv().await {
            assert!(!matches!(event, LinkEvent::Down { .. } | LinkEvent::Ended { .. }), "{event:?}");
        }
    });
    let after = is_freed(&mut hub, 2, before).await;
    told("a server", before, height, after, &tally, &took);
    ann.close().await;
    drained.await.unwrap();
    bobs.abort();
}

fn be_a_hub_here() -> bool {
    // Its runtime may not be started within this test's.
    std::thread::spawn(be_a_hub).join().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_at_a_flooded_install() {
    if be_a_hub_here() {
        return;
    }
    let _alone = ALONE.lock().await;
    let mut hub = HubProcess::start("a_call_at_a_flooded_install", Sort::Install).await;
    let room = hub.room.clone().unwrap();
    let before = hub.holds();
    let victim = Victim { address: hub.address, device: hub.device, tls: true, person: hub.device };
    let flood = Flood::start(victim, 2..18);
    sleep(Duration::from_secs(4)).await;
    let mut height = before.or_more(hub.holds());
    let mut took = Vec::new();
    for _ in 0..4 {
        let started = Instant::now();
        let target = Target::Device { device: hub.device, addresses: vec![hub.address.to_string()] };
        let (ann, mut from_ann) = Link::open(device(), target, person("Ann"), Policy::call(), None);
        step("Ann", up(&mut from_ann)).await;
        ring_until_accepted(&ann, &mut from_ann, hub.device, &room).await;
        let join = Request::Join { room: room.clone(), media: Media::Video, password: None };
        assert!(matches!(step("the room", ann.request(join)).await, Ok(Reply::Room(_))));
        negotiate(&ann, &mut from_ann, &room, hub.device).await;
        took.push(started.elapsed());
        ann.close().await;
        height = height.or_more(hub.holds());
        sleep(Duration::from_secs(1)).await;
    }
    let tally = flood.stop();
    let after = is_freed(&mut hub, 1, before).await;
    told("an install", before, height, after, &tally, &took);
}
