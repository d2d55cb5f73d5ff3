//! Everything is bounded: what is too much is told by a code or cut, and nobody else feels it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use earshot_hub::Counts;
use earshot_protocol::hub::{Candidate, HubMessage, Signal};
use earshot_protocol::limits::{
    MAX_ACTIONS_AT_ONCE, MAX_ACTIONS_PER_SECOND, MAX_MESSAGE_BYTES, MAX_REQUESTS,
};
use earshot_protocol::{ErrorCode, Event, FromHub, Person, Reply, Request, RoomId, ToHub};
use earshot_signaling::reconnect::Policy;
use earshot_signaling::{Limits, Link, LinkEvent};
use earshot_tests_signaling::{
    Office, Raw, at, connect_from, device, make_room, next, person, soon, until, up,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_the_hub_goes_on() {
    let server = Office::server().await;
    let address = server.served.address;
    let witness = device();
    let mut other = Raw::plain(address).await;
    other.enter(&witness).await;
    for text in [
        "",
        "{",
        "null",
        "[]",
        "\u{0}",
        r#"{"type":"applause"}"#,
        r#"{"type":"request","id":-1,"request":{"type":"leave","room":"aaaa"}}"#,
        r#"{"type":"request","id":1,"request":{"type":"leave","room":"aaaa"}}"#,
        r#"{"type":"request","id":1,"request":{"type":"abolish"}}"#,
        r#"{"type":"owner","id":1,"request":{"type":"quit"}}"#,
        &"[".repeat(60_000),
    ] {
        let mut raw = Raw::plain(address).await;
        raw.enter(&device()).await;
        raw.say_text(text).await;
        assert_eq!(raw.refused().await, ErrorCode::Malformed, "{:.60}", text);
    }
    let mut raw = Raw::plain(address).await;
    raw.enter(&device()).await;
    raw.send(Message::binary(vec![0; 100])).await;
    assert_eq!(raw.refused().await, ErrorCode::Malformed);

    // A second hello is no message of this stage.
    let ann = device();
    let mut raw = Raw::plain(address).await;
    raw.enter(&ann).await;
    let again = raw.hello(&ann);
    raw.say(&ToHub::Hello(again)).await;
    assert_eq!(raw.refused().await, ErrorCode::Malformed);

    other.say(&ToHub::Ping { seen: 0 }).await;
    soon("a pong", async { while other.next().await.expect("still here") != FromHub::Pong {} }).await;
}

#[tokio::test]
async fn the_largest_message_is_heard_and_a_larger_one_is_refused() {
    let server = Office::server().await;
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&device()).await;
    let ping = r#"{"type":"ping","seen":0}"#;
    let fill = |bytes: usize| format!("{ping}{}", " ".repeat(bytes - ping.len()));
    raw.say_text(fill(MAX_MESSAGE_BYTES as usize)).await;
    assert_eq!(raw.next().await, Some(FromHub::Pong));
    raw.say_text(fill(MAX_MESSAGE_BYTES as usize + 1)).await;
    assert_eq!(raw.refused().await, ErrorCode::TooLarge);

    // In pieces it is as large.
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&device()).await;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    for piece in 0..5 {
        let data = if piece == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(vec![b' '; 16 * 1024], OpCode::Data(data), false);
        raw.send(Message::Frame(frame)).await;
    }
    assert_eq!(raw.refused().await, ErrorCode::TooLarge);

    // A frame that only claims to be huge costs nothing.
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&device()).await;
    let mut header = vec![0x81, 0xff];
    header.extend_from_slice(&(1_u64 << 40).to_be_bytes());
    header.extend_from_slice(&[0; 4]);
    tokio::io::AsyncWriteExt::write_all(raw.socket.get_mut(), &header).await.unwrap();
    assert_eq!(raw.refused().await, ErrorCode::TooLarge);
}

#[tokio::test]
async fn too_many_requests_fail_and_a_flood_is_cut() {
    let server = Office::server().await;
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&device()).await;
    let request = || Request::Leave { room: RoomId([1; 16]) };
    for id in 1..=MAX_REQUESTS + 1 {
        raw.say(&ToHub::Request { id, request: request() }).await;
    }
    for id in 1..=MAX_REQUESTS + 1 {
        let code = if id <= MAX_REQUESTS { ErrorCode::RoomUnknown } else { ErrorCode::TooManyRequests };
        let said = raw.next().await;
        let Some(FromHub::Message { seq, message }) = said else { panic!("{said:?}") };
        assert_eq!((seq, message), (id, HubMessage::Error { id, code }));
    }
    for id in MAX_REQUESTS + 2..=MAX_REQUESTS * 4 {
        raw.say(&ToHub::Request { id, request: request() }).await;
    }
    assert_eq!(raw.refused().await, ErrorCode::TooManyRequests);
    soon("its place waits", async {
        while server.hub.counts().await.unwrap().connections != 0 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;

    // Pings of the WebSocket itself do not come cheaper.
    let mut raw = Raw::plain(server.served.address).await;
    raw.enter(&device()).await;
    let (mut sink, mut stream) = raw.socket.split();
    let flood = async {
        for _ in 0..MAX_REQUESTS * 4 {
            if sink.send(Message::Ping(Vec::new().into())).await.is_err() {
                return;
            }
        }
    };
    let answers = async {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message {
                return serde_json::from_str::<FromHub>(&text).unwrap();
            }
        }
        panic!("closed without a word");
    };
    let ((), said) = soon("the cut", async { tokio::join!(flood, answers) }).await;
    assert_eq!(said, FromHub::Refused { code: ErrorCode::TooManyRequests });
}

