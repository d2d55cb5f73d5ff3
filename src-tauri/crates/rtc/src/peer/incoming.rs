//! Pictures and sound that come.

use std::time::{Duration, Instant, UNIX_EPOCH};

use str0m::media::{KeyframeRequestKind, MediaData};

use super::codecs::CodecId;
use super::lines::receives;
use super::{Output, Peer, Picture};
use crate::sound::SoundPacket;
use crate::wire::{Event, Fault, Kind, Line, Reply};

/// Keyframes are asked for at most so often.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(250);

/// When the sender captured what has this RTP timestamp, µs on its NTP clock (RFC 3550, section 6.4.1).
fn captured_at(data: &MediaData, clock_rate: u32) -> Option<u64> {
    // Before the first packet a report has no RTP time to tell.
    let report = data.last_sender_info.filter(|report| report.sender_packet_count > 0)?;
    let reported = report.ntp_time.duration_since(UNIX_EPOCH).ok()?.as_micros();
    let ticks = (data.time.numer() as u32).wrapping_sub(report.rtp_time.numer() as u32) as i32;
    let since = i64::from(ticks) * 1_000_000 / i64::from(clock_rate);
    u64::try_from(reported).ok()?.checked_add_signed(since)
}

impl Peer {
    pub(super) fn media(&mut self, data: MediaData) {
        let Some(number) = self.line_of(data.mid) else { return };
        let Some(codec) = CodecId::of_engine(&data.params) else { return };
        let Some(line) = self.lines.get_mut(usize::from(number)) else { return };
        if line.refused.is_some() || !receives(line.direction) || Some(codec.kind()) != line.kind() {
            return;
        }
        let (first, last) = (**data.seq_range.start(), **data.seq_range.end());
        let receiver = &mut line.receiver;
        if let Some(before) = receiver.sequence {
            receiver.lost += first.saturating_sub(before + 1);
            // One that was counted as lost has come late.
            if first <= before {
                receiver.lost = receiver.lost.saturating_sub(1);
            }
        }
        receiver.sequence = Some(receiver.sequence.map_or(last, |before| before.max(last)));
        receiver.came += last.saturating_sub(first) + 1;
        receiver.frames += 1;
        receiver.last = Some(self.now);
        receiver.codec = Some(codec);
        if !std::mem::replace(&mut receiver.told, true) {
            self.outputs.push_back(Output::Event(Event::Came { line: number }));
        }
        if codec.kind() == Kind::Audio {
            self.voice(number, last, &data);
            return;
        }
        let keyframe = data.is_keyframe();
        receiver.keyframes += u64::from(keyframe);
        if keyframe {
            receiver.wants_keyframe = false;
        }
        self.outputs.push_back(Output::Picture(Picture {
            line: number,
            codec: codec.byte(),
            keyframe,
            contiguous: data.contiguous,
            time: (u128::from(data.time.numer()) * 100 / 9) as u64,
            captured_at: captured_at(&data, 90_000),
            data: data.data,
        }));
    }

    fn voice(&mut self, line: Line, sequence: u64, data: &MediaData) {
        let ssrc = self.rtc.direct_api().stream_rx_by_mid(data.mid, None).map(|stream| *stream.ssrc());
        let level = data.ext_vals.audio_level.map_or(127, |level| level.unsigned_abs().min(127));
        self.outputs.push_back(Output::Sound {
            line,
            packet: SoundPacket {
                timestamp: data.time.numer() as u32,
                sequence: sequence as u16,
                marker: data.audio_start_of_talk_spurt,
                level,
                ssrc: ssrc.unwrap_or_default(),
                captured_at: captured_at(data, 48_000),
                payload: data.data.clone(),
            },
        });
    }

    /// The decoder of a line cannot go on.
    pub(super) fn want_keyframe(&mut self, line: Line) -> Result<Reply, Fault> {
        let found = self.lines.get_mut(usize::from(line)).ok_or(Fault::Closed)?;
        found.receiver.wants_keyframe = true;
        self.ask_keyframes();
        Ok(Reply::Done)
    }

    /// Asks where it is due.
    pub(super) fn ask_keyframes(&mut self) {
        let now = self.now;
        for line in &mut self.lines {
            let is_due = line.receiver.asked.is_none_or(|asked| now >= asked + BETWEEN_REQUESTS);
            if !line.receiver.wants_keyframe || !is_due {
                continue;
            }
            line.receiver.wants_keyframe = false;
            line.receiver.asked = Some(now);
            let mid = line.engine_mid();
            if let Some(mut writer) = self.rtc.writer(mid) {
                // Before the first packet there is nobody to ask; the first picture is a keyframe.
                let _ = writer.request_keyframe(None, KeyframeRequestKind::Pli);
            }
        }
    }

    pub(super) fn keyframe_deadline(&self) -> Option<Instant> {
        let waiting = self.lines.iter().filter(|line| line.receiver.wants_keyframe);
        waiting.map(|line| line.receiver.asked.map_or(self.now, |asked| asked + BETWEEN_REQUESTS)).min()
    }
}
