//! What windows ask for, and which hub it belongs to.

use earshot_protocol::hub::IceServer;
use earshot_protocol::{
    ErrorCode, FromNode, HubRef, OwnerReply, OwnerRequest, Request, RequestId, RoomRef, ToNode, Welcome,
};
use tokio::sync::{mpsc, oneshot};

use super::hubs::{HubKey, Purpose};
use super::{Core, now_ms};

impl Core {
    pub(super) fn attach(
        &mut self,
        attached: oneshot::Sender<Result<(u64, mpsc::Receiver<FromNode>), ErrorCode>>,
    ) {
        let id = self.number();
        let result = self.windows.attach(id).map(|messages| (id, messages));
        let good = result.is_ok();
        if attached.send(result).is_err() {
            self.detach(id);
            return;
        }
        if good {
            let welcome = self.welcome();
            self.windows.tell(id, FromNode::Welcome(welcome));
            let state = self.state();
            self.windows.tell(id, FromNode::State(Box::new(state)));
            self.tell_rooms_to(id);
        }
    }

    fn welcome(&self) -> Welcome {
        let ice_servers: Vec<IceServer> = self.settings.current().ice_servers;
        Welcome {
            version: earshot_protocol::VERSIONS[0],
            you: self.own,
            hub: HubRef { device: self.own, addresses: self.addresses.clone() },
            title: String::new(),
            people: self.people_for_windows(),
            // Told right after, hub by hub.
            rooms: Vec::new(),
            ice_servers,
            // A window's connection is within this machine and is never resumed.
            resume: earshot_protocol::ResumeToken([0; 32]),
            phrase: None,
            resumed: false,
        }
    }

    pub(super) fn window_said(&mut self, window: u64, message: ToNode) {
        if !self.windows.contains(window) {
            return;
        }
        if self.windows.spoke(window) {
            self.hand_out_link();
        }
        match message {
            ToNode::Request { id, request } => match request.check() {
                Ok(()) => self.window_asks(window, id, request),
                Err(code) => self.windows.answer(window, id, Err(code)),
            },
            ToNode::Owner { id, request: OwnerRequest::SetPhrase { phrase } } => {
                self.set_phrase(window, id, phrase);
            }
            ToNode::Owner { id, request } => {
                let answer = match self.owner_asks(window, request) {
                    Ok(reply) => FromNode::OwnerOk { id, reply },
                    Err(code) => FromNode::OwnerError { id, code },
                };
                self.windows.tell(window, answer);
            }
        }
    }

    fn window_asks(&mut self, window: u64, id: RequestId, request: Request) {
        if let Request::FindRoom { code } = request {
            if let Err(code) = self.find_room(window, id, code) {
                self.windows.answer(window, id, Err(code));
            }
            return;
        }
        match self.route(window, request) {
            Ok((hub, purpose, request)) => self.ask(hub, Some((window, id)), purpose, request),
            Err(code) => self.windows.answer(window, id, Err(code)),
        }
    }

    /// Finds the hub that a request belongs to, and what its answer will mean.
    fn route(&mut self, window: u64, request: Request) -> Result<(HubKey, Purpose, Request), ErrorCode> {
        Ok(match request {
            // A person's name and status are settings; where the own hub is reached is the node's to know.
            Request::SetPerson { .. }
            | Request::SetBlocked { .. }
            | Request::SetAddresses { .. }
            | Request::Return { .. }
            | Request::WhereIs { .. }
            | Request::HoldRoom { .. }
            | Request::YieldRoom { .. }
            | Request::SetWhereabouts { .. }
            // Asked of many hubs at once: see `find_room`.
            | Request::FindRoom { .. } => {
                return Err(ErrorCode::NotAllowed);
            }
            Request::CreateRoom { via, rules, media } => {
                let hub = match via {
                    None => HubKey::Own,
                    Some(hub) if hub == self.own => HubKey::Own,
                    Some(hub) if Some(hub) == self.server_hub() => HubKey::Server,
                    Some(_) => return Err(ErrorCode::ServerDown),
                };
                (hub, Purpose::Create { media }, Request::CreateRoom { via: None, rules, media })
            }
            Request::Join { room, media, password } => {
                let (hub, id) = (self.hub_of(&room)?, room.room);
                (hub, Purpose::Enter { room: id, media }, Request::Join { room, media, password })
            }
            Request::LookAt { room } => (self.hub_of(&room)?, Purpose::Look, Request::LookAt { room }),
            Request::WaitForPlace { room } => {
                let (hub, id) = (self.hub_of(&room)?, room.room);
                (hub, Purpose::Wait { room: id }, Request::WaitForPlace { room })
            }
            Request::Withdraw { room } => {
                let wait = self.waits.remove(&room).filter(|wait| wait.window == window);
                let hub = wait.ok_or(ErrorCode::NotInRoom)?.hub;
                (hub, Purpose::Other, Request::Withdraw { room })
            }
            Request::SetRules { room, .. }
            | Request::Admit { room, .. }
            | Request::Remove { room, .. }
            | Request::HandOver { room, .. }
            | Request::TakeHost { room } => {
                let seat = self.rooms.get(&room).filter(|seat| seat.window == window);
                (seat.ok_or(ErrorCode::NotInRoom)?.hub, Purpose::Other, request)
            }
            Request::EndRoom { room } => {
                let seat = self.rooms.get(&room).filter(|seat| seat.window == window);
                (seat.ok_or(ErrorCode::NotInRoom)?.hub, Purpose::End { room }, request)
            }
            Request::Ring { to, mut room, media } => {
                if to == self.own {
                    return Err(ErrorCode::RingSelf);
                }
                let hub = if Some(room.hub.device) == self.server_hub() {
                    HubKey::Server
                } else if self.people.is_on_lan(&to) {
                    self.link_to(to, &[])?
                } else {
                    return Err(ErrorCode::PersonUnknown);
                };
                if room.hub.device == self.own {
                    // The window may have heard of older addresses.
                    room.hub = self.own_ref();
                }
                let purpose = Purpose::Ring { to, media, room: room.room, at: now_ms() };
                (hub, purpose, Request::Ring { to, room, media })
            }
            Request::Leave { room } => {
                let Some(seat) = self.rooms.get(&room).filter(|seat| seat.window == window) else {
                    // Its hub may be gone while people talked on.
                    self.talk_ends(window, room);
                    return Err(ErrorCode::NotInRoom);
                };
                let hub = seat.hub;
                // Its hub may not answer any more.
                self.moving_left(room);
                (hub, Purpose::Leave { room }, Request::Leave { room })
            }
            Request::CancelRing { ring } => {
                let seat = self.rings.get(&ring).filter(|seat| seat.window == Some(window));
                let hub = seat.ok_or(ErrorCode::RingUnknown)?.hub;
                (hub, Purpose::EndRing, Request::CancelRing { ring })
            }
            Request::AnswerRing { ring, answer } => {
                let seat = self.rings.get(&ring).filter(|seat| seat.window.is_none());
                let hub = seat.ok_or(ErrorCode::RingUnknown)?.hub;
                (hub, Purpose::EndRing, Request::AnswerRing { ring, answer })
            }
            Request::Signal { room, to, signal } => {
                let seat = self.rooms.get(&room).filter(|seat| seat.window == window);
                let hub = seat.ok_or(ErrorCode::NotInRoom)?.hub;
                (hub, Purpose::Other, Request::Signal { room, to, signal })
            }
        })
    }

