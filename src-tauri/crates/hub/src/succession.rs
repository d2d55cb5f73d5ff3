//! Who holds a room when its hub is gone: the part that each participant's node plays, as a pure state machine.
//!
//! A room has one id for life and one **incarnation** at a time: the hub that holds it, and how often it has moved before.
//! Everybody in it knows the others' own hubs in the order of their coming. When the hub is gone, each asks all the others
//! where the room is; who finds nobody before itself in that order holds it, and the others come there. Two halves of a
//! split network do so each by itself; whoever holds a room keeps asking those that are missing, and of two
//! incarnations that meet the lesser one yields.
//!
//! Nobody votes: a room that is held twice for a while does no harm, for media goes straight between people and a join is
//! no negotiation. That is why a node that has waited long enough acts alone.
//!
//! **Absent here**: links, dialling, the hub itself. Whoever runs this does what the [`Step`]s say and tells what came of
//! it. Time is an argument.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use earshot_protocol::DeviceId;

use crate::Time;

/// How long a hub may be gone before another one holds its rooms, ms: a link that breaks and comes back takes less.
pub const TAKE_AFTER: u32 = 1_500;
/// After that a participant who comes later in the order waits so long for an earlier one who looks, too, ms. Orders may
/// differ when the hub went while somebody came.
pub const WAIT_FOR: u32 = 1_000;
/// Between two questions to the same participant while the room has no hub, ms.
pub const ASK_EVERY: u32 = 500;
/// Between two questions of a holder to somebody who is missing, ms.
pub const SEEK_EVERY: u32 = 2_000;
/// A join that is neither taken nor refused by then has failed, ms.
pub const JOIN_TIME: u32 = 2_000;
/// An incarnation that could not be reached is not tried for so long, ms.
pub const AVOID_FOR: u32 = 5_000;
/// Who is missing for so long is gone, ms; the same as for a dropped connection, [`earshot_protocol::limits::RESUME_GRACE`].
pub const MISSING_FOR: u32 = earshot_protocol::limits::RESUME_GRACE;
/// Whoever has come to an incarnation tells nobody as gone for so long, ms: who is given up there may be on the way from
/// where both have been.
pub const FOLLOW_FOR: u32 = 5_000;
/// Who is gone is sought for so long, ms: the two halves of a network that was split for a while become one room again.
pub const SEEK_FOR: u32 = 600_000;

/// One life of a room. The greater of two is the one that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Incarnation {
    /// How often the room has moved.
    pub epoch: u32,
    /// Whose hub holds it.
    pub hub: DeviceId,
}

impl Ord for Incarnation {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // By nothing that changes while it lasts: both sides of a meeting must see the same.
        (self.epoch, Reverse(self.hub)).cmp(&(other.epoch, Reverse(other.hub)))
    }
}

impl PartialOrd for Incarnation {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What one participant's node says when it is asked where the room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// In this incarnation, which is well as far as it knows; its own hub's perhaps.
    In(Incarnation),
    /// Its hub is gone; it looks for it, too.
    Looking,
    /// It has left the room on purpose.
    Left,
}

