//! A sender, a network and a page on virtual time, and ways to look at what is heard.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::sound::{Demand, Sound, SoundPacket, SoundStats};
use crate::wire::SourceOptions;

pub(super) const PC: u32 = 1;
pub(super) const LINE: u16 = 0;
pub(super) const SOURCE: u32 = 7;

/// Numbers that look random and are the same every time.
#[derive(Debug)]
pub(in crate::sound) struct Dice(u64);

impl Dice {
    pub(in crate::sound) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to 1.
    pub(super) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of the normal distribution, nearly.
    pub(in crate::sound) fn noise(&mut self) -> f32 {
        ((0..6).map(|_| self.roll()).sum::<f64>() - 3.0) as f32 * 1.414
    }
}

pub(super) fn bare(speech: bool, channels: u8) -> SourceOptions {
    SourceOptions {
        echo_cancellation: false,
        noise_suppression: false,
        auto_gain_control: false,
        channels,
        speech,
    }
}

pub(in crate::sound) fn tone(hertz: f64, amplitude: f32, frames: usize) -> Vec<f32> {
    (0..frames)
        .map(|frame| amplitude * (std::f64::consts::TAU * hertz * frame as f64 / 48_000.0).sin() as f32)
        .collect()
}

/// Somebody talks: vowels of a gliding pitch through three formants, hisses, pauses. -23 dBFS.
pub(in crate::sound) fn speech(seed: u64, seconds: f64) -> Vec<f32> {
    const VOWELS: [[f64; 3]; 6] = [
        [730.0, 1090.0, 2440.0],
        [270.0, 2290.0, 3010.0],
        [300.0, 870.0, 2240.0],
        [530.0, 1840.0, 2480.0],
        [570.0, 840.0, 2410.0],
        [660.0, 1720.0, 2410.0],
    ];
    let mut dice = Dice::new(seed);
    let frames = (seconds * 48_000.0) as usize;
    let mut out = Vec::with_capacity(frames);
    let base = 95.0 + 90.0 * dice.roll();
    let mut phase = 0.0;
    let mut state = [[0.0f64; 2]; 3];
    while out.len() < frames {
        // A word of two to four syllables, then a breath.
        for _ in 0..2 + (dice.roll() * 3.0) as usize {
            let hiss = dice.roll() < 0.4;
            if hiss {
                let mut last = 0.0;
                for _ in 0..(48_000.0 * (0.04 + 0.05 * dice.roll())) as usize {
                    let noise = f64::from(dice.noise());
                    out.push(((noise - last) * 0.002) as f32);
                    last = noise;
                }
            }
            let vowel = VOWELS[(dice.roll() * VOWELS.len() as f64) as usize % VOWELS.len()];
            let length = (48_000.0 * (0.12 + 0.14 * dice.roll())) as usize;
            let (from, to) = (base * (0.9 + 0.3 * dice.roll()), base * (0.85 + 0.3 * dice.roll()));
            for at in 0..length {
                let along = at as f64 / length as f64;
                phase += (from + (to - from) * along) / 48_000.0;
                let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
                phase -= phase.floor();
                let mut value = pulse + 0.004 * f64::from(dice.noise());
                for (formant, memory) in vowel.iter().zip(&mut state) {
                    let radius = (-std::f64::consts::PI * 90.0 / 48_000.0).exp();
                    let turn = 2.0 * radius * (std::f64::consts::TAU * formant / 48_000.0).cos();
                    let next = value + turn * memory[0] - radius * radius * memory[1];
                    *memory = [next, memory[0]];
                    value = next * 0.06;
                }
                let edge = (along * 8.0).min((1.0 - along) * 8.0).min(1.0);
                out.push((value * edge) as f32);
            }
        }
        out.extend(std::iter::repeat_n(0.0, (48_000.0 * (0.1 + 0.4 * dice.roll())) as usize));
    }
    out.truncate(frames);
    let gain = 0.07 / 10f64.powf(power_db(&out) / 20.0) as f32;
    out.iter().map(|sample| (sample * gain).clamp(-0.95, 0.95)).collect()
}

/// How a packet travels: None when it is lost, else its delays (more than one: it is duplicated).
pub(super) type Network<'a> = Box<dyn FnMut(usize, &mut SoundPacket) -> Vec<Duration> + 'a>;

/// One way from a microphone to an ear.
pub(super) struct Path<'a> {
    pub(super) options: SourceOptions,
    pub(super) network: Network<'a>,
    /// Parts per million by which the listener's sound card is faster.
    pub(super) drift: f64,
    /// Frames that the page consumes at a time.
    pub(super) quantum: u64,
    /// Told to the encoder.
    pub(super) loss: f32,
}

