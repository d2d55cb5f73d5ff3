//! A loudspeaker call in a room: what is played comes back into the microphone.

use std::time::{Duration, Instant};

use super::kit::{Dice, LINE, PC, SOURCE, bare, power_db, speech};
use crate::sound::{Sound, SoundPacket};
use crate::wire::SourceOptions;

/// What is far away, and what the room makes of it.
struct Room {
    /// ms from where the page consumes a sample to where it captures its echo.
    delay: f64,
    /// What the microphone hears of the loudspeaker, dB.
    loss: f64,
    /// Parts per million by which the microphone's clock is faster than the loudspeaker's.
    drift: f64,
}

struct Call {
    /// What the microphone heard of the loudspeaker.
    echo: Vec<f32>,
    /// What was sent, decoded by the far side: frame by frame beside `echo`.
    sent: Vec<f32>,
}

const SECONDS: usize = 14;

fn options(echo_cancellation: bool) -> SourceOptions {
    SourceOptions { echo_cancellation, noise_suppression: true, auto_gain_control: false, ..bare(true, 1) }
}

/// 120 ms of a room that halves a sound every 10 ms.
fn impulse_response(loss: f64) -> Vec<f32> {
    let mut dice = Dice::new(11);
    let mut taps: Vec<f32> =
        (0..1_200).map(|tap| dice.noise() * 0.5f32.powf(tap as f32 * 4.0 / 480.0)).collect();
    taps[0] = 3.0;
    let energy: f32 = taps.iter().map(|tap| tap * tap).sum();
    let gain = 10f64.powf(loss / 20.0) as f32 / energy.sqrt();
    for tap in &mut taps {
        *tap *= gain;
    }
    taps
}

/// The far side says `far`; in the room somebody says `near`.
fn call(room: &Room, options: SourceOptions, far: &[f32], near: &[f32]) -> Call {
    let start = Instant::now();
    let (mut theirs, mut ours) = (Sound::default(), Sound::default());
    theirs.open_source(SOURCE, bare(true, 1)).unwrap();
    ours.open_source(SOURCE, options).unwrap();
    let taps = impulse_response(room.loss);
    let mut far_side = ropus::Decoder::new(48_000, ropus::Channels::Mono).unwrap();
    let (mut played, mut ring, mut silent) = (Vec::<f32>::new(), std::collections::VecDeque::new(), 0u32);
    let mut call = Call { echo: Vec::new(), sent: Vec::new() };
    let mut expected = 0u32;
    for tick in 0..SECONDS * 100 {
        let now = start + Duration::from_millis(tick as u64 * 10);
        let from = tick * 480;
        for coded in theirs.captured(now, SOURCE, from as u64 * 1000 / 48, &far[from..from + 480]) {
            ours.received(now, PC, LINE, SoundPacket { ssrc: 5, ..coded.packet });
        }
        for _ in 0..480 {
            silent += u32::from(ring.is_empty());
            played.push(ring.pop_front().unwrap_or(0.0));
        }
        // Messages come late at times: the engine must not mind.
        if tick % 7 != 3 {
            for block in ours.played(now, PC, LINE, played.len() as u64, silent) {
                ring.extend(block.samples);
            }
        }
        let chunk: Vec<f32> = (from..from + 480)
            .map(|frame| {
                let source = frame as f64 * (1.0 + room.drift * 1e-6) - room.delay * 48.0;
                let echo = if source < 1_300.0 {
                    0.0
                } else {
                    let (whole, part) = (source as usize, source.fract() as f32);
                    let at = |back: usize| {
                        let one = played.get(whole - back).copied().unwrap_or(0.0);
                        let next = played.get(whole - back + 1).copied().unwrap_or(0.0);
                        one + (next - one) * part
                    };
                    taps.iter().enumerate().step_by(3).map(|(back, tap)| tap * at(back)).sum::<f32>() * 1.7
                };
                call.echo.push(echo);
                (echo + near.get(frame).copied().unwrap_or(0.0)).clamp(-1.0, 1.0)
            })
            .collect();
        for coded in ours.captured(now, SOURCE, from as u64 * 1000 / 48, &chunk) {
            let mut out = vec![0.0; 960];
            while expected < coded.packet.timestamp {
                far_side.decode_float(&[], &mut out, ropus::DecodeMode::Normal).unwrap();
                call.sent.extend(&out);
                expected += 960;
            }
            far_side.decode_float(&coded.packet.payload, &mut out, ropus::DecodeMode::Normal).unwrap();
            call.sent.extend(&out);
            expected += 960;
        }
    }
    call.sent.resize(call.echo.len(), 0.0);
    call
}

