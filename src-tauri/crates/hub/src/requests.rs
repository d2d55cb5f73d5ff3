//! What a visitor says once they are in.

use earshot_protocol::hub::{HubMessage, LeaveReason};
use earshot_protocol::limits::MAX_REQUESTS;
use earshot_protocol::{DeviceId, ErrorCode, FromHub, Reply, Request, RequestId, ToHub};

use crate::place::PlaceId;
use crate::{ConnectionId, Fresh, Hub};

/// Who asks, and the number of what they ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) place: PlaceId,
    pub(crate) device: DeviceId,
    pub(crate) id: RequestId,
}

impl Hub {
    /// A visitor says something. On a connection that has been closed meanwhile it is not heard.
    pub(crate) fn said(&mut self, connection: ConnectionId, message: ToHub, fresh: Fresh) {
        let Some(&id) = self.connections.get(&connection) else { return };
        let Some(place) = self.places.get_mut(&id) else { return };
        place.replaced = None;
        let count = place.rate.count(self.now);
        if matches!(message, ToHub::Goodbye) {
            return self.end_place(id, LeaveReason::Left);
        }
        if count > 2 * MAX_REQUESTS {
            return self.cut(id, Some(ErrorCode::TooManyRequests));
        }
        match message {
            ToHub::Ping { seen } => {
                place.mailbox.seen(seen);
                self.send(connection, FromHub::Pong);
            }
            ToHub::Request { id: request_id, request } => {
                // A request sent again after a dropped connection: its answer has been kept.
                if request_id <= place.last_request {
                    return;
                }
                place.last_request = request_id;
                let asker = Asker { place: id, device: place.device, id: request_id };
                let result = if count > MAX_REQUESTS {
                    Err(ErrorCode::TooManyRequests)
                } else {
                    request.check().and_then(|()| self.carry_out(asker, request, fresh))
                };
                if let Err(code) = result {
                    self.say(id, HubMessage::Error { id: request_id, code });
                }
            }
            ToHub::Hello(_) => self.cut(id, Some(ErrorCode::Malformed)),
            ToHub::Goodbye => {}
        }
    }

    /// Carries out a request whose bounds have been checked. `Ok`: it has been answered. `Err`: nothing has happened,
    /// and it has not.
    fn carry_out(&mut self, asker: Asker, request: Request, fresh: Fresh) -> Result<(), ErrorCode> {
        match request {
            Request::SetPerson { person } => {
                self.ok(asker, Reply::Done);
                self.set_person(asker.device, person);
                Ok(())
            }
            Request::CreateRoom { via, rules, media } => self.create_room(asker, via, rules, media, fresh),
            Request::Join { room, media, password } => self.join(asker, &room, media, password.as_deref()),
            Request::Return { room, media, password } => {
                self.come_back_to(asker, &room, media, password.as_deref())
            }
            Request::WhereIs { room, home, inside } => self.where_is(asker, room, home, inside),
            Request::HoldRoom { held } => self.hold_room(asker, *held),
            Request::YieldRoom { room, to } => self.yield_room(asker, room, to),
            Request::SetWhereabouts { room, whereabouts } => self.set_whereabouts(asker, room, whereabouts),
            Request::Leave { room } => self.leave(asker, room),
            Request::LookAt { room } => self.look_at(asker, &room),
            Request::FindRoom { code } => self.find_room(asker, code),
            Request::WaitForPlace { room } => self.wait_for_place(asker, &room),
            Request::Withdraw { room } => self.withdraw(asker, room),
            Request::SetRules { room, rules } => self.set_rules(asker, room, rules),
            Request::Admit { room, device } => self.admit(asker, room, device),
            Request::Remove { room, device } => self.remove(asker, room, device),
            Request::HandOver { room, to } => self.hand_over(asker, room, to),
            Request::TakeHost { room } => self.take_host(asker, room),
            Request::EndRoom { room } => self.end_room(asker, room),
            Request::SetAddresses { addresses } => self.set_addresses(asker, addresses),
            Request::Ring { to, room, media } => self.ring(asker, to, room, media, fresh),
            Request::CancelRing { ring } => self.cancel_ring(asker, ring),
            Request::AnswerRing { ring, answer } => self.answer_ring(asker, ring, answer),
            Request::SetBlocked { devices } => {
                // Nobody sees or rings a visitor of a LAN hub: there is nothing to hide.
                if !self.is_shown(asker.device) {
                    return Err(ErrorCode::NotAllowed);
                }
                self.ok(asker, Reply::Done);
                self.set_blocked(asker.device, devices);
                Ok(())
            }
            Request::Signal { room, to, signal } => self.signal(asker, room, to, signal),
        }
    }

    /// Answers a request that is being carried out; before anything that follows from it is told.
    pub(crate) fn ok(&mut self, asker: Asker, reply: Reply) {
        self.say(asker.place, HubMessage::Ok { id: asker.id, reply });
    }
}
