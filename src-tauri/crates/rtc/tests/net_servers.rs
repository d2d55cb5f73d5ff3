//! Candidates of STUN and TURN servers, seen from a page; calls that have no way but a relay.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod page;
mod servers;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use page::{KEYFRAME_BEGINS, Page, Pair, sending, start, transceiver};
use servers::{PASSWORD, Server, USER, address_v6, mapped};
use turn_client_proto::types::TransportType;
use webview_rtc::frame::{Header, KEYFRAME, Kind as FrameKind};
use webview_rtc::wire::{Configuration, Event, Gathering, IceServer, Kind, Pc, Reply, Request, SdpType};

fn stun(server: &Server) -> IceServer {
    IceServer { urls: vec![format!("stun:{}", server.address)], username: None, credential: None }
}

fn turn(server: &Server, transport: &str, password: &str) -> IceServer {
    IceServer {
        urls: vec![format!("turn:{}?transport={transport}", server.address)],
        username: Some(USER.to_owned()),
        credential: Some(password.to_owned()),
    }
}

/// Opens a connection and gathers to the end: its candidates, and how long it took.
async fn gather(
    page: &mut Page,
    pc: Pc,
    ice_servers: Vec<IceServer>,
    relay_only: bool,
) -> (Vec<String>, Duration) {
    let configuration = Configuration { ice_servers, relay_only };
    page.done(Request::Open { pc, configuration }).await;
    let transceivers = vec![transceiver(Kind::Audio, None, "one")];
    let offer = Request::CreateOffer { pc, transceivers, ice_restart: false };
    page::description(page.ask(offer).await);
    let began = Instant::now();
    page.done(Request::SetLocal { pc, kind: SdpType::Offer }).await;
    let complete = |event: &Event| matches!(event, Event::Gathering { state: Gathering::Complete });
    page.event(pc, |event| complete(event).then_some(())).await.expect("an end to the gathering");
    (page.candidates(pc), began.elapsed())
}

