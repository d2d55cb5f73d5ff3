//! The lies themselves: what becomes of each message on its way from the hub to a person. No socket, no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use earshot_identity::{DeviceKey, sdp};
use earshot_protocol::hub::{Candidate, Description, DescriptionKind, Participant, Signal};
use earshot_protocol::seal::{Envelope, description_to_sign};
use earshot_protocol::{
    DeviceId, DeviceKind, Digest, Event, FromHub, HubMessage, Presence, Reply, RoomId, Seal, Standing, Trust,
    VERSIONS,
};

use super::orders::{Act, Attack, Forging, Told};

/// A signal on its way, as the page in the middle hears and says it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Passing {
    pub(super) room: RoomId,
    pub(super) from: DeviceId,
    pub(super) to: DeviceId,
    pub(super) signal: Signal,
}

/// Who said what to whom.
type Way = (DeviceId, DeviceId, DescriptionKind);

/// What the attacker knows and has been told to do.
pub(super) struct Tamper {
    key: Arc<DeviceKey>,
    sequence: u64,
    attack: Attack,
    /// The first description of each way in the first room that was seen, and in the latest.
    earliest: BTreeMap<Named, (RoomId, Description)>,
    latest: BTreeMap<Named, (RoomId, Description)>,
    /// In the order of being made.
    rooms: Vec<RoomId>,
    told: Told,
}

/// A [`Way`] that can be sorted.
type Named = (DeviceId, DeviceId, bool);

fn named((from, to, kind): Way) -> Named {
    (from, to, kind == DescriptionKind::Answer)
}

/// What is to become of an event.
pub(super) enum Fate {
    /// These are said instead, often just itself.
    Said(Vec<Event>),
    /// The page in the middle hears of it, and nobody else.
    Middle(Passing),
}

impl Tamper {
    pub(super) fn new(key: Arc<DeviceKey>) -> Self {
        Self {
            key,
            sequence: 1 << 50,
            attack: Attack::Honest,
            earliest: BTreeMap::new(),
            latest: BTreeMap::new(),
            rooms: Vec::new(),
            told: Told::default(),
        }
    }

