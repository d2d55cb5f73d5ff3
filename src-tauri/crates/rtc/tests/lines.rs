//! m-lines: refused, given up, taken again, without a name; and offers that wait while another is looked at.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::time::Duration;

use office::{A, B, Office, channel, transceiver};
use proptest::prelude::*;
use webview_rtc::wire::{
    Direction, Event, Fault, Gathering, Kind, Line, Priority, Reply, Request, SdpType, Transceiver,
};

fn audio(line: Option<Line>, direction: Direction) -> Transceiver {
    transceiver(line, Kind::Audio, direction)
}

fn video(line: Option<Line>, direction: Direction) -> Transceiver {
    transceiver(line, Kind::Video, direction)
}

fn mids(sdp: &str) -> Vec<&str> {
    sdp.lines().filter_map(|line| line.strip_prefix("a=mid:")).collect()
}

fn media(sdp: &str) -> Vec<&str> {
    sdp.lines().filter_map(|line| line.strip_prefix("m=")).collect()
}

fn without(sdp: &str, names: &[&str]) -> String {
    let kept = sdp.lines().filter(|line| !names.iter().any(|name| line.starts_with(name)));
    kept.map(|line| format!("{line}\r\n")).collect()
}

fn gathering(office: &Office, end: usize) -> Option<Gathering> {
    office.ends[end].events.iter().rev().find_map(|(_, event)| match event {
        Event::Gathering { state } => Some(*state),
        _ => None,
    })
}

/// Voices on a line come over, both ways, from now on.
fn talk(office: &mut Office, line: Line) {
    office.voices = vec![line];
    for end in [A, B] {
        office.set_sender(end, line, true, Priority::High, None);
    }
    let before = office.elapsed();
    office.run(Duration::from_secs(2));
    for end in [A, B] {
        let heard = office.ends[end].sounds.iter().filter(|(at, of, _)| *at > before && *of == line).count();
        assert!(heard > 80, "{heard} packets at {end}");
    }
    office.voices.clear();
}

const ON: Direction = Direction::Sendrecv;
const OVER: Direction = Direction::Stopped;

#[test]
fn the_last_line_stops_and_a_new_one_takes_its_place() {
    for offerer in [A, B] {
        let mut office = Office::new(20);
        office.negotiate(A, vec![audio(None, ON)], vec![audio(Some(0), ON)], false);
        office.connect();
        talk(&mut office, 0);
        let offer = office.create_offer(offerer, vec![audio(Some(0), OVER)], false);
        assert!(media(&offer)[0].starts_with("audio 0 "), "{offer}");
        let before = mids(&offer)[0].to_owned();
        office.negotiate(offerer, vec![audio(Some(0), OVER)], vec![audio(Some(0), OVER)], false);
        for end in [A, B] {
            assert_eq!(gathering(&office, end), Some(Gathering::New), "nothing to gather for");
            let sent = office.ends[end].bytes_sent;
            office.run(Duration::from_secs(1));
            assert_eq!(office.ends[end].bytes_sent, sent, "no transport is left");
        }
        // Nothing is there to be offered, and that can be said again.
        office.negotiate(offerer, vec![], vec![], false);
        let again = office.create_offer(offerer, vec![audio(None, ON)], false);
        assert_eq!(media(&again).len(), 1, "the place is taken again: {again}");
        assert_ne!(mids(&again)[0], before, "by another line");
        office.negotiate(offerer, vec![audio(None, ON)], vec![audio(Some(0), ON)], false);
        office.connect();
        talk(&mut office, 0);
        assert_eq!(gathering(&office, A), Some(Gathering::Complete));
    }
}

