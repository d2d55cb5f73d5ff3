//! A person at a node, as tests see them.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(missing_docs, unreachable_pub, clippy::expect_used, reason = "for tests only")]

pub mod air;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_discovery::{Discovery, InterfaceChoice};
use earshot_identity::DeviceKey;
use earshot_identity::seal::{Notary, Seals};
use earshot_node::{Node, Options, StartError, Window};
use earshot_protocol::hub::{Description, DescriptionKind, RingAnswer, RingEnd, RoomState};
use earshot_protocol::owner::{CallRecord, NodeState, SettingsChange};
use earshot_protocol::{
    DeviceId, DeviceKind, ErrorCode, Event, FromNode, HubMessage, KnownDevice, Media, OwnerEvent, OwnerReply,
    OwnerRequest, Presence, Reply, Request, RingId, RoomRef, RoomRules, Standing, ToNode,
};
use tempfile::TempDir;
use tokio::time::Instant;

pub const PATIENCE: Duration = Duration::from_secs(10);

/// A node with one window, and what the window has heard but not yet asked for.
pub struct Person {
    pub node: Node,
    pub window: Window,
    pub heard: Vec<FromNode>,
    pub next: u32,
    pub folder: TempDir,
}

pub fn options(folder: &Path, name: &str) -> Options {
    Options { data_dir: Some(folder.to_owned()), name: Some(name.into()), ..Options::default() }
}

pub async fn start(ether: &Ether, options: &Options) -> Result<Node, StartError> {
    let find = |announcement, _: InterfaceChoice| {
        let (handle, events) = ether.join(announcement)?;
        Ok((Box::new(handle) as Box<dyn Discovery>, events))
    };
    Node::start_with(options, find, notary).await
}

/// What the product seals with.
pub fn notary(key: Arc<DeviceKey>) -> Box<dyn Seals> {
    Box::new(Notary::new(key, DeviceKind::Install))
}

impl Person {
    pub async fn arrive(ether: &Ether, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let node = start(ether, &options(folder.path(), name)).await.expect("starts");
        let window = node.attach().await.expect("attaches");
        Self { node, window, heard: Vec::new(), next: 0, folder }
    }

    pub fn device(&self) -> DeviceId {
        self.node.device()
    }

    /// The first message that `pick` takes, of those heard or still to come.
    pub async fn hear<T>(&mut self, what: &str, mut pick: impl FnMut(&FromNode) -> Option<T>) -> T {
        if let Some(found) = self.heard.iter().position(|message| pick(message).is_some()) {
            let message = self.heard.remove(found);
            return pick(&message).expect("just picked");
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = tokio::time::timeout_at(deadline, self.window.next())
                .await
                .unwrap_or_else(|_| panic!("never heard: {what}; heard {:?}", self.heard))
                .unwrap_or_else(|| panic!("detached before: {what}"));
            if let Some(picked) = pick(&message) {
                return picked;
            }
            self.heard.push(message);
        }
    }

