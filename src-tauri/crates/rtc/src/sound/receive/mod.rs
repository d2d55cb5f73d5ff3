//! A line's received sound: a jitter buffer that the page empties, 10 ms at a time.
//!
//! Sound is played a little later than it comes, as late as the network's jitter wants ([`delay`]). To come to that
//! delay, and to follow the sender's clock, periods of the voice are left out or repeated ([`stretch`]). What is
//! missing is taken from the next packet's redundancy, or made up by the decoder; what is late is dropped.

mod decoder;
mod delay;
mod lead;
mod packets;
mod stretch;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use decoder::Decoder;
use delay::Delay;
use lead::Lead;
use packets::{Inserted, Packets, Waiting};
use stretch::{Alike, Stretch, stretch};

use super::level::rms;
use super::{BLOCK_FRAMES, Block, SoundPacket, SoundStats};

const BLOCK: i64 = BLOCK_FRAMES as i64;
/// What can be made up at once is a multiple of this: 2.5 ms.
const CONCEAL_STEP: i64 = 120;
/// Made up in a row, a loss is not waited out longer than this if sound is there: 60 ms.
const LONG_LOSS: i64 = 60 * 48;
/// After so long without a packet the decoder's noise is left out.
const SILENCE_AFTER: i64 = 48_000;
/// After so long without a packet nothing is given any more, until one comes.
const REST_AFTER: Duration = Duration::from_secs(5);
/// A sender that leaves out silence says something at least this often (400 ms), so a longer break is a loss.
const LONGEST_PAUSE: i64 = 600 * 48;
/// RMS below which made-up sound counts as silent.
const SILENT: f32 = 0.001;
/// µs by which the playout delay may miss its target: above, below.
const TOO_LONG: i64 = 10_000;
const TOO_SHORT: i64 = 4_000;
/// µs above the target at which haste matters more than beauty, and at which sound is thrown away.
const FAR_TOO_LONG: i64 = 100_000;
const HOPELESS: i64 = 400_000;
/// Blocks between two stretches.
const REPOSE: u32 = 5;
/// Blocks whose least playout delay counts: the page may ask for several at a time.
const PULLS: usize = 16;
/// Frames that stretching wants to see: 30 ms.
const AHEAD: usize = 1_440;
/// With every packet the losses before it count less: about the last 20 s do.
const LOSS_FORGET: f32 = 0.999;
/// Losses that are worth waiting for the packet after each, which says again what was lost.
const LOSSES: f32 = 3.0;
/// µs, for that.
const REDUNDANCY_WAIT: i64 = 20_000;
/// Packets in a row that are too late: their sender's clock was set back.
const LATE: u32 = 25;

/// One line.
#[derive(Debug)]
pub(super) struct Receiver {
    stream: Option<Stream>,
    lead: Lead,
    stats: SoundStats,
    /// When the page told last what it consumed.
    played_at: Option<Instant>,
    /// Energy and blocks since what is heard was told.
    heard: (f64, u32),
    heard_at: Option<Instant>,
}

