//! From a microphone to an ear over networks of every kind.

use std::time::{Duration, Instant};

use super::kit::{Dice, Heard, Path, SOURCE, bare, broken, power_db, purity, speech, tone};
use crate::sound::{Demand, Sound};

const SECONDS: usize = 10;

fn a440() -> Vec<f32> {
    tone(440.0, 0.3, SECONDS * 48_000)
}

/// Without the first 2 s, in which the delay is found.
fn tail(heard: &Heard) -> &[f32] {
    &heard.samples[2 * 48_000..]
}

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0) / 1000.0)
}

/// The mean of the later half, ms.
fn delay(heard: &Heard) -> f64 {
    let later = &heard.delays[heard.delays.len() / 2..];
    later.iter().sum::<f64>() / later.len() as f64
}

fn told(name: &str, heard: &Heard) {
    println!(
        "{name}: made up {:.2} % in {} pieces, +{} -{} frames, dry {}, mouth to ear {:.0} ms, buffered {:.0} ms",
        heard.concealed() * 100.0,
        heard.stats.concealment_events,
        heard.stats.inserted,
        heard.stats.removed,
        heard.dry,
        delay(heard),
        heard.buffered.last().copied().unwrap_or_default(),
    );
}

#[test]
fn a_steady_stream_is_heard_as_it_was_said() {
    let heard = Path::default().run(&a440());
    told("steady", &heard);
    assert_eq!(heard.stats.concealed, 0);
    assert_eq!(heard.dry, 0);
    assert!(purity(tail(&heard), 440.0) > 30.0);
    assert!(broken(tail(&heard), 440.0, 25.0) < 0.02);
    assert!(delay(&heard) < 70.0, "{} ms", delay(&heard));
    // Every frame that was given is counted once, and what was emitted had its delay.
    let stats = heard.stats;
    assert!((stats.duration - stats.samples as f64 / 48_000.0).abs() < 1e-6);
    assert!((stats.energy / stats.duration - 0.045).abs() < 0.005, "{}", stats.energy / stats.duration);
    assert!(stats.emitted + 2_000 > stats.samples);
    assert!((15.0..40.0).contains(&(stats.delay / stats.emitted as f64 * 1000.0)));
}

#[test]
fn a_voice_takes_no_more_than_it_may() {
    let samples = speech(5, 4.0);
    let bitrate = |max_bitrate| {
        let mut sender = Sound::default();
        sender.open_source(SOURCE, bare(true, 1)).unwrap();
        sender.set_demand(SOURCE, Demand { loss: 0.0, max_bitrate });
        let bytes: usize = samples
            .chunks_exact(480)
            .enumerate()
            .flat_map(|(at, block)| sender.captured(Instant::now(), SOURCE, at as u64 * 10_000, block))
            .map(|coded| coded.packet.payload.len())
            .sum();
        bytes as f64 * 8.0 / 4.0
    };
    let (usual, narrow, wide) = (bitrate(None), bitrate(Some(12_000)), bitrate(Some(500_000)));
    println!("{usual:.0} bit/s, with 12000 allowed {narrow:.0}, with 500000 {wide:.0}");
    assert!(narrow < 14_000.0 && narrow < 0.6 * usual);
    assert_eq!(wide, usual);
}

#[test]
fn jitter_costs_delay_and_not_sound() {
    for jitter in [5.0, 20.0, 40.0, 80.0] {
        let mut dice = Dice::new(3);
        let network = Box::new(move |_, _: &mut _| vec![ms(2.0 + jitter * dice.roll())]);
        let heard = Path { network, ..Path::default() }.run(&a440());
        told(&format!("jitter of {jitter} ms"), &heard);
        assert!(heard.concealed() < 0.01);
        assert_eq!(heard.dry, 0);
        assert!(broken(tail(&heard), 440.0, 25.0) < 0.06);
        assert!(delay(&heard) < 85.0 + jitter, "{} ms", delay(&heard));
    }
}