fn of_type<'a>(candidates: &'a [String], kind: &str) -> Vec<&'a String> {
    candidates.iter().filter(|candidate| candidate.contains(&format!(" typ {kind}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_servers_gathering_is_over_at_once() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let (candidates, took) = gather(&mut page, 1, Vec::new(), false).await;
    assert!(!of_type(&candidates, "host").is_empty());
    assert_eq!(of_type(&candidates, "host").len(), candidates.len());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stun_server_sees_becomes_a_candidate() {
    let seen: SocketAddr = "203.0.113.7:4242".parse().expect("an address");
    let mut asked = 0;
    // The first question is lost.
    let server = Server::stun(move |request, _| {
        asked += 1;
        (asked > 1).then(|| mapped(request, seen)).flatten()
    });
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let (candidates, took) = gather(&mut page, 1, vec![stun(&server)], false).await;
    println!("{} candidates after {took:?}", candidates.len());
    let reflexive = of_type(&candidates, "srflx");
    assert!(!reflexive.is_empty());
    assert!(reflexive.iter().all(|candidate| candidate.contains(" 203.0.113.7 4242 typ srflx raddr ")));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stun_server_sees_over_ipv6_becomes_a_candidate() {
    let Some(ip) = address_v6() else { return };
    let seen: SocketAddr = "[2001:db8::7]:4242".parse().expect("an address");
    let server = Server::stun_at(ip, move |request, _| mapped(request, seen));
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let (candidates, took) = gather(&mut page, 1, vec![stun(&server)], false).await;
    println!("{candidates:?} after {took:?}");
    let reflexive = of_type(&candidates, "srflx");
    assert!(!reflexive.is_empty());
    for candidate in reflexive {
        let (_, base) = candidate.split_once(" 2001:db8::7 4242 typ srflx raddr ").expect("what it saw");
        assert!(base.contains(':'), "asked from an IPv6 address: {base}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_a_lying_and_a_missing_server_hold_nothing_up_for_long() {
    let silent = Server::stun(|_, _| None);
    let lying = Server::stun(|request, _| {
        let mut answer = mapped(request, "203.0.113.7:4242".parse().ok()?)?;
        // Of another question.
        answer[19] ^= 1;
        Some(answer)
    });
    let garbage = Server::stun(|_, _| Some(vec![0xff; 1500]));
    let nobody = IceServer {
        urls: vec!["stun:nobody.invalid".to_owned(), "turn:127.0.0.1:9".to_owned()],
        username: Some(USER.to_owned()),
        credential: Some(PASSWORD.to_owned()),
    };
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let servers = vec![stun(&silent), stun(&lying), stun(&garbage), nobody];
    let (candidates, took) = gather(&mut page, 1, servers, false).await;
    assert!(!of_type(&candidates, "host").is_empty());
    assert!(of_type(&candidates, "srflx").is_empty() && of_type(&candidates, "relay").is_empty());
    assert!(silent.heard.load(Ordering::SeqCst) >= 3, "it was asked again");
    println!("given up after {took:?}");
    assert!((Duration::from_secs(3)..Duration::from_secs(7)).contains(&took), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_are_allocated_and_given_back() {
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    for (pc, transport, name) in [(1, TransportType::Udp, "udp"), (2, TransportType::Tcp, "tcp")] {
        let server = Server::turn(transport);
        let (candidates, took) = gather(&mut page, pc, vec![turn(&server, name, PASSWORD)], true).await;
        println!("{name}: {candidates:?} after {took:?}");
        assert_eq!(of_type(&candidates, "relay").len(), 1);
        assert_eq!(candidates.len(), 1, "and no others");
        assert!(took < Duration::from_secs(2));
        assert_eq!(server.allocations.load(Ordering::SeqCst), 1);
        page.done(Request::Close { pc }).await;
        let end = Instant::now() + Duration::from_secs(3);
        while server.allocations.load(Ordering::SeqCst) > 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.allocations.load(Ordering::SeqCst), 0, "{name}: given back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_gives_no_relay() {
    let server = Server::turn(TransportType::Udp);
    let rtc = start().await;
    let mut page = Page::open(&rtc).await;
    let (candidates, took) = gather(&mut page, 1, vec![turn(&server, "udp", "wrong")], false).await;
    assert!(!of_type(&candidates, "host").is_empty());
    assert!(of_type(&candidates, "relay").is_empty());
    assert!(took < Duration::from_secs(7), "{took:?}");
}

async fn call_by_relay(server: Server, name: &str) {
    let rtc = start().await;
    let (mut one, mut two) = (Page::open(&rtc).await, Page::open(&rtc).await);
    let configuration = Configuration { ice_servers: vec![turn(&server, name, PASSWORD)], relay_only: true };
    one.done(Request::Open { pc: 1, configuration: configuration.clone() }).await;
    two.done(Request::Open { pc: 2, configuration }).await;
    let mut pair = Pair { one, two, pcs: (1, 2) };
    pair.negotiate().await;
    let began = Instant::now();
    pair.connect().await;
    eprintln!("{name}: connected by relays after {:?}", began.elapsed());
    pair.one.done(sending(1, 1, 2_000_000)).await;
    let mut picture = KEYFRAME_BEGINS.to_vec();
    picture.resize(6000, 1);
    for number in 0..40_u64 {
        let header = Header {
            kind: FrameKind::Picture,
            flags: KEYFRAME,
            codec: 1,
            pc: 1,
            stream: 1,
            hold_ms: 0,
            time: 1_000_000 + 33_333 * number,
        };
        pair.one.send_frame(header, &picture).await;
        let shown = pair.two.frame(|frame| frame.header.kind == FrameKind::Picture).await.expect("a picture");
        assert!(shown.payload == picture);
    }
    assert!(server.relayed.load(Ordering::SeqCst) > 200, "all went by the server");
    assert!(matches!(pair.one.ask(Request::GetStats { pc: 1 }).await, Ok(Reply::Stats { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_by_relays_over_udp() {
    call_by_relay(Server::turn(TransportType::Udp), "udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_by_relays_over_tcp() {
    call_by_relay(Server::turn(TransportType::Tcp), "tcp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_by_relays_over_ipv6() {
    let Some(ip) = address_v6() else { return };
    call_by_relay(Server::turn_at(ip, TransportType::Udp), "udp").await;
    call_by_relay(Server::turn_at(ip, TransportType::Tcp), "tcp").await;
}
