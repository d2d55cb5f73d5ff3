//! Who has been heard, what has not been told yet, and what is doubted.
//!
//! Anybody on the network can say anything about anybody, so nothing that is heard replaces what was heard before:
//! * several addresses are kept side by side, those heard first before others; TLS decides which is the device's;
//! * a goodbye is believed at once only with the secret whose hash was announced before. Without it the device is
//!   *doubted*: the network is asked afresh, and who answers stays.
//!
//! What is no longer true goes when the network has been asked afresh and it has not been heard again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use earshot_protocol::limits::{MAX_ADDRESSES, MAX_PEOPLE};
use earshot_protocol::{DeviceId, Digest, Nonce};
use tokio::time::Instant;

use super::{DOUBT_TIMEOUT, HEARD_AGAIN, VERIFY_TIMEOUT};
use crate::addresses::best_first;
use crate::interfaces::Network;
use crate::{DiscoveryEvent, Found, record};

/// Addresses kept of one device: twice what is told, so that a second sender's have room beside the first's.
const MAX_WAYS: usize = 2 * MAX_ADDRESSES as usize;

/// Promises kept of one device: its own, that of its last run, and some that others have made up.
const MAX_PROMISES: usize = 4;

/// How late the expiry that a verification ends with may come.
const LATE: Duration = Duration::from_secs(2);

/// Something heard of a device.
#[derive(Debug)]
struct Heard<T> {
    what: T,
    /// When the network was asked afresh for the first time since this was heard last; `None`: not since.
    asked: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    /// As it is told: what was heard last, with the best of all addresses.
    found: Found,
    ways: Vec<Heard<SocketAddr>>,
    /// What a goodbye's secret may hash to. More than one: somebody has made one up, and none is believed.
    promises: Vec<Heard<Digest>>,
    /// As [`Heard::asked`], for any word of the device.
    asked: Option<Instant>,
    /// Somebody has said its goodbye since it was heard last.
    doubted: bool,
    /// When its records were last put to the question one by one.
    verified: Option<Instant>,
}

impl Entry {
    fn new(found: Found) -> Self {
        let (ways, promises) = (Vec::new(), Vec::new());
        Self { found, ways, promises, asked: None, doubted: false, verified: None }
    }

    /// Returns whether it contradicts what was heard before.
    fn hear(&mut self, mut found: Found, promise: Option<Digest>, own: &[Network]) -> (bool, bool) {
        let mut contradicts = false;
        for way in &mut self.ways {
            if found.addresses.contains(&way.what) {
                way.asked = None;
            } else {
                contradicts |= way.asked.is_none();
            }
        }
        for address in found.addresses {
            contradicts |= !hear(&mut self.ways, address, MAX_WAYS);
        }
        if let Some(promise) = promise {
            let before = self.promises.len();
            contradicts |= !hear(&mut self.promises, promise, MAX_PROMISES);
            contradicts |= before > 0 && self.promises.len() > before;
        }
        (self.asked, self.doubted) = (None, false);
        found.addresses = self.addresses(own);
        let changed = self.found != found;
        self.found = found;
        (changed, contradicts)
    }

    /// The addresses to tell: those heard first, best first.
    fn addresses(&self, own: &[Network]) -> Vec<SocketAddr> {
        let mut addresses: Vec<_> =
            self.ways.iter().take(MAX_ADDRESSES as usize).map(|way| way.what).collect();
        best_first(&mut addresses, own);
        addresses
    }