/// What happens to one participant's part in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A join was taken.
    Entered {
        /// Where.
        incarnation: Incarnation,
        /// Everybody who has a hub of their own, in the order of coming, oneself among them.
        members: Vec<DeviceId>,
    },
    /// A join was not taken, or nobody answered there.
    NotEntered {
        /// Where.
        incarnation: Incarnation,
    },
    /// A hub says that somebody with a hub of their own came in.
    Came {
        /// Where.
        incarnation: Incarnation,
        /// Who.
        device: DeviceId,
    },
    /// A hub says that somebody is no longer there.
    Went {
        /// Where.
        incarnation: Incarnation,
        /// Who.
        device: DeviceId,
        /// They will not be back by themselves.
        on_purpose: bool,
    },
    /// At the own hub: a participant's connection is gone. They may be at another incarnation, so that a holder that has
    /// slept finds out soon; the hub says by itself when they are gone.
    Silent(DeviceId),
    /// At the own hub: it is there again.
    Back(DeviceId),
    /// The hub no longer answers.
    Lost,
    /// It answers again, and the place there is still ours.
    Regained,
    /// A hub has yielded to another incarnation.
    Moved {
        /// Which was there.
        from: Incarnation,
        /// Where to go.
        to: Incarnation,
    },
    /// Somebody answered where the room is, as far as they know.
    Answered {
        /// Who.
        device: DeviceId,
        /// What.
        whereabouts: Whereabouts,
    },
    /// Somebody could not be asked.
    Unreachable(DeviceId),
    /// Somebody asks where the room is; see [`Succession::whereabouts`] for the answer. What they know may be news.
    Asked {
        /// Who.
        device: DeviceId,
        /// Where they are, or were last.
        theirs: Incarnation,
        /// They are there now.
        inside: bool,
    },
    /// The person here leaves on purpose. Where the own hub holds the room, it goes on holding it for the others, and this
    /// is to be kept until nobody is in it or it has been yielded; else it is over.
    Leaving,
    /// Nothing but time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask this participant's node where the room is.
    Ask(DeviceId),
    /// Look at once whether the hub still answers: somebody else has lost it.
    Check,
    /// Join there; answered by [`Happened::Entered`] or [`Happened::NotEntered`].
    Join(Incarnation),
    /// Hold the room at the own hub, in this epoch; answered like a join.
    Hold(u32),
    /// The own hub's incarnation ends: its visitors are told to come there, and so do we, if we are in the room, by a
    /// [`Step::Join`] that follows.
    Yield(Incarnation),
    /// Somebody has been missing for too long: for the person, they are gone. Where a hub says so, it is this that they
    /// are told, not its word.
    Gone(DeviceId),
}

/// Where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    In,
    Looking {
        since: Time,
    },
    Joining {
        incarnation: Incarnation,
        since: Time,
    },
    /// The person here is not in the room: its hub holds it for the others.
    Holding,
    Over,
}

/// Somebody who should be in the room and is not.
#[derive(Debug, Clone, Copy)]
struct Missing {
    since: Time,
    /// When the person is told that they are gone; `None`: they have been, or the hub will say when.
    tell: Option<Time>,
    /// When they were last heard of by themselves.
    heard: Option<Time>,
}

impl Missing {
    const fn new(since: Time, tell: Option<Time>) -> Self {
        Self { since, tell, heard: None }
    }

    /// Until when the person is not told after all: who asks or answers is on the way, though not for ever.
    fn put_off(&self, now: Time) -> Option<Time> {
        let until = self.heard?.after(FOLLOW_FOR).min(self.since.after(2 * MISSING_FOR));
        Some(until).filter(|until| now < *until)
    }
}

/// One participant's part in the succession of one room.
#[derive(Debug)]
pub struct Succession {
    own: DeviceId,
    /// The time of the last thing that happened.
    now: Time,
    /// Where one is, or was last.
    current: Incarnation,
    /// Since when.
    entered: Time,
    state: State,
    /// The greatest epoch heard of.
    epoch: u32,
    /// Everybody with a hub, in the order of coming; those who are missing keep their rank.
    members: Vec<DeviceId>,
    missing: BTreeMap<DeviceId, Missing>,
    /// What was heard of each since the hub is gone; `None`: unreachable.
    heard: BTreeMap<DeviceId, (Time, Option<Whereabouts>)>,
    asked: BTreeMap<DeviceId, Time>,
    avoided: BTreeMap<DeviceId, Time>,
    steps: Vec<Step>,
}

