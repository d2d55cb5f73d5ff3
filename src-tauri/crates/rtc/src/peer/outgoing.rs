//! Pictures and sound on their way out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::media::{Frequency, MediaTime};

use super::codecs::CodecId;
use super::{Peer, Picture};
use crate::sound::SoundPacket;
use crate::wire::{Event, Kind, Line};

/// A picture larger than this is not one.
const MAX_PICTURE_BYTES: usize = crate::wire::MAX_BINARY_BYTES;
/// Capture times further away than this from now are a broken clock: sender reports then go by the time of sending.
const MAX_AGE: Duration = Duration::from_secs(10);
/// How often a coder is asked for the keyframe that ends a gap made here.
const BETWEEN_KEYFRAMES: Duration = Duration::from_millis(500);

impl Peer {
    /// The page's clock showed `page` µs at `at`: by this the capture times of pictures and of sound become the times
    /// of sender reports. Told before the first picture or sound, and again when the estimate moves.
    pub fn clock(&mut self, page: u64, at: Instant) {
        self.clock = Some((page, at));
    }

    /// When the page's clock showed `time` µs; now at the latest. The estimate of that clock may be a little ahead, and
    /// for a moment in the future the engine tells a sender report without its RTP time.
    fn captured(&self, time: u64) -> Instant {
        let (page, at) = self.clock.unwrap_or((time, self.now));
        let moment = if time >= page {
            at.checked_add(Duration::from_micros(time - page))
        } else {
            at.checked_sub(Duration::from_micros(page - time))
        };
        moment
            .filter(|moment| self.now.saturating_duration_since(*moment) < MAX_AGE)
            .map_or(self.now, |moment| moment.min(self.now))
    }

    /// A picture of the page's.
    pub fn picture(&mut self, now: Instant, picture: Picture) {
        self.now = now;
        let captured = self.captured(picture.time);
        let is_connected = self.rtc.is_connected();
        let is_late = self.is_behind(usize::from(picture.line));
        let Some(line) = self.lines.get_mut(usize::from(picture.line)) else { return };
        let Some(codec) = line.sent().filter(|codec| codec.kind() == Kind::Video) else { return };
        if codec.byte() != picture.codec || picture.data.is_empty() || picture.data.len() > MAX_PICTURE_BYTES
        {
            return;
        }
        // Nothing piles up: what the line does not carry is left out whole, up to the next keyframe.
        if !is_connected || is_late || (line.sender.broken && !picture.keyframe) {
            line.sender.dropped += 1;
            line.sender.broken = true;
            let is_asked = line.sender.asked.is_some_and(|asked| now < asked + BETWEEN_KEYFRAMES);
            if is_connected && !is_late && !is_asked {
                line.sender.asked = Some(now);
                self.event(Event::KeyframeWanted { line: picture.line });
            }
            return;
        }
        line.sender.broken = false;
        line.sender.frames += 1;
        let mid = line.engine_mid();
        let data = if codec == CodecId::Vp8 { picture.data } else { annex_b(picture.data) };
        // 90 kHz of µs.
        let time = (u128::from(picture.time) * 9 / 100) as u64;
        let time = MediaTime::new(time, Frequency::NINETY_KHZ);
        self.write(mid, codec, captured, time, data, None);
        self.drain();
    }

    /// 20 ms of a line's voice.
    pub fn sound(&mut self, now: Instant, line: Line, packet: SoundPacket) {
        self.now = now;
        let captured = packet.captured_at.map_or(now, |time| self.captured(time));
        let is_connected = self.rtc.is_connected();
        let Some(line) = self.lines.get_mut(usize::from(line)) else { return };
        let Some(codec) = line.sent().filter(|codec| codec.kind() == Kind::Audio) else { return };
        if !is_connected || packet.payload.is_empty() || !line.sender.encoding.active {
            return;
        }
        line.sender.frames += 1;
        // The engine wants a time that only grows; packets count 32 bits.
        let time = match line.sender.last {
            Some((last, _)) => {
                last.wrapping_add_signed(i64::from(packet.timestamp.wrapping_sub(last as u32) as i32))
            }
            // Far from 0, so that an earlier packet has a time, too.
            None => (1 << 40) | u64::from(packet.timestamp),
        };
        line.sender.last = Some((time, captured));
        let mid = line.engine_mid();
        let level = i8::try_from(packet.level).map_or(-127, |level| -level);
        let voice = Some((level, packet.marker));
        self.write(
            mid,
            codec,
            captured,
            MediaTime::new(time, Frequency::FORTY_EIGHT_KHZ),
            packet.payload,
            voice,
        );
        self.drain();
    }

