//! Pictures wait for the voice that was captured with them.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use page::{KEYFRAME_BEGINS, Pair, RAW_VOICE, sending, start, tone};
use tokio::time::Instant;
use webview_rtc::frame::{Header, KEYFRAME, Kind};
use webview_rtc::wire::Request;

const SECONDS: u64 = 8;

/// Frames that the page's sound card is behind.
const CARD: u64 = 4_800;

fn header(kind: Kind, pc: u32, stream: u32, time: u64) -> Header {
    Header { kind, flags: 0, codec: 0, pc, stream, hold_ms: 0, time }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_held_until_their_voice_is_heard() {
    let rtc = start().await;
    let mut pair = Pair::open(&rtc, (1, 2)).await;
    pair.negotiate().await;
    pair.connect().await;
    for line in [0, 1] {
        pair.one.done(sending(1, line, 500_000)).await;
    }
    pair.one.done(Request::OpenSource { source: 3, options: RAW_VOICE }).await;
    pair.one.done(Request::Attach { pc: 1, line: 0, source: Some(3) }).await;

    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let page_zero = u64::try_from(since.as_micros()).expect("small");
    let began = Instant::now();
    let (mut played, mut got, mut captured) = (0_u64, 0_u64, 0_u64);
    // When it arrived, how long it is held, how much later than captured it is shown; ms.
    let mut pictures = Vec::new();
    // All goes by the clock, however late this task gets its turn.
    let frames = || u64::try_from(began.elapsed().as_micros() * 48 / 1000).expect("small");
    while began.elapsed() < Duration::from_secs(SECONDS) {
        let due = tokio::time::sleep(Duration::from_millis(5));
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = &mut due => break,
                told = pair.two.read() => drop(told.expect("an open socket")),
            }
        }
        while captured + 480 <= frames() {
            let first = page_zero + captured * 1000 / 48;
            pair.one.send_frame(header(Kind::Captured, 0, 3, first), &tone(captured..captured + 480)).await;
            captured += 480;
            if captured % 1440 == 0 {
                // Captured with the end of this sound.
                let mut picture = KEYFRAME_BEGINS.to_vec();
                picture.resize(500, 7);
                let at = page_zero + captured * 1000 / 48;
                picture.extend(captured.to_be_bytes());
                let header = Header { flags: KEYFRAME, codec: 1, ..header(Kind::Picture, 1, 1, at) };
                pair.one.send_frame(header, &picture).await;
            }
        }
        // A card that consumes at its pace, of what it has.
        played = got.min(frames().saturating_sub(CARD)).max(played);
        pair.two.send_frame(header(Kind::Played, 2, 0, played), &[]).await;
        for frame in pair.two.frames.drain(..) {
            match frame.header.kind {
                Kind::Sound => got += frame.payload.len() as u64 / 4 / u64::from(frame.header.codec),
                Kind::Picture => {
                    let captured = frame.payload.last_chunk().copied().map_or(0, u64::from_be_bytes) / 48;
                    let arrived = u64::try_from(began.elapsed().as_millis()).expect("small");
                    let hold = u64::from(frame.header.hold_ms);
                    pictures.push((arrived, hold, (arrived + hold).saturating_sub(captured)));
                }
                _ => {}
            }
        }
    }
    let all = pictures.len();
    // Sender reports come after some seconds; from then on what is held evens out what the way took.
    let first = pictures.iter().position(|(_, hold, _)| *hold > 0).expect("pictures that are held");
    let mut before: Vec<u64> = pictures.drain(..first).map(|(.., shown)| shown).collect();
    before.sort_unstable();
    let unheld = before[before.len() / 2];
    println!("{all} pictures, {} of them since the first was held", pictures.len());
    assert!(pictures.len() > 10);
    assert!(pictures.iter().filter(|(_, hold, _)| *hold > 0).count() > pictures.len() * 3 / 4);
    let mut shown: Vec<u64> = pictures.iter().map(|(.., shown)| *shown).collect();
    shown.sort_unstable();
    let (early, middle, late) = (shown[shown.len() / 8], shown[shown.len() / 2], shown[shown.len() * 7 / 8]);
    println!("shown {early} to {late} ms after the capture, {middle} as a rule");
    // The voice waits in the jitter buffer and for the card; how long in all is the machine's to say.
    assert!(middle > unheld + 20, "later than by themselves, {unheld} ms: {middle} ms");
    assert!(middle < CARD / 48 + 600, "as late as the voice: {middle} ms");
    // What a busy machine adds to both ends of the way is in it.
    assert!(late - early < 160, "evenly: {early} to {late} ms");
}
