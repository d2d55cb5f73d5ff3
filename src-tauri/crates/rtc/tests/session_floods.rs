//! Pages that send nonsense, too much, or do not read.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use page::{Page, start};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use webview_rtc::frame::{HEADER_BYTES, Header, Kind};
use webview_rtc::wire::{Fault, Reply, Request};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_requests_are_answered_in_order() {
    const COUNT: u32 = 100_000;
    let rtc = start().await;
    let page = Page::open(&rtc).await;
    let (mut sink, mut stream) = page.socket.split();
    let began = Instant::now();
    let writing = tokio::spawn(async move {
        for id in 0..COUNT {
            let text = format!(r#"{{"id":{id},"request":{{"type":"get-stats","pc":9}}}}"#);
            sink.feed(Message::text(text)).await.expect("to send");
        }
        sink.flush().await.expect("to send");
        sink
    });
    for wanted in 0..COUNT {
        let told = timeout(Duration::from_secs(10), stream.next()).await.expect("an answer in time");
        let text = told.expect("an open socket").expect("a frame").into_text().expect("text");
        assert!(text.contains(&format!("\"id\":{wanted},")), "{text}");
        assert!(text.contains("\"fault\":\"Closed\""));
    }
    println!("{COUNT} requests answered in {:?}", began.elapsed());
    drop(writing.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_passed_over() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    page.open_connection(1).await;
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u8
    };
    for round in 0..20_000_u32 {
        let length = usize::from(random()) % 80;
        let mut bytes: Vec<u8> = (0..length).map(|_| random()).collect();
        // Half of them with a header that can be read, and a connection that is there.
        if round % 2 == 0 && length >= HEADER_BYTES {
            bytes[0] = 1 + bytes[0] % 5;
            bytes[4..8].copy_from_slice(&1_u32.to_le_bytes());
        }
        page.socket.feed(Message::binary(bytes)).await.expect("to send");
    }
    for text in ["", "{", "null", "[]", "{\"id\":-1}", "\u{0}", &"[".repeat(10_000), "{\"request\":{}}"] {
        page.socket.send(Message::text(text)).await.expect("to send");
    }
    page.socket.send(Message::Ping(vec![1].into())).await.expect("to send");
    let unknown = r#"{"id":77,"request":{"type":"fly","pc":1}}"#;
    page.socket.send(Message::text(unknown)).await.expect("to send");
    assert_eq!(page.answer(77).await, Err(Fault::NotSupportedError));
    assert!(matches!(page.ask(Request::GetStats { pc: 1 }).await, Ok(Reply::Stats { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_read_is_cut_off() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let began = Instant::now();
    // Answers pile up until the session stops reading, then the page cannot write either.
    let mut sent = 0_u64;
    let flood = async {
        loop {
            let text = r#"{"id":1,"request":{"type":"get-stats","pc":9}}"#;
            if page.socket.feed(Message::text(text)).await.is_err() {
                break;
            }
            sent += 1;
        }
    };
    timeout(Duration::from_secs(40), flood).await.expect("to be cut off");
    println!("cut off after {:?} and {sent} requests", began.elapsed());
    assert!(began.elapsed() > Duration::from_secs(9));
    let mut other = Page::open(&rtc).await;
    assert_eq!(other.ask(Request::GetStats { pc: 1 }).await, Err(Fault::Closed), "others do not notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_bounded() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let options = webview_rtc::wire::SourceOptions {
        echo_cancellation: true,
        noise_suppression: true,
        auto_gain_control: true,
        channels: 1,
        speech: true,
    };
    let mut refused = None;
    for source in 0..100 {
        match page.ask(Request::OpenSource { source, options }).await {
            Ok(_) => {}
            Err(fault) => {
                refused = Some((source, fault));
                break;
            }
        }
    }
    let (source, fault) = refused.expect("an end to it");
    assert_eq!(fault, Fault::QuotaExceededError, "at {source}");
    // Sound of a source that is not there is passed over.
    let header = Header { kind: Kind::Captured, flags: 0, codec: 1, pc: 0, stream: 99, hold_ms: 0, time: 5 };
    page.send_frame(header, &[0; 1920]).await;
    page.done(Request::CloseSource { source: 0 }).await;
    page.done(Request::OpenSource { source: 99, options }).await;
    assert_eq!(page.ask(Request::Attach { pc: 1, line: 0, source: Some(99) }).await, Err(Fault::Closed));
}