/// How much of the echo is gone from `from` seconds on, dB.
fn enhancement(call: &Call, from: usize) -> f64 {
    power_db(&call.echo[from * 48_000..]) - power_db(&call.sent[from * 48_000..])
}

/// How like `one` is to `other` at the best shift up to 60 ms, by the loudness of each 10 ms: 0 to 1.
fn likeness(one: &[f32], other: &[f32]) -> f64 {
    let envelope = |samples: &[f32]| -> Vec<f64> {
        samples.chunks_exact(480).map(|c| power_db(c).max(-60.0) + 60.0).collect()
    };
    let (one, other) = (envelope(one), envelope(other));
    (0..6)
        .map(|shift| {
            let pairs: Vec<(f64, f64)> = one.iter().copied().zip(other[shift..].iter().copied()).collect();
            let mean =
                |pick: fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / pairs.len() as f64;
            let (a, b) = (mean(|pair| pair.0), mean(|pair| pair.1));
            let cross: f64 = pairs.iter().map(|pair| (pair.0 - a) * (pair.1 - b)).sum();
            let (x, y): (f64, f64) = pairs
                .iter()
                .fold((0.0, 0.0), |sum, pair| (sum.0 + (pair.0 - a).powi(2), sum.1 + (pair.1 - b).powi(2)));
            cross / (x * y).sqrt()
        })
        .fold(0.0, f64::max)
}

#[test]
fn the_far_side_does_not_hear_itself() {
    let far = speech(21, SECONDS as f64 + 1.0);
    for (delay, drift) in [(20.0, 0.0), (60.0, 0.0), (150.0, 0.0), (60.0, 50.0)] {
        let room = Room { delay, loss: -6.0, drift };
        let call = call(&room, options(true), &far, &[]);
        println!("{delay} ms, {drift} ppm: {:.1} dB from 4 s on", enhancement(&call, 4));
        assert!(enhancement(&call, 4) > 30.0);
    }
    let room = Room { delay: 60.0, loss: -6.0, drift: 0.0 };
    let untouched = call(&room, options(false), &far, &[]);
    println!("without: {:.1} dB", enhancement(&untouched, 4));
    assert!(enhancement(&untouched, 4) < 10.0);
}

#[test]
fn both_may_talk() {
    let (far, near) = (speech(21, SECONDS as f64 + 1.0), speech(34, SECONDS as f64 + 1.0));
    for delay in [20.0, 60.0, 150.0] {
        let room = Room { delay, loss: -6.0, drift: 0.0 };
        // The first 5 s only the far side talks, then both.
        let mut late = vec![0.0; 5 * 48_000];
        late.extend(&near[5 * 48_000..]);
        let call = call(&room, options(true), &far, &late);
        let (said, sent) = (&near[6 * 48_000..SECONDS * 48_000], &call.sent[6 * 48_000..SECONDS * 48_000]);
        let (level, like) = (power_db(sent) - power_db(said), likeness(said, sent));
        println!("{delay} ms: near voice at {level:+.1} dB, likeness {like:.2}");
        assert!(level > -5.0);
        assert!(like > 0.75);
    }
}
