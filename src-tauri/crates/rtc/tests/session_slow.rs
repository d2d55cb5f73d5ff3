//! A page that is slow to read loses pictures, whole, and nothing else; then it goes on from a keyframe.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;

use std::time::Duration;

use page::{KEYFRAME_BEGINS, Page, Pair, sending, start};
use tokio::time::{Instant, sleep, timeout};
use webview_rtc::frame::{CONTIGUOUS, Header, KEYFRAME, Kind};
use webview_rtc::wire::{Event, Request};

/// Requests that are left unanswered: their answers fill what the system keeps, and more.
const UNREAD: u32 = 400;

/// A VP8 picture (RFC 6386, section 9.1) with a number in it.
fn picture(number: u32, keyframe: bool) -> Vec<u8> {
    let mut picture = if keyframe { KEYFRAME_BEGINS.to_vec() } else { vec![0x11, 0x02, 0x00] };
    picture.resize(800, 0);
    picture.extend(number.to_be_bytes());
    picture
}

fn number(picture: &[u8]) -> u32 {
    picture.last_chunk().copied().map_or(0, u32::from_be_bytes)
}

async fn send(page: &mut Page, count: u32, keyframe: bool) {
    let flags = if keyframe { KEYFRAME } else { 0 };
    let time = 1_000_000 + 33_333 * u64::from(count);
    let header = Header { kind: Kind::Picture, flags, codec: 1, pc: 1, stream: 1, hold_ms: 0, time };
    page.send_frame(header, &picture(count, keyframe)).await;
}

async fn was_asked(page: &mut Page) -> bool {
    while let Ok(Ok(_)) = timeout(Duration::from_millis(1), page.read()).await {}
    let wanted = |event: &Event| matches!(event, Event::KeyframeWanted { line: 1 });
    let before = page.events.len();
    page.events.retain(|(_, event)| !wanted(event));
    page.events.len() < before
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_left_out_up_to_a_keyframe_that_is_asked_for() {
    let rtc = start().await;
    let mut pair = Pair::open(&rtc, (1, 2)).await;
    pair.negotiate().await;
    pair.connect().await;
    pair.one.done(sending(1, 1, 1_000_000)).await;
    let mut count = 0;
    send(&mut pair.one, count, true).await;
    assert!(pair.two.frame(|frame| frame.header.kind == Kind::Picture).await.is_some());
    was_asked(&mut pair.one).await;

    let began = Instant::now();
    // Two asks much and reads nothing for three seconds, while pictures come.
    let mut asked = Vec::new();
    for _ in 0..UNREAD {
        asked.push(pair.two.say(Request::GetStats { pc: 2 }).await);
    }
    let unread = Instant::now() + Duration::from_secs(3);
    while Instant::now() < unread {
        count += 1;
        send(&mut pair.one, count, false).await;
        sleep(Duration::from_millis(33)).await;
    }
    assert!(!was_asked(&mut pair.one).await, "a keyframe now would be left out, too");
    let last_unread = count;

    println!("{last_unread} sent after {:?}", began.elapsed());
    // It reads again: every answer is there, in order.
    for id in asked {
        pair.two.answer(id).await.expect("stats");
    }
    let waiting = pair.two.frames.len();
    println!("{waiting} pictures among the answers, all read after {:?}", began.elapsed());
    let mut began_anew = None;
    for _ in 0..150 {
        count += 1;
        let keyframe = was_asked(&mut pair.one).await;
        if keyframe {
            began_anew.get_or_insert(count);
        }
        send(&mut pair.one, count, keyframe).await;
        sleep(Duration::from_millis(33)).await;
        while let Ok(Ok(_)) = timeout(Duration::from_millis(1), pair.two.read()).await {}
        let shown = pair.two.frames.iter().map(|frame| number(&frame.payload)).max().unwrap_or(0);
        if began_anew.is_some_and(|began| shown > began + 3) {
            break;
        }
    }
    let began_anew = began_anew.expect("to be asked for a keyframe");
    let shown: Vec<(u32, bool)> = pair
        .two
        .frames
        .iter()
        .filter(|frame| frame.header.kind == Kind::Picture)
        .inspect(|frame| assert!(frame.header.flags & (CONTIGUOUS | KEYFRAME) != 0))
        .map(|frame| (number(&frame.payload), frame.header.flags & KEYFRAME != 0))
        .collect();
    let early = shown.iter().filter(|(number, _)| *number <= last_unread).count();
    println!("{early} of {last_unread} came late, then from the keyframe {began_anew} on");
    assert!(early < last_unread as usize / 2, "the rest was left out");
    for pair in shown.windows(2) {
        let ((before, _), (number, keyframe)) = (pair[0], pair[1]);
        assert!(number == before + 1 || keyframe, "{number} after {before} without a keyframe");
    }
    assert!(shown.iter().any(|(number, keyframe)| *keyframe && *number >= began_anew));
}
