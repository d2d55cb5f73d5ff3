//! Offers and answers: those of the browsers, those that are taken back, restarts, and what is no description at all.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use office::{A, B, Office, channel, codec, lanes, transceiver};
use proptest::prelude::*;
use webview_rtc::net::Found;
use webview_rtc::wire::{
    Direction, Event, Fault, IceState, Kind, MAX_REMOTE_CANDIDATES, Reply, Request, SdpType, Transceiver,
};

const OFFERS: [(&str, &str); 8] = [
    ("chromium", include_str!("sdp/chromium-offer.sdp")),
    ("chromium with tracks", include_str!("sdp/chromium-tracks.sdp")),
    ("chromium with layers", include_str!("sdp/chromium-simulcast.sdp")),
    ("firefox", include_str!("sdp/firefox-offer.sdp")),
    ("firefox with tracks", include_str!("sdp/firefox-tracks.sdp")),
    ("firefox with layers", include_str!("sdp/firefox-simulcast.sdp")),
    ("safari", include_str!("sdp/safari-offer.sdp")),
    ("webview2", include_str!("sdp/webview2-offer.sdp")),
];

fn with_channels(seed: u64) -> Office {
    let mut office = Office::new(seed);
    for end in [A, B] {
        office.must(end, Request::OpenChannel { pc: 1, channel: channel(0, Some(0)) });
    }
    office
}

fn sections(sdp: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = sdp.match_indices("\r\nm=").map(|(at, _)| at + 2).collect();
    starts.push(sdp.len());
    starts.windows(2).map(|pair| &sdp[pair[0]..pair[1]]).collect()
}

fn of_media(reply: &Reply) -> Vec<Transceiver> {
    let Reply::Remote { media, .. } = reply else { panic!("{reply:?}") };
    media.iter().map(|one| transceiver(Some(one.line), one.kind, Direction::Sendrecv)).collect()
}

#[test]
fn the_offers_of_the_browsers_are_answered() {
    for (name, offer) in OFFERS {
        let mut office = Office::new(1);
        let offer = offer.replace("\r\n", "\n").replace('\n', "\r\n");
        let reply = office.set_remote(A, SdpType::Offer, &offer);
        let Reply::Remote { media, .. } = &reply else { panic!("{name}: {reply:?}") };
        assert!(!media.is_empty(), "{name}");
        for one in media {
            let first = if one.kind == Kind::Audio { "audio/opus" } else { "video/VP8" };
            let names: Vec<&str> = one.codecs.iter().map(|codec| codec.mime_type.as_str()).collect();
            assert!(names.contains(&first), "{name}: {names:?}");
            assert!(one.direction != Direction::Stopped, "{name}");
        }
        let mut wanted = of_media(&reply);
        for (at, one) in wanted.iter_mut().enumerate() {
            one.track = format!("ours-{at}");
        }
        let answer = office.create_answer(A, wanted);
        let (offered, answered) = (sections(&offer), sections(&answer));
        assert_eq!(offered.len(), answered.len(), "{name}");
        for (at, (theirs, ours)) in offered.iter().zip(&answered).enumerate() {
            let mid = theirs.lines().find(|line| line.starts_with("a=mid:"));
            assert_eq!(mid, ours.lines().find(|line| line.starts_with("a=mid:")), "{name}");
            assert!(
                !ours.lines().next().unwrap_or_default().contains(" 0 UDP"),
                "{name}: line {at} is refused"
            );
            assert!(ours.contains("a=setup:active"), "{name}");
            if ours.starts_with("m=video") {
                assert!(ours.contains(" apt="), "{name}: repair");
                assert!(ours.contains("transport-cc"), "{name}: feedback");
            }
            if !ours.contains("a=recvonly") && !ours.starts_with("m=application") {
                assert!(ours.contains(&format!("a=msid:stream ours-{at}\r\n")), "{name}: {ours}");
            }
        }
        office.set_local(A, SdpType::Answer);
    }
}

