//! Data channels (RFC 8831, RFC 8832). The engine has them; here are the page's numbers, and the queue before the engine's.

use std::collections::VecDeque;
use std::time::Instant;

use str0m::channel::{ChannelConfig, ChannelId, Reliability};

use super::{Output, Peer};
use crate::wire::{
    ChannelInit, ChannelKey, Event, FIRST_REMOTE_CHANNEL, Fault, MAX_CHANNELS, MAX_MESSAGE_BYTES, Reply,
};

/// Bytes that wait on all channels; a channel that goes beyond is closed, as browsers do.
const MAX_QUEUED: usize = 16 * 1024 * 1024;
/// How often a first offer with data channels may be made anew, and a channel be closed before it is open: the engine
/// keeps something of each.
const MAX_STUBS: usize = 256;
const MAX_ABANDONED: usize = 256;
/// The page is told of what has left in steps of this, and when nothing is left.
const TOLD_BYTES: usize = 16 * 1024;
/// What the engine keeps until they have answered and may have sent already: its first window is larger (RFC 9260, section
/// 7.2.1). The page is told of what waits to be sent, not of what waits for an answer, which may take a fifth of a second.
const UNDER_WAY_BYTES: usize = 4 * 1024;
/// The longest label and protocol, bytes (W3C WebRTC 1.0, section 6.1).
const MAX_NAME_BYTES: usize = 65_535;

#[derive(Debug)]
pub(super) struct Channels {
    pub(super) all: Vec<Channel>,
    next: ChannelKey,
    /// Bytes in all queues here.
    queued: usize,
    /// Stream ids that the engine has for offers of ours, and what was closed before it was open: the engine opens it all
    /// the same, and panics when one of these ids is given to it again.
    pub(super) stubs: Vec<u16>,
    abandoned: Vec<(ChannelId, Option<u16>)>,
    pub(super) opened: u32,
    pub(super) closed: u32,
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) key: ChannelKey,
    engine: ChannelId,
    pub(super) init: ChannelInit,
    /// Its stream, once it is open.
    pub(super) id: Option<u16>,
    queue: VecDeque<(bool, Vec<u8>)>,
    /// Bytes that the page has given and was not yet told to have left.
    buffered: usize,
    low: usize,
    /// Closed by the page once what waits has left.
    closing: bool,
    pub(super) sent: (u64, u64),
    pub(super) received: (u64, u64),
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            next: FIRST_REMOTE_CHANNEL,
            queued: 0,
            stubs: Vec::new(),
            abandoned: Vec::new(),
            opened: 0,
            closed: 0,
        }
    }
}

impl Channels {
    /// A description needs a line for them.
    pub(super) fn are_wanted(&self) -> bool {
        !self.all.is_empty()
    }

    /// The highest id that neither the page nor the engine has; None when there were too many.
    pub(super) fn stub(&mut self) -> Option<u16> {
        let is_taken = |id: u16| {
            self.stubs.contains(&id)
                || self
                    .all
                    .iter()
                    .any(|channel| channel.init.negotiated == Some(id) || channel.id == Some(id))
                || self.abandoned.iter().any(|(_, abandoned)| *abandoned == Some(id))
        };
        let id = (0..=u16::MAX).rev().find(|id| !is_taken(*id)).filter(|_| self.stubs.len() < MAX_STUBS)?;
        self.stubs.push(id);
        Some(id)
    }

    fn of(&mut self, key: ChannelKey) -> Result<&mut Channel, Fault> {
        self.all.iter_mut().find(|channel| channel.key == key).ok_or(Fault::Closed)
    }
}

impl Channel {
    fn queued(&self) -> usize {
        self.queue.iter().map(|(_, data)| data.len()).sum()
    }
}

fn reliability(init: &ChannelInit) -> Reliability {
    match (init.max_packet_life_time, init.max_retransmits) {
        (Some(lifetime), _) => Reliability::MaxPacketLifetime { lifetime },
        (None, Some(retransmits)) => Reliability::MaxRetransmits { retransmits },
        (None, None) => Reliability::Reliable,
    }
}

