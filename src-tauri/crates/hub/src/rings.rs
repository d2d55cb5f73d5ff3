//! Rings: one person invites another to enter a room now.

use std::collections::BTreeSet;

use earshot_protocol::hub::{RingAnswer, RingEnd};
use earshot_protocol::limits::{MAX_OPEN_RINGS, MAX_RINGS, RING_TIMEOUT};
use earshot_protocol::{DeviceId, ErrorCode, Event, Media, Reply, RingId, RoomRef};

use crate::place::PlaceId;
use crate::requests::Asker;
use crate::{Due, Fresh, Hub, Time};

/// An open ring.
#[derive(Debug)]
pub(crate) struct Ring {
    /// The place that rang: it alone may cancel.
    pub(crate) caller: PlaceId,
    /// The caller's device.
    pub(crate) from: DeviceId,
    /// The callee's device.
    pub(crate) to: DeviceId,
    /// The callee's places that were told and are not gone; never none. Any of them may answer.
    pub(crate) told: BTreeSet<PlaceId>,
    /// The callee has blocked the caller: to the caller all is as ever, but `told` are told nothing and answer nothing.
    pub(crate) unheard: bool,
    /// When it ends by itself.
    pub(crate) expires: Time,
}

impl Hub {
    pub(crate) fn ring(
        &mut self,
        asker: Asker,
        to: DeviceId,
        room: RoomRef,
        media: Media,
        fresh: Fresh,
    ) -> Result<(), ErrorCode> {
        // Rings that come to nothing count as well: they are a way to search for people.
        let count = self.ring_rates.count(self.now, asker.device);
        if count > 2 * MAX_RINGS {
            self.refuse_and_cut(asker, ErrorCode::TooManyRings);
            return Ok(());
        }
        if count > MAX_RINGS {
            return Err(ErrorCode::TooManyRings);
        }
        if to == asker.device {
            return Err(ErrorCode::RingSelf);
        }
        let callee = self.devices.get(&to).filter(|_| self.is_shown(to)).ok_or(ErrorCode::PersonUnknown)?;
        let told = callee.places.clone();
        let unheard = callee.blocked.contains(&asker.device);
        // Who is blocked meets the same limits as ever, and takes no room from those who are not.
        let open_there = callee.rings.len() + if unheard { callee.unheard.len() } else { 0 };
        let open_here = self.devices.get(&asker.device).map_or(0, |one| one.rings.len());
        if open_there.max(open_here) >= MAX_OPEN_RINGS as usize {
            return Err(ErrorCode::TooManyRings);
        }
        let from = self.presence(asker.device, to).ok_or(ErrorCode::Internal)?;
        let mut id = RingId([0; 16]);
        id.0.copy_from_slice(&fresh.0[16..]);
        if self.rings.contains_key(&id) {
            // Only when `fresh` was not.
            return Err(ErrorCode::Internal);
        }
        let expires = self.now.after(RING_TIMEOUT);
        if let Some(caller) = self.devices.get_mut(&asker.device) {
            caller.rings.insert(id);
        }
        if let Some(callee) = self.devices.get_mut(&to) {
            if unheard {
                callee.unheard.insert(id)
            } else {
                callee.rings.insert(id)
            };
        }
        for place in told.iter().chain([&asker.place]) {
            if let Some(place) = self.places.get_mut(place) {
                place.rings.insert(id);
            }
        }
        self.timers.insert((expires, Due::Ring(id)));
        self.ok(asker, Reply::Ring { ring: id });
        for place in told.iter().filter(|_| !unheard) {
            self.tell(*place, Event::Ringing { ring: id, from: from.clone(), room: room.clone(), media });
        }
        self.rings.insert(id, Ring { caller: asker.place, from: asker.device, to, told, unheard, expires });
        Ok(())
    }

    pub(crate) fn cancel_ring(&mut self, asker: Asker, ring: RingId) -> Result<(), ErrorCode> {
        self.rings.get(&ring).filter(|ring| ring.caller == asker.place).ok_or(ErrorCode::RingUnknown)?;
        self.ok(asker, Reply::Done);
        self.end_ring(ring, &RingEnd::Cancelled);
        Ok(())
    }