#[test]
fn the_answer_takes_the_active_part_unless_it_is_taken() {
    let setups = |sdp: &str| -> Vec<String> {
        sdp.lines().filter_map(|line| line.strip_prefix("a=setup:")).map(str::to_owned).collect()
    };
    for (offered, answered) in [("actpass", "active"), ("active", "passive"), ("passive", "active")] {
        let mut office = with_channels(17);
        let offer = office.create_offer(A, lanes(false), false);
        office.set_local(A, SdpType::Offer);
        let bent = offer.replace("a=setup:actpass", &format!("a=setup:{offered}"));
        office.set_remote(B, SdpType::Offer, &bent);
        let answer = office.create_answer(B, lanes(true));
        office.set_local(B, SdpType::Answer);
        assert_eq!(setups(&answer), vec![answered; 5], "to {offered}");
        office.set_remote(A, SdpType::Answer, &answer);
        office.trickle();
        office.connect();
        assert!(office.wait(Duration::from_secs(2), |office| office.ends.iter().all(|end| end.is_open(0))));
        // Whoever offers again, the parts stay: a restart is no new handshake (RFC 8842, section 5.5).
        for (offerer, restart) in [(B, false), (A, true), (B, true)] {
            let offer = office.create_offer(offerer, lanes(true), restart);
            assert_eq!(setups(&offer), vec!["actpass"; 5]);
            office.set_local(offerer, SdpType::Offer);
            office.set_remote(1 - offerer, SdpType::Offer, &offer);
            let again = office.create_answer(1 - offerer, lanes(true));
            let part = if (offerer == A) == (answered == "active") { "active" } else { "passive" };
            assert_eq!(setups(&again), vec![part; 5], "to {offered}, then to {offerer}");
            office.set_local(1 - offerer, SdpType::Answer);
            office.set_remote(offerer, SdpType::Answer, &again);
            office.trickle();
            office.run(Duration::from_secs(1));
            assert!(office.ends.iter().all(office::End::is_connected));
        }
    }
}