    /// The hub of a room that a window is not in, linked to.
    pub(super) fn hub_of(&mut self, room: &RoomRef) -> Result<HubKey, ErrorCode> {
        if room.hub.device == self.own {
            Ok(HubKey::Own)
        } else if Some(room.hub.device) == self.server_hub() {
            Ok(HubKey::Server)
        } else {
            self.link_to(room.hub.device, &room.hub.addresses)
        }
    }

    fn owner_asks(&mut self, window: u64, request: OwnerRequest) -> Result<OwnerReply, ErrorCode> {
        let store_failed = |error: crate::store::StoreError| {
            tracing::warn!(%error, "the history failed");
            ErrorCode::StoreFailed
        };
        match request {
            OwnerRequest::ChangeSettings { change } => self.change_settings(&change)?,
            OwnerRequest::ListCalls => {
                let calls = self.store.calls().map_err(store_failed)?;
                return Ok(OwnerReply::Calls { calls });
            }
            OwnerRequest::MarkCallsSeen => {
                self.store.mark_seen().map_err(store_failed)?;
                self.calls_changed();
            }
            OwnerRequest::ClearCalls => {
                self.store.clear_calls().map_err(store_failed)?;
                self.calls_changed();
            }
            OwnerRequest::Watch { watching } => {
                self.windows.watch(window, watching);
                if watching {
                    self.probe_people();
                }
                self.look_for_rooms();
            }
            OwnerRequest::Seal { hub, room, to, description } => {
                return self.seal(window, (hub, room), to, description);
            }
            OwnerRequest::Open { hub, room, from, description } => {
                return self.open(window, (hub, room), from, description);
            }
            OwnerRequest::Verify { hub, room, with, step } => {
                return self.verify(window, (hub, room), with, step);
            }
            OwnerRequest::ListDevices => return Ok(OwnerReply::Devices { devices: self.memory.list() }),
            OwnerRequest::RememberDevice { device } => self.remember_device(&device)?,
            OwnerRequest::RenameDevice { device, name } => self.rename_device(&device, name)?,
            OwnerRequest::AcceptName { device } => self.accept_name(&device)?,
            OwnerRequest::BlockDevice { device, blocked } => self.block_device(&device, blocked)?,
            OwnerRequest::ForgetDevice { device } => self.forget_device(&device)?,
            // Answered when the key is made, so that it does not come here.
            OwnerRequest::SetPhrase { .. } => return Err(ErrorCode::Internal),
            OwnerRequest::DismissNotes => self.dismiss_notes()?,
            OwnerRequest::OpenInBrowser => (self.open_in_browser)()?,
            OwnerRequest::Quit => {
                self.quit.send_replace(true);
            }
        }
        Ok(OwnerReply::Done)
    }

    /// Windows that read too slowly are told so and detached.
    pub(super) fn drop_slow_windows(&mut self) {
        for window in self.windows.take_slow() {
            tracing::warn!("a window reads too slowly and was detached");
            self.detach(window);
        }
    }
}
