//! What connections tell: answers, events, and media for the page.

use std::time::Instant;

use tokio_tungstenite::tungstenite::Message;

use super::Session;
use super::connection::{Command, Held, Report, Who};
use super::outbox::Fate;
use crate::frame::{CONTIGUOUS, Header, KEYFRAME, Kind, TEXT};
use crate::peer::Picture;
use crate::wire::{Pc, Reply};

impl Session {
    /// A connection tells something. Of one that was closed nothing is passed on.
    pub(super) fn report(&mut self, who: Who, report: Held<Report>) {
        let (pc, since, report) = (who.pc, report.since, report.what);
        let known = self.connections.get(&pc).is_some_and(|open| open.serial == who.serial);
        if !known {
            if let Report::Reply { id, reply } = report {
                // The page asked before it closed.
                self.answer(id, reply);
            }
            return;
        }
        let now = Instant::now();
        match report {
            Report::Reply { id, reply } => {
                if let Ok(Reply::Remote { media, .. }) = &reply {
                    self.lips.agreed(pc, media);
                }
                self.answer(id, reply);
            }
            Report::Event(event) => self.tell_event(pc, event),
            Report::Picture(picture) => self.show(now, since, pc, &picture),
            Report::Sound { line, packet } => self.sound.received(now, pc, line, packet),
            Report::Data { channel, text, data } => {
                let header = Header {
                    kind: Kind::Data,
                    flags: if text { TEXT } else { 0 },
                    codec: 0,
                    pc,
                    stream: channel,
                    hold_ms: 0,
                    time: 0,
                };
                self.outbox.push(Message::binary(header.frame(&data)));
            }
            Report::Loss { line, fraction } => {
                if let Some(source) = self.routes.lost(pc, line, fraction) {
                    self.sound.set_demand(source, self.routes.demand(source));
                }
            }
            // The page closes it in its own time; what it wishes of it until then is refused.
            Report::Ended => self.forget(pc),
        }
    }

    fn show(&mut self, now: Instant, since: Instant, pc: Pc, picture: &Picture) {
        let Self { lips, sound, .. } = self;
        let line = picture.line;
        let hold_ms = lips.hold(now, pc, line, picture.captured_at, |voice| sound.heard_at(now, pc, voice));
        let flag = |set, flag| if set { flag } else { 0 };
        let header = Header {
            kind: Kind::Picture,
            flags: flag(picture.keyframe, KEYFRAME) | flag(picture.contiguous, CONTIGUOUS),
            codec: picture.codec,
            pc,
            stream: u32::from(line),
            hold_ms,
            time: picture.time,
        };
        let message = Message::binary(header.frame(&picture.data));
        if self.outbox.push_picture(now, since, (pc, line), picture.keyframe, message) == Fate::AskKeyframe {
            self.hint(pc, Command::WantKeyframe(line));
        }
    }
}