#[test]
fn what_the_browsers_answered_is_taken() {
    for (name, answer) in [
        ("chromium", include_str!("sdp/chromium-answer.sdp")),
        ("firefox", include_str!("sdp/firefox-answer.sdp")),
    ] {
        let mut office = with_channels(2);
        let mut offered = lanes(false);
        for one in &mut offered {
            if one.kind == Kind::Video {
                one.codecs = vec![codec("video/VP8"), codec("video/H264")];
            }
        }
        let offer = office.create_offer(A, offered, false);
        office.set_local(A, SdpType::Offer);
        // Their answer was to an offer of another: the mids are not ours.
        let mids: Vec<&str> = offer.lines().filter_map(|line| line.strip_prefix("a=mid:")).collect();
        let mut answer = answer.replace("\r\n", "\n").replace('\n', "\r\n");
        for (at, mid) in mids.iter().enumerate() {
            answer = answer.replace(&format!("a=mid:{at}\r\n"), &format!("a=mid:{mid}\r\n"));
        }
        answer = answer.replace("a=group:BUNDLE 0 1 2 3 4", &format!("a=group:BUNDLE {}", mids.join(" ")));
        office.set_remote(A, SdpType::Answer, &answer);
        let codecs: Vec<_> = office.ends[A]
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::SendCodec { codec, .. } => Some(codec.as_ref().map(|codec| codec.mime_type.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(codecs, ["audio/opus", "video/VP8", "video/VP8", "audio/opus"].map(Some), "{name}");
    }
}

#[test]
fn the_order_of_codecs_is_that_of_who_prefers() {
    let mut office = with_channels(3);
    let mut offered = lanes(false);
    offered[1].codecs = vec![codec("video/H264"), codec("video/VP8")];
    offered[2].codecs = vec![codec("video/VP8")];
    let mut answered = lanes(true);
    answered[1].codecs = vec![codec("video/VP8"), codec("video/H264")];
    let offer = office.create_offer(A, offered, false);
    let video: Vec<&str> =
        sections(&offer).into_iter().filter(|section| section.starts_with("m=video")).collect();
    assert!(video[0].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 108 109 96 97\r\n"), "{}", video[0]);
    assert!(video[1].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"), "{}", video[1]);
    assert!(!video[1].contains("H264"));
    office.set_local(A, SdpType::Offer);
    office.set_remote(B, SdpType::Offer, &offer);
    let answer = office.create_answer(B, answered);
    assert!(answer.contains("m=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109\r\n"));
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    for end in [A, B] {
        let sent = office.ends[end].events.iter().find_map(|(_, event)| match event {
            Event::SendCodec { line: 1, codec } => codec.clone(),
            _ => None,
        });
        assert_eq!(sent.expect("a codec").mime_type, "video/VP8");
    }
}

#[test]
fn offers_are_made_anew_and_taken_back() {
    let mut office = with_channels(4);
    let first = office.create_offer(A, lanes(false), false);
    let second = office.create_offer(A, lanes(false), false);
    assert_eq!(sections(&first).len(), sections(&second).len());
    office.set_local(A, SdpType::Offer);
    assert_eq!(office.ends[A].gathers, [false]);
    // Once more before an answer, as when it is lost: the same lines and mids.
    let mids = |sdp: &str| {
        sdp.lines().filter(|line| line.starts_with("a=mid:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let third = office.create_offer(A, lanes(true), true);
    assert_eq!(mids(&second), mids(&third));
    office.set_local(A, SdpType::Offer);
    office.must(A, Request::Rollback { pc: 1 });
    // Both offer: the one who gives way answers.
    let theirs = office.create_offer(B, lanes(false), false);
    office.set_local(B, SdpType::Offer);
    office.create_offer(A, lanes(false), false);
    office.set_local(A, SdpType::Offer);
    office.set_remote(A, SdpType::Offer, &theirs);
    office.must(A, Request::Rollback { pc: 1 });
    assert_eq!(
        office.ask(A, Request::CreateAnswer { pc: 1, transceivers: lanes(true) }),
        Err(Fault::InvalidStateError)
    );
    office.set_remote(A, SdpType::Offer, &theirs);
    let answer = office.create_answer(A, lanes(true));
    office.set_local(A, SdpType::Answer);
    office.set_remote(B, SdpType::Answer, &answer);
    office.connect();
    assert!(office.wait(Duration::from_secs(2), |office| office.ends.iter().all(|end| end.is_open(0))));
}

#[test]
fn lines_are_added_paused_and_stopped() {
    let mut office = with_channels(5);
    let one = |kind, line, direction| transceiver(line, kind, direction);
    let audio = |line, direction| one(Kind::Audio, line, direction);
    office.negotiate(
        A,
        vec![audio(None, Direction::Sendrecv)],
        vec![audio(Some(0), Direction::Sendrecv)],
        false,
    );
    office.connect();
    // Pictures come later, from the other side, one way.
    let offered = vec![audio(Some(0), Direction::Sendrecv), one(Kind::Video, None, Direction::Sendonly)];
    let answered = vec![audio(Some(0), Direction::Sendrecv), one(Kind::Video, Some(2), Direction::Sendrecv)];
    office.negotiate(B, offered.clone(), answered.clone(), false);
    office.send(B, 2, webview_rtc::wire::Priority::High, 500_000);
    office.run(Duration::from_secs(2));
    assert!(office.ends[A].pictures.len() > 40, "{} pictures", office.ends[A].pictures.len());
    let codec_of = |office: &Office, end: usize| {
        office.ends[end].events.iter().rev().find_map(|(_, event)| match event {
            Event::SendCodec { line: 2, codec } => Some(codec.is_some()),
            _ => None,
        })
    };
    assert_eq!((codec_of(&office, A), codec_of(&office, B)), (Some(false), Some(true)));
    // Paused and taken up again.
    let with = |direction| {
        let mut offered = offered.clone();
        offered[1] = one(Kind::Video, Some(2), direction);
        offered
    };
    office.negotiate(B, with(Direction::Inactive), answered.clone(), false);
    assert_eq!(codec_of(&office, B), Some(false));
    office.run(Duration::from_millis(500));
    let before = office.ends[A].pictures.len();
    office.run(Duration::from_secs(1));
    assert_eq!(office.ends[A].pictures.len(), before);
    office.negotiate(B, with(Direction::Sendonly), answered.clone(), false);
    office.send(B, 2, webview_rtc::wire::Priority::High, 500_000);
    office.run(Duration::from_secs(2));
    assert!(
        office.ends[A].pictures.len() > before + 40,
        "{} pictures",
        office.ends[A].pictures.len() - before
    );
    // Stopped for good.
    let offer = office.create_offer(B, with(Direction::Stopped), false);
    assert!(sections(&offer)[2].starts_with("m=video 0 "), "{}", sections(&offer)[2]);
    office.negotiate(B, with(Direction::Stopped), answered, false);
    office.run(Duration::from_secs(1));
    assert!(office.ends.iter().all(office::End::is_connected));
}

#[test]
fn either_side_restarts_ice() {
    let mut office = Office::call(6);
    office.connect();
    let ufrags = |office: &Office, end: usize| {
        let mut all: Vec<String> = Vec::new();
        for (_, event) in &office.ends[end].events {
            if let Event::Candidate { candidate: Some(candidate) } = event {
                all.push(candidate.ufrag.clone());
            }
        }
        all
    };
    for (round, offerer) in [A, B, A].into_iter().enumerate() {
        office.run(Duration::from_secs(1));
        let before = office.elapsed();
        let pictures = office.ends.each_ref().map(|end| end.pictures.len());
        office.negotiate(offerer, lanes(true), lanes(true), true);
        assert!(office.ends.iter().all(|end| end.gathers == [vec![false], vec![true; round + 1]].concat()));
        office.run(Duration::from_secs(2));
        office.connect();
        for end in [A, B] {
            let ufrags = ufrags(&office, end);
            assert_eq!(ufrags.len(), round + 2);
            assert_ne!(ufrags[round], ufrags[round + 1], "a new generation");
            // What works is not seen to be checked again.
            let seen = office.ends[end].events.iter().filter(|(at, _)| *at >= before).map(|(_, event)| event);
            let seen = seen.filter(|event| matches!(event, Event::Ice { .. } | Event::Dtls { .. }));
            assert!(seen.clone().all(|event| *event == Event::Ice { state: IceState::Completed }));
            assert!(office.ends[end].pictures.len() > pictures[end] + 40, "pictures go on");
        }
    }
}

#[test]
fn a_call_goes_on_at_another_address() {
    let mut office = Office::call(7);
    office.connect();
    office.run(Duration::from_secs(1));
    let old = office.ends[A].addresses[0];
    let new = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), 6000);
    office.ends[A].addresses = vec![new];
    let now = office.now;
    office.ends[A].peer.gone(now, old);
    office.ends[A].peer.found(now, Found::Host { address: new });
    office.collect(A);
    office.run(Duration::from_secs(1));
    office.negotiate(A, lanes(true), lanes(true), true);
    let before = office.elapsed();
    let back = office.wait(Duration::from_secs(8), |office| {
        (0..2).all(|end| office.ends[end].pictures.iter().any(|(at, _)| *at > before))
    });
    assert!(back, "pictures again, both ways");
    assert!(office.elapsed() - before < Duration::from_secs(3), "{:?}", office.elapsed() - before);
}

#[test]
fn silence_is_told_and_so_is_a_goodbye() {
    let mut office = Office::call(8);
    office.connect();
    office.run(Duration::from_secs(3));
    for way in &mut office.ways {
        way.loss = 1.0;
    }
    let gone = office.elapsed();
    assert!(
        office.wait(Duration::from_secs(8), |office| office.ends[A].ice() == Some(IceState::Disconnected))
    );
    assert!(office.elapsed() - gone > Duration::from_secs(4));
    for way in &mut office.ways {
        way.loss = 0.0;
    }
    assert!(office.wait(Duration::from_secs(5), |office| office.ends.iter().all(office::End::is_connected)));
    office.must(A, Request::Close { pc: 1 });
    assert!(office.ends[A].ended);
    assert_eq!(office.ask(A, Request::GetStats { pc: 1 }), Err(Fault::Closed));
    assert!(office.wait(Duration::from_secs(1), |office| {
        office.ends[B].dtls() == Some(webview_rtc::wire::DtlsState::Closed)
    }));
    assert!(office.ends[B].events.iter().any(|(_, event)| *event == Event::ChannelClosed { channel: 0 }));
    assert!(office.wait(Duration::from_secs(20), |office| office.ends[B].ice() == Some(IceState::Failed)));
    // For good, and without being asked all the time.
    assert!(office.ends[B].peer.deadline() > office.now + Duration::from_secs(1));
}

#[test]
fn without_an_answer_the_way_fails() {
    let mut office = with_channels(9);
    office.ways[A].loss = 1.0;
    office.negotiate(A, lanes(false), lanes(true), false);
    assert!(office.wait(Duration::from_secs(40), |office| office.ends[A].ice() == Some(IceState::Failed)));
    assert!(office.elapsed() > Duration::from_secs(25));
    let seen = office.ends[A].events.iter().filter_map(|(_, event)| match event {
        Event::Ice { state } => Some(*state),
        _ => None,
    });
    // More candidates might have come.
    assert_eq!(seen.collect::<Vec<_>>(), [IceState::Checking, IceState::Disconnected, IceState::Failed]);
}

#[test]
fn names_are_looked_up_and_candidates_are_counted() {
    let mut office = with_channels(10);
    office.trickle = false;
    let offer = office.create_offer(A, lanes(false), false);
    office.set_local(A, SdpType::Offer);
    let add = |candidate: &str, ufrag: Option<&str>| Request::AddCandidate {
        pc: 1,
        candidate: candidate.to_owned(),
        mid: None,
        line: Some(0),
        ufrag: ufrag.map(str::to_owned),
    };
    let host = "candidate:1 1 udp 2122187007 192.168.1.1 5000 typ host";
    assert_eq!(office.ask(B, add(host, None)), Err(Fault::InvalidStateError));
    office.set_remote(B, SdpType::Offer, &offer);
    assert_eq!(office.ask(B, add(host, Some("other"))), Err(Fault::OperationError));
    for bad in [
        "candidate:1 1 udp 1",
        "candidate:1 1 udp 99999999999 1.1.1.1 1 typ host",
        "candidate:1 1 udp 5 example.com 1 typ host",
    ] {
        assert_eq!(office.ask(B, add(bad, None)), Err(Fault::OperationError), "{bad}");
    }
    let name = "0fac4108-e4ff-485f-a453-eb37920853f3.local";
    office.must(B, add(&format!("candidate:1 1 udp 2122187007 {name} 5000 typ host"), None));
    office.must(B, add("", None));
    office.must(B, add("candidate:1 1 tcp 2105458943 192.168.1.1 9 typ host tcptype active", None));
    office.must(B, add("candidate:1 2 udp 2122187006 192.168.1.1 5001 typ host", None));
    assert!(office.ends[B].resolves.is_empty(), "not before the answer");
    let answer = office.create_answer(B, lanes(true));
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    assert_eq!(office.ends[B].resolves, [name]);
    // A flood of candidates: no more than the bound are taken, and nothing else suffers.
    for at in 0..1_000 {
        let (a, b) = (at / 250, at % 250 + 1);
        office.must(B, add(&format!("candidate:{at} 1 udp 2122187007 10.9.{a}.{b} 5000 typ host"), None));
    }
    let known = office.stats(B).iter().filter(|entry| entry["type"] == "remote-candidate").count();
    assert!(known <= MAX_REMOTE_CANDIDATES, "{known} candidates");
    let now = office.now;
    office.ends[B].peer.resolved(now, name, &[IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1))]);
    office.collect(B);
    office.trickle = true;
    office.connect();
}

#[test]
fn descriptions_that_cannot_be_trusted_are_refused() {
    let offer = OFFERS[0].1.replace("\r\n", "\n").replace('\n', "\r\n");
    let without = |name: &str| -> String {
        offer.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\r\n")).collect()
    };
    for bad in [
        without("a=ice-ufrag"),
        without("a=ice-pwd"),
        without("a=fingerprint"),
        offer.replace("sha-256", "sha-1"),
        without("m="),
        String::new(),
        "v=0\r\n".repeat(100),
        offer.replace("a=mid:1", "a=mid:0"),
    ] {
        let mut office = Office::new(11);
        let asked = office.ask(A, Request::SetRemote { pc: 1, kind: SdpType::Offer, sdp: bad });
        assert_eq!(asked, Err(Fault::OperationError));
    }
    // Another certificate in the same connection is another end.
    let mut office = Office::call(12);
    office.connect();
    let offer = office.create_offer(A, lanes(true), false);
    let at = offer.find("a=fingerprint:sha-256 ").expect("a fingerprint") + 22;
    let byte = if &offer[at..at + 2] == "00" { "01" } else { "00" };
    let forged = offer.replace(&offer[at..at + 95], &format!("{byte}{}", &offer[at + 2..at + 95]));
    let asked = office.ask(B, Request::SetRemote { pc: 1, kind: SdpType::Offer, sdp: forged });
    assert_eq!(asked, Err(Fault::OperationError));
    // An answer that nobody asked for, and one with other lines.
    let asked = office.ask(B, Request::SetRemote { pc: 1, kind: SdpType::Answer, sdp: offer.clone() });
    assert_eq!(asked, Err(Fault::InvalidStateError));
    office.set_local(A, SdpType::Offer);
    let asked =
        office.ask(A, Request::SetRemote { pc: 1, kind: SdpType::Answer, sdp: OFFERS[0].1.to_owned() });
    assert_eq!(asked, Err(Fault::OperationError));
}

fn with_another_certificate(sdp: &str) -> String {
    let at = sdp.find("a=fingerprint:sha-256 ").expect("a fingerprint") + 22;
    let byte = if &sdp[at..at + 2] == "00" { "01" } else { "00" };
    sdp.replace(&sdp[at..at + 95], &format!("{byte}{}", &sdp[at + 2..at + 95]))
}

#[test]
fn a_wrong_certificate_fails_at_both_ends_at_once() {
    for of_answer in [false, true] {
        let mut office = with_channels(13);
        let mut offer = office.create_offer(A, lanes(false), false);
        office.set_local(A, SdpType::Offer);
        if !of_answer {
            offer = with_another_certificate(&offer);
        }
        office.set_remote(B, SdpType::Offer, &offer);
        let mut answer = office.create_answer(B, lanes(true));
        office.set_local(B, SdpType::Answer);
        if of_answer {
            answer = with_another_certificate(&answer);
        }
        office.set_remote(A, SdpType::Answer, &answer);
        office.trickle();
        let failed = |end: &office::End| end.dtls() == Some(webview_rtc::wire::DtlsState::Failed);
        let fails = office.wait(Duration::from_secs(2), |office| office.ends.iter().all(failed));
        assert!(fails, "{:?}", office.ends.each_ref().map(office::End::dtls));
        assert!(!office.ends.iter().any(office::End::is_connected));
    }
}

#[test]
fn garbage_on_the_wire_changes_nothing() {
    let mut office = Office::call(14);
    office.connect();
    let (to, from) = (office.ends[A].addresses[0], office.ends[B].addresses[0]);
    let stranger = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 168, 1, 66)), 666);
    for round in 0..3_000_usize {
        let length = (office.random() * 1_500.0) as usize;
        let mut garbage: Vec<u8> = (0..length).map(|_| (office.random() * 256.0) as u8).collect();
        // Each kind of packet there is, by its first byte (RFC 7983).
        if let Some(first) = garbage.first_mut() {
            *first = [0, 1, 20, 22, 23, 64, 128, 129, 191, 255][round % 10];
        }
        let now = office.now;
        let source = if round % 2 == 0 { from } else { stranger };
        office.ends[A].peer.datagram(now, to, source, &garbage);
        office.collect(A);
    }
    let before = office.elapsed();
    office.run(Duration::from_secs(2));
    assert!(office.ends.iter().all(office::End::is_connected));
    let pictures = office.ends[A].pictures.iter().filter(|(at, _)| *at > before).count();
    assert!(pictures > 50, "{pictures} pictures");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Lines of real descriptions, left out, doubled, mixed, bent.
    #[test]
    fn no_description_does_any_harm(
        which in 0..OFFERS.len(),
        other in 0..OFFERS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<prop::sample::Index>(), "[ -~]{0,12}"), 0..12),
    ) {
        let mut lines: Vec<String> = OFFERS[which].1.lines().map(str::to_owned).collect();
        let pool: Vec<&str> = OFFERS[other].1.lines().collect();
        for (at, edit, from, text) in edits {
            if lines.is_empty() {
                break;
            }
            let at = at.index(lines.len());
            match edit {
                0 => { lines.remove(at); }
                1 => { let line = lines[at].clone(); lines.insert(at, line); }
                2 => lines.insert(at, pool[from.index(pool.len())].to_owned()),
                3 => { let cut = from.index(lines[at].len() + 1); lines[at].truncate(cut); lines[at].push_str(&text); }
                _ => { let line = lines.remove(at); let to = from.index(lines.len() + 1); lines.insert(to, line); }
            }
        }
        let sdp = lines.join("\r\n") + "\r\n";
        let mut office = with_channels(15);
        if let Ok(reply) = office.ask(A, Request::SetRemote { pc: 1, kind: SdpType::Offer, sdp: sdp.clone() }) {
            let answered = office.ask(A, Request::CreateAnswer { pc: 1, transceivers: of_media(&reply) });
            prop_assert!(answered.is_ok(), "what was understood is answered: {sdp}");
            office.set_local(A, SdpType::Answer);
            office.run(Duration::from_millis(50));
            // And offered again.
            let again = office.ask(A, Request::CreateOffer { pc: 1, transceivers: of_media(&reply), ice_restart: true });
            prop_assert!(again.is_ok(), "{sdp}");
        }
    }

    #[test]
    fn no_answer_does_any_harm(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<prop::sample::Index>(), "[ -~]{0,12}"), 0..6),
    ) {
        let mut office = with_channels(16);
        let offer = office.create_offer(A, lanes(false), false);
        office.set_local(A, SdpType::Offer);
        office.set_remote(B, SdpType::Offer, &offer);
        let answer = office.create_answer(B, lanes(true));
        let mut lines: Vec<String> = answer.lines().map(str::to_owned).collect();
        for (at, edit, from, text) in edits {
            let at = at.index(lines.len());
            match edit {
                0 if lines.len() > 1 => { lines.remove(at); }
                1 => { let line = lines[at].clone(); lines.insert(at, line); }
                2 => { let cut = from.index(lines[at].len() + 1); lines[at].truncate(cut); lines[at].push_str(&text); }
                _ => { let line = lines.remove(at); let to = from.index(lines.len() + 1); lines.insert(to, line); }
            }
        }
        let sdp = lines.join("\r\n") + "\r\n";
        let _ = office.ask(A, Request::SetRemote { pc: 1, kind: SdpType::Answer, sdp });
        office.run(Duration::from_millis(50));
    }
}