impl Succession {
    /// One who has just come into a room.
    #[must_use]
    pub fn new(own: DeviceId, incarnation: Incarnation, members: Vec<DeviceId>) -> Self {
        Self {
            own,
            now: Time::default(),
            current: incarnation,
            entered: Time::default(),
            state: State::In,
            epoch: incarnation.epoch,
            members,
            missing: BTreeMap::new(),
            heard: BTreeMap::new(),
            asked: BTreeMap::new(),
            avoided: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    /// The answer to whoever asks where the room is.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts {
        match self.state {
            State::In | State::Holding => Whereabouts::In(self.current),
            State::Looking { .. } | State::Joining { .. } => Whereabouts::Looking,
            State::Over => Whereabouts::Left,
        }
    }

    /// Whether somebody is, or should be, in the room and has a hub of their own.
    #[must_use]
    pub fn knows(&self, device: &DeviceId) -> bool {
        self.members.contains(device)
    }

    /// Where one is, or was last.
    #[must_use]
    pub const fn current(&self) -> Incarnation {
        self.current
    }

    /// Takes what has happened and says what is to be done, in this order.
    pub fn handle(&mut self, now: Time, happened: Happened) -> Vec<Step> {
        self.now = now;
        match happened {
            Happened::Entered { incarnation, members } => self.entered(now, incarnation, members),
            Happened::NotEntered { incarnation } => self.not_entered(now, incarnation),
            // What another hub than the own room's says is of the past; but whoever tries to join elsewhere may have to
            // come back, and then knows what they have missed.
            Happened::Came { incarnation, .. } | Happened::Went { incarnation, .. }
                if incarnation != self.current || self.state == State::Over => {}
            Happened::Came { device, .. } => {
                self.missing.remove(&device);
                // In the order of coming, as the hub has it: who comes anew is the last.
                self.members.retain(|member| *member != device);
                self.members.push(device);
            }
            Happened::Went { device, on_purpose: true, .. } => self.forget(device),
            Happened::Went { device, on_purpose: false, .. } => {
                // Its hub has waited for it already.
                let at = now.max(self.entered.after(FOLLOW_FOR));
                self.missing.entry(device).or_insert(Missing::new(now, None)).tell = Some(at);
            }
            Happened::Silent(device) => {
                if self.holds() {
                    self.missing.entry(device).or_insert(Missing::new(now, None));
                }
            }
            Happened::Back(device) => drop(self.missing.remove(&device)),
            Happened::Lost => {
                if self.state == State::In && !self.holds() {
                    self.look(now);
                }
            }
            Happened::Regained => {
                if matches!(self.state, State::Looking { .. }) {
                    self.state = State::In;
                    self.heard.clear();
                }
            }
            Happened::Moved { from, to } => {
                // Also while it seems lost: what it said before is still read.
                let is_there =
                    matches!(self.state, State::In | State::Looking { .. }) && self.current == from;
                if is_there && !self.holds() {
                    self.join(now, to);
                }
            }
            Happened::Answered { device, whereabouts } => self.answered(now, device, whereabouts),
            Happened::Unreachable(device) => {
                // An older question may fail after a newer one was answered.
                let heard = self.heard.get(&device);
                let is_old = heard.is_some_and(|(at, said)| said.is_some() && now < at.after(TAKE_AFTER));
                if !is_old {
                    self.heard.insert(device, (now, None));
                }
            }
            Happened::Leaving => {
                self.state = if self.holds() { State::Holding } else { State::Over };
                self.members.retain(|member| *member != self.own);
            }
            Happened::Asked { device, theirs, inside } => self.was_asked(now, device, theirs, inside),
            Happened::Tick => {}
        }
        self.go_on(now);
        std::mem::take(&mut self.steps)
    }

    /// When [`Happened::Tick`] is wanted at the latest; `None`: not before something happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let asks = self
            .asking()
            .map(|(device, every)| self.asked.get(&device).map_or(Time(0), |at| at.after(every)));
        let gone = self.missing.values().filter_map(|missing| missing.tell);
        let given_up = self.missing.values().map(|missing| missing.since.after(SEEK_FOR));
        let own = match self.state {
            State::In | State::Holding | State::Over => None,
            State::Looking { since } => {
                let take = since.after(TAKE_AFTER);
                Some(if take > self.now { take } else { take.after(WAIT_FOR) })
            }
            State::Joining { since, .. } => Some(since.after(JOIN_TIME)),
        };
        let avoided = self.avoided.values().copied();
        // What was due has been done, or waits for somebody's word.
        asks.chain(gone).chain(given_up).chain(own).chain(avoided).filter(|at| *at > self.now).min()
    }

