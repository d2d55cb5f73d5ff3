//! Data channels: in order and complete under loss, bounded, opened by either side.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::time::Duration;

use office::{A, B, Office, channel, lanes};
use webview_rtc::wire::{
    DtlsState, Event, FIRST_REMOTE_CHANNEL, Fault, MAX_CHANNELS, MAX_MESSAGE_BYTES, Request,
};

fn send(office: &mut Office, end: usize, key: u32, text: bool, data: &[u8]) {
    let now = office.now;
    office.ends[end].peer.data(now, key, text, data);
    office.collect(end);
}

#[test]
fn messages_come_in_order_and_complete_under_loss() {
    let mut office = Office::call(1);
    for way in &mut office.ways {
        way.loss = 0.05;
        way.jitter = Duration::from_millis(8);
        way.twice = 0.02;
    }
    office.connect();
    assert!(office.wait(Duration::from_secs(10), |office| {
        office.ends.iter().all(|end| (0..3).all(|key| end.is_open(key)))
    }));
    let messages: Vec<Vec<u8>> =
        (0..300_u32).map(|at| vec![at as u8; 1 + (at as usize * 37) % 3_000]).collect();
    for message in &messages {
        send(&mut office, A, 1, false, message);
    }
    let large = vec![7; MAX_MESSAGE_BYTES];
    send(&mut office, B, 2, false, &large);
    assert!(office.wait(Duration::from_secs(60), |office| office.ends[B].data.len() == messages.len()));
    for ((key, text, data), message) in office.ends[B].data.iter().zip(&messages) {
        assert_eq!((*key, *text, data), (1, false, message));
    }
    assert!(office.wait(Duration::from_secs(60), |office| !office.ends[A].data.is_empty()));
    assert!(office.ends[A].data[0].2 == large);
    office.run(Duration::from_secs(1));
    let sent: u32 = office.ends[A]
        .events
        .iter()
        .map(|(_, event)| match event {
            Event::ChannelSent { channel: 1, bytes } => *bytes,
            _ => 0,
        })
        .sum();
    assert_eq!(sent as usize, messages.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn a_channel_is_announced_in_band() {
    let mut office = Office::call(2);
    office.connect();
    let mut init = channel(9, None);
    init.ordered = false;
    init.max_retransmits = Some(2);
    init.protocol = "proto".to_owned();
    office.must(A, Request::OpenChannel { pc: 1, channel: init.clone() });
    assert!(office.wait(Duration::from_secs(5), |office| office.ends[A].is_open(9)));
    let (came, id) = office.ends[B]
        .events
        .iter()
        .find_map(|(_, event)| match event {
            Event::Channel { channel, id } => Some((channel.clone(), *id)),
            _ => None,
        })
        .expect("the other side is told");
    assert_eq!(came.key, FIRST_REMOTE_CHANNEL);
    assert_eq!((&came.label, &came.protocol, came.ordered), (&init.label, &init.protocol, false));
    assert_eq!((came.max_retransmits, came.max_packet_life_time), (Some(2), None));
    assert!(id > 2);
    send(&mut office, B, came.key, true, "grüße".as_bytes());
    // An empty one must not stop those after it.
    send(&mut office, B, came.key, true, b"");
    send(&mut office, B, came.key, false, b"after");
    office.run(Duration::from_millis(200));
    assert_eq!(office.ends[A].data, [(9, true, "grüße".into()), (9, false, b"after".to_vec())]);
    office.must(A, Request::CloseChannel { pc: 1, channel: 9 });
    let closed = |office: &Office, end: usize, key: u32| {
        office.ends[end].events.iter().any(|(_, event)| *event == Event::ChannelClosed { channel: key })
    };
    assert!(office.wait(Duration::from_secs(5), |office| closed(office, A, 9)
        && closed(office, B, FIRST_REMOTE_CHANNEL)));
    assert_eq!(office.ask(A, Request::CloseChannel { pc: 1, channel: 9 }), Err(Fault::Closed));
}

#[test]
fn what_waits_is_bounded_and_told() {
    let mut office = Office::call(3);
    office.connect();
    office.run(Duration::from_secs(1));
    office.must(A, Request::SetChannelLow { pc: 1, channel: 0, threshold: 100_000 });
    for _ in 0..40 {
        send(&mut office, A, 0, false, &[1; 100_000]);
    }
    let low = |office: &Office| {
        office.ends[A].events.iter().filter(|(_, event)| *event == Event::ChannelLow { channel: 0 }).count()
    };
    assert_eq!(low(&office), 0);
    assert!(office.wait(Duration::from_secs(60), |office| office.ends[B].data.len() == 40));
    office.run(Duration::from_secs(1));
    assert_eq!(low(&office), 1);
    // A reader that takes nothing: the channel is given up, nothing else.
    office.ways[A].loss = 1.0;
    for _ in 0..200 {
        send(&mut office, A, 0, false, &[1; 100_000]);
    }
    assert!(office.ends[A].events.iter().any(|(_, event)| *event == Event::ChannelClosed { channel: 0 }));
    assert!(!office.ends[A].events.iter().any(|(_, event)| *event == Event::ChannelClosed { channel: 1 }));
}

#[test]
fn what_is_under_way_waits_no_more() {
    let mut office = Office::call(6);
    office.connect();
    office.run(Duration::from_secs(1));
    office.ways[A].loss = 1.0;
    let sent = |office: &Office, key: u32| -> u32 {
        let bytes = |event: &Event| match event {
            Event::ChannelSent { channel, bytes } if *channel == key => *bytes,
            _ => 0,
        };
        office.ends[A].events.iter().map(|(_, event)| bytes(event)).sum()
    };
    send(&mut office, A, 0, true, b"hello");
    assert_eq!(sent(&office, 0), 5);
    // None of it comes to them: most of it waits.
    send(&mut office, A, 1, false, &[1; 200_000]);
    office.run(Duration::from_millis(500));
    assert!(sent(&office, 1) < 100_000, "{} of 200000 are told to have left", sent(&office, 1));
}

#[test]
fn a_connection_that_they_close_ends_channels_with_its_transport() {
    let mut office = Office::call(7);
    office.connect();
    office.run(Duration::from_secs(1));
    office.must(A, Request::Close { pc: 1 });
    let is_closed = |(_, event): &(Duration, Event)| *event == Event::Dtls { state: DtlsState::Closed };
    assert!(office.wait(Duration::from_secs(5), |office| office.ends[B].events.iter().any(is_closed)));
    // The transport first: what ends before it has been closed, and has not failed.
    let of_channel = |(_, event): &(Duration, Event)| matches!(event, Event::ChannelClosed { .. });
    let events = &office.ends[B].events;
    assert!(events.iter().position(is_closed) < events.iter().position(of_channel));
}

#[test]
fn what_cannot_be_is_refused() {
    let mut office = Office::new(4);
    let mut open = |init| office.ask(A, Request::OpenChannel { pc: 1, channel: init });
    assert!(open(channel(0, Some(4))).is_ok());
    assert_eq!(open(channel(0, Some(5))), Err(Fault::InvalidAccessError));
    assert_eq!(open(channel(1, Some(4))), Err(Fault::OperationError));
    assert_eq!(open(channel(1, Some(u16::MAX))), Err(Fault::InvalidAccessError));
    let mut both = channel(1, None);
    (both.max_retransmits, both.max_packet_life_time) = (Some(1), Some(1));
    assert_eq!(open(both), Err(Fault::InvalidAccessError));
    for key in 1..MAX_CHANNELS as u32 {
        assert!(open(channel(key, None)).is_ok());
    }
    assert_eq!(open(channel(1000, None)), Err(Fault::QuotaExceededError));
}

#[test]
fn what_is_closed_before_it_is_open_never_opens() {
    let mut office = Office::new(5);
    for (key, negotiated) in [(0, Some(0)), (1, None), (2, Some(u16::MAX - 1))] {
        office.must(A, Request::OpenChannel { pc: 1, channel: channel(key, negotiated) });
        office.must(B, Request::OpenChannel { pc: 1, channel: channel(key, negotiated.or(Some(7))) });
    }
    for key in [0, 1] {
        office.must(A, Request::CloseChannel { pc: 1, channel: key });
    }
    let again = channel(5, Some(0));
    assert_eq!(office.ask(A, Request::OpenChannel { pc: 1, channel: again }), Err(Fault::OperationError));
    // The stubs of offers keep clear of the page's ids, and the page of theirs.
    for _ in 0..3 {
        office.create_offer(A, lanes(false), false);
    }
    let stub = channel(6, Some(u16::MAX - 2));
    assert_eq!(office.ask(A, Request::OpenChannel { pc: 1, channel: stub }), Err(Fault::OperationError));
    office.negotiate(A, lanes(false), lanes(true), false);
    office.connect();
    office.run(Duration::from_secs(3));
    assert!(office.ends[A].is_open(2) && office.ends[B].is_open(2));
    assert!(!office.ends[A].is_open(0) && !office.ends[A].is_open(1));
    let came = office.ends[B].events.iter().any(|(_, event)| matches!(event, Event::Channel { .. }));
    let ours = office.ends[A].events.iter().any(|(_, event)| matches!(event, Event::Channel { .. }));
    assert!(!ours, "no channel of ours is taken for theirs");
    // The engine has announced it before it could be closed.
    if came {
        let closed =
            |(_, event): &(Duration, Event)| *event == Event::ChannelClosed { channel: FIRST_REMOTE_CHANNEL };
        assert!(office.ends[B].events.iter().any(closed));
    }
}
