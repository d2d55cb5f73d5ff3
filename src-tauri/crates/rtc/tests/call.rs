//! A call between two connections on virtual time.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::time::Duration;

use office::{A, B, Office, lanes};
use webview_rtc::wire::{Direction, Event, Priority, Request, SdpType};

#[test]
fn a_call_carries_voices_pictures_and_messages_both_ways() {
    let mut office = Office::call(1);
    let time = office.connect();
    assert!(time < Duration::from_secs(2), "{time:?}");
    office.run(Duration::from_secs(5));
    for end in [A, B] {
        let end = &office.ends[end];
        assert!(end.pictures.len() > 140, "{} pictures", end.pictures.len());
        assert!(end.pictures[0].1.keyframe);
        for line in [0, 3] {
            let voice = end.sounds.iter().filter(|(_, of, _)| *of == line).count();
            assert!(voice > 240, "{voice} packets");
        }
        assert!((0..3).all(|key| end.is_open(key)));
    }
    office.ends[A].peer.data(office.now, 1, true, b"hello");
    office.collect(A);
    office.run(Duration::from_millis(100));
    assert_eq!(office.ends[B].data, [(1, true, b"hello".to_vec())]);
    office.must(A, Request::Close { pc: 1 });
    assert!(office.ends[A].ended);
}

#[test]
fn a_sender_may_be_told_before_its_line_is_agreed() {
    let mut office = Office::new(2);
    let offer = office.create_offer(A, lanes(false), false);
    office.set_local(A, SdpType::Offer);
    office.set_sender(A, 1, true, Priority::High, Some(700_000));
    assert_eq!(office.ends[A].target(1), None);
    office.set_remote(B, SdpType::Offer, &offer);
    let answer = office.create_answer(B, lanes(true));
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    assert_eq!(office.ends[A].target(1), Some(700_000));
}

#[test]
fn the_first_packet_of_a_line_is_told() {
    let mut office = Office::call(3);
    office.connect();
    let told = |office: &Office, line| {
        let is_told = |event: &Event| *event == Event::Came { line };
        office.ends[B].events.iter().filter(|(_, event)| is_told(event)).count()
    };
    assert_eq!((0..4).map(|line| told(&office, line)).collect::<Vec<_>>(), [0; 4]);
    office.run(Duration::from_secs(1));
    // Nobody sends a screen.
    assert_eq!((0..4).map(|line| told(&office, line)).collect::<Vec<_>>(), [1, 1, 0, 1]);
    // Once more only when it was paused by agreement.
    office.negotiate(A, lanes(true), lanes(true), false);
    office.run(Duration::from_secs(1));
    assert_eq!(told(&office, 1), 1);
    let mut paused = lanes(true);
    paused[1].direction = Direction::Recvonly;
    office.negotiate(A, paused, lanes(true), false);
    office.run(Duration::from_secs(1));
    assert_eq!(told(&office, 1), 1);
    office.negotiate(A, lanes(true), lanes(true), false);
    office.send(A, 1, Priority::High, 500_000);
    office.run(Duration::from_secs(1));
    assert_eq!(told(&office, 1), 2);
}