/// What comes from one SSRC.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    /// As it came.
    rtp_timestamp: u32,
    arrived: Instant,
    packets: Packets,
    delay: Delay,
    decoder: Decoder,
    /// Decoded, not yet given. Interleaved.
    samples: VecDeque<f32>,
    /// The timestamp after the last decoded sample; None before the first.
    end: Option<i64>,
    /// Sequence number of the last decoded packet.
    sequence: i64,
    /// Frames made up since.
    concealed: i64,
    /// Of these, and not yet counted: all, and the silent ones.
    uncounted: (u64, u64),
    /// A packet's timestamp and its capture time.
    anchor: Option<(i64, u64)>,
    /// Playout delays at the last pulls, µs.
    pulls: VecDeque<i64>,
    repose: u32,
    late: u32,
    /// Losses that redundancy could repair, old ones counting less.
    losses: f32,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            stream: None,
            lead: Lead::default(),
            stats: SoundStats::default(),
            played_at: None,
            heard: (0.0, 0),
            heard_at: None,
        }
    }

    pub(super) fn stats(&self) -> SoundStats {
        self.stats
    }

    pub(super) fn received(&mut self, now: Instant, packet: SoundPacket) {
        let rtp_timestamp = packet.timestamp;
        let again = packet.clone();
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => match Stream::new(now, &packet) {
                Some(stream) => none.insert(stream),
                None => return,
            },
        };
        match stream.received(now, packet) {
            Inserted::Waits(_) => {
                stream.rtp_timestamp = rtp_timestamp;
                stream.arrived = now;
            }
            Inserted::Dropped => {}
            Inserted::Foreign => {
                stream.count_concealed(&mut self.stats, true);
                if let Some(mut fresh) = Stream::new(now, &again) {
                    fresh.received(now, again);
                    self.stream = Some(fresh);
                }
            }
        }
    }

    /// The page has consumed `frames` since the line began, `silent` of them for want of sound. Answers with what it
    /// wants, each with its place.
    pub(super) fn played(&mut self, now: Instant, frames: u64, silent: u32) -> Vec<(u64, Block)> {
        self.played_at = Some(now);
        self.lead.played(now, frames, silent);
        match &self.stream {
            Some(stream) if now.saturating_duration_since(stream.arrived) < REST_AFTER => {}
            _ => {
                self.lead.rest();
                return Vec::new();
            }
        }
        let mut blocks = Vec::new();
        for _ in 0..self.lead.wanted() {
            let Some(block) = self.pull(now) else {
                // That the page runs dry now is not its fault.
                self.lead.rest();
                break;
            };
            blocks.push((self.lead.give(), block));
        }
        blocks
    }

    /// 10 ms; None before the first sound is to be heard.
    fn pull(&mut self, now: Instant) -> Option<Block> {
        let stream = self.stream.as_mut()?;
        let samples = stream.pull(now, &mut self.stats)?;
        let level = rms(&samples);
        self.stats.samples += BLOCK_FRAMES as u64;
        self.stats.level = level;
        self.stats.duration += 0.01;
        self.stats.energy += 0.01 * f64::from(level) * f64::from(level);
        self.heard.0 += f64::from(level) * f64::from(level);
        self.heard.1 += 1;
        Some(Block { channels: if stream.decoder.channels() == 2 { 2 } else { 1 }, samples })
    }

    /// When the sender captured what is played now, µs on its NTP clock.
    pub(super) fn heard_at(&self, now: Instant) -> Option<u64> {
        let stream = self.stream.as_ref()?;
        let (timestamp, captured) = stream.anchor?;
        let since = self.played_at.map_or(0, |at| now.saturating_duration_since(at).as_micros());
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let ahead = i64::try_from(self.lead.ahead()).unwrap_or_default() * 1000 / 48;
        let frames = stream.head()? - timestamp;
        captured.checked_add_signed(frames * 1000 / 48 - (ahead - since).max(0))
    }

    /// Level, SSRC and newest RTP timestamp of what was played since the last time, at most ten times a second.
    pub(super) fn poll_heard(&mut self, now: Instant) -> Option<(f32, u32, u32)> {
        let stream = self.stream.as_ref()?;
        let soon = |at: Instant| now.saturating_duration_since(at) < Duration::from_millis(100);
        if self.heard.1 == 0 || self.heard_at.is_some_and(soon) {
            return None;
        }
        let (energy, blocks) = std::mem::take(&mut self.heard);
        self.heard_at = Some(now);
        Some(((energy / f64::from(blocks)).sqrt() as f32, stream.ssrc, stream.rtp_timestamp))
    }
}

impl Stream {
    fn new(now: Instant, first: &SoundPacket) -> Option<Self> {
        Some(Self {
            ssrc: first.ssrc,
            rtp_timestamp: first.timestamp,
            arrived: now,
            packets: Packets::new(first),
            delay: Delay::new(now),
            decoder: Decoder::new(1)?,
            samples: VecDeque::new(),
            end: None,
            sequence: 0,
            concealed: 0,
            uncounted: (0, 0),
            anchor: None,
            pulls: VecDeque::with_capacity(PULLS),
            repose: 0,
            late: 0,
            losses: 0.0,
        })
    }