    /// Whether the own hub holds the room.
    fn holds(&self) -> bool {
        self.state == State::Holding || self.state == State::In && self.current.hub == self.own
    }

    fn entered(&mut self, now: Time, incarnation: Incarnation, members: Vec<DeviceId>) {
        self.epoch = self.epoch.max(incarnation.epoch);
        self.current = incarnation;
        self.entered = now;
        self.state = State::In;
        self.heard.clear();
        self.asked.clear();
        // Whoever was here before and is not now may be on their way.
        let here: BTreeSet<DeviceId> = members.iter().copied().collect();
        let before = std::mem::replace(&mut self.members, members);
        for device in before {
            if !here.contains(&device) && device != self.own {
                self.members.push(device);
                let tell = Some(now.after(MISSING_FOR));
                self.missing.entry(device).or_insert(Missing::new(now, tell));
            }
        }
        self.missing.retain(|device, _| !here.contains(device));
    }

    fn not_entered(&mut self, now: Time, incarnation: Incarnation) {
        if matches!(self.state, State::Joining { incarnation: wanted, .. } if wanted == incarnation) {
            self.avoided.insert(incarnation.hub, now.after(AVOID_FOR));
            self.look(now);
        }
    }

    fn look(&mut self, now: Time) {
        self.state = State::Looking { since: now };
        self.heard.clear();
        self.asked.clear();
    }

    fn join(&mut self, now: Time, incarnation: Incarnation) {
        self.epoch = self.epoch.max(incarnation.epoch);
        self.state = State::Joining { incarnation, since: now };
        self.steps.push(Step::Join(incarnation));
    }

    fn answered(&mut self, now: Time, device: DeviceId, whereabouts: Whereabouts) {
        match whereabouts {
            Whereabouts::Left => return self.forget(device),
            Whereabouts::In(theirs) => {
                self.epoch = self.epoch.max(theirs.epoch);
                if self.holds() {
                    self.meet(now, device, theirs);
                }
            }
            Whereabouts::Looking => {}
        }
        self.heard.insert(device, (now, Some(whereabouts)));
        self.hear_of(now, device);
    }

    fn was_asked(&mut self, now: Time, device: DeviceId, theirs: Incarnation, inside: bool) {
        self.epoch = self.epoch.max(theirs.epoch);
        self.hear_of(now, device);
        if inside && self.holds() {
            self.meet(now, device, theirs);
        } else if self.state == State::In && !inside && theirs == self.current && !self.holds() {
            self.steps.push(Step::Check);
        }
    }

    /// A holder hears that somebody is in another incarnation.
    fn meet(&mut self, now: Time, device: DeviceId, theirs: Incarnation) {
        if theirs > self.current && !self.avoids(now, theirs.hub) {
            self.steps.push(Step::Yield(theirs));
            if self.state == State::Holding {
                self.state = State::Over;
            } else {
                self.join(now, theirs);
            }
        } else if theirs < self.current && theirs.hub != device {
            // It is for their holder to come here.
            self.ask(now, theirs.hub, SEEK_EVERY);
        }
    }

    /// Somebody who is missing has spoken.
    fn hear_of(&mut self, now: Time, device: DeviceId) {
        if let Some(missing) = self.missing.get_mut(&device) {
            missing.heard = Some(now);
        }
    }