fn big_signal(room: RoomId, to: earshot_protocol::DeviceId) -> Request {
    let candidate = "x".repeat(MAX_MESSAGE_BYTES as usize - 2048);
    let candidate = Candidate { candidate, sdp_mid: None, sdp_m_line_index: None, username_fragment: None };
    Request::Signal { room, to, signal: Signal::Candidate { candidate: Some(candidate) } }
}

#[tokio::test]
async fn a_slow_reader_is_cut_while_another_goes_on() {
    let server = Office::server().await;
    let (slow_key, quick_key) = (device(), device());
    let (host, mut host_events) = Link::open(device(), server.url(), person("Host"), Policy::call(), None);
    up(&mut host_events).await;
    let room = make_room(&host).await;
    let id = room.room;

    let mut slow = Raw::plain_and_narrow(server.served.address).await;
    slow.enter(&slow_key).await;
    let join = Request::Join { room: at(&room, Vec::new()), media: Default::default(), password: None };
    slow.say(&ToHub::Request { id: 1, request: join.clone() }).await;
    soon("the room", async {
        while !matches!(
            slow.next().await,
            Some(FromHub::Message { message: HubMessage::Ok { id: 1, .. }, .. })
        ) {}
    })
    .await;
    // From here on `slow` reads nothing.
    let (quick, mut quick_events) =
        Link::open(quick_key.clone(), server.url(), person("Quick"), Policy::call(), None);
    up(&mut quick_events).await;
    quick.request(join.clone()).await.unwrap();

    // Enough for every buffer on the way and the queue: more than one device may say in ten seconds.
    let mut floods = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (link, mut events) = Link::open(device(), server.url(), person("Flood"), Policy::call(), None);
        let (join, slow) = (join.clone(), slow_key.device_id());
        floods.spawn(async move {
            up(&mut events).await;
            let drain = tokio::spawn(async move { while events.recv().await.is_some() {} });
            link.request(join).await.unwrap();
            for _ in 0..MAX_REQUESTS - 10 {
                // The slow one may be gone from its place's connection, but it is in the room for its grace.
                assert_eq!(link.request(big_signal(id, slow)).await, Ok(Reply::Done));
            }
            drain.abort();
            link
        });
    }
    let mut heard = 0;
    let mut sent = 0;
    let mut cut_at = None;
    let started = Instant::now();
    let mut links = Vec::new();
    while cut_at.is_none() || links.len() < 3 {
        assert!(started.elapsed() < Duration::from_secs(30), "the slow reader is not cut");
        if let Some(Ok(link)) = floods.try_join_next() {
            links.push(link);
        }
        // All the while the host talks to the quick one, and is heard.
        let to = quick_key.device_id();
        let signal = Signal::Candidate { candidate: None };
        if sent < 200 {
            assert_eq!(host.request(Request::Signal { room: id, to, signal }).await, Ok(Reply::Done));
            sent += 1;
            soon("a signal", async {
                loop {
                    if let LinkEvent::Said(Event::Signal { .. }) = next(&mut quick_events).await {
                        return;
                    }
                }
            })
            .await;
            heard += 1;
        }
        while host_events.try_recv().is_ok() {}
        let Counts { connections, places, .. } = server.hub.counts().await.unwrap();
        if cut_at.is_none() && places - connections == 1 {
            cut_at = Some(started.elapsed());
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(heard > 3 && heard == sent, "{heard} of {sent}");
    // The others are all there, the slow one's socket is closed.
    let Counts { places, connections, .. } = server.hub.counts().await.unwrap();
    assert_eq!((places, connections), (6, 5));
    let rest = timeout(Duration::from_secs(5), async {
        while let Some(Ok(message)) = slow.socket.next().await {
            if let Message::Close(_) = message {
                return;
            }
        }
    });
    rest.await.expect("the slow reader finds its socket closed");
}

#[tokio::test]
async fn connections_without_a_hello_are_bounded() {
    let limits = Limits { ungreeted: 6, ungreeted_per_address: 4, ..Limits::default() };
    let office = Office::start(device(), None, false, limits).await;
    let address = office.served.address;
    // Greeted ones do not count.
    let mut greeted = Vec::new();
    for _ in 0..8 {
        let mut raw = Raw::plain(address).await;
        raw.enter(&device()).await;
        greeted.push(raw);
    }
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(Raw::plain(address).await);
    }
    assert!(is_turned_away(address).await);
    // A place that becomes free can be had again.
    waiting.pop();
    until("a free place", || async { !is_turned_away(address).await }).await;
    // Those who are in have not felt it.
    for raw in &mut greeted {
        raw.say(&ToHub::Ping { seen: 0 }).await;
        soon("a pong", async { while raw.next().await.expect("still here") != FromHub::Pong {} }).await;
    }
}

