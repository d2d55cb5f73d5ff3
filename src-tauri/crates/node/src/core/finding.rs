//! Finding a room by the code that somebody has spoken: every hub within reach is asked, a few at a time.

use std::collections::VecDeque;
use std::time::Duration;

use earshot_protocol::limits::{DIAL_TIMEOUT, MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_FOUND};
use earshot_protocol::{
    DeviceId, ErrorCode, FoundRoom, FromNode, OwnerEvent, Reach, Reply, Request, RequestId, RoomCode, Status,
};

use super::hubs::{HubKey, Purpose};
use super::{Core, Input};

/// Colleagues' hubs asked at the same time.
const AT_ONCE: usize = 8;

/// Colleagues' hubs asked for one code: who is in a call first.
const MAX_ASKED: usize = 256;

/// Codes that are being looked for at once, over all windows.
const MAX_FINDINGS: usize = 4;

/// How long may be looked; a person waits.
const PATIENCE: Duration = Duration::from_millis(3 * DIAL_TIMEOUT as u64);

/// How long others may still answer when one has: whoever is quick shall not hide whoever is meant.
const AFTER_THE_FIRST: Duration = Duration::from_millis(400);

/// A code that is being looked for.
#[derive(Debug)]
pub(super) struct Finding {
    window: u64,
    id: RequestId,
    code: RoomCode,
    found: Vec<FoundRoom>,
    /// Hubs that have not answered yet.
    open: usize,
    /// Colleagues whose hubs have not been asked yet.
    queue: VecDeque<DeviceId>,
    /// The own hub, which counts how many codes are tried, has had enough.
    refused: bool,
}

impl Core {
    /// Shows a link that waits in one window, if there is one with a page.
    pub(super) fn hand_out_link(&mut self) {
        if let Some(window) = self.windows.foremost()
            && let Some(link) = self.link.take()
        {
            self.windows.tell(window, FromNode::Owner { event: OwnerEvent::FollowLink { link } });
        }
    }

    /// Looks for a code at every hub within reach. Returns the code of what keeps it from being looked for.
    pub(super) fn find_room(&mut self, window: u64, id: RequestId, code: RoomCode) -> Result<(), ErrorCode> {
        if self.findings.len() >= MAX_FINDINGS {
            return Err(ErrorCode::TooManyRequests);
        }
        let finding = self.number();
        let queue = self.whom_to_ask();
        let state = Finding { window, id, code, found: Vec::new(), open: 1, queue, refused: false };
        self.findings.insert(finding, state);
        self.wake(finding, PATIENCE);
        let request = Request::FindRoom { code };
        let server = self.server.as_ref().is_some_and(|server| server.up);
        if server && let Some(state) = self.findings.get_mut(&finding) {
            state.open += 1;
        }
        self.ask(HubKey::Own, None, Purpose::Find { finding }, request.clone());
        if server {
            self.ask(HubKey::Server, None, Purpose::Find { finding }, request);
        }
        self.search_on(finding);
        Ok(())
    }

    /// Those whose hub is linked to, then those in a call, then all others that are not known to be away.
    fn whom_to_ask(&self) -> VecDeque<DeviceId> {
        let mut all: Vec<_> = self
            .people
            .on_lan()
            .into_iter()
            .filter_map(|device| Some((device, self.people.entry(device, None)?)))
            .filter(|(_, presence)| presence.reach == Reach::Here)
            .map(|(device, presence)| {
                let linked = self.links.get(&device).is_some_and(|lan| lan.up);
                (!linked, presence.person.status != Status::InCall, device)
            })
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(_, _, device)| device).take(MAX_ASKED).collect()
    }

    /// Asks the next hubs, or answers where there is nobody left.
    fn search_on(&mut self, finding: u64) {
        loop {
            let Some(state) = self.findings.get_mut(&finding) else { return };
            if state.refused || state.open == 0 && (state.queue.is_empty() || !state.found.is_empty()) {
                return self.search_over(finding);
            }
            if state.open >= AT_ONCE || !state.found.is_empty() {
                return;
            }
            let Some(device) = state.queue.pop_front() else { return };
            state.open += 1;
            let request = Request::FindRoom { code: state.code };
            match self.link_to(device, &[]) {
                // An answer that comes at once calls this again.
                Ok(hub) => self.ask(hub, None, Purpose::Find { finding }, request),
                Err(_) => {
                    if let Some(state) = self.findings.get_mut(&finding) {
                        state.open -= 1;
                    }
                }
            }
        }
    }

    /// A hub has answered, or cannot be reached.
    pub(super) fn hub_searched(&mut self, finding: u64, hub: HubKey, result: Result<Reply, ErrorCode>) {
        let device = self.hub_device(hub);
        let Some(state) = self.findings.get_mut(&finding) else { return };
        state.open = state.open.saturating_sub(1);
        state.refused |= hub == HubKey::Own && result == Err(ErrorCode::TooManyRequests);
        let first = state.found.is_empty();
        if let Ok(Reply::Found { rooms }) = result {
            for found in rooms.into_iter().take(MAX_FOUND as usize) {
                // A hub speaks for its own rooms only, and of those that were asked for.
                let fits = Some(found.hub.device) == device
                    && RoomCode::of(&found.room.room) == state.code
                    && found.room.check().is_ok()
                    && found.hub.addresses.len() <= MAX_ADDRESSES as usize
                    && found.hub.addresses.iter().all(|one| one.len() <= MAX_ADDRESS_BYTES as usize);
                let known = state.found.iter().any(|one| one.room.room == found.room.room);
                if fits && !known && state.found.len() < MAX_FOUND as usize {
                    state.found.push(found);
                }
            }
        }
        if first && !state.found.is_empty() {
            self.wake(finding, AFTER_THE_FIRST);
        }
        self.search_on(finding);
    }

    /// Answers the window with what was found.
    pub(super) fn search_over(&mut self, finding: u64) {
        let Some(Finding { window, id, found, refused, .. }) = self.findings.remove(&finding) else { return };
        let memory = &self.memory;
        let rooms: Vec<FoundRoom> =
            found.into_iter().filter(|found| !memory.is_blocked(&found.room.host)).collect();
        let answer = match rooms.is_empty() {
            _ if refused => Err(ErrorCode::TooManyRequests),
            true => Err(ErrorCode::RoomUnknown),
            false => Ok(Reply::Found { rooms }),
        };
        self.windows.answer(window, id, answer);
    }

    fn wake(&self, finding: u64, after: Duration) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // The node may have ended meanwhile.
            let _ = inbox.send(Input::Searched(finding)).await;
        });
    }
}