    pub(super) fn order(&mut self, attack: Attack) {
        self.attack = attack;
        self.told = Told::default();
    }

    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }

    fn lie(&mut self, line: impl Into<String>) {
        self.told.lies.push(line.into());
    }

    /// What is said in place of a message that the hub has for `viewer`. Events have fates of their own.
    pub(super) fn message(&mut self, mut message: FromHub) -> FromHub {
        match &mut message {
            FromHub::Welcome(welcome) => welcome.people.iter_mut().for_each(|one| self.presence(one)),
            FromHub::Message { message: HubMessage::Ok { reply: Reply::Room(room), .. }, .. } => {
                if !self.rooms.contains(&room.room.room) {
                    self.rooms.push(room.room.room);
                }
                room.participants.iter_mut().for_each(|one| self.participant(one));
            }
            _ => {}
        }
        message
    }

    pub(super) fn event(&mut self, viewer: DeviceId, mut event: Event) -> Fate {
        match &mut event {
            Event::PersonHere { presence } => self.presence(presence),
            Event::Ringing { from, .. } => self.presence(from),
            Event::ParticipantJoined { participant, .. } => self.participant(participant),
            // Both shall find out by themselves, not because the other has gone.
            Event::ParticipantLeft { .. } if matches!(self.attack, Attack::Middle { .. }) => {
                self.lie("hid that somebody has left");
                return Fate::Said(Vec::new());
            }
            _ => {}
        }
        let Event::Signal { room, from, signal } = event else { return Fate::Said(vec![event]) };
        let passing = Passing { room, from, to: viewer, signal };
        if let Signal::Description { description } = &passing.signal {
            self.keep(&passing, description);
        }
        if matches!(self.attack, Attack::Middle { .. }) {
            return Fate::Middle(passing);
        }
        Fate::Said(
            self.signals(passing).into_iter().map(|signal| Event::Signal { room, from, signal }).collect(),
        )
    }

    fn keep(&mut self, passing: &Passing, description: &Description) {
        let way = named((passing.from, passing.to, description.kind));
        let kept = (passing.room, description.clone());
        self.earliest.entry(way).or_insert_with(|| kept.clone());
        let latest = self.latest.entry(way).or_insert_with(|| kept.clone());
        if latest.0 != passing.room {
            *latest = kept;
        }
        let line =
            format!("{:?} to {:?}: {:?} {}", passing.from, passing.to, description.kind, description.round);
        self.told.descriptions.push(line);
    }

    fn signals(&mut self, passing: Passing) -> Vec<Signal> {
        let Passing { room, from, to, signal } = passing;
        let Signal::Description { mut description } = signal else { return vec![signal] };
        let mut more = Vec::new();
        match self.attack.clone() {
            Attack::SwapFingerprints => {
                description.sdp = with_own_fingerprints(&description.sdp);
                self.lie(format!("swapped the fingerprints of an {}", word(description.kind)));
            }
            Attack::StripSeals => {
                let had = description.seal.take().is_some();
                self.lie(format!(
                    "stripped an {} ({})",
                    word(description.kind),
                    if had { "sealed" } else { "bare" }
                ));
            }
            Attack::ReplayEarlier | Attack::ReplayInSameRoom => {
                if let Some((_, earlier)) =
                    self.earliest.get(&named((from, to, description.kind))).filter(|(kept, _)| *kept != room)
                {
                    description = earlier.clone();
                    self.lie(format!("replayed the {} of an earlier call", word(description.kind)));
                }
            }
            Attack::MisleadCandidates { bare, foreign } => {
                let candidate = |address: std::net::SocketAddr, ufrag: Option<&str>| {
                    let tail = ufrag.map(|ufrag| format!(" ufrag {ufrag}")).unwrap_or_default();
                    let line = format!(
                        "candidate:1 1 udp 2130706431 {} {} typ host generation 0{tail}",
                        address.ip(),
                        address.port()
                    );
                    Signal::Candidate {
                        candidate: Some(Candidate {
                            candidate: line,
                            sdp_mid: Some("0".to_owned()),
                            sdp_m_line_index: Some(0),
                            username_fragment: ufrag.map(str::to_owned),
                        }),
                    }
                };
                more.extend([candidate(bare, None), candidate(foreign, Some("Evil"))]);
                self.lie("added candidates");
            }
            Attack::Honest
            | Attack::Middle { .. }
            | Attack::MoveRoom { .. }
            | Attack::Swap { .. }
            | Attack::ClaimKind { .. }
            | Attack::ClaimStanding => {}
        }
        std::iter::once(Signal::Description { description }).chain(more).collect()
    }

    /// What the page in the middle says in somebody's name, with or without a seal.
    pub(super) fn forge(&mut self, hub: DeviceId, mut passing: Passing) -> Passing {
        let Signal::Description { description } = &mut passing.signal else { return passing };
        let Attack::Middle { forging } = self.attack else { return passing };
        let way = named((passing.from, passing.to, description.kind));
        description.seal = match forging {
            Forging::Strip => None,
            // Who has refused the offer made no answer whose seal could be kept.
            Forging::Keep => self
                .latest
                .get(&way)
                .filter(|(room, _)| *room == passing.room)
                .and_then(|(_, kept)| kept.seal.clone())
                .or_else(|| self.own_seal(hub, passing.room, passing.to, description)),
            Forging::Own => self.own_seal(hub, passing.room, passing.to, description),
        };
        let (kind, sealed) = (word(description.kind), description.seal.is_some());
        self.lie(format!("replaced an {kind} ({forging:?}{})", if sealed { ", sealed" } else { "" }));
        passing
    }

    /// A seal that is good in everything but whose it is.
    fn own_seal(
        &mut self,
        hub: DeviceId,
        room: RoomId,
        to: DeviceId,
        description: &Description,
    ) -> Option<Seal> {
        let (key, kind) = (self.key.public_key(), DeviceKind::Install);
        self.sequence += 1;
        let envelope = Envelope { hub: &hub, room: &room, to: &to, answers: &Digest([0; 32]) };
        let essence = sdp::essence(&description.sdp).ok()?;
        let signed =
            description_to_sign(VERSIONS[0], &envelope, description, (&key, kind, self.sequence), &essence);
        Some(Seal { key, kind, sequence: self.sequence, signature: self.key.sign(&signed) })
    }

    /// What an order to act at once makes the hub say.
    pub(super) fn act(&mut self, act: Act) -> Option<Passing> {
        let (from, to, signal) = match act {
            Act::Say { from, to, signal } => {
                self.lie("said something in another's name");
                (from, to, signal)
            }
            Act::ReplayOffer { from, to, round } => {
                let (_, mut description) =
                    self.latest.get(&named((from, to, DescriptionKind::Offer)))?.clone();
                description.round = round.unwrap_or(description.round);
                self.lie("replayed an offer within its call");
                (from, to, Signal::Description { description })
            }
        };
        let either = |way: &Named| (way.0, way.1) == (from, to) || (way.0, way.1) == (to, from);
        let (_, (room, _)) = self.latest.iter().rfind(|(way, _)| either(way))?;
        Some(Passing { room: *room, from, to, signal })
    }

    /// A message as `viewer` is shown it, or, the other way round, as the hub is: swapping twice changes nothing.
    pub(super) fn swap(&mut self, viewer: DeviceId, mut text: String) -> String {
        match self.attack.clone() {
            Attack::Swap { viewer: deceived, texts } if deceived == viewer => {
                for (one, other) in texts {
                    text = swapped(&text, &one, &other);
                }
            }
            Attack::MoveRoom { viewer: deceived } if deceived == viewer => {
                let rooms: Vec<_> =
                    self.rooms.iter().map(|room| (room.to_string(), elsewhere(room).to_string())).collect();
                for (real, shown) in rooms {
                    text = swapped(&text, &real, &shown);
                }
            }
            Attack::ReplayInSameRoom => {
                if let (Some(first), Some(latest)) = (self.rooms.first(), self.rooms.last()) {
                    text = swapped(&text, &latest.to_string(), &first.to_string());
                }
            }
            _ => {}
        }
        text
    }

    fn presence(&mut self, presence: &mut Presence) {
        match self.attack {
            Attack::ClaimKind { kind } if presence.kind != DeviceKind::Install => presence.kind = kind,
            Attack::ClaimStanding => {
                presence.standing = Some(Standing {
                    name: "Boss".to_owned(),
                    trust: Trust::Verified,
                    blocked: false,
                    warning: None,
                });
                self.lie("called somebody verified");
            }
            _ => {}
        }
    }

    fn participant(&mut self, participant: &mut Participant) {
        if let Attack::ClaimKind { kind } = self.attack
            && participant.kind != DeviceKind::Install
        {
            participant.kind = kind;
            self.lie("claimed another kind of device");
        }
    }
}