#[tokio::test]
async fn pages_do_not_take_the_visitors_places() {
    use tokio::io::AsyncWriteExt;
    let limits = Limits { ungreeted: 6, ungreeted_per_address: 4, ..Limits::default() };
    let office = Office::start(device(), None, false, limits).await;
    let address = office.served.address;
    // Many browsers behind one address have asked for a page and keep their connections.
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ask("/page").as_bytes()).await.unwrap();
        let count = soon("an answer", stream.read(&mut [0; 1024])).await.unwrap();
        assert!(count > 0, "turned away");
        browsers.push(stream);
    }
    let mut raw = Raw::plain(address).await;
    raw.enter(&device()).await;
    // But who then wants to come in stands at the door like everybody else.
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(Raw::plain(address).await);
    }
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        Sec-WebSocket-Protocol: earshot.v1\r\n\r\n";
    let status = async |stream: &mut TcpStream| {
        stream.write_all(upgrade.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        soon("an answer", stream.read_exact(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(status(&mut browsers[0]).await, "HTTP/1.1 503");
    waiting.pop();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&mut browsers[1]).await, "HTTP/1.1 101");
}

#[tokio::test]
async fn a_door_full_of_others_still_opens() {
    let limits = Limits { ungreeted: 6, ungreeted_per_address: 3, ..Limits::default() };
    let office = Office::start(device(), None, false, limits).await;
    let address = office.served.address;
    // Two addresses have taken all places: by silence, and by a challenge that is not answered.
    let mut silent = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        silent.push(connect_from(2, address).await);
        waiting.push(Raw::plain_from(3, address).await);
    }
    let started = Instant::now();
    for last in 4..10 {
        let mut raw = Raw::plain_from(last, address).await;
        raw.enter(&device()).await;
    }
    // Long before anybody's time was up.
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    // Who had waited for longest has given up the place, and only they.
    let mut open = 0;
    for stream in &mut silent {
        let read = timeout(Duration::from_millis(100), stream.read(&mut [0; 1])).await;
        open += usize::from(read.is_err());
    }
    for raw in &mut waiting {
        let read = timeout(Duration::from_millis(100), raw.socket.next()).await;
        open += usize::from(read.is_err());
    }
    assert_eq!(open, 5);
}

#[tokio::test]
async fn what_many_are_told_of_is_paced_by_address() {
    let server = Office::server().await;
    let address = server.served.address;
    let mut raw = Raw::plain_from(2, address).await;
    raw.enter(&device()).await;
    let started = Instant::now();
    let more = 3 * MAX_ACTIONS_PER_SECOND;
    let count = MAX_ACTIONS_AT_ONCE + more;
    assert!(count < MAX_REQUESTS);
    let name = |id: u32| Request::SetPerson { person: person(&format!("Name {id}")) };
    let (mut sink, mut stream) = raw.socket.split();
    let talk = tokio::spawn(async move {
        for id in 1..=count {
            let text = serde_json::to_string(&ToHub::Request { id, request: name(id) }).unwrap();
            sink.send(Message::text(text)).await.unwrap();
        }
        sink
    });
    // Meanwhile nobody at another address waits.
    sleep(Duration::from_millis(300)).await;
    let at = Instant::now();
    let mut other = Raw::plain_from(3, address).await;
    other.enter(&device()).await;
    other.say(&ToHub::Request { id: 1, request: name(1) }).await;
    soon("an answer", async {
        let is_answer = |said: &Option<FromHub>| {
            matches!(said, Some(FromHub::Message { message: HubMessage::Ok { id: 1, .. }, .. }))
        };
        while !is_answer(&other.next().await) {}
    })
    .await;
    assert!(at.elapsed() < Duration::from_secs(2), "{:?}", at.elapsed());
    drop(other);
    let mut answers = 0;
    while answers < count {
        let said = soon("an answer", stream.next()).await.unwrap().unwrap();
        let Message::Text(text) = said else { continue };
        if let FromHub::Message { message: HubMessage::Ok { .. }, .. } = serde_json::from_str(&text).unwrap()
        {
            answers += 1;
        }
    }
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    drop(talk.await.unwrap());
}

/// Whether a connection is closed before a word was said on it.
async fn is_turned_away(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    match timeout(Duration::from_millis(300), stream.read(&mut [0; 1])).await {
        Ok(Ok(0) | Err(_)) => true,
        Ok(Ok(_)) => panic!("the server speaks first"),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_even_sent() {
    let server = Office::server().await;
    let (link, mut events) = Link::open(device(), server.url(), person("Ann"), Policy::call(), None);
    up(&mut events).await;
    let note = "x".repeat(MAX_MESSAGE_BYTES as usize);
    let request = Request::SetPerson { person: Person { note, ..person("Ann") } };
    assert_eq!(soon("an answer", link.request(request)).await, Err(ErrorCode::TooLarge));
    // The link is none the worse.
    assert_eq!(
        soon("an answer", link.request(Request::SetPerson { person: person("A") })).await,
        Ok(Reply::Done)
    );
}