impl Default for Path<'_> {
    fn default() -> Self {
        Self {
            options: bare(true, 1),
            network: Box::new(|_, _| vec![Duration::from_millis(2)]),
            drift: 0.0,
            quantum: 480,
            loss: 0.0,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Heard {
    /// As the page played it, silence for want of sound included.
    pub(super) samples: Vec<f32>,
    /// Frames the page had to leave silent after the first sound.
    pub(super) dry: u64,
    pub(super) stats: SoundStats,
    /// Packets sent.
    pub(super) packets: usize,
    /// Bytes sent.
    pub(super) bytes: usize,
    /// ms from capture to ear by `heard_at`, once a second.
    pub(super) delays: Vec<f64>,
    /// ms in the jitter buffer, for each second.
    pub(super) buffered: Vec<f64>,
}

impl Path<'_> {
    /// Sends `samples` (interleaved) and listens until they are over.
    pub(super) fn run(mut self, samples: &[f32]) -> Heard {
        let start = Instant::now();
        let channels = usize::from(self.options.channels);
        let mut sender = Sound::default();
        sender.open_source(SOURCE, self.options).unwrap();
        sender.set_demand(SOURCE, Demand { loss: self.loss, max_bitrate: None });
        let mut listener = Sound::default();
        let mut flight: BTreeMap<(Duration, usize), SoundPacket> = BTreeMap::new();
        let mut ring: VecDeque<f32> = VecDeque::new();
        let mut heard = Heard {
            samples: Vec::new(),
            dry: 0,
            stats: SoundStats::default(),
            packets: 0,
            bytes: 0,
            delays: Vec::new(),
            buffered: Vec::new(),
        };
        let (mut sent, mut played, mut silent, mut begun, mut last) = (0, 0u64, 0u32, false, (0.0, 0u64));
        let duration = Duration::from_micros((samples.len() / channels) as u64 * 1000 / 48);
        let mut now = Duration::ZERO;
        let mut number = 0;
        while now < duration {
            // 1 ms at a time.
            now += Duration::from_millis(1);
            let frames = (now.as_micros() * 48 / 1000) as usize * channels;
            if frames >= sent + 480 * channels {
                let chunk = &samples[sent..(sent + 480 * channels).min(samples.len())];
                let time = 1_000_000_000 + (sent / channels) as u64 * 1000 / 48;
                for coded in sender.captured(start + now, SOURCE, time, chunk) {
                    let mut packet = coded.packet;
                    packet.ssrc = 99;
                    heard.packets += 1;
                    heard.bytes += packet.payload.len();
                    for delay in (self.network)(number, &mut packet) {
                        flight.insert((now + delay, flight.len() + number * 1000), packet.clone());
                    }
                    number += 1;
                }
                sent += 480 * channels;
            }
            while let Some(entry) = flight.first_entry()
                && entry.key().0 <= now
            {
                listener.received(start + now, PC, LINE, entry.remove());
            }
            let due = (now.as_secs_f64() * 48_000.0 * (1.0 + self.drift * 1e-6)) as u64;
            while due >= played + self.quantum {
                for _ in 0..self.quantum {
                    silent += u32::from(ring.is_empty());
                    for _ in 0..channels {
                        match ring.pop_front() {
                            Some(sample) => heard.samples.push(sample),
                            None => {
                                heard.samples.push(0.0);
                                heard.dry += u64::from(begun);
                            }
                        }
                    }
                }
                played += self.quantum;
                for block in listener.played(start + now, PC, LINE, played, silent) {
                    assert_eq!(block.samples.len(), 480 * usize::from(block.channels));
                    begun = true;
                    if usize::from(block.channels) < channels {
                        ring.extend(block.samples.iter().flat_map(|sample| [*sample, *sample]));
                    } else {
                        ring.extend(block.samples);
                    }
                }
            }
            if now.as_millis().is_multiple_of(1000) {
                if let Some(at) = listener.heard_at(start + now, PC, LINE) {
                    heard.delays.push((1_000_000.0 * 1000.0 + now.as_micros() as f64 - at as f64) / 1000.0);
                }
                if let Some((_, stats)) = listener.stats(PC).first() {
                    let emitted = stats.emitted - last.1;
                    if emitted > 0 {
                        heard.buffered.push((stats.delay - last.0) / emitted as f64 * 1000.0);
                    }
                    last = (stats.delay, stats.emitted);
                }
            }
        }
        heard.stats = listener.stats(PC).first().map_or_else(SoundStats::default, |(_, stats)| *stats);
        heard
    }
}

impl Heard {
    /// The share of samples that were made up.
    pub(super) fn concealed(&self) -> f64 {
        self.stats.concealed as f64 / self.stats.samples.max(1) as f64
    }
}

/// How much of `samples` is not the tone of `hertz`, in dB below it; each 50 ms for itself, the median of all. Cuts that
/// keep the pitch are forgiven, a wrong pitch is not.
pub(super) fn purity(samples: &[f32], hertz: f64) -> f64 {
    let mut ratios: Vec<f64> = samples.chunks_exact(2400).map(|chunk| purity_of(chunk, hertz)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// The share of 50 ms pieces that are less pure than `least` dB.
pub(super) fn broken(samples: &[f32], hertz: f64, least: f64) -> f64 {
    let pieces = samples.chunks_exact(2400).count();
    let bad = samples.chunks_exact(2400).filter(|chunk| purity_of(chunk, hertz) < least).count();
    bad as f64 / pieces as f64
}

fn purity_of(chunk: &[f32], hertz: f64) -> f64 {
    let (mut sine, mut cosine, mut energy) = (0.0, 0.0, 0.0);
    for (at, sample) in chunk.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * at as f64 / 48_000.0;
        sine += f64::from(*sample) * angle.sin();
        cosine += f64::from(*sample) * angle.cos();
        energy += f64::from(*sample) * f64::from(*sample);
    }
    let tone = 2.0 * (sine * sine + cosine * cosine) / chunk.len() as f64;
    10.0 * (tone / (energy - tone).max(1e-12)).log10()
}

pub(super) fn power_db(samples: &[f32]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample) * f64::from(*sample)).sum();
    10.0 * (energy / samples.len().max(1) as f64).max(1e-12).log10()
}