impl Peer {
    pub(super) fn open_channel(&mut self, init: ChannelInit) -> Result<Reply, Fault> {
        if self.channels.all.len() >= MAX_CHANNELS || self.channels.abandoned.len() >= MAX_ABANDONED {
            return Err(Fault::QuotaExceededError);
        }
        let is_known = self.channels.all.iter().any(|channel| channel.key == init.key);
        let is_both = init.max_packet_life_time.is_some() && init.max_retransmits.is_some();
        let is_long = init.label.len() > MAX_NAME_BYTES || init.protocol.len() > MAX_NAME_BYTES;
        if is_known
            || is_both
            || is_long
            || init.key >= FIRST_REMOTE_CHANNEL
            || init.negotiated == Some(u16::MAX)
        {
            return Err(Fault::InvalidAccessError);
        }
        if let Some(id) = init.negotiated {
            let known = &self.channels;
            let is_taken = known.stubs.contains(&id)
                || known.abandoned.iter().any(|(_, abandoned)| *abandoned == Some(id))
                || known
                    .all
                    .iter()
                    .any(|channel| channel.init.negotiated == Some(id) || channel.id == Some(id));
            // The engine panics on a stream that it has.
            if is_taken || self.rtc.direct_api().channel_id_by_sctp_stream_id(id).is_some() {
                return Err(Fault::OperationError);
            }
        }
        let engine = self.rtc.direct_api().create_data_channel(ChannelConfig {
            label: init.label.clone(),
            ordered: init.ordered,
            reliability: reliability(&init),
            negotiated: init.negotiated,
            protocol: init.protocol.clone(),
        });
        self.channels.all.push(Channel::new(engine, init));
        Ok(Reply::Done)
    }

    pub(super) fn close_channel(&mut self, key: ChannelKey) -> Result<Reply, Fault> {
        let channel = self.channels.of(key)?;
        channel.closing = true;
        if channel.id.is_none() {
            let engine = channel.engine;
            self.give_up_channel(engine);
        }
        Ok(Reply::Done)
    }

    pub(super) fn set_channel_low(&mut self, key: ChannelKey, threshold: u32) -> Result<Reply, Fault> {
        self.channels.of(key)?.low = threshold as usize;
        Ok(Reply::Done)
    }

    /// A channel's message. An empty one is dropped: the engine cannot send it.
    pub fn data(&mut self, now: Instant, channel: ChannelKey, text: bool, data: &[u8]) {
        self.now = now;
        // The engine counts an empty message and sends nothing: an ordered channel would wait for it for ever.
        if data.is_empty() {
            return;
        }
        let queued = self.channels.queued;
        let Ok(found) = self.channels.of(channel) else { return };
        if found.closing {
            return;
        }
        found.buffered += data.len();
        if data.len() > MAX_MESSAGE_BYTES || queued + data.len() > MAX_QUEUED {
            let engine = found.engine;
            self.give_up_channel(engine);
        } else {
            found.queue.push_back((text, data.to_vec()));
            self.channels.queued += data.len();
        }
        self.drain();
    }

    fn give_up_channel(&mut self, engine: ChannelId) {
        let Some(channel) = self.channels.all.iter().find(|channel| channel.engine == engine) else { return };
        if channel.id.is_none() {
            self.channels.abandoned.push((engine, channel.init.negotiated));
        }
        self.rtc.direct_api().close_data_channel(engine);
        self.channel_closed(engine);
    }

