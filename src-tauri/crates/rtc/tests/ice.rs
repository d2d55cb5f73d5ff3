//! States of the connection's ways, and how fast a broken way is mended.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use office::{A, B, End, Office, TICK, lanes};
use webview_rtc::net::Found;
use webview_rtc::wire::{Event, IceState, SdpType};

/// Until pictures come over again, both ways.
fn heal(office: &mut Office) -> Option<Duration> {
    let before = office.elapsed();
    let back = |office: &mut Office| {
        office.ends.iter().all(|end| end.pictures.iter().any(|(at, _)| *at > before))
            && office.ends.iter().all(End::is_connected)
    };
    office.wait(Duration::from_secs(30), back).then(|| office.elapsed() - before)
}

fn move_to_another_address(office: &mut Office, end: usize) {
    let old = office.ends[end].addresses[0];
    let new = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), 6000);
    office.ends[end].addresses = vec![new];
    let now = office.now;
    office.ends[end].peer.gone(now, old);
    office.ends[end].peer.found(now, Found::Host { address: new });
    office.collect(end);
}

fn cut(office: &mut Office, time: Duration) {
    for way in &mut office.ways {
        way.loss = 1.0;
    }
    office.run(time);
    for way in &mut office.ways {
        way.loss = 0.0;
    }
}

#[test]
fn a_restart_brings_a_broken_way_back_at_once() {
    for gone in [1, 4, 8, 12, 18, 30] {
        for moves in [None, Some(A), Some(B)] {
            let mut office = Office::call(30);
            office.connect();
            office.run(Duration::from_secs(3));
            cut(&mut office, Duration::from_secs(gone));
            let was = office.ends[A].ice();
            if let Some(end) = moves {
                move_to_another_address(&mut office, end);
            }
            let before = office.elapsed();
            office.negotiate(A, lanes(true), lanes(true), true);
            let time = heal(&mut office).expect("it heals");
            assert!(time < Duration::from_millis(500), "{time:?} after {gone} s, moved: {moves:?}");
            let seen = office.ends[A].events.iter().filter(|(at, _)| *at >= before);
            let seen = seen.filter_map(|(_, event)| match event {
                Event::Ice { state } => Some(*state),
                _ => None,
            });
            let seen: Vec<IceState> = seen.collect();
            if was == Some(IceState::Disconnected) {
                assert_eq!(seen[..2], [IceState::Checking, IceState::Connected], "after {gone} s");
            }
        }
    }
}

#[test]
fn who_moves_is_followed_without_a_restart() {
    // Who nominates is faster: the other one has to wait for its next check. The engine alone takes 15 s.
    for (end, most) in [(A, 3_000), (B, 4_500)] {
        let mut office = Office::call(31);
        office.connect();
        office.run(Duration::from_secs(5));
        move_to_another_address(&mut office, end);
        let time = heal(&mut office).expect("it heals");
        assert!(time < Duration::from_millis(most), "{time:?}");
        office.run(Duration::from_secs(20));
        assert!(office.ends.iter().all(End::is_connected));
    }
}

#[test]
fn an_address_that_is_heard_is_kept() {
    let mut office = Office::call(32);
    // A second address of each side, which is checked all the time.
    for (end, last) in [(A, 11), (B, 12)] {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 1, last)), 5000);
        office.ends[end].addresses.push(address);
        let now = office.now;
        office.ends[end].peer.found(now, Found::Host { address });
        office.collect(end);
    }
    office.connect();
    office.run(Duration::from_secs(5));
    let pair = |office: &mut Office| {
        let stats = office.stats(A);
        let pair = stats.into_iter().find(|entry| entry["type"] == "candidate-pair").expect("a pair");
        pair["remoteCandidateId"].clone()
    };
    let before = pair(&mut office);
    // Nothing but checks, and a third of them is lost.
    office.voices.clear();
    for end in &mut office.ends {
        end.coders.clear();
    }
    for way in &mut office.ways {
        way.loss = 0.3;
    }
    office.run(Duration::from_secs(3));
    assert_eq!(pair(&mut office), before);
    assert!(office.ends.iter().all(End::is_connected));
}

#[test]
fn checks_wait_for_candidates() {
    let mut office = Office::new(33);
    office.trickle = false;
    let offer = office.create_offer(A, lanes(false), false);
    office.set_local(A, SdpType::Offer);
    office.run(Duration::from_secs(1));
    assert_eq!(office.ends[A].ice(), None);
    office.set_remote(B, SdpType::Offer, &offer);
    let answer = office.create_answer(B, lanes(true));
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    office.run(Duration::from_secs(1));
    assert_eq!(office.ends.each_ref().map(End::ice), [None, None]);
    office.trickle = true;
    office.run(TICK);
    assert_eq!(office.ends.each_ref().map(End::ice), [Some(IceState::Checking); 2]);
    office.connect();
}

#[test]
fn the_pair_in_use_is_told_as_soon_as_the_connection_stands() {
    let mut office = Office::call(34);
    let of =
        |office: &mut Office, kind: &str| office.stats(A).into_iter().find(|entry| entry["type"] == kind);
    let transport = of(&mut office, "transport").expect("a transport");
    assert_eq!((&transport["iceState"], &transport["dtlsState"]), (&"checking".into(), &"new".into()));
    assert_eq!(transport["selectedCandidatePairChanges"], 0);
    assert!(of(&mut office, "candidate-pair").is_none());
    office.connect();
    for (end, other) in [(A, B), (B, A)] {
        let at =
            |is: &dyn Fn(&Event) -> bool| office.ends[end].events.iter().position(|(_, event)| is(event));
        let told = at(&|event| matches!(event, Event::Pair { .. })).expect("the pair is told");
        assert!(Some(told) < at(&|event| *event == Event::Ice { state: IceState::Connected }));
        let Event::Pair { local, remote } = &office.ends[end].events[told].1 else { unreachable!() };
        let addresses =
            [local, remote].map(|one| SocketAddr::new(one.address.parse().expect("an IP"), one.port));
        assert_eq!(addresses, [office.ends[end].addresses[0], office.ends[other].addresses[0]]);
        assert_eq!((local.kind.as_str(), remote.kind.as_str()), ("host", "host"));
    }
    for _ in 0..30 {
        let pair = of(&mut office, "candidate-pair").expect("a pair");
        let stats = office.stats(A);
        for (kind, end) in
            [("local-candidate", "localCandidateId"), ("remote-candidate", "remoteCandidateId")]
        {
            assert!(stats.iter().any(|entry| entry["type"] == kind && entry["id"] == pair[end]));
        }
        let transport = of(&mut office, "transport").expect("a transport");
        assert_eq!(transport["selectedCandidatePairId"], pair["id"]);
        assert_eq!(transport["selectedCandidatePairChanges"], 1);
        office.run(Duration::from_millis(10));
    }
}

#[test]
fn a_way_that_opens_late_is_used() {
    for seconds in [20, 45, 100] {
        let mut office = Office::new(35);
        office.ways.iter_mut().for_each(|way| way.loss = 1.0);
        office.dial();
        office.run(Duration::from_secs(seconds));
        office.ways.iter_mut().for_each(|way| way.loss = 0.0);
        office.negotiate(A, lanes(true), lanes(true), true);
        let time = office.connect();
        assert!(time < Duration::from_secs(1), "{time:?} after {seconds} s");
    }
}