fn word(kind: DescriptionKind) -> &'static str {
    match kind {
        DescriptionKind::Offer => "offer",
        DescriptionKind::Answer => "answer",
    }
}

fn elsewhere(room: &RoomId) -> RoomId {
    RoomId(room.0.map(|byte| !byte))
}

/// `text` with each `one` in place of each `other`, and the other way round.
fn swapped(text: &str, one: &str, other: &str) -> String {
    let pieces: Vec<String> = text.split(one).map(|piece| piece.replace(other, one)).collect();
    pieces.join(other)
}

/// The SDP with the fingerprint of a certificate that its sender does not have.
pub(super) fn with_own_fingerprints(sdp: &str) -> String {
    let own: Vec<String> = (0..32_u8).map(|byte| format!("{:02X}", byte.wrapping_mul(7) ^ 0xE5)).collect();
    let own = format!("a=fingerprint:sha-256 {}", own.join(":"));
    let lines =
        sdp.split("\r\n").map(|line| if line.starts_with("a=fingerprint:") { own.as_str() } else { line });
    lines.collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_swapped_twice_is_as_before() {
        let text = r#"{"a":"bob","b":"eve","c":"bobby"}"#;
        let lie = swapped(text, "\"bob\"", "\"eve\"");
        assert_eq!(lie, r#"{"a":"eve","b":"bob","c":"bobby"}"#);
        assert_eq!(swapped(&lie, "\"bob\"", "\"eve\""), text);
    }

    #[test]
    fn fingerprints_are_swapped_and_nothing_else() {
        let sdp = "v=0\r\na=ice-ufrag:abcd\r\na=fingerprint:sha-256 00:11\r\na=mid:0\r\n";
        let lie = with_own_fingerprints(sdp);
        assert!(lie.starts_with("v=0\r\na=ice-ufrag:abcd\r\na=fingerprint:sha-256 E5:E2:"));
        assert!(lie.ends_with("\r\na=mid:0\r\n"));
    }
}
