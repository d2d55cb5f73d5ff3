//! Voices made by espeak-ng, and what is computed of recordings: 48,000 samples a second, 1 for full scale.

use std::path::{Path, PathBuf};

use earshot_harness::Host;

/// Samples per second.
pub(crate) const RATE: usize = 48_000;
/// Frames in which speech is compared: 20 ms.
pub(crate) const FRAME: usize = RATE / 50;
/// What counts as silence, dBFS: below lies what 16 bits add.
const FLOOR: f64 = -96.0;
/// Frames of a voice this much below its loudest are its pauses, dB.
const ACTIVE: f64 = 25.0;
/// How loud voices are made: the mean of their frames with speech, dBFS.
const LOUDNESS: f64 = -20.0;
/// Between two sounds of [`Voice::beeps`], samples.
const BEAT: usize = RATE * 3 / 2;

/// Somebody's speech.
#[derive(Debug, Clone)]
pub struct Voice {
    /// As WAV.
    pub file: PathBuf,
    /// The same.
    pub samples: Vec<f32>,
}

impl Voice {
    /// Has `text` spoken by one of espeak-ng's voices, written to `name` in the host's directory.
    #[must_use]
    #[track_caller]
    pub fn speak(host: &Host, name: &str, voice: &str, text: &str) -> Self {
        let raw = host.dir().join(format!("{name}-raw.wav"));
        let done =
            host.command("espeak-ng").args(["-v", voice, "-s", "160", "-w"]).arg(&raw).arg(text).output();
        assert!(done.success(), "espeak-ng: {}", done.stderr);
        let mut samples = read_wav(&raw);
        let loud = mean_level(&samples, &active(&samples));
        #[allow(clippy::cast_possible_truncation, reason = "a factor of a few")]
        let gain = 10_f64.powf((LOUDNESS - loud) / 20.0) as f32;
        for sample in &mut samples {
            *sample = (*sample * gain).clamp(-0.99, 0.99);
        }
        let file = host.dir().join(format!("{name}.wav"));
        write_wav(&file, &samples);
        Self { file, samples }
    }

    /// Eight short sounds with a sharp beginning, [`BEAT`] apart.
    #[must_use]
    #[track_caller]
    pub fn beeps(host: &Host) -> Self {
        let mut samples = vec![0.0; BEAT * 8 + RATE / 2];
        for beat in samples.chunks_exact_mut(BEAT) {
            for (at, sample) in beat.iter_mut().skip(RATE / 2).take(RATE / 10).enumerate() {
                // Like a vowel: several harmonics of a voice.
                let phase = at as f32 * std::f32::consts::TAU * 200.0 / RATE as f32;
                *sample = (1..=8_u8).map(|number| (phase * f32::from(number)).cos()).sum::<f32>() * 0.07;
            }
        }
        let file = host.dir().join("beeps.wav");
        write_wav(&file, &samples);
        Self { file, samples }
    }

    /// How long it speaks.
    #[must_use]
    pub fn length(&self) -> std::time::Duration {
        std::time::Duration::from_micros((self.samples.len() * 1_000 / (RATE / 1_000)) as u64)
    }
}

/// The level of all samples together, dBFS.
#[must_use]
pub fn level(samples: &[f32]) -> f64 {
    let power = samples.iter().map(|one| f64::from(*one).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    decibel(power)
}

fn decibel(power: f64) -> f64 {
    (10.0 * power.max(1e-12).log10()).max(FLOOR)
}

/// The level of each frame, dBFS.
pub(crate) fn levels(samples: &[f32]) -> Vec<f64> {
    samples.chunks_exact(FRAME).map(level).collect()
}

/// The level of the median frame, dBFS.
pub(crate) fn median_level(samples: &[f32]) -> f64 {
    let mut levels = levels(samples);
    levels.sort_by(f64::total_cmp);
    levels.get(levels.len() / 2).copied().unwrap_or(FLOOR)
}

/// Which frames hold speech.
pub(crate) fn active(samples: &[f32]) -> Vec<bool> {
    let levels = levels(samples);
    let loudest = levels.iter().copied().fold(FLOOR, f64::max);
    levels.into_iter().map(|level| level > loudest - ACTIVE && level > FLOOR + ACTIVE).collect()
}

/// The mean level of the frames that are wanted, dBFS.
pub(crate) fn mean_level(samples: &[f32], wanted: &[bool]) -> f64 {
    let frames = levels(samples);
    let (sum, count) = frames
        .iter()
        .zip(wanted)
        .filter(|(_, wanted)| **wanted)
        .fold((0.0, 0_u32), |(sum, count), (level, _)| (sum + level, count + 1));
    if count == 0 { FLOOR } else { sum / f64::from(count) }
}

/// Where in `heard` the speech of `said` begins, frames: the place at which their levels go along best.
#[must_use]
pub(crate) fn find(said: &[f32], heard: &[f32]) -> usize {
    let (said, heard) = (levels(said), levels(heard));
    let likeness = |at: usize| correlation(&said, &heard[at..]);
    let last = heard.len().saturating_sub(said.len());
    (0..=last).max_by(|one, other| likeness(*one).total_cmp(&likeness(*other))).unwrap_or(0)
}

/// Pearson's, over the length of the shorter.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len().min(other.len());
    if count == 0 {
        return 0.0;
    }
    let mean = |values: &[f64]| values[..count].iter().sum::<f64>() / count as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        both += (a - mean_one) * (b - mean_other);
        first += (a - mean_one).powi(2);
        second += (b - mean_other).powi(2);
    }
    if first * second > 0.0 { both / (first * second).sqrt() } else { 0.0 }
}