    fn received(&mut self, now: Instant, packet: SoundPacket) -> Inserted {
        let inserted = self.packets.insert(now, packet);
        if let Inserted::Waits(timestamp) = inserted {
            self.delay.arrived(now, timestamp);
            if self.end.is_some_and(|end| timestamp < end) {
                self.late += 1;
                if self.late > LATE {
                    return Inserted::Foreign;
                }
            } else {
                self.late = 0;
            }
        }
        inserted
    }

    /// The timestamp of the next sample to be given.
    fn head(&self) -> Option<i64> {
        Some(self.end? + self.concealed - (self.samples.len() / self.decoder.channels()) as i64)
    }

    /// The playout delay that is aimed at, µs.
    fn target(&self) -> i64 {
        self.delay.target() + if self.losses >= LOSSES { REDUNDANCY_WAIT } else { 0 }
    }

    fn pull(&mut self, now: Instant, stats: &mut SoundStats) -> Option<Vec<f32>> {
        self.drop_late();
        if self.end.is_none() && !self.begin(now) {
            return None;
        }
        self.leap(now);
        while self.samples.len() < BLOCK_FRAMES * self.decoder.channels() {
            self.fill(now, stats);
        }
        self.adapt(now, stats);
        Some(self.samples.drain(..BLOCK_FRAMES * self.decoder.channels()).collect())
    }

    /// Whether the first packet has waited long enough.
    fn begin(&mut self, now: Instant) -> bool {
        let Some(first) = self.packets.first() else { return false };
        if self.delay.playout(now, first.timestamp + BLOCK) < self.target() {
            return false;
        }
        self.end = Some(first.timestamp);
        self.sequence = first.sequence - 1;
        true
    }

    fn drop_late(&mut self) {
        let Some(end) = self.end else { return };
        while self.packets.first().is_some_and(|first| first.timestamp < end) {
            self.packets.take_first();
        }
    }

    /// Throws away what is hopelessly old, after the page or the network stood still.
    fn leap(&mut self, now: Instant) {
        let target = self.target();
        let Some(head) = self.head() else { return };
        if self.delay.playout(now, head + BLOCK) - target < HOPELESS {
            return;
        }
        while let Some(first) = self.packets.first()
            && self.delay.playout(now, first.timestamp + BLOCK) > target
        {
            let first = first.clone();
            self.packets.take_first();
            self.samples.clear();
            self.end = Some(first.timestamp + first.frames as i64);
            self.sequence = first.sequence;
            self.concealed = 0;
            self.pulls.clear();
        }
    }

    /// Decodes, recovers or makes up at least a little.
    fn fill(&mut self, now: Instant, stats: &mut SoundStats) {
        let (Some(first), Some(end)) = (self.packets.first(), self.end) else {
            return self.conceal(BLOCK, stats);
        };
        let missing = first.timestamp - end - self.concealed;
        let due = self.delay.playout(now, first.timestamp + BLOCK) >= self.target();
        // No packet is missing, so nothing was said: the delay is set anew.
        let pause = first.timestamp > end && first.sequence == self.sequence + 1;
        let go_on = if pause { due } else { missing < CONCEAL_STEP || (due && self.concealed >= LONG_LOSS) };
        if go_on {
            if !pause && first.timestamp > end && first.repeats() {
                self.losses += 1.0;
            }
            self.count_concealed(stats, !pause);
            return self.decode(now, stats);
        }
        let frames = first.frames as i64;
        if !pause
            && (frames..frames + BLOCK).contains(&missing)
            && missing % CONCEAL_STEP == 0
            && first.repeats()
        {
            let payload = first.payload.clone();
            if let Some(samples) = self.decoder.recover(&payload, missing as usize) {
                self.samples.extend(samples);
                self.concealed += missing;
                return;
            }
        }
        let most = if pause || missing < CONCEAL_STEP { BLOCK } else { missing.min(BLOCK) };
        self.conceal(most / CONCEAL_STEP * CONCEAL_STEP, stats);
    }

