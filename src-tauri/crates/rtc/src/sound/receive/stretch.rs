//! Plays faster or slower without a change of pitch: one period of a voice is left out or said twice, where two
//! neighbouring periods are alike (waveform similarity overlap-add).

/// Frames: no shorter and no longer periods are looked for, 400 Hz and 67 Hz. Of higher tones several are taken.
const SHORTEST: usize = 120;
const LONGEST: usize = 720;
/// Frames: what is compared at least.
const WINDOW: usize = 240;
/// Periods are looked for at a fourth of the rate, then made exact.
const COARSE: usize = 4;
/// RMS below which nobody hears what is cut.
const QUIET: f32 = 0.001;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Take out.
    Shorter,
    /// Put in.
    Longer,
}

/// How alike neighbouring periods have to be, -1 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alike(pub(super) f32);

/// Changes the first frames of `samples` (interleaved) by at most `most` frames. Answers by how many; 0 when there is too
/// little sound, or no period in it.
pub(super) fn stretch(
    samples: &mut std::collections::VecDeque<f32>,
    channels: usize,
    what: Stretch,
    most: usize,
    alike: Alike,
) -> usize {
    let frames = (samples.len() / channels).min(2 * LONGEST);
    let longest = most.min(LONGEST).min(frames / 2);
    if longest < SHORTEST {
        return 0;
    }
    let mono: Vec<f32> = (0..frames)
        .map(|frame| {
            (0..channels).map(|channel| samples[frame * channels + channel]).sum::<f32>() / channels as f32
        })
        .collect();
    let period = if super::super::level::rms(&mono) < QUIET {
        longest
    } else {
        match period(&mono, longest) {
            Some((period, likeness)) if likeness >= alike.0 => period,
            _ => return 0,
        }
    };
    let fade = |frame: usize| (frame as f32 + 0.5) / period as f32;
    match what {
        Stretch::Shorter => {
            // The first period becomes the second, and the second is left out.
            for frame in 0..period {
                for channel in 0..channels {
                    let (here, there) = (frame * channels + channel, (frame + period) * channels + channel);
                    let mixed = samples[here] * (1.0 - fade(frame)) + samples[there] * fade(frame);
                    samples[there] = mixed;
                }
            }
            samples.drain(..period * channels);
        }
        Stretch::Longer => {
            // Between the first period and the second comes one that begins as the second and ends as the first.
            let mut between = Vec::with_capacity(period * channels);
            for frame in 0..period {
                for channel in 0..channels {
                    let (here, there) = (frame * channels + channel, (frame + period) * channels + channel);
                    between.push(samples[there] * (1.0 - fade(frame)) + samples[here] * fade(frame));
                }
            }
            let first: Vec<f32> = samples.drain(..period * channels).collect();
            for sample in first.iter().chain(&between).rev() {
                samples.push_front(*sample);
            }
        }
    }
    period
}

/// The period up to `longest` by which the sound is most like itself, and how much so.
fn period(mono: &[f32], longest: usize) -> Option<(usize, f32)> {
    let coarse: Vec<f32> =
        mono.chunks_exact(COARSE).map(|four| four.iter().sum::<f32>() / COARSE as f32).collect();
    let rough = best(&coarse, SHORTEST / COARSE, longest / COARSE, WINDOW / COARSE)?.0 * COARSE;
    let from = rough.saturating_sub(COARSE).max(SHORTEST);
    best(mono, from, (rough + COARSE).min(longest), WINDOW)
}

fn best(samples: &[f32], from: usize, to: usize, window: usize) -> Option<(usize, f32)> {
    (from..=to)
        .filter_map(|lag| {
            let window = window.max(lag).min(samples.len().checked_sub(lag)?);
            Some((lag, likeness(&samples[..window], &samples[lag..lag + window])))
        })
        .max_by(|one, other| one.1.total_cmp(&other.1))
}

/// Normalised correlation, -1 to 1.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let (mut cross, mut energy, mut other_energy) = (0.0f32, 0.0f32, 0.0f32);
    for (a, b) in one.iter().zip(other) {
        cross += a * b;
        energy += a * a;
        other_energy += b * b;
    }
    let product = (energy * other_energy).sqrt();
    if product > 0.0 { cross / product } else { 0.0 }
}