#[test]
fn places_of_stopped_lines_are_taken_by_either_side_again_and_again() {
    let mut office = Office::new(21);
    for end in [A, B] {
        office.must(end, Request::OpenChannel { pc: 1, channel: channel(0, Some(0)) });
    }
    let first = vec![audio(None, ON), video(None, ON)];
    office.negotiate(A, first, vec![audio(Some(0), ON), video(Some(1), ON)], false);
    office.connect();
    let mut seen: Vec<String> = Vec::new();
    for round in 0..12 {
        let offerer = if round % 3 == 0 { A } else { B };
        let with = |line, direction| vec![audio(line, direction), video(Some(1), ON)];
        // Too early: both sides have to have given it up.
        let early = vec![audio(Some(0), OVER), audio(None, ON), video(Some(1), ON)];
        assert_eq!(media(&office.create_offer(offerer, early, false)).len(), 4);
        office.negotiate(offerer, with(Some(0), OVER), with(Some(0), OVER), false);
        office.negotiate(1 - offerer, with(None, ON), with(Some(0), ON), false);
        let offer = office.create_offer(offerer, with(Some(0), ON), false);
        assert_eq!(media(&offer).len(), 3, "{offer}");
        let mid = mids(&offer)[0].to_owned();
        assert!(!seen.contains(&mid), "a new mid");
        seen.push(mid);
        assert_eq!(office.ask(offerer, Request::Rollback { pc: 1 }), Ok(Reply::Done));
        talk(&mut office, 0);
    }
    office.send(A, 1, Priority::High, 500_000);
    office.run(Duration::from_secs(1));
    assert!(office.ends[B].pictures.len() > 20, "{} pictures", office.ends[B].pictures.len());
    assert!(office.ends.iter().all(|end| end.is_open(0)));
}

#[test]
fn a_line_that_was_refused_may_come_back_under_its_name() {
    let mut office = Office::new(22);
    let both = |direction| vec![audio(Some(0), direction)];
    office.negotiate(A, vec![audio(None, ON)], both(ON), false);
    office.connect();
    let offer = office.create_offer(A, both(ON), true);
    office.set_local(A, SdpType::Offer);
    let refused = offer.replace("m=audio 9 ", "m=audio 0 ").replace("BUNDLE", "BUNGLE");
    office.set_remote(B, SdpType::Offer, &refused);
    office.create_answer(B, both(OVER));
    office.set_local(B, SdpType::Answer);
    // The other side never knew.
    office.set_remote(B, SdpType::Offer, &offer);
    let answer = office.create_answer(B, both(ON));
    assert!(media(&answer)[0].starts_with("audio 9 "), "{answer}");
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    office.connect();
    talk(&mut office, 0);
}