    /// The first packet becomes samples.
    fn decode(&mut self, now: Instant, stats: &mut SoundStats) {
        let Some(packet) = self.packets.take_first() else { return };
        let Waiting { timestamp, sequence, arrived, captured_at, frames, channels, payload } = packet;
        if channels > self.decoder.channels()
            && let Some(decoder) = Decoder::new(channels)
        {
            self.decoder = decoder;
            self.samples = self.samples.iter().flat_map(|sample| [*sample, *sample]).collect();
        }
        let waits = self.samples.len() / self.decoder.channels() + frames / 2;
        self.end = Some(timestamp + frames as i64);
        self.sequence = sequence;
        self.concealed = 0;
        self.losses *= LOSS_FORGET;
        match self.decoder.decode(&payload) {
            Some(samples) => self.samples.extend(samples),
            None => {
                // It said how long it is, and no more: as if it were lost.
                self.end = Some(timestamp);
                self.conceal(frames as i64, stats);
                self.end = Some(timestamp + frames as i64);
                self.concealed = 0;
                return;
            }
        }
        if let Some(captured) = captured_at {
            self.anchor = Some((timestamp, captured));
        }
        let waited = now.saturating_duration_since(arrived).as_secs_f64() + waits as f64 / 48_000.0;
        stats.delay += waited * frames as f64;
        stats.emitted += frames as u64;
    }

    fn conceal(&mut self, frames: i64, stats: &mut SoundStats) {
        let count = usize::try_from(frames).unwrap_or(BLOCK_FRAMES);
        let made_up = if self.concealed < SILENCE_AFTER { self.decoder.conceal(count) } else { None };
        let level = made_up.map_or(0.0, rms);
        match made_up {
            Some(samples) => self.samples.extend(samples),
            None => self.samples.extend(std::iter::repeat_n(0.0, count * self.decoder.channels())),
        }
        self.concealed += frames;
        self.uncounted.0 += count as u64;
        if level < SILENT {
            self.uncounted.1 += count as u64;
        }
        if self.concealed > LONGEST_PAUSE {
            self.count_concealed(stats, true);
        }
    }

    /// It is known now whether something was lost, or nothing was said.
    fn count_concealed(&mut self, stats: &mut SoundStats, lost: bool) {
        let (all, silent) = std::mem::take(&mut self.uncounted);
        if lost && all > 0 {
            stats.concealed += all;
            stats.silent_concealed += silent;
            if self.concealed <= LONGEST_PAUSE + BLOCK {
                stats.concealment_events += 1;
            }
        }
    }

    /// Plays faster or slower when the delay is not what it should be.
    fn adapt(&mut self, now: Instant, stats: &mut SoundStats) {
        let (Some(head), target) = (self.head(), self.target()) else { return };
        if self.pulls.len() == PULLS {
            self.pulls.pop_front();
        }
        self.pulls.push_back(self.delay.playout(now, head + BLOCK));
        self.repose = self.repose.saturating_sub(1);
        if self.concealed > 0 || self.pulls.len() < PULLS {
            return;
        }
        let excess = self.pulls.iter().min().copied().unwrap_or_default() - target;
        let hurry = excess > FAR_TOO_LONG;
        if (-TOO_SHORT..TOO_LONG).contains(&excess) || (self.repose > 0 && !hurry) {
            return;
        }
        self.look_ahead(now, stats);
        let what = if excess > 0 { Stretch::Shorter } else { Stretch::Longer };
        let alike = Alike(if hurry { 0.5 } else { 0.9 });
        let channels = self.decoder.channels();
        let most = usize::try_from((excess.abs() + TOO_SHORT) * 48 / 1000).unwrap_or_default();
        // A block has to be left.
        let spare = (self.samples.len() / channels).saturating_sub(BLOCK_FRAMES);
        let most = if what == Stretch::Shorter { most.min(spare) } else { most };
        let frames = stretch(&mut self.samples, channels, what, most, alike);
        if frames == 0 {
            return;
        }
        self.repose = REPOSE;
        let change = frames as i64 * 1000 / 48;
        let change = match what {
            Stretch::Shorter => {
                stats.removed += frames as u64;
                -change
            }
            Stretch::Longer => {
                stats.inserted += frames as u64;
                change
            }
        };
        for pull in &mut self.pulls {
            *pull += change;
        }
    }

    /// Decodes what is there without a gap, for stretching to have something to look at.
    fn look_ahead(&mut self, now: Instant, stats: &mut SoundStats) {
        while self.samples.len() < AHEAD * self.decoder.channels()
            && self.packets.first().is_some_and(|first| Some(first.timestamp) == self.end)
        {
            self.decode(now, stats);
        }
    }
}
