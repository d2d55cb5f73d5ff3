//! What the page sends: wishes as text, media as binary frames.

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Message;

use super::connection::{self, Command, Held, Surroundings, Who, kilobytes};
use super::{COMMAND_KILOBYTES, COMMAND_QUEUE, Open, Session, Stuck};
use crate::frame::{CODECS, Header, KEYFRAME, Kind, TEXT};
use crate::peer::{Peer, Picture};
use crate::wire::{
    Configuration, Event, Fault, FromPage, Line, MAX_BINARY_BYTES, MAX_CONNECTIONS, MAX_MESSAGE_BYTES, Pc,
    Reply, Request, ToPage,
};

/// Captured sound in one frame: a second of stereo.
const MAX_SOUND_BYTES: usize = 48_000 * 2 * 4;

/// What can be read of a request that is not understood.
#[derive(Deserialize)]
struct Unknown {
    id: u32,
}

impl Session {
    /// A frame of the page's.
    pub(super) fn frame(&mut self, frame: Message) {
        match frame {
            Message::Text(text) => match serde_json::from_str::<FromPage>(&text) {
                Ok(FromPage { id, request }) => self.request(id, request),
                Err(_) => match serde_json::from_str::<Unknown>(&text) {
                    Ok(Unknown { id }) => self.answer(id, Err(Fault::NotSupportedError)),
                    Err(_) => tracing::debug!("a page sent text that is none of ours"),
                },
            },
            Message::Binary(bytes) => match Header::read(&bytes) {
                Some((header, payload)) if payload.len() <= MAX_BINARY_BYTES => self.media(header, payload),
                _ => tracing::debug!("a page sent a frame that is none of ours"),
            },
            _ => {}
        }
    }

    pub(super) fn answer(&self, id: u32, reply: Result<Reply, Fault>) {
        self.tell(&match reply {
            Ok(reply) => ToPage::Reply { id, reply },
            Err(fault) => ToPage::Refused { id, fault, message: sentence(fault).to_owned() },
        });
    }

    fn request(&mut self, id: u32, request: Request) {
        let done = match request {
            Request::Open { pc, configuration } => self.open(pc, &configuration),
            Request::Close { pc } => self.close_connection(pc),
            Request::OpenSource { source, options } => self.routes.open(source).and_then(|()| {
                self.sound.open_source(source, options).inspect_err(|_| {
                    // It was opened a line above.
                    let _ = self.routes.close(source);
                })
            }),
            Request::CloseSource { source } => {
                self.routes.close(source).inspect(|()| self.sound.close_source(source))
            }
            Request::Attach { pc, line, source } => self.attach(pc, line, source),
            Request::SetConfiguration { pc, .. }
            | Request::CreateOffer { pc, .. }
            | Request::CreateAnswer { pc, .. }
            | Request::SetLocal { pc, .. }
            | Request::Rollback { pc }
            | Request::SetRemote { pc, .. }
            | Request::AddCandidate { pc, .. }
            | Request::OpenChannel { pc, .. }
            | Request::CloseChannel { pc, .. }
            | Request::SetChannelLow { pc, .. }
            | Request::SetSender { pc, .. }
            | Request::WantKeyframe { pc, .. }
            | Request::GetStats { pc } => {
                let sound = match &request {
                    Request::GetStats { .. } => self.sound.stats(pc),
                    Request::SetSender { line, encoding, .. } => {
                        self.limit(pc, *line, encoding.max_bitrate);
                        Vec::new()
                    }
                    _ => Vec::new(),
                };
                // The connection answers.
                return self.deliver(pc, Command::Request { id, request, sound }, 0);
            }
        };
        self.answer(id, done.map(|()| Reply::Done));
    }