    pub async fn event<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        self.hear(what, |message| match message {
            FromNode::Message { message: HubMessage::Event { event }, .. } => pick(event),
            _ => None,
        })
        .await
    }

    pub async fn ask(&mut self, request: Request) -> Result<Reply, ErrorCode> {
        self.next += 1;
        let asked = self.next;
        self.window.say(ToNode::Request { id: asked, request }).await;
        self.hear("an answer", |message| match message {
            FromNode::Message { message: HubMessage::Ok { id, reply }, .. } if *id == asked => {
                Some(Ok(reply.clone()))
            }
            FromNode::Message { message: HubMessage::Error { id, code }, .. } if *id == asked => {
                Some(Err(*code))
            }
            _ => None,
        })
        .await
    }

    pub async fn own(&mut self, request: OwnerRequest) -> Result<OwnerReply, ErrorCode> {
        self.next += 1;
        let asked = self.next;
        self.window.say(ToNode::Owner { id: asked, request }).await;
        self.hear("an owner's answer", |message| match message {
            FromNode::OwnerOk { id, reply } if *id == asked => Some(Ok(reply.clone())),
            FromNode::OwnerError { id, code } if *id == asked => Some(Err(*code)),
            _ => None,
        })
        .await
    }

    pub async fn calls(&mut self) -> Vec<CallRecord> {
        match self.own(OwnerRequest::ListCalls).await {
            Ok(OwnerReply::Calls { calls }) => calls,
            other => panic!("{other:?}"),
        }
    }

    pub async fn sees(&mut self, device: DeviceId, mut good: impl FnMut(&Presence) -> bool) -> Presence {
        self.hear("somebody in the list", |message| match message {
            FromNode::Message {
                message: HubMessage::Event { event: Event::PersonHere { presence } },
                ..
            } if presence.device == device && good(presence) => Some(presence.clone()),
            FromNode::Welcome(welcome) => {
                welcome.people.iter().find(|presence| presence.device == device && good(presence)).cloned()
            }
            _ => None,
        })
        .await
    }

    pub async fn state(&mut self, what: &str, mut good: impl FnMut(&NodeState) -> bool) -> NodeState {
        self.hear(what, |message| match message {
            FromNode::State(state) if good(state) => Some(NodeState::clone(state)),
            _ => None,
        })
        .await
    }

    /// The standing of a device that this window hears of in a room or a ring.
    pub async fn stands(&mut self, device: DeviceId, mut good: impl FnMut(&Standing) -> bool) -> Standing {
        self.hear("a standing", |message| match message {
            FromNode::Owner { event: OwnerEvent::Standing { device: told, standing } }
                if *told == device && good(standing) =>
            {
                Some(standing.clone())
            }
            _ => None,
        })
        .await
    }

    /// Waits for `time` and says whether anything came meanwhile, or had come before, that `pick` takes.
    pub async fn hears_within(&mut self, time: Duration, pick: impl FnMut(&FromNode) -> bool) -> bool {
        let deadline = Instant::now() + time;
        while let Ok(message) = tokio::time::timeout_at(deadline, self.window.next()).await {
            self.heard.push(message.expect("still attached"));
        }
        self.heard.iter().any(pick)
    }

    /// Whether it rings here within `time`.
    pub async fn rings_within(&mut self, time: Duration) -> bool {
        self.hears_within(time, |message| {
            matches!(
                message,
                FromNode::Message { message: HubMessage::Event { event: Event::Ringing { .. } }, .. }
            )
        })
        .await
    }

    /// Everybody who is remembered.
    pub async fn devices(&mut self) -> Vec<KnownDevice> {
        match self.own(OwnerRequest::ListDevices).await {
            Ok(OwnerReply::Devices { devices }) => devices,
            other => panic!("{other:?}"),
        }
    }

    /// Asks what is answered by `done`.
    pub async fn does(&mut self, request: OwnerRequest) {
        assert_eq!(self.own(request).await, Ok(OwnerReply::Done));
    }

    pub async fn change(&mut self, change: SettingsChange) {
        self.does(OwnerRequest::ChangeSettings { change: Box::new(change) }).await;
    }

    pub async fn seal(
        &mut self,
        room: &RoomRef,
        to: DeviceId,
        description: Description,
    ) -> Result<Description, ErrorCode> {
        let request = OwnerRequest::Seal { hub: room.hub.device, room: room.room, to, description };
        match self.own(request).await? {
            OwnerReply::Sealed { description } => Ok(description),
            other => panic!("{other:?}"),
        }
    }

    pub async fn opens(
        &mut self,
        room: &RoomRef,
        from: DeviceId,
        description: Description,
    ) -> Result<(Description, DeviceKind), ErrorCode> {
        let request = OwnerRequest::Open { hub: room.hub.device, room: room.room, from, description };
        match self.own(request).await? {
            OwnerReply::Opened { description, kind } => Ok((description, kind)),
            other => panic!("{other:?}"),
        }
    }

    pub async fn open_room(&mut self, via: Option<DeviceId>) -> RoomState {
        match self.ask(Request::CreateRoom { via, rules: RoomRules::open_to(2), media: Media::Video }).await {
            Ok(Reply::Room(room)) => room,
            other => panic!("{other:?}"),
        }
    }

    pub async fn ring(&mut self, to: DeviceId, room: &RoomRef) -> Result<RingId, ErrorCode> {
        match self.ask(Request::Ring { to, room: room.clone(), media: Media::Video }).await? {
            Reply::Ring { ring } => Ok(ring),
            other => panic!("{other:?}"),
        }
    }

    pub async fn is_rung(&mut self) -> (RingId, Presence, RoomRef) {
        self.event("a ring", |event| match event {
            Event::Ringing { ring, from, room, .. } => Some((*ring, from.clone(), room.clone())),
            _ => None,
        })
        .await
    }

    pub async fn ring_ends(&mut self, ring: RingId) -> RingEnd {
        self.event("the ring's end", |event| match event {
            Event::RingEnded { ring: ended, end } if *ended == ring => Some(end.clone()),
            _ => None,
        })
        .await
    }

    pub async fn answer(&mut self, ring: RingId, answer: RingAnswer) {
        assert_eq!(self.ask(Request::AnswerRing { ring, answer }).await, Ok(Reply::Done));
    }

    pub async fn join(&mut self, room: &RoomRef) -> RoomState {
        match self.ask(Request::Join { room: room.clone(), media: Media::Voice, password: None }).await {
            Ok(Reply::Room(room)) => room,
            other => panic!("{other:?}"),
        }
    }
}

/// An offer as a browser makes it, as far as a seal looks at it.
pub fn an_offer(round: u32) -> Description {
    let fingerprint = vec!["AB"; 32].join(":");
    let sdp = format!(
        "v=0\r\no=- 1 {round} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
         a=ice-ufrag:uf{round:02}\r\na=ice-pwd:private-ice-password-00\r\na=fingerprint:sha-256 {fingerprint}\r\n"
    );
    Description { kind: DescriptionKind::Offer, sdp, round, seal: None }
}

/// Ann and Bob in a call in Ann's room; the ring has been accepted and both are in.
pub async fn call(ann: &mut Person, bob: &mut Person, via: Option<DeviceId>) -> (RoomRef, RingId) {
    let room = ann.open_room(via).await.room;
    let ring = ann.ring(bob.device(), &room).await.expect("rings");
    let (heard, from, at) = bob.is_rung().await;
    assert_eq!((heard, from.device, at.room), (ring, ann.device(), room.room));
    assert_eq!(from.via, via);
    bob.answer(ring, RingAnswer::Accepted).await;
    assert_eq!(ann.ring_ends(ring).await, RingEnd::Accepted);
    assert_eq!(bob.ring_ends(ring).await, RingEnd::Accepted);
    let state = bob.join(&at).await;
    assert_eq!(state.participants.iter().map(|one| one.device).collect::<Vec<_>>(), [ann.device()]);
    let newcomer = ann
        .event("a newcomer", |event| match event {
            Event::ParticipantJoined { participant, .. } => Some(participant.device),
            _ => None,
        })
        .await;
    assert_eq!(newcomer, bob.device());
    (room, ring)
}