    fn write(
        &mut self,
        mid: str0m::media::Mid,
        codec: CodecId,
        captured: Instant,
        time: MediaTime,
        data: Arc<[u8]>,
        voice: Option<(i8, bool)>,
    ) {
        let is_sending =
            self.rtc.media(mid).is_some_and(|media| media.direction().is_sending() && !media.stopped());
        // Without a stream of its own a line would break the whole connection at the next poll.
        if !is_sending || self.rtc.direct_api().stream_tx_by_mid(mid, None).is_none() {
            return;
        }
        let Some(mut writer) = self.rtc.writer(mid) else { return };
        let of = |parameters: &&str0m::format::PayloadParams| CodecId::of_engine(parameters) == Some(codec);
        let Some(payload_type) = writer.payload_params().find(of).map(|parameters| parameters.pt()) else {
            return;
        };
        if let Some((level, starts)) = voice {
            writer = writer.audio_level(level, level > -50).start_of_talkspurt(starts);
        }
        if let Err(error) = writer.write(payload_type, captured, time, data) {
            tracing::debug!("not sent: {error}");
        }
    }

    /// What is queued would take too long to leave.
    fn is_behind(&mut self, line: usize) -> bool {
        const MOST: Duration = Duration::from_millis(600);
        let Some(mid) = self.lines.get(line).map(|line| line.engine_mid()) else { return false };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return false };
        let oldest = stream.queue_info().and_then(|info| info.first_unsent());
        oldest.is_some_and(|oldest| self.now.saturating_duration_since(oldest) > MOST)
    }

    /// They cannot go on without a keyframe.
    pub(super) fn keyframe_wanted(&mut self, mid: str0m::media::Mid) {
        if let Some(line) = self.line_of(mid) {
            self.event(Event::KeyframeWanted { line });
        }
    }

    /// The way is open: what was coded before went nowhere.
    pub(super) fn keyframes_wanted(&mut self) {
        for at in 0..self.lines.len() {
            let sends = self.lines[at].sent().is_some_and(|codec| codec.kind() == Kind::Video);
            if let (true, Ok(line)) = (sends, Line::try_from(at)) {
                self.event(Event::KeyframeWanted { line });
            }
        }
    }
}

/// H.264 with start codes (ITU-T H.264, annex B), of what may have lengths of four bytes instead (ISO/IEC 14496-15).
fn annex_b(data: Arc<[u8]>) -> Arc<[u8]> {
    const START: [u8; 4] = [0, 0, 0, 1];
    if data.starts_with(&START) || data.starts_with(&START[1..]) {
        return data;
    }
    let mut bytes = data.to_vec();
    let mut at = 0;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = length.try_into().map_or(0, u32::from_be_bytes) as usize;
        if length == 0 || length > bytes.len() - at - 4 {
            // Neither the one nor the other: the engine sees what it makes of it.
            return data;
        }
        bytes[at..at + 4].copy_from_slice(&START);
        at += 4 + length;
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_start_codes() {
        let lengths: Arc<[u8]> = [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 3, 0x65, 2, 3][..].into();
        assert_eq!(&annex_b(lengths)[..], [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x65, 2, 3]);
        for same in [&[0, 0, 0, 1, 0x67, 1][..], &[0, 0, 1, 0x67], &[0, 0, 0, 9, 1], &[]] {
            assert_eq!(&annex_b(same.into())[..], same);
        }
    }
}