    fn open(&mut self, pc: Pc, configuration: &Configuration) -> Result<(), Fault> {
        if self.connections.contains_key(&pc) {
            return Err(Fault::InvalidStateError);
        }
        // Those that still say goodbye count, too.
        if self.connections.len() >= MAX_CONNECTIONS || self.tasks.len() >= 2 * MAX_CONNECTIONS {
            return Err(Fault::QuotaExceededError);
        }
        let now = Instant::now();
        let peer = Peer::new(now, configuration)?;
        self.last_serial += 1;
        let who = Who { pc, serial: self.last_serial };
        let (commands, queue) = mpsc::channel(COMMAND_QUEUE);
        let surroundings = Surroundings {
            reports: self.reports.clone(),
            names: Arc::clone(&self.names),
            interfaces: self.interfaces.clone(),
        };
        let task = self.tasks.spawn(connection::run(who, peer, queue, surroundings));
        self.running.insert(task.id(), who);
        let room = Arc::new(Semaphore::new(COMMAND_KILOBYTES as usize));
        self.connections.insert(pc, Open { serial: who.serial, commands, room, starved: Vec::new() });
        if let Some(moment) = self.clock.moment(now) {
            self.hint(pc, Command::Clock { page: moment.page, at: moment.at });
        }
        Ok(())
    }

    fn close_connection(&mut self, pc: Pc) -> Result<(), Fault> {
        // The end of its commands closes it.
        self.connections.remove(&pc).ok_or(Fault::Closed)?;
        self.forget(pc);
        Ok(())
    }

    /// Drops what is kept about a connection.
    pub(super) fn forget(&mut self, pc: Pc) {
        self.sound.close(pc);
        self.lips.forget(pc);
        self.outbox.forget(pc);
        for source in self.routes.forget(pc) {
            self.sound.set_demand(source, self.routes.demand(source));
        }
    }

    fn attach(&mut self, pc: Pc, line: Line, source: Option<u32>) -> Result<(), Fault> {
        if !self.connections.contains_key(&pc) {
            return Err(Fault::Closed);
        }
        let before = self.routes.attach(pc, line, source)?;
        for source in before.into_iter().chain(source) {
            self.sound.set_demand(source, self.routes.demand(source));
        }
        Ok(())
    }

    /// What a voice line may take; of other lines nothing is carried here.
    fn limit(&mut self, pc: Pc, line: Line, max_bitrate: Option<u32>) {
        if !self.connections.contains_key(&pc) || usize::from(line) >= crate::wire::MAX_LINES {
            return;
        }
        if let Some(source) = self.routes.limit(pc, line, max_bitrate) {
            self.sound.set_demand(source, self.routes.demand(source));
        }
    }

    fn media(&mut self, header: Header, payload: &[u8]) {
        let now = Instant::now();
        match header.kind {
            Kind::Picture => self.picture(now, header, payload),
            Kind::Captured => {
                if !self.routes.is_open(header.stream)
                    || payload.len() > MAX_SOUND_BYTES
                    || !payload.len().is_multiple_of(4)
                {
                    return;
                }
                self.arrived(now, header.time);
                let samples: Vec<f32> = payload
                    .chunks_exact(4)
                    .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                    .collect();
                for coded in self.sound.captured(now, header.stream, header.time, &samples) {
                    for (pc, line) in self.routes.carrying(coded.source) {
                        let command = Command::Sound { line, packet: coded.packet.clone() };
                        // 20 ms are lost where a connection is behind by hundreds of commands.
                        self.hint(pc, command);
                    }
                }
            }
            Kind::Played => {
                let Ok(line) = Line::try_from(header.stream) else { return };
                if !self.connections.contains_key(&header.pc) {
                    return;
                }
                for block in self.sound.played(now, header.pc, line, header.time, header.hold_ms) {
                    let header = Header {
                        kind: Kind::Sound,
                        flags: 0,
                        codec: block.channels,
                        hold_ms: 0,
                        time: 0,
                        ..header
                    };
                    let bytes: Vec<u8> =
                        block.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
                    self.outbox.push(Message::binary(header.frame(&bytes)));
                }
            }
            Kind::Data => {
                if payload.len() > MAX_MESSAGE_BYTES {
                    return;
                }
                let text = header.flags & TEXT != 0;
                let command = Command::Data { channel: header.stream, text, data: payload.to_vec() };
                self.deliver(header.pc, command, payload.len());
            }
            // Goes the other way.
            Kind::Sound => {}
        }
    }

