//! What the network loses is repaired, and what cannot be repaired is made good by a keyframe.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod office;

use std::collections::HashSet;
use std::time::Duration;

use office::{A, B, Office, lanes};
use serde_json::Value;
use webview_rtc::wire::{Event, Request};

fn lossy(seed: u64, loss: f64) -> Office {
    let mut office = Office::call(seed);
    for way in &mut office.ways {
        way.loss = loss;
        way.delay = Duration::from_millis(20);
        way.jitter = Duration::from_millis(6);
        way.twice = 0.02;
    }
    office.connect();
    // What was coded before the way was open went nowhere.
    for end in &mut office.ends {
        for coder in end.coders.values_mut() {
            coder.count = 0;
        }
    }
    office
}

fn number(entries: &[serde_json::Map<String, Value>], kind: &str, mid: Option<&str>, field: &str) -> f64 {
    let entry = entries.iter().find(|entry| {
        entry["type"] == kind && mid.is_none_or(|mid| entry.get("mid").and_then(Value::as_str) == Some(mid))
    });
    entry.and_then(|entry| entry.get(field)?.as_f64()).unwrap_or_else(|| panic!("{kind} has no {field}"))
}

#[test]
fn pictures_are_repaired_at_three_and_at_ten_percent() {
    // A packet and its repair are now and then both lost, at 3 % about once in 20 s: a keyframe heals that.
    for (loss, most, gaps) in [(0.03, 0.02, 1), (0.1, 0.05, 2)] {
        let mut office = lossy(3, loss);
        office.run(Duration::from_secs(10));
        for (from, to) in [(A, B), (B, A)] {
            let came: Vec<_> = office.ends[to].pictures.iter().map(|(_, picture)| picture).collect();
            let sent = office.ends[from].coders[&1].count;
            let missing = 1.0 - came.len() as f64 / f64::from(sent);
            let broken = came.iter().filter(|picture| !picture.contiguous).count();
            println!("{loss}: {} of {sent} pictures, {broken} after a gap", came.len());
            assert!(missing < most, "{missing} of the pictures are missing at {loss}");
            assert!(broken <= gaps, "{broken} gaps at {loss}");
            assert!(came.windows(2).all(|pair| pair[0].time < pair[1].time), "in order");
            let voices = office.ends[to].sounds.iter().filter(|(_, line, _)| *line == 0).count();
            let lost = 1.0 - voices as f64 / 495.0;
            assert!((lost - loss).abs() < 0.05, "{lost} of the voice is lost");
            // Who codes the voice is told.
            let told =
                office.ends[from].losses.iter().rev().find(|(line, _)| *line == 0).map(|(_, loss)| *loss);
            assert!((f64::from(told.expect("a loss is told")) - loss).abs() < 0.06, "{told:?}");
        }
        let (sender, receiver) = (office.stats(A), office.stats(B));
        assert!(number(&receiver, "inbound-rtp", None, "packetsLost") > 0.0);
        assert!(number(&sender, "remote-inbound-rtp", None, "packetsLost") > 0.0);
        // Of the last second: at 3 % that may be nothing.
        let last = number(&sender, "remote-inbound-rtp", None, "fractionLost");
        assert!((0.0..0.5).contains(&last), "{last}");
        assert!(number(&sender, "candidate-pair", None, "currentRoundTripTime") > 0.04);
    }
}

#[test]
fn sound_and_pictures_are_told_apart_by_when_they_were_captured() {
    // The estimate of the page's clock is never exact: it may tell that the page captures a little in the future.
    for ahead in [0, 40] {
        let mut office = Office::new(5);
        for end in 0..2 {
            let now = office.now + Duration::from_millis(ahead);
            office.ends[end].peer.clock(1_700_000_000_000_000, now);
        }
        office.dial();
        office.connect();
        office.run(Duration::from_secs(4));
        // What is shared later: until it is, the reports of its line have nothing to tell.
        office.send(A, 2, webview_rtc::wire::Priority::High, 500_000);
        office.run(Duration::from_secs(4));
        let came = |at: Duration, captured: u64| at.as_micros() as i64 - captured as i64;
        let end = &office.ends[B];
        let pictures: Vec<i64> =
            end.pictures.iter().filter_map(|(at, picture)| Some(came(*at, picture.captured_at?))).collect();
        let sounds: Vec<i64> =
            end.sounds.iter().filter_map(|(at, _, packet)| Some(came(*at, packet.captured_at?))).collect();
        assert!(pictures.len() > 250 && sounds.len() > 500, "sender reports have come");
        // All took 5 ms through the network, pictures some more to be paced.
        let all = || pictures.iter().chain(&sounds);
        let apart = all().max().zip(all().min()).map(|(most, least)| most - least).expect("some");
        assert!(apart < 60_000, "{apart} µs apart, {ahead} ms ahead");
    }
}

