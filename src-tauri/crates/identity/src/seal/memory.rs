//! What a notary remembers, bounded everywhere.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use earshot_protocol::{DeviceId, Digest, PublicKey};

use super::Place;

/// Rooms whose sequences are remembered. Somebody who calls ten times a day fills this in a quarter of a year.
pub(super) const MAX_ROOMS_KEPT: usize = 1024;

/// Senders remembered in one room: everybody, and three times as many who came and went.
pub(super) const MAX_SENDERS_KEPT: usize = 64;

/// Offers remembered of each direction between two participants. A late answer is one or two rounds late.
pub(super) const MAX_OFFERS_KEPT: usize = 8;

/// A map that holds a bounded number of entries; the one not touched for the longest time goes first.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: HashMap<K, (u64, V)>,
    touches: u64,
    bound: usize,
}

impl<K: Eq + Hash + Copy, V: Default> Recent<K, V> {
    pub(super) fn new(bound: usize) -> Self {
        Self { entries: HashMap::new(), touches: 0, bound }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut().map(|(_, value)| value)
    }

    /// The entry, made where there is none; touched now.
    pub(super) fn touch(&mut self, key: K) -> &mut V {
        if !self.entries.contains_key(&key) && self.entries.len() >= self.bound {
            let oldest = self.entries.iter().min_by_key(|(_, (touched, _))| *touched).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.touches += 1;
        let entry = self.entries.entry(key).or_default();
        entry.0 = self.touches;
        &mut entry.1
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Offers by their round, the last ones.
#[derive(Debug, Default)]
pub(super) struct Offers(VecDeque<(u32, Digest)>);

impl Offers {
    pub(super) fn add(&mut self, round: u32, digest: Digest) {
        if self.0.len() >= MAX_OFFERS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back((round, digest));
    }

    /// Those of a round, the last one first: an offer may have been sealed again.
    pub(super) fn of_round(&self, round: u32) -> impl Iterator<Item = Digest> {
        self.0.iter().rev().filter(move |(of, _)| *of == round).map(|(_, digest)| *digest)
    }
}

/// Another participant of a room.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// The highest sequence accepted.
    pub(super) sequence: Option<u64>,
    /// Their key, from a description that was opened.
    pub(super) key: Option<PublicKey>,
    /// Our offers to them.
    pub(super) made: Offers,
    /// Their offers to us that were opened.
    pub(super) heard: Offers,
}

/// A room's participants.
#[derive(Debug)]
pub(super) struct Room(Recent<DeviceId, Peer>);

impl Default for Room {
    fn default() -> Self {
        Self(Recent::new(MAX_SENDERS_KEPT))
    }
}

/// Rooms and who was met in them.
#[derive(Debug)]
pub(super) struct Memory(Recent<Place, Room>);

impl Memory {
    pub(super) fn new() -> Self {
        Self(Recent::new(MAX_ROOMS_KEPT))
    }

    pub(super) fn peer(&self, place: Place, device: DeviceId) -> Option<&Peer> {
        self.0.get(&place)?.0.get(&device)
    }

    pub(super) fn peer_mut(&mut self, place: Place, device: DeviceId) -> &mut Peer {
        self.0.touch(place).0.touch(device)
    }

    /// Forgets what holds only while in the room.
    pub(super) fn leave(&mut self, place: Place) {
        let Some(room) = self.0.get_mut(&place) else { return };
        for peer in room.0.values_mut() {
            *peer = Peer { sequence: peer.sequence, ..Peer::default() };
        }
    }

    #[cfg(test)]
    pub(super) fn rooms(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(super) fn senders(&self, place: Place) -> usize {
        self.0.get(&place).map_or(0, |room| room.0.len())
    }
}
