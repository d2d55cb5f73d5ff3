//! Two pages call each other over real sockets: pictures, messages, and the end of it.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use page::{KEYFRAME_BEGINS, Pair, RAW_VOICE, sending, start, tone};
use webview_rtc::frame::{Header, KEYFRAME, Kind, TEXT};
use webview_rtc::wire::{ChannelInit, Direction, Event, IceState, Reply, Request};

fn header(kind: Kind, pc: u32, stream: u32) -> Header {
    Header { kind, flags: 0, codec: 0, pc, stream, hold_ms: 0, time: now() }
}

/// µs, as the page's clock counts.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(since.as_micros()).expect("small")
}

/// A keyframe, with what tells it from others.
fn keyframe(number: u8, bytes: usize) -> Vec<u8> {
    let mut picture = KEYFRAME_BEGINS.to_vec();
    picture.resize(bytes, number);
    picture
}

async fn pair() -> (webview_rtc::Rtc, Pair) {
    let rtc = start().await;
    let mut pair = Pair::open(&rtc, (1, 7)).await;
    let channel = |key| ChannelInit {
        key,
        label: "words".to_owned(),
        ordered: true,
        max_packet_life_time: None,
        max_retransmits: None,
        protocol: String::new(),
        negotiated: Some(0),
    };
    pair.one.done(Request::OpenChannel { pc: 1, channel: channel(10) }).await;
    pair.two.done(Request::OpenChannel { pc: 7, channel: channel(20) }).await;
    pair.negotiate().await;
    pair.connect().await;
    (rtc, pair)
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_messages_pass_both_ways() {
    let (_rtc, mut pair) = pair().await;
    pair.one.done(sending(1, 1, 1_000_000)).await;
    pair.two.done(sending(7, 1, 1_000_000)).await;
    for number in 0..5 {
        let picture = keyframe(number, 5000);
        let vp8 = |pc| Header { flags: KEYFRAME, codec: 1, ..header(Kind::Picture, pc, 1) };
        pair.one.send_frame(vp8(1), &picture).await;
        pair.two.send_frame(vp8(7), &picture).await;
        for (page, pc) in [(&mut pair.one, 1), (&mut pair.two, 7)] {
            let shown = page.frame(|frame| frame.header.kind == Kind::Picture).await.expect("a picture");
            assert_eq!(shown.payload, picture);
            assert_eq!((shown.header.pc, shown.header.stream, shown.header.codec), (pc, 1, 1));
            assert_eq!(shown.header.flags & KEYFRAME, KEYFRAME);
            assert!(shown.header.hold_ms <= 500);
        }
    }

    for (page, pc, channel) in [(&mut pair.one, 1, 10), (&mut pair.two, 7, 20)] {
        let open = |event: &Event| matches!(event, Event::ChannelOpen { channel: of, .. } if *of == channel);
        page.event(pc, |event| open(event).then_some(())).await.expect("an open channel");
    }
    let large: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    pair.one.send_frame(header(Kind::Data, 1, 10), &large).await;
    let text = Header { flags: TEXT, ..header(Kind::Data, 1, 10) };
    pair.one.send_frame(text, "grüß dich".as_bytes()).await;
    let first = pair.two.frame(|frame| frame.header.kind == Kind::Data).await.expect("a message");
    assert_eq!((first.header.stream, first.header.flags), (20, 0));
    assert!(first.payload == large);
    let second = pair.two.frame(|frame| frame.header.kind == Kind::Data).await.expect("a message");
    assert_eq!((&second.payload[..], second.header.flags), ("grüß dich".as_bytes(), TEXT));
    pair.two.send_frame(Header { flags: TEXT, ..header(Kind::Data, 7, 20) }, b"and back").await;
    let third = pair.one.frame(|frame| frame.header.kind == Kind::Data).await.expect("a message");
    assert_eq!((&third.payload[..], third.header.flags), (&b"and back"[..], TEXT));

    let Ok(Reply::Stats { entries }) = pair.one.ask(Request::GetStats { pc: 1 }).await else {
        panic!("no stats")
    };
    assert!(entries.iter().any(|entry| entry["type"] == "outbound-rtp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_is_heard_on_the_other_side() {
    let (_rtc, mut pair) = pair().await;
    pair.one.done(Request::OpenSource { source: 3, options: RAW_VOICE }).await;
    pair.one.done(Request::Attach { pc: 1, line: 0, source: Some(3) }).await;
    pair.one.done(sending(1, 0, 1_000_000)).await;
    let mut played = 0;
    let mut energy = 0.0;
    let began = tokio::time::Instant::now();
    // A second of sound, however busy the machine is.
    for block in 0..1_000_u64 {
        if played > 48_000 && energy > 1_000.0 {
            break;
        }
        tokio::time::sleep_until(began + Duration::from_millis(10 * block)).await;
        pair.one.send_frame(header(Kind::Captured, 0, 3), &tone(480 * block..480 * (block + 1))).await;
        pair.two.send_frame(Header { time: played, ..header(Kind::Played, 7, 0) }, &[]).await;
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(1), pair.two.read()).await {}
        pair.two.frames.retain(|frame| {
            if frame.header.kind == Kind::Sound {
                assert_eq!((frame.header.pc, frame.header.stream), (7, 0));
                let channels = u64::from(frame.header.codec);
                played += frame.payload.len() as u64 / 4 / channels;
                let squares = frame
                    .payload
                    .chunks_exact(4)
                    .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().expect("four"))).powi(2));
                energy += squares.sum::<f64>();
            }
            frame.header.kind != Kind::Sound
        });
    }
    println!("{played} frames played, energy {energy:.0}");
    assert!(played > 48_000, "only {played} frames");
    assert!(energy > 1_000.0, "too quiet: {energy}");
    let heard = |event: &Event| match event {
        Event::Heard { line: 0, level, .. } if *level > 0.05 => Some(*level),
        _ => None,
    };
    assert!(pair.two.event(7, heard).await.is_some());

    // Detached, nothing more comes of it.
    pair.one.done(Request::Attach { pc: 1, line: 0, source: None }).await;
    pair.one.done(Request::CloseSource { source: 3 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_takes_its_connections_with_it() {
    let (_rtc, mut pair) = pair().await;
    for (page, pc) in [(&mut pair.one, 1), (&mut pair.two, 7)] {
        let open = |event: &Event| matches!(event, Event::ChannelOpen { .. }).then_some(());
        page.event(pc, open).await.expect("an open channel");
    }
    drop(pair.one);
    let gone = pair.two.event(7, |event| match event {
        Event::Dtls { state: webview_rtc::wire::DtlsState::Closed }
        | Event::Ice { state: IceState::Disconnected | IceState::Failed }
        | Event::ChannelClosed { channel: 20 } => Some(format!("{event:?}")),
        _ => None,
    });
    let began = std::time::Instant::now();
    let gone = gone.await.expect("the other side to notice");
    println!("noticed after {:?}: {gone}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(3), "it is told, not found out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_is_refused_what_it_is_asked() {
    let (_rtc, mut pair) = pair().await;
    pair.one.done(Request::Close { pc: 1 }).await;
    assert_eq!(pair.one.ask(Request::GetStats { pc: 1 }).await, Err(webview_rtc::wire::Fault::Closed));
    pair.one.send_frame(header(Kind::Data, 1, 10), b"too late").await;
    // The number may be used again.
    pair.one.open_connection(1).await;
    let transceivers = vec![page::transceiver(webview_rtc::wire::Kind::Audio, None, "one")];
    let offer = Request::CreateOffer { pc: 1, transceivers, ice_restart: false };
    let (sdp, _) = page::description(pair.one.ask(offer).await);
    assert!(sdp.contains("m=audio"));
    assert!(sdp.contains("a=sendrecv"), "{:?}", Direction::Sendrecv);
}