    fn picture(&mut self, now: Instant, header: Header, payload: &[u8]) {
        let Ok(line) = Line::try_from(header.stream) else { return };
        if header.codec == 0 || usize::from(header.codec) >= CODECS.len() {
            return;
        }
        self.arrived(now, header.time);
        let Some(open) = self.connections.get_mut(&header.pc) else { return };
        let keyframe = header.flags & KEYFRAME != 0;
        let starved = open.starved.contains(&line);
        if starved && !keyframe {
            return;
        }
        let picture = Picture {
            line,
            codec: header.codec,
            keyframe,
            contiguous: true,
            time: header.time,
            captured_at: None,
            data: payload.into(),
        };
        let sent = open.offer(Command::Picture(picture), payload.len()).is_ok();
        if sent {
            open.starved.retain(|of| *of != line);
        } else if !starved && open.starved.len() < crate::wire::MAX_LINES {
            // What follows refers to it: the encoder begins anew.
            open.starved.push(line);
            self.tell_event(header.pc, Event::KeyframeWanted { line });
        }
    }

    /// A frame of this time of the page's clock has arrived.
    fn arrived(&mut self, now: Instant, time: u64) {
        if let Some(moment) = self.clock.arrived(now, time) {
            for open in self.connections.values() {
                let _ = open.offer(Command::Clock { page: moment.page, at: moment.at }, 0);
            }
        }
    }

    /// Tells a connection something that may be lost when it is far behind.
    pub(super) fn hint(&self, pc: Pc, command: Command) {
        if let Some(open) = self.connections.get(&pc) {
            let _ = open.offer(command, 0);
        }
    }

    /// Tells a connection something that may not be lost: where it has no room, the page is not read before it has.
    fn deliver(&mut self, pc: Pc, command: Command, bytes: usize) {
        let Some(open) = self.connections.get(&pc) else { return self.undeliverable(pc, command) };
        let Err(command) = open.offer(command, bytes) else { return };
        if open.commands.is_closed() {
            return self.undeliverable(pc, command);
        }
        self.stuck = Some(Stuck {
            who: Who { pc, serial: open.serial },
            command,
            kilobytes: kilobytes(bytes),
            commands: open.commands.clone(),
            room: Arc::clone(&open.room),
        });
    }

    /// There is no such connection any more.
    pub(super) fn undeliverable(&mut self, _: Pc, command: Command) {
        if let Command::Request { id, .. } = command {
            self.answer(id, Err(Fault::Closed));
        }
    }
}

impl Open {
    /// Gives the command back when there is no room for it.
    fn offer(&self, command: Command, bytes: usize) -> Result<(), Command> {
        let room = if bytes == 0 {
            None
        } else {
            match Arc::clone(&self.room).try_acquire_many_owned(kilobytes(bytes)) {
                Ok(room) => Some(room),
                Err(_) => return Err(command),
            }
        };
        self.commands.try_send(Held::new(command, room)).map_err(|error| error.into_inner().what)
    }
}

/// For a developer.
fn sentence(fault: Fault) -> &'static str {
    match fault {
        Fault::OperationError => "It could not be read or done.",
        Fault::InvalidStateError => "Not in this state.",
        Fault::InvalidAccessError => "A parameter is out of its range.",
        Fault::InvalidModificationError => "It is not what was made.",
        Fault::NotSupportedError => "This is not built.",
        Fault::Closed => "There is none such, or it is closed.",
        Fault::QuotaExceededError => "There are too many.",
    }
}