#[test]
fn lines_without_a_name_are_known_by_their_place() {
    // Their offer has none: neither has the answer, so that who sent it finds its line again.
    let mut office = Office::new(23);
    let offer = office.create_offer(A, vec![audio(None, ON)], false);
    office.set_local(A, SdpType::Offer);
    let reply = office.set_remote(B, SdpType::Offer, &without(&offer, &["a=mid:", "a=group:"]));
    let Reply::Remote { media: told, .. } = reply else { panic!("{reply:?}") };
    assert!(!told[0].mid.is_empty());
    let answer = office.create_answer(B, vec![audio(Some(0), ON)]);
    assert!(mids(&answer).is_empty() && !answer.contains("BUNDLE"), "{answer}");
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    // Each calls the line by another name.
    office.trickle = false;
    for end in [A, B] {
        for candidate in std::mem::take(&mut office.ends[end].candidates) {
            let candidate = candidate.candidate;
            let by_place = Request::AddCandidate { pc: 1, candidate, mid: None, line: Some(0), ufrag: None };
            office.must(1 - end, by_place);
        }
    }
    office.connect();
    talk(&mut office, 0);
    // And so again, with what is known by now.
    let offer = office.create_offer(A, vec![audio(Some(0), ON)], false);
    office.set_remote(B, SdpType::Offer, &without(&offer, &["a=mid:", "a=group:"]));

    let mut office = Office::new(24);
    let offer = office.create_offer(A, vec![audio(None, ON)], false);
    office.set_local(A, SdpType::Offer);
    office.set_remote(B, SdpType::Offer, &offer);
    let answer = office.create_answer(B, vec![audio(Some(0), ON)]);
    office.set_local(B, SdpType::Answer);
    let reply = office.set_remote(A, SdpType::Answer, &without(&answer, &["a=mid:", "a=group:"]));
    let Reply::Remote { media: told, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(told[0].mid, mids(&offer)[0]);
    office.connect();
}

/// One line that cannot be agreed on, and one that can.
const STRANGE: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n\
    a=ice-ufrag:ETEn\r\na=ice-pwd:OtSK0WpNtpUjkY4+86js7ZQl\r\n\
    a=fingerprint:sha-256 A7:24:72:CA:6E:02:55:39:BA:66:DF:6E:CC:4C:D8:B0:1A:BF:1A:56:65:7D:F4:03:AD:7E:77:43:2A:29:EC:93\r\n\
    a=setup:actpass\r\na=msid:foo bar\r\na=rtpmap:0 PCMU/8000\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n\
    a=ice-ufrag:BGKk\r\na=ice-pwd:mqyWsAjvtKwTGnvhPztQ9mIf\r\n\
    a=fingerprint:sha-256 A7:24:72:CA:6E:02:55:39:BA:66:DF:6E:CC:4C:D8:B0:1A:BF:1A:56:65:7D:F4:03:AD:7E:77:43:2A:29:EC:93\r\n\
    a=setup:actpass\r\na=rtpmap:111 opus/48000/2\r\n";

#[test]
fn a_line_of_unknown_codecs_is_told_of_and_refused() {
    for (offer, refused) in [(STRANGE.to_owned(), 1), (STRANGE.replace("opus", "G722"), 2)] {
        let mut office = Office::new(25);
        let reply = office.set_remote(A, SdpType::Offer, &offer);
        let Reply::Remote { media: told, .. } = reply else { panic!("{reply:?}") };
        assert_eq!((told[0].direction, told[1].direction), (Direction::Sendonly, Direction::Sendrecv));
        assert_eq!(told[0].streams, ["foo"]);
        assert!(told[0].codecs.is_empty());
        let answer = office.create_answer(A, vec![audio(Some(0), ON), audio(Some(1), ON)]);
        let count = media(&answer).iter().filter(|line| line.starts_with("audio 0 ")).count();
        assert_eq!(count, refused, "{answer}");
        assert!(media(&answer)[0].starts_with("audio 0 "));
        office.set_local(A, SdpType::Answer);
    }
}

#[test]
fn candidates_for_lines_without_a_transport_do_nothing() {
    let host = "candidate:1 1 udp 2122187007 192.168.1.9 5000 typ host";
    let mut office = Office::new(26);
    office.set_remote(A, SdpType::Offer, STRANGE);
    let add = |mid: &str, ufrag: &str| Request::AddCandidate {
        pc: 1,
        candidate: host.to_owned(),
        mid: Some(mid.to_owned()),
        line: None,
        ufrag: Some(ufrag.to_owned()),
    };
    let remotes = |office: &mut Office| {
        office.stats(A).iter().filter(|entry| entry["type"] == "remote-candidate").count()
    };
    for held in [true, false] {
        // The first line is refused here; the second speaks for all.
        assert_eq!(office.ask(A, add("0", "ETEn")), Ok(Reply::Done));
        assert_eq!(office.ask(A, add("1", "ETEn")), Ok(Reply::Done));
        assert_eq!(office.ask(A, add("1", "nobody")), Err(Fault::OperationError));
        assert_eq!(office.ask(A, add("2", "BGKk")), Err(Fault::OperationError));
        if held {
            office.create_answer(A, vec![audio(Some(0), ON), audio(Some(1), ON)]);
            office.set_local(A, SdpType::Answer);
        }
        assert_eq!(remotes(&mut office), 0);
    }
    office.must(A, add("1", "BGKk"));
    assert_eq!(remotes(&mut office), 1);
}

#[test]
fn an_offer_outlives_a_rollback() {
    let mut office = Office::new(27);
    // Their offer came and went.
    let ours = office.create_offer(A, vec![video(None, ON)], false);
    let theirs = office.create_offer(B, vec![audio(None, ON), video(None, ON)], false);
    office.set_remote(A, SdpType::Offer, &theirs);
    assert_eq!(
        office.ask(A, Request::CreateOffer { pc: 1, transceivers: vec![], ice_restart: false }),
        Err(Fault::InvalidStateError)
    );
    office.must(A, Request::Rollback { pc: 1 });
    office.set_local(A, SdpType::Offer);
    // Ours came and went, and its candidates, which are not in its text, with it.
    office.must(A, Request::Rollback { pc: 1 });
    office.ends[A].candidates.clear();
    office.set_local(A, SdpType::Offer);
    assert!(!office.ends[A].candidates.is_empty());
    office.set_remote(B, SdpType::Offer, &ours);
    let answer = office.create_answer(B, vec![video(Some(0), ON)]);
    office.set_local(B, SdpType::Answer);
    office.set_remote(A, SdpType::Answer, &answer);
    office.connect();
    // What was answered is over.
    let ours = office.create_offer(A, vec![video(Some(0), ON), audio(None, ON)], false);
    assert_eq!(media(&ours).len(), 2);
    let theirs = office.create_offer(B, vec![video(Some(0), ON), audio(None, ON)], false);
    office.set_remote(A, SdpType::Offer, &theirs);
    let answer = office.create_answer(A, vec![video(Some(0), ON), audio(Some(1), ON)]);
    office.must(A, Request::Rollback { pc: 1 });
    assert_eq!(
        office.ask(A, Request::SetLocal { pc: 1, kind: SdpType::Offer }),
        Err(Fault::InvalidModificationError)
    );
    // A line that was answered and taken back is in nobody's way.
    assert_eq!(media(&answer).len(), 2);
    let other = vec![video(Some(0), ON), audio(None, ON), audio(None, ON)];
    let answered = vec![video(Some(0), ON), audio(Some(1), ON), audio(Some(2), ON)];
    office.must(B, Request::Rollback { pc: 1 });
    office.negotiate(A, other, answered, false);
    talk(&mut office, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Lines that come, pause, stop and are taken back, by either side, in any order.
    #[test]
    fn no_history_of_lines_does_any_harm(steps in prop::collection::vec((0..2_usize, 0..6_u8, 0..5_usize), 1..25)) {
        let mut office = Office::new(28);
        office.negotiate(A, vec![audio(None, ON)], vec![audio(Some(0), ON)], false);
        // What stands on each line.
        let mut lines = vec![Some((Kind::Audio, ON))];
        for (offerer, what, at) in steps {
            let place = at % lines.len();
            let mut offered: Vec<Transceiver> = Vec::new();
            let mut new = None;
            match (what, lines[place]) {
                (0, _) => new = Some(Kind::Audio),
                (1, _) => new = Some(Kind::Video),
                (2, Some((kind, _))) => lines[place] = Some((kind, Direction::Inactive)),
                (3 | 4, Some((kind, _))) => lines[place] = Some((kind, OVER)),
                _ => {}
            }
            for (at, line) in lines.iter().enumerate() {
                if let Some((kind, direction)) = line {
                    offered.push(transceiver(Some(at as Line), *kind, *direction));
                }
            }
            offered.extend(new.map(|kind| transceiver(None, kind, ON)));
            if what == 5 {
                // Made, answered, and taken back.
                let mut more = offered.clone();
                more.push(video(None, ON));
                let offer = office.create_offer(offerer, more, false);
                let reply = office.set_remote(1 - offerer, SdpType::Offer, &offer);
                let Reply::Remote { media, .. } = reply else { panic!("{reply:?}") };
                let all = media.iter().map(|one| transceiver(Some(one.line), one.kind, ON)).collect();
                office.create_answer(1 - offerer, all);
                office.must(1 - offerer, Request::Rollback { pc: 1 });
            }
            let offer = office.create_offer(offerer, offered, false);
            office.set_local(offerer, SdpType::Offer);
            let reply = office.set_remote(1 - offerer, SdpType::Offer, &offer);
            let Reply::Remote { media: told, .. } = reply else { panic!("{reply:?}") };
            lines.resize(told.len(), None);
            for one in &told {
                let place = &mut lines[usize::from(one.line)];
                let direction = place.map_or(ON, |(_, direction)| direction);
                let is_over = one.direction == OVER;
                prop_assert_eq!(is_over, place.is_none_or(|(_, direction)| direction == OVER) && media(&offer)[usize::from(one.line)].contains(" 0 "));
                *place = (!is_over).then_some((one.kind, if direction == OVER { ON } else { direction }));
            }
            let answered = told.iter().map(|one| transceiver(Some(one.line), one.kind, if one.direction == OVER { OVER } else { ON })).collect();
            let answer = office.create_answer(1 - offerer, answered);
            office.set_local(1 - offerer, SdpType::Answer);
            office.set_remote(offerer, SdpType::Answer, &answer);
            office.run(Duration::from_millis(300));
        }
        if lines.iter().all(Option::is_none) {
            office.negotiate(A, vec![audio(None, ON)], vec![audio(Some(0), ON)], false);
        }
        office.connect();
    }
}