#[test]
fn h264_goes_out_with_start_codes() {
    let mut office = Office::new(6);
    let mut offered = lanes(false);
    offered[1].codecs = vec![office::codec("video/H264"), office::codec("video/VP8")];
    office.negotiate(A, offered, lanes(true), false);
    office.send(A, 1, webview_rtc::wire::Priority::High, 1_000_000);
    assert_eq!(office.ends[A].coders[&1].codec, 2);
    office.connect();
    office.run(Duration::from_secs(3));
    let pictures = &office.ends[B].pictures;
    assert!(pictures.len() > 80, "{} pictures", pictures.len());
    assert!(pictures[0].1.keyframe && pictures[0].1.codec == 2);
    for (_, picture) in pictures {
        assert_eq!(picture.data[..4], [0, 0, 0, 1]);
    }
    // Parameter sets and the picture: three units.
    let starts = pictures[0].1.data.windows(4).filter(|bytes| *bytes == [0, 0, 0, 1]).count();
    assert_eq!(starts, 3);
}

#[test]
fn a_gap_that_nothing_repairs_ends_with_a_keyframe() {
    let mut office = Office::call(7);
    office.connect();
    office.run(Duration::from_secs(3));
    let keyframes = office.ends[A].coders[&1].keyframes;
    // For a while nothing arrives, longer than anything is kept for repair.
    office.ways[A].loss = 1.0;
    office.run(Duration::from_millis(4_000));
    office.ways[A].loss = 0.0;
    let back = office.elapsed();
    let mut asked = 0;
    let healed = office.wait(Duration::from_secs(5), |office| {
        let is_back = office.ends[B].pictures.iter().any(|(at, _)| *at >= back);
        let gap = office.ends[B].pictures.iter().rev().position(|(at, one)| *at >= back && !one.contiguous);
        let keyframe = office.ends[B].pictures.iter().rev().position(|(at, one)| *at >= back && one.keyframe);
        if gap.is_some() && keyframe.is_none_or(|keyframe| keyframe > gap.unwrap_or_default()) {
            asked += 1;
            office.must(B, Request::WantKeyframe { pc: 1, line: 1 });
        }
        is_back && keyframe.is_some()
    });
    assert!(healed, "pictures again");
    assert!(asked > 0, "a keyframe had to be asked for");
    let more = office.ends[A].coders[&1].keyframes - keyframes;
    let wanted = office.ends[A]
        .events
        .iter()
        .filter(|(at, event)| *at >= back && matches!(event, Event::KeyframeWanted { .. }));
    let wanted = wanted.count();
    println!("healed after {:?}, {more} keyframes, asked {wanted} times", office.elapsed() - back);
    assert!(office.elapsed() - back < Duration::from_secs(2));
    assert!(wanted <= 8, "at most four requests a second: {wanted}");
}

#[test]
fn counters_never_sink_and_ids_stay() {
    let mut office = lossy(8, 0.02);
    let mut before: Vec<serde_json::Map<String, Value>> = Vec::new();
    for _ in 0..10 {
        office.run(Duration::from_millis(500));
        let after = office.stats(B);
        let ids: HashSet<&str> = after.iter().filter_map(|entry| entry["id"].as_str()).collect();
        assert_eq!(ids.len(), after.len(), "ids are unique");
        for old in &before {
            let new = after.iter().find(|entry| entry["id"] == old["id"]).expect("an entry stays");
            for field in [
                "packetsReceived",
                "bytesReceived",
                "packetsSent",
                "bytesSent",
                "nackCount",
                "framesReceived",
            ] {
                if let (Some(old), Some(new)) = (old.get(field), new.get(field)) {
                    assert!(new.as_u64() >= old.as_u64(), "{field} sinks");
                }
            }
        }
        before = after;
    }
    let kinds: HashSet<&str> = before.iter().filter_map(|entry| entry["type"].as_str()).collect();
    for kind in [
        "peer-connection",
        "transport",
        "candidate-pair",
        "local-candidate",
        "remote-candidate",
        "certificate",
        "codec",
        "inbound-rtp",
        "outbound-rtp",
        "remote-inbound-rtp",
        "remote-outbound-rtp",
        "data-channel",
    ] {
        assert!(kinds.contains(kind), "no {kind}");
    }
    let of = |id: &Value| before.iter().find(|entry| entry["id"] == *id);
    for entry in &before {
        for field in [
            "codecId",
            "transportId",
            "remoteId",
            "localId",
            "localCandidateId",
            "remoteCandidateId",
            "selectedCandidatePairId",
            "localCertificateId",
            "remoteCertificateId",
        ] {
            if let Some(id) = entry.get(field) {
                assert!(of(id).is_some(), "{}.{field} names nothing", entry["type"]);
            }
        }
    }
}
