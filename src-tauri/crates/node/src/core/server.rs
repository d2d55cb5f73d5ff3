//! The link to the signaling server.

use earshot_protocol::hub::LeaveReason;
use earshot_protocol::owner::ServerState;
use earshot_protocol::{DeviceId, ErrorCode, Event, HubRef, Presence, Reply, Request, RoomId, RoomRef};
use earshot_signaling::link::{Link, LinkEvent, ServerUrl, Target};
use earshot_signaling::reconnect::Policy;

use super::hubs::{HubKey, Purpose, close, forward};
use super::{Core, Input};

/// The link to the server whose URL is set.
pub(super) struct ServerLink {
    pub(super) link: Link,
    pub(super) generation: u64,
    pub(super) url: String,
    /// Known from the first welcome on.
    pub(super) hub: Option<DeviceId>,
    /// The link stands now.
    pub(super) up: bool,
}

impl Core {
    /// The server's device id, once it has said hello.
    pub(super) fn server_hub(&self) -> Option<DeviceId> {
        self.server.as_ref().and_then(|server| server.hub)
    }

    /// Follows the settings: links to the server, or to another one, or to none.
    pub(super) fn link_server(&mut self) {
        let url = self.settings.current().signaling_url;
        if self.server.as_ref().map(|server| server.url.as_str()).unwrap_or_default() == url {
            return;
        }
        if let Some(server) = self.server.take() {
            close(server.link);
            self.fail_pending(HubKey::Server, ErrorCode::ServerDown);
            self.hub_forgot(HubKey::Server);
            self.listing_ended(HubKey::Server, ErrorCode::ServerDown);
            let events = self.people.server_closed();
            self.tell_people(events);
        }
        if url.is_empty() {
            self.server_state = ServerState::None;
            return;
        }
        if let Err(code) = ServerUrl::parse(&url) {
            self.server_state = ServerState::Refused { code };
            return;
        }
        let generation = self.number();
        let (link, events) = Link::open(
            self.key.clone(),
            Target::Url(url.clone()),
            self.said_person.clone(),
            Policy::server(),
            None,
        );
        forward(events, self.inbox.clone(), move |event| Input::Server { generation, event });
        self.server = Some(ServerLink { link, generation, url, hub: None, up: false });
        self.server_state = ServerState::Connecting { code: None };
    }

    pub(super) fn server_said(&mut self, generation: u64, event: LinkEvent) {
        let Some(server) = self.server.as_mut().filter(|server| server.generation == generation) else {
            return;
        };
        match event {
            LinkEvent::Up(welcome) => {
                let hub = welcome.hub.device;
                server.hub = Some(hub);
                server.up = true;
                let title = if welcome.title.is_empty() { host_of(&server.url) } else { welcome.title };
                self.server_state = ServerState::Connected { hub, title };
                if !welcome.resumed {
                    self.place_lost(HubKey::Server);
                    self.say_blocked(HubKey::Server);
                }
                let events = self.people.server_list(hub, welcome.people);
                self.tell_state();
                self.tell_people(events);
                let resumed = welcome.resumed;
                self.heard_rooms(HubKey::Server, resumed, welcome.rooms);
                if !resumed {
                    self.rejoin(&welcome.hub);
                }
            }
            LinkEvent::Answered { tag, result } => self.answered(tag, result),
            // It may come back, and the room with it: then `rejoin` tells what became of it.
            LinkEvent::Said(Event::RoomClosed { room, reason: LeaveReason::HubGone })
                if self.rooms.get(&room).is_some_and(|seat| seat.hub == HubKey::Server) => {}
            LinkEvent::Said(event) => self.hub_event(HubKey::Server, event),
            LinkEvent::Down { code, .. } => {
                server.up = false;
                self.server_state = ServerState::Connecting { code: Some(code) };
                let events = self.people.server_down();
                self.tell_people(events);
                self.tell_state();
                self.listing_down(HubKey::Server, code);
            }
            LinkEvent::Ended { code } => {
                server.up = false;
                server.hub = None;
                self.server_state = ServerState::Refused { code };
                self.fail_pending(HubKey::Server, code);
                self.hub_forgot(HubKey::Server);
                self.listing_ended(HubKey::Server, code);
                let events = self.people.server_closed();
                self.tell_people(events);
                self.tell_state();
            }
        }
    }

    /// The server has come anew, and knows the rooms of before: back into those that windows are in.
    fn rejoin(&mut self, hub: &HubRef) {
        for room in self.rooms_at(HubKey::Server) {
            let Some(media) = self.rooms.get(&room).map(|seat| seat.media) else { continue };
            let there = RoomRef { hub: hub.clone(), room };
            let request = Request::Return { room: there, media, password: None };
            self.ask(HubKey::Server, None, Purpose::Rejoin { room }, request);
        }
    }

    /// The answer to it.
    pub(super) fn rejoined(&mut self, room: RoomId, result: &Result<Reply, ErrorCode>) {
        let here = self.rooms.get(&room).is_some_and(|seat| seat.hub == HubKey::Server);
        match result {
            Ok(Reply::Room(state)) if !here || state.room.room != room => {
                self.ask(HubKey::Server, None, Purpose::Other, Request::Leave { room: state.room.room });
            }
            Ok(Reply::Room(state)) => self.room_entered_again(HubKey::Server, state.clone()),
            // The link is gone again; the next welcome tries anew.
            Err(ErrorCode::LinkLost | ErrorCode::ServerDown) => {}
            other => {
                if matches!(other, Ok(Reply::Knocking)) {
                    self.ask(HubKey::Server, None, Purpose::Other, Request::Withdraw { room });
                }
                if here {
                    let closed = Event::RoomClosed { room, reason: LeaveReason::HubGone };
                    self.hub_event(HubKey::Server, closed);
                }
            }
        }
    }

    /// A change of the server's directory. What a person's own hub says of itself is known from the network.
    pub(super) fn server_person(&mut self, hub: HubKey, device: DeviceId, presence: Option<Presence>) {
        if hub == HubKey::Server && device != self.own {
            let events = self.people.server_changed(device, presence);
            self.tell_people(events);
        }
    }
}

/// The host of a URL, for people.
fn host_of(url: &str) -> String {
    ServerUrl::parse(url).map(|url| url.host().to_owned()).unwrap_or_default()
}