/// What of a voice that is heard `alone` is heard in `mixed`, too: the share of its frames that lose less than 6 dB,
/// and the mean of what frames lose, dB. Both recordings begin with the voice; `said` tells when it speaks.
#[must_use]
pub fn same_in_both(said: &[f32], alone: &[f32], mixed: &[f32]) -> (f64, f64) {
    let (alone, mixed) = (levels(alone), levels(mixed));
    let speaks = active(said);
    let losses: Vec<f64> = alone
        .iter()
        .zip(&mixed)
        .zip(&speaks)
        // What is not heard alone cannot be lost.
        .filter(|((alone, _), speaks)| **speaks && **alone > -60.0)
        .map(|((alone, mixed), _)| (alone - mixed).clamp(-20.0, 40.0))
        .collect();
    if losses.is_empty() {
        return (0.0, 40.0);
    }
    let kept = losses.iter().filter(|loss| **loss < 6.0).count();
    (kept as f64 / losses.len() as f64, losses.iter().sum::<f64>() / losses.len() as f64)
}

/// Where sounds begin after a quarter of a second of quiet, samples. Quiet is below an eighth of the loudest.
#[must_use]
pub(crate) fn onsets(samples: &[f32]) -> Vec<usize> {
    let loudest = samples.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
    let mut found = Vec::new();
    let mut last_loud = None;
    for (at, sample) in samples.iter().enumerate() {
        if sample.abs() > loudest / 8.0 && loudest > 0.01 {
            if last_loud.is_none_or(|last| at - last > RATE / 4) {
                found.push(at);
            }
            last_loud = Some(at);
        }
    }
    found
}

/// Samples of a WAV of 16 bit and one channel, brought to [`RATE`].
#[track_caller]
fn read_wav(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("espeak-ng has written it");
    let number =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    assert_eq!((&bytes[..4], &bytes[36..40]), (&b"RIFF"[..], &b"data"[..]), "a plain WAV");
    let rate = number(24);
    let samples: Vec<f32> = bytes[44..]
        .chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect();
    let count = samples.len() * RATE / rate;
    (0..count)
        .map(|at| {
            let place = at as f64 * rate as f64 / RATE as f64;
            let (left, part) = (place as usize, place.fract() as f32);
            let right = samples.get(left + 1).copied().unwrap_or_default();
            samples.get(left).copied().unwrap_or_default() * (1.0 - part) + right * part
        })
        .collect()
}

#[track_caller]
fn write_wav(path: &Path, samples: &[f32]) {
    let size = (samples.len() * 2) as u32;
    let mut bytes = Vec::with_capacity(samples.len() * 2 + 44);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + size).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&[1, 0, 1, 0]);
    bytes.extend_from_slice(&(RATE as u32).to_le_bytes());
    bytes.extend_from_slice(&(RATE as u32 * 2).to_le_bytes());
    bytes.extend_from_slice(&[2, 0, 16, 0]);
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&size.to_le_bytes());
    for sample in samples {
        bytes.extend_from_slice(&((sample * 32767.0) as i16).to_le_bytes());
    }
    std::fs::write(path, bytes).expect("the host's directory is writable");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of a second, each a tone, with pauses as irregular as speech has them.
    fn speech(gain: f32) -> Vec<f32> {
        (0..RATE * 3)
            .map(|at| {
                let word = at / (RATE / 10);
                let sounds = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0][(word * 7 + word / 5) % 15] == 1;
                let wave = (at as f32 * 0.05).sin();
                if sounds { wave * gain } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn a_voice_is_found_in_a_recording() {
        let said = speech(0.3);
        let mut heard = vec![0.0; FRAME * 37];
        heard.extend(speech(0.1));
        heard.extend(vec![0.0; FRAME * 20]);
        assert_eq!(find(&said, &heard), 37);
    }

    #[test]
    fn what_is_lost_of_a_voice_is_told() {
        let said = speech(0.3);
        let (kept, lost) = same_in_both(&said, &said, &said);
        assert!(kept > 0.99 && lost.abs() < 0.01, "{kept} {lost}");
        let (kept, lost) = same_in_both(&said, &said, &speech(0.03));
        assert!(kept < 0.01 && (lost - 20.0).abs() < 0.1, "{kept} {lost}");
        let mut half = speech(0.3);
        half[RATE * 3 / 2..].fill(0.0);
        let (kept, _) = same_in_both(&said, &said, &half);
        assert!((0.3..0.7).contains(&kept), "{kept}");
    }

    #[test]
    fn sounds_begin_after_quiet() {
        let mut samples = vec![0.0; RATE];
        samples[1000..1500].fill(0.5);
        samples[2000..2100].fill(-0.5);
        samples[30_000..30_010].fill(0.1);
        assert_eq!(onsets(&samples), [1000, 30_000]);
        assert_eq!(onsets(&vec![0.0; RATE]), [0_usize; 0]);
    }

    #[test]
    fn levels_are_those_of_full_scale() {
        assert!((level(&vec![0.1; RATE]) + 20.0).abs() < 0.01);
        assert!((level(&[0.0; 480]) - FLOOR).abs() < 0.01);
    }
}