    /// The engine has opened one.
    pub(super) fn channel_opened(&mut self, engine: ChannelId) {
        let Some(id) = self.rtc.direct_api().sctp_stream_id_by_channel_id(engine) else { return };
        if let Some(channel) = self.channels.all.iter_mut().find(|channel| channel.engine == engine) {
            channel.id = Some(id);
            let key = channel.key;
            self.channels.opened += 1;
            self.event(Event::ChannelOpen { channel: key, id });
            return;
        }
        if let Some(at) = self.channels.abandoned.iter().position(|(abandoned, _)| *abandoned == engine) {
            self.channels.abandoned.remove(at);
            self.rtc.direct_api().close_data_channel(engine);
            return;
        }
        let Some(config) = self.rtc.channel(engine).and_then(|channel| channel.config().cloned()) else {
            return;
        };
        if config.negotiated.is_some() {
            // The stub of an offer.
            return;
        }
        if self.channels.all.len() >= MAX_CHANNELS || self.channels.next == ChannelKey::MAX {
            self.rtc.direct_api().close_data_channel(engine);
            return;
        }
        let (life_time, retransmits) = match config.reliability {
            Reliability::Reliable => (None, None),
            Reliability::MaxPacketLifetime { lifetime } => (Some(lifetime), None),
            Reliability::MaxRetransmits { retransmits } => (None, Some(retransmits)),
        };
        let init = ChannelInit {
            key: self.channels.next,
            label: config.label,
            ordered: config.ordered,
            max_packet_life_time: life_time,
            max_retransmits: retransmits,
            protocol: config.protocol,
            negotiated: None,
        };
        self.channels.next += 1;
        self.channels.opened += 1;
        let key = init.key;
        let mut channel = Channel::new(engine, init.clone());
        channel.id = Some(id);
        self.channels.all.push(channel);
        self.event(Event::Channel { channel: init, id });
        self.event(Event::ChannelOpen { channel: key, id });
    }

    pub(super) fn channel_data(&mut self, engine: ChannelId, text: bool, data: Vec<u8>) {
        let Some(channel) = self.channels.all.iter_mut().find(|channel| channel.engine == engine) else {
            return;
        };
        channel.received.0 += 1;
        channel.received.1 += data.len() as u64;
        let channel = channel.key;
        self.outputs.push_back(Output::Data { channel, text, data });
    }

    pub(super) fn channel_closed(&mut self, engine: ChannelId) {
        let Some(at) = self.channels.all.iter().position(|channel| channel.engine == engine) else { return };
        let channel = self.channels.all.remove(at);
        self.channels.queued -= channel.queued();
        self.channels.closed += u32::from(channel.id.is_some());
        self.event(Event::ChannelClosed { channel: channel.key });
    }

    pub(super) fn close_channels(&mut self) {
        while let Some(channel) = self.channels.all.first() {
            let engine = channel.engine;
            self.channel_closed(engine);
        }
    }

    /// Gives the engine what it takes, and tells the page what has left. True when the engine has something new.
    pub(super) fn pump_channels(&mut self) -> bool {
        let mut is_new = false;
        let mut over = Vec::new();
        let mut events = Vec::new();
        for channel in &mut self.channels.all {
            if channel.id.is_none() || (channel.buffered == 0 && !channel.closing) {
                continue;
            }
            let Some(mut engine) = self.rtc.channel(channel.engine) else { continue };
            while let Some((text, data)) = channel.queue.front() {
                match engine.write(!text, data) {
                    Ok(true) => {
                        is_new = true;
                        self.channels.queued -= data.len();
                        channel.sent.0 += 1;
                        channel.sent.1 += data.len() as u64;
                        channel.queue.pop_front();
                    }
                    Ok(false) => break,
                    // Larger than they take, or the stream is gone.
                    Err(_) => {
                        over.push(channel.engine);
                        break;
                    }
                }
            }
            let kept = engine.buffered_amount();
            let left = channel.queued() + kept.saturating_sub(UNDER_WAY_BYTES);
            let gone = channel.buffered.saturating_sub(left);
            let is_low = channel.buffered > channel.low && left <= channel.low;
            if gone >= TOLD_BYTES || (gone > 0 && (left == 0 || is_low)) {
                channel.buffered = left;
                let bytes = u32::try_from(gone).unwrap_or(u32::MAX);
                events.push(Event::ChannelSent { channel: channel.key, bytes });
                if is_low {
                    events.push(Event::ChannelLow { channel: channel.key });
                }
            }
            if channel.closing && left == 0 && kept == 0 {
                over.push(channel.engine);
            }
        }
        self.outputs.extend(events.into_iter().map(Output::Event));
        for engine in over {
            is_new = true;
            self.give_up_channel(engine);
        }
        is_new
    }
}

impl Channel {
    fn new(engine: ChannelId, init: ChannelInit) -> Self {
        Self {
            key: init.key,
            engine,
            init,
            id: None,
            queue: VecDeque::new(),
            buffered: 0,
            low: 0,
            closing: false,
            sent: (0, 0),
            received: (0, 0),
        }
    }
}