    /// When something of this has not been heard for too long.
    fn deadline(&self) -> Option<Instant> {
        match self.asked {
            Some(asked) if self.doubted => Some(asked + DOUBT_TIMEOUT),
            Some(asked) => Some(asked + HEARD_AGAIN),
            None => {
                let ways = self.ways.iter().filter_map(|way| way.asked);
                let first = ways.chain(self.promises.iter().filter_map(|promise| promise.asked)).min();
                first.map(|asked| asked + DOUBT_TIMEOUT)
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        self.asked.get_or_insert(now);
        for way in &mut self.ways {
            way.asked.get_or_insert(now);
        }
        for promise in &mut self.promises {
            promise.asked.get_or_insert(now);
        }
    }
}

/// Enters what was heard. A full list makes room only of what has been asked for and not been heard again; returns
/// false when there is none.
fn hear<T: PartialEq>(list: &mut Vec<Heard<T>>, what: T, most: usize) -> bool {
    if let Some(known) = list.iter_mut().find(|known| known.what == what) {
        known.asked = None;
        return true;
    }
    if list.len() >= most {
        let Some(stale) = list.iter().rposition(|known| known.asked.is_some()) else { return false };
        list.remove(stale);
    }
    list.push(Heard { what, asked: None });
    true
}

/// At most [`MAX_PEOPLE`]; whoever comes beyond is left out until somebody goes.
#[derive(Debug, Default)]
pub(super) struct People {
    heard: BTreeMap<DeviceId, Entry>,
    /// The same by instance name, which is what a goodbye comes under.
    instances: BTreeMap<String, DeviceId>,
    /// Devices whose latest state has not been told. What is told is looked up when there is room in the queue, so a
    /// slow reader gets fewer events, not later ones.
    untold: BTreeSet<DeviceId>,
    /// Devices that the reader knows of.
    told: BTreeSet<DeviceId>,
}

impl People {
    /// Somebody was heard; `own` are this machine's networks. Returns whether the network should be asked afresh: this
    /// contradicts what was heard before, or there is no room.
    pub(super) fn heard(&mut self, found: Found, promise: Option<Digest>, own: &[Network]) -> bool {
        let device = found.device;
        let full = self.heard.len() >= MAX_PEOPLE as usize;
        let known = self.heard.get_mut(&device);
        if known.is_none() && full && !self.make_room() {
            return true;
        }
        let is_new = !self.heard.contains_key(&device);
        if is_new {
            self.instances.insert(record::instance(&device), device);
        }
        let entry = self.heard.entry(device).or_insert_with(|| Entry::new(found.clone()));
        let (changed, contradicts) = entry.hear(found, promise, own);
        if is_new || changed {
            self.untold.insert(device);
        }
        contradicts
    }

    /// A record says that a device goes. With the secret it has promised, and nobody has promised another, it is gone;
    /// otherwise it is doubted. Returns whether the network should be asked afresh.
    pub(super) fn leaves(&mut self, device: DeviceId, secret: Option<&Nonce>) -> bool {
        let Some(entry) = self.heard.get_mut(&device) else { return false };
        let promise = secret.map(record::promise);
        if let ([only], Some(promise)) = (entry.promises.as_slice(), promise)
            && only.what == promise
        {
            self.gone(device);
            return false;
        }
        self.doubt(device)
    }

    /// Somebody said a device's goodbye, or its record has expired. Returns whether the network should be asked afresh.
    pub(super) fn doubt(&mut self, device: DeviceId) -> bool {
        let Some(entry) = self.heard.get_mut(&device) else { return false };
        entry.doubted = true;
        entry.asked.is_none()
    }

    /// The network is asked afresh: what does not come again is no longer true.
    pub(super) fn ask(&mut self, now: Instant) {
        for entry in self.heard.values_mut() {
            entry.ask(now);
        }
    }

    /// Whether somebody was asked for and has not answered yet.
    pub(super) fn awaits(&self) -> bool {
        self.heard.values().any(|entry| entry.asked.is_some())
    }

    /// Some of whom other addresses were heard than before: whoever answers for them first keeps them from being heard,
    /// since an answer that is known already is not given again (RFC 6762, section 7.1).
    pub(super) fn contradicted(&self) -> impl Iterator<Item = DeviceId> + '_ {
        let part = |entry: &Entry| entry.asked.is_none() && entry.ways.iter().any(|way| way.asked.is_some());
        self.heard.iter().filter(move |(_, entry)| part(entry)).map(|(device, _)| *device)
    }

    /// When [`Self::keep_heard`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.heard.values().filter_map(Entry::deadline).min()
    }

    /// Forgets what has been asked for and was not heard in time.
    pub(super) fn keep_heard(&mut self, now: Instant, own: &[Network]) {
        let mut lost = Vec::new();
        for (device, entry) in &mut self.heard {
            if entry.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            if entry.asked.is_none() {
                let late = |asked: Option<Instant>| asked.is_some_and(|asked| asked + DOUBT_TIMEOUT <= now);
                entry.ways.retain(|way| !late(way.asked));
                entry.promises.retain(|promise| !late(promise.asked));
                let addresses = entry.addresses(own);
                if !addresses.is_empty() {
                    if entry.found.addresses != addresses {
                        entry.found.addresses = addresses;
                        self.untold.insert(*device);
                    }
                    continue;
                }
            }
            lost.push(*device);
        }
        for device in lost {
            self.gone(device);
        }
    }

    pub(super) fn gone(&mut self, device: DeviceId) -> bool {
        let known = self.heard.remove(&device).is_some();
        if known {
            self.instances.remove(&record::instance(&device));
            self.untold.insert(device);
        }
        known
    }

    /// A device's records are put to the question. Returns whether it is known.
    pub(super) fn verify(&mut self, device: DeviceId, now: Instant) -> bool {
        let entry = self.heard.get_mut(&device);
        entry.map(|entry| entry.verified = Some(now)).is_some()
    }

    /// Whether a device's record expires now because nobody has answered that question.
    pub(super) fn was_verified(&self, device: DeviceId, now: Instant) -> bool {
        let verified = self.heard.get(&device).and_then(|entry| entry.verified);
        verified.is_some_and(|at| now >= at + VERIFY_TIMEOUT && now < at + VERIFY_TIMEOUT + LATE)
    }

    pub(super) fn by_instance(&self, instance: &str) -> Option<DeviceId> {
        self.instances.get(instance).copied()
    }

    pub(super) fn has_news(&self) -> bool {
        !self.untold.is_empty()
    }

    pub(super) fn next_news(&mut self) -> Option<DiscoveryEvent> {
        while let Some(device) = self.untold.pop_first() {
            if let Some(entry) = self.heard.get(&device) {
                self.told.insert(device);
                return Some(DiscoveryEvent::Seen(entry.found.clone()));
            }
            // Came and went before anybody was told: nothing to tell.
            if self.told.remove(&device) {
                return Some(DiscoveryEvent::Gone(device));
            }
        }
        None
    }

    /// Gives up somebody who was asked for and has not answered: whoever fills the list with names has to go on
    /// answering for each.
    fn make_room(&mut self) -> bool {
        let silent = self.heard.iter().filter_map(|(device, entry)| Some((entry.asked?, *device)));
        match silent.min() {
            Some((_, device)) => self.gone(device),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;