    /// Somebody is no longer of this room.
    fn forget(&mut self, device: DeviceId) {
        self.members.retain(|member| *member != device);
        self.missing.remove(&device);
        self.heard.remove(&device);
        self.asked.remove(&device);
    }

    /// What follows from what is known and from the time.
    fn go_on(&mut self, now: Time) {
        self.avoided.retain(|_, until| now < *until);
        if let State::Joining { since, incarnation } = self.state
            && now >= since.after(JOIN_TIME)
        {
            self.not_entered(now, incarnation);
        }
        for (device, missing) in &mut self.missing {
            if missing.tell.is_some_and(|at| now >= at) {
                missing.tell = missing.put_off(now);
                if missing.tell.is_none() {
                    self.steps.push(Step::Gone(*device));
                }
            }
        }
        let given_up = self.missing.iter().filter(|(_, missing)| now >= missing.since.after(SEEK_FOR));
        for device in given_up.map(|(device, _)| *device).collect::<Vec<_>>() {
            self.forget(device);
        }
        if let State::Looking { since } = self.state {
            self.decide(now, since);
        }
        for (device, every) in self.asking().collect::<Vec<_>>() {
            self.ask(now, device, every);
        }
    }

    /// The hub is gone: goes where the room is, or holds it.
    fn decide(&mut self, now: Time, since: Time) {
        let known = self.heard.values().filter_map(|(_, whereabouts)| match whereabouts {
            Some(Whereabouts::In(incarnation)) => Some(*incarnation),
            _ => None,
        });
        let known: Vec<Incarnation> = known.collect();
        let best =
            known.iter().copied().filter(|one| !self.avoids(now, one.hub) && one.hub != self.own).max();
        if let Some(best) = best.filter(|best| *best != self.current || now >= since.after(TAKE_AFTER)) {
            // Where others are well in the incarnation that is lost here, its hub is tried again.
            self.join(now, best);
            return;
        }
        // Others see the hub that is lost here: to hold the room would only split it.
        if now < since.after(TAKE_AFTER)
            || known.contains(&self.current) && self.avoids(now, self.current.hub)
        {
            return;
        }
        let before_me = self.members.iter().take_while(|member| **member != self.own);
        let somebody_else = before_me
            .filter(|member| **member != self.current.hub)
            .any(|member| matches!(self.heard.get(member), Some((_, Some(Whereabouts::Looking)))));
        if !somebody_else || now >= since.after(TAKE_AFTER + WAIT_FOR) {
            // A liar's epoch may be the greatest there is.
            self.epoch = self.epoch.saturating_add(1);
            let incarnation = Incarnation { epoch: self.epoch, hub: self.own };
            self.state = State::Joining { incarnation, since: now };
            self.steps.push(Step::Hold(incarnation.epoch));
        }
    }

    fn avoids(&self, now: Time, hub: DeviceId) -> bool {
        self.avoided.get(&hub).is_some_and(|until| now < *until)
    }

    /// Whom one asks now, and how often.
    fn asking(&self) -> impl Iterator<Item = (DeviceId, u32)> {
        let every = match self.state {
            State::Looking { .. } => Some(ASK_EVERY),
            _ if self.holds() => Some(SEEK_EVERY),
            State::In | State::Joining { .. } | State::Holding | State::Over => None,
        };
        let looking = matches!(self.state, State::Looking { .. });
        let asked = self.members.iter().filter(move |member| {
            **member != self.own
                && if looking { **member != self.current.hub } else { self.missing.contains_key(member) }
        });
        every.into_iter().flat_map(move |every| asked.clone().map(move |member| (*member, every)))
    }

    fn ask(&mut self, now: Time, device: DeviceId, every: u32) {
        if self.asked.get(&device).is_none_or(|at| now >= at.after(every)) {
            self.asked.insert(device, now);
            self.steps.push(Step::Ask(device));
        }
    }
}