#[test]
fn the_delay_comes_back_after_a_bad_time() {
    let mut dice = Dice::new(5);
    let network = Box::new(move |number, _: &mut _| {
        vec![ms(2.0 + if number < 250 { 120.0 * dice.roll() } else { 0.0 })]
    });
    let heard = Path { network, ..Path::default() }.run(&speech(2, 40.0));
    told("calm after 5 s of 120 ms jitter", &heard);
    let (bad, good) = (heard.delays[4], heard.delays[heard.delays.len() - 1]);
    assert!(bad > 120.0 && good < 85.0, "{bad} then {good} ms");
    assert!(heard.concealed() < 0.03);
}

#[test]
fn lost_packets_are_repaired_from_those_after_them() {
    for (share, most) in [(0.03, 0.012), (0.1, 0.045), (0.2, 0.12)] {
        let run = |loss: f32| {
            let mut dice = Dice::new(4);
            let network =
                Box::new(move |_, _: &mut _| if dice.roll() < share { vec![] } else { vec![ms(5.0)] });
            Path { network, loss, ..Path::default() }.run(&speech(2, 12.0))
        };
        let (with, without) = (run(share as f32), run(0.0));
        told(&format!("{share} lost, repaired"), &with);
        told(&format!("{share} lost, made up"), &without);
        assert!(with.concealed() < most, "{}", with.concealed());
        assert!(with.concealed() < without.concealed() * 0.7);
        assert!(delay(&with) < 110.0);
    }
}

#[test]
fn a_burst_is_made_up_and_forgotten() {
    // 200 ms are lost at 5 s.
    let network =
        Box::new(|number, _: &mut _| if (250..260).contains(&number) { vec![] } else { vec![ms(5.0)] });
    let heard = Path { network, options: bare(false, 1), ..Path::default() }.run(&a440());
    told("200 ms lost", &heard);
    let made_up = heard.stats.concealed as f64 / 48.0;
    assert!((140.0..230.0).contains(&made_up), "{made_up} ms");
    assert_eq!(heard.stats.concealment_events, 1);
    assert!(broken(&heard.samples[6 * 48_000..], 440.0, 25.0) < 0.03);
    assert!(delay(&heard) < 75.0);
}

#[test]
fn a_network_that_stands_still_is_caught_up_with() {
    // Everything of one second comes at its end.
    let network = Box::new(|number, _: &mut _| {
        vec![ms(5.0 + if (250..300).contains(&number) { (300 - number) as f64 * 20.0 } else { 0.0 })]
    });
    let heard = Path { network, ..Path::default() }.run(&speech(2, 20.0));
    told("1 s stood still", &heard);
    assert!(heard.delays[heard.delays.len() - 1] < 110.0, "{:?}", heard.delays);
}

#[test]
fn clocks_drift() {
    for drift in [-1000.0, -200.0, 200.0, 1000.0] {
        let heard = Path { drift, ..Path::default() }.run(&a440());
        told(&format!("{drift} ppm"), &heard);
        assert!(heard.concealed() < 0.002);
        assert_eq!(heard.dry, 0);
        assert!(broken(tail(&heard), 440.0, 25.0) < 0.05);
        assert!((50.0..75.0).contains(&delay(&heard)));
    }
}

#[test]
fn reordered_and_doubled_packets_do_no_harm() {
    let network = Box::new(|number: usize, _: &mut _| match number % 10 {
        3 => vec![ms(5.0), ms(7.0)],
        6 => vec![ms(26.0)],
        8 => vec![ms(5.0), ms(300.0)],
        _ => vec![ms(5.0)],
    });
    let heard = Path { network, ..Path::default() }.run(&a440());
    told("reordered", &heard);
    assert!(heard.concealed() < 0.005);
    assert!(broken(tail(&heard), 440.0, 25.0) < 0.03);
    assert!(delay(&heard) < 110.0, "{}", delay(&heard));
}