    pub(crate) fn answer_ring(
        &mut self,
        asker: Asker,
        ring: RingId,
        answer: RingAnswer,
    ) -> Result<(), ErrorCode> {
        self.rings
            .get(&ring)
            .filter(|ring| !ring.unheard && ring.told.contains(&asker.place))
            .ok_or(ErrorCode::RingUnknown)?;
        self.ok(asker, Reply::Done);
        let end = match answer {
            RingAnswer::Accepted => RingEnd::Accepted,
            RingAnswer::Declined { message } => RingEnd::Declined { message },
            RingAnswer::Busy => RingEnd::Busy,
        };
        self.end_ring(ring, &end);
        Ok(())
    }

    /// Nobody has answered in time.
    pub(crate) fn ring_is_due(&mut self, ring: RingId) {
        self.end_ring(ring, &RingEnd::NoAnswer);
    }

    /// A place that made a ring or was told of it is gone.
    pub(crate) fn leave_ring(&mut self, id: RingId, place: PlaceId) {
        let Some(ring) = self.rings.get_mut(&id) else { return };
        if ring.caller == place {
            return self.end_ring(id, &RingEnd::Cancelled);
        }
        ring.told.remove(&place);
        if ring.told.is_empty() {
            self.end_ring(id, &RingEnd::Gone);
        }
    }

    /// The hub ends: each side is told that the other is out of reach.
    pub(crate) fn end_all_rings(&mut self) {
        for (id, ring) in std::mem::take(&mut self.rings) {
            self.tell(ring.caller, Event::RingEnded { ring: id, end: RingEnd::Gone });
            for place in ring.told.into_iter().filter(|_| !ring.unheard) {
                self.tell(place, Event::RingEnded { ring: id, end: RingEnd::Cancelled });
            }
        }
    }

    /// To the callee, whose bell stops, the caller has given up. The caller goes on until the ring ends by itself: an
    /// end at the moment of blocking would tell of it.
    pub(crate) fn hush_rings(&mut self, callee: DeviceId) {
        let Some(known) = self.devices.get_mut(&callee) else { return };
        let hushed: Vec<RingId> = known
            .rings
            .iter()
            .filter(|id| {
                let ring = self.rings.get(id);
                ring.is_some_and(|ring| ring.to == callee && known.blocked.contains(&ring.from))
            })
            .copied()
            .collect();
        for id in &hushed {
            known.rings.remove(id);
            known.unheard.insert(*id);
        }
        for id in hushed {
            let Some(ring) = self.rings.get_mut(&id) else { continue };
            ring.unheard = true;
            for place in ring.told.clone() {
                self.tell(place, Event::RingEnded { ring: id, end: RingEnd::Cancelled });
            }
        }
    }

    /// Ends a ring and tells everybody who knows of it and is still here.
    fn end_ring(&mut self, id: RingId, end: &RingEnd) {
        let Some(ring) = self.rings.remove(&id) else { return };
        self.timers.remove(&(ring.expires, Due::Ring(id)));
        for device in [ring.from, ring.to] {
            if let Some(device) = self.devices.get_mut(&device) {
                device.rings.remove(&id);
                device.unheard.remove(&id);
            }
        }
        for place in [ring.caller].into_iter().chain(ring.told) {
            if let Some(place) = self.places.get_mut(&place) {
                place.rings.remove(&id);
            }
            if place == ring.caller || !ring.unheard {
                self.tell(place, Event::RingEnded { ring: id, end: end.clone() });
            }
        }
    }

    /// Answers with a refusal, which is kept like any answer, and closes with the same code.
    fn refuse_and_cut(&mut self, asker: Asker, code: ErrorCode) {
        self.say(asker.place, earshot_protocol::hub::HubMessage::Error { id: asker.id, code });
        self.cut(asker.place, Some(code));
    }
}