#[test]
fn numbers_wrap() {
    let network = Box::new(|_, packet: &mut crate::sound::SoundPacket| {
        packet.sequence = packet.sequence.wrapping_add(65_400);
        packet.timestamp = packet.timestamp.wrapping_sub(150_000);
        vec![ms(5.0)]
    });
    let heard = Path { network, ..Path::default() }.run(&a440());
    assert_eq!(heard.stats.concealed, 0);
    assert!(broken(tail(&heard), 440.0, 25.0) < 0.02);
}

#[test]
fn another_ssrc_or_a_leap_of_timestamps_begins_anew() {
    for leap in [false, true] {
        let network = Box::new(move |number, packet: &mut crate::sound::SoundPacket| {
            if number >= 250 {
                packet.ssrc = if leap { packet.ssrc } else { 7 };
                packet.timestamp = packet.timestamp.wrapping_add(2_000_000_000);
                packet.sequence = packet.sequence.wrapping_add(30_000);
            }
            vec![ms(5.0)]
        });
        let heard = Path { network, ..Path::default() }.run(&a440());
        told("anew", &heard);
        assert!(heard.stats.concealed < 4_800);
        assert!(broken(&heard.samples[6 * 48_000..], 440.0, 25.0) < 0.03);
        assert!(delay(&heard) < 75.0);
    }
}

#[test]
fn a_clock_that_was_set_back_begins_anew() {
    let network = Box::new(|number, packet: &mut crate::sound::SoundPacket| {
        if number >= 250 {
            packet.timestamp = packet.timestamp.wrapping_sub(48_000);
        }
        vec![ms(5.0)]
    });
    let heard = Path { network, ..Path::default() }.run(&a440());
    told("set back", &heard);
    assert!(broken(&heard.samples[7 * 48_000..], 440.0, 25.0) < 0.03);
}

#[test]
fn silence_is_not_sent_and_costs_nothing() {
    let mut samples = speech(3, 4.0);
    samples.extend(vec![0.0; 6 * 48_000]);
    samples.extend(speech(4, 4.0));
    let mut markers = 0;
    let network = Box::new(|_, packet: &mut crate::sound::SoundPacket| {
        assert!(packet.payload.len() > 2);
        markers += usize::from(packet.marker);
        vec![ms(5.0)]
    });
    let heard = Path { network, ..Path::default() }.run(&samples);
    told("with a break of 6 s", &heard);
    assert!(heard.packets < 14 * 50 - 250, "{} packets", heard.packets);
    assert!(markers > 1);
    assert_eq!(heard.stats.concealed, 0);
    let middle = &heard.samples[6 * 48_000..9 * 48_000];
    assert!(power_db(middle) < -60.0, "{} dB", power_db(middle));
    assert!(power_db(&heard.samples[11 * 48_000..13 * 48_000]) > -40.0);
}

#[test]
fn music_keeps_its_sides() {
    let samples: Vec<f32> = tone(440.0, 0.3, 5 * 48_000)
        .into_iter()
        .zip(tone(1000.0, 0.3, 5 * 48_000))
        .flat_map(|(left, right)| [left, right])
        .collect();
    let heard = Path { options: bare(false, 2), ..Path::default() }.run(&samples);
    let side = |side: usize| -> Vec<f32> {
        heard.samples[4 * 48_000..].chunks_exact(2).map(|frame| frame[side]).collect()
    };
    assert!(purity(&side(0), 440.0) > 25.0, "{}", purity(&side(0), 440.0));
    assert!(purity(&side(1), 1000.0) > 25.0, "{}", purity(&side(1), 1000.0));
}

#[test]
fn a_page_that_consumes_in_bursts_does_not_run_dry_for_long() {
    for quantum in [128, 1_024, 2_048] {
        let heard = Path { quantum, ..Path::default() }.run(&a440());
        told(&format!("{quantum} frames at a time"), &heard);
        assert!(heard.dry < 9_600, "{} frames", heard.dry);
        assert!(broken(tail(&heard), 440.0, 25.0) < 0.06);
    }
}
