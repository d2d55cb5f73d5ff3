//! Rooms that outlive their hubs, in simulated offices: nodes sleep and wake, networks split and heal in parts, people
//! come and leave, messages take their time. Checked in each: within 5 s after the last change everybody who can reach
//! each other is in one incarnation; nobody is told that somebody has gone whom they could reach all the time; once
//! all is healed there is one room again, with everybody.

mod stories;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use earshot_protocol::DeviceId;

use crate::Time;
use crate::succession::{Happened, Incarnation, MISSING_FOR, Step, Succession, Whereabouts};

/// From a change until everybody is together again, ms.
const TOGETHER: u64 = 5_000;
/// From the end of all trouble until the halves are one, ms.
const ONE: u64 = 15_000;
/// How long a link takes to notice that the other side is gone, ms.
const NOTICE: u64 = 1_500;
/// Until a dial that nobody answers is given up, ms.
const DIAL: u64 = 1_200;

fn device(who: usize) -> DeviceId {
    // Ids in no order of coming.
    let mut id = [0; 32];
    id[0] = [90, 20, 160, 60, 230, 110, 40, 200][who];
    id[1] = who as u8;
    DeviceId(id)
}

fn who(device: DeviceId) -> usize {
    usize::from(device.0[1])
}

/// What is on its way within the simulation.
#[derive(Debug, Clone)]
enum Due {
    /// A word to a node.
    Tell(usize, Happened),
    /// A question arrives.
    Question {
        from: usize,
        to: usize,
        theirs: Incarnation,
        inside: bool,
    },
    /// A join arrives.
    Join {
        from: usize,
        to: usize,
        incarnation: Incarnation,
    },
    /// A link may have noticed.
    Notice {
        member: usize,
        incarnation: Incarnation,
    },
    Tick(usize),
    /// A hub's word to somebody in its room.
    Word {
        incarnation: Incarnation,
        to: usize,
        happened: Happened,
    },
}

/// A room at a hub.
#[derive(Debug, Clone)]
struct Held {
    epoch: u32,
    /// In the order of coming.
    members: Vec<usize>,
    /// Since when each is not reached.
    silent: BTreeMap<usize, u64>,
    /// What each has not been told because they were not reached: hubs number what they say, and say it again.
    unread: BTreeMap<usize, Vec<Happened>>,
}

impl Held {
    fn new(epoch: u32, members: Vec<usize>) -> Self {
        Self { epoch, members, silent: BTreeMap::new(), unread: BTreeMap::new() }
    }
}

struct Office {
    now: u64,
    nodes: Vec<Option<Succession>>,
    /// Who has left on purpose.
    left: Vec<bool>,
    awake: Vec<bool>,
    /// Which part of the network each is in.
    part: Vec<u8>,
    held: Vec<Option<Held>>,
    due: BTreeMap<u64, VecDeque<Due>>,
    /// Who was told that whom is gone, and when.
    gone: Vec<(u64, usize, usize)>,
    /// Since when each pair can reach each other without a break.
    together: BTreeMap<(usize, usize), u64>,
    delay: u64,
    /// The next tick of each.
    ticks: Vec<u64>,
}

impl Office {
    /// All in one room that the first holds.
    fn open(count: usize, delay: u64) -> Self {
        let first = Incarnation { epoch: 0, hub: device(0) };
        let members: Vec<DeviceId> = (0..count).map(device).collect();
        let nodes =
            (0..count).map(|who| Some(Succession::new(device(who), first, members.clone()))).collect();
        let mut held = vec![None; count];
        held[0] = Some(Held::new(0, (0..count).collect()));
        let mut office = Self {
            now: 0,
            nodes,
            left: vec![false; count],
            awake: vec![true; count],
            part: vec![0; count],
            held,
            due: BTreeMap::new(),
            gone: Vec::new(),
            together: BTreeMap::new(),
            delay,
            ticks: vec![u64::MAX; count],
        };
        office.changed();
        office
    }

    fn reaches(&self, one: usize, other: usize) -> bool {
        one == other || self.awake[one] && self.awake[other] && self.part[one] == self.part[other]
    }

    fn after(&mut self, ms: u64, due: Due) {
        self.due.entry(self.now + ms).or_default().push_back(due);
    }

    /// Who reaches whom has changed: links notice after a while.
    fn changed(&mut self) {
        let count = self.nodes.len();
        for one in 0..count {
            for other in 0..count {
                if self.reaches(one, other) {
                    self.together.entry((one, other)).or_insert(self.now);
                } else {
                    self.together.remove(&(one, other));
                }
            }
        }
        for member in 0..count {
            if let Some(node) = &self.nodes[member] {
                let incarnation = node.current();
                self.after(NOTICE, Due::Notice { member, incarnation });
            }
        }
    }

    fn tell(&mut self, to: usize, happened: Happened) {
        // A machine that sleeps hears nothing; its clock goes on.
        if !self.awake[to] {
            return;
        }
        let Some(node) = &mut self.nodes[to] else { return };
        let steps = node.handle(Time(self.now), happened);
        for step in steps {
            self.carry_out(to, step);
        }
        self.set_tick(to);
    }

    fn set_tick(&mut self, of: usize) {
        if let Some(Time(at)) = self.nodes[of].as_ref().and_then(Succession::deadline) {
            let at = at.max(self.now + 1);
            if at < self.ticks[of] {
                self.ticks[of] = at;
                self.due.entry(at).or_default().push_back(Due::Tick(of));
            }
        }
    }

    fn carry_out(&mut self, by: usize, step: Step) {
        let node = self.nodes[by].as_ref().expect("it acts");
        match step {
            Step::Ask(device) => {
                let (theirs, inside) = (node.current(), matches!(node.whereabouts(), Whereabouts::In(_)));
                self.after(self.delay, Due::Question { from: by, to: who(device), theirs, inside });
            }
            Step::Check => {
                let incarnation = node.current();
                self.after(2 * self.delay, Due::Notice { member: by, incarnation });
            }
            Step::Join(incarnation) => {
                let to = who(incarnation.hub);
                self.after(self.delay, Due::Join { from: by, to, incarnation });
            }
            Step::Hold(epoch) => {
                assert!(self.held[by].is_none(), "{by} holds it already");
                self.held[by] = Some(Held::new(epoch, vec![by]));
                let incarnation = Incarnation { epoch, hub: device(by) };
                self.after(0, Due::Tell(by, Happened::Entered { incarnation, members: vec![device(by)] }));
            }
            Step::Yield(to) => {
                let held = self.held[by].take().expect("what it yields it holds");
                let from = Incarnation { epoch: held.epoch, hub: device(by) };
                for member in held.members.into_iter().filter(|member| *member != by) {
                    if self.reaches(by, member) {
                        self.after(self.delay, Due::Tell(member, Happened::Moved { from, to }));
                    }
                }
            }
            Step::Gone(device) => self.gone.push((self.now, by, who(device))),
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Tell(to, happened) => {
                // The network may have changed while they were on their way.
                if let Happened::Entered { incarnation, .. } = happened {
                    self.after(NOTICE, Due::Notice { member: to, incarnation });
                }
                self.tell(to, happened);
            }
            Due::Tick(of) => {
                self.ticks[of] = u64::MAX;
                self.tell(of, Happened::Tick);
            }
            Due::Question { from, to, theirs, inside } => {
                if !self.reaches(from, to) {
                    self.after(DIAL, Due::Tell(from, Happened::Unreachable(device(to))));
                    return;
                }
                let whereabouts = self.nodes[to].as_ref().map_or(Whereabouts::Left, Succession::whereabouts);
                self.tell(to, Happened::Asked { device: device(from), theirs, inside });
                self.after(
                    self.delay,
                    Due::Tell(from, Happened::Answered { device: device(to), whereabouts }),
                );
            }
            Due::Join { from, to, incarnation } => self.join(from, to, incarnation),
            Due::Notice { member, incarnation } => self.notice(member, incarnation),
            Due::Word { incarnation, to, happened } => self.word(incarnation, to, happened),
        }
    }

    /// A hub's word comes to somebody, or is kept for them while their place is.
    fn word(&mut self, incarnation: Incarnation, to: usize, happened: Happened) {
        let hub = who(incarnation.hub);
        let reached = self.awake[to] && self.reaches(hub, to);
        if let Some(held) = self.held[hub].as_mut().filter(|held| held.epoch == incarnation.epoch)
            && (!reached || held.unread.contains_key(&to))
        {
            if held.members.contains(&to) || to == hub {
                held.unread.entry(to).or_default().push(happened);
            }
        } else if reached {
            self.tell(to, happened);
        }
    }

    fn join(&mut self, from: usize, to: usize, incarnation: Incarnation) {
        if !self.reaches(from, to) {
            self.after(DIAL, Due::Tell(from, Happened::NotEntered { incarnation }));
            return;
        }
        let Some(held) = self.held[to].as_mut().filter(|held| held.epoch == incarnation.epoch) else {
            self.after(self.delay, Due::Tell(from, Happened::NotEntered { incarnation }));
            return;
        };
        held.silent.remove(&from);
        // Whoever joins gets the whole list.
        held.unread.remove(&from);
        let is_new = !held.members.contains(&from);
        if is_new {
            held.members.push(from);
        }
        let members: Vec<usize> = held.members.clone();
        if is_new {
            // The holder's node hears it of its own hub, whether its person is in the room or not.
            let hear: BTreeSet<usize> =
                members.iter().copied().chain([to]).filter(|one| *one != from).collect();
            for other in hear {
                let came = Happened::Came { incarnation, device: device(from) };
                self.after(self.delay, Due::Word { incarnation, to: other, happened: came });
            }
        }
        let members = members.into_iter().map(device).collect();
        self.after(self.delay, Due::Tell(from, Happened::Entered { incarnation, members }));
    }

    /// A member notices whether its hub is there.
    fn notice(&mut self, member: usize, incarnation: Incarnation) {
        if self.nodes[member].as_ref().is_none_or(|node| node.current() != incarnation) {
            return;
        }
        let hub = who(incarnation.hub);
        let held = self.held[hub]
            .as_ref()
            .is_some_and(|held| held.epoch == incarnation.epoch && held.members.contains(&member));
        if held && self.reaches(member, hub) {
            self.tell(member, Happened::Regained);
        } else {
            self.tell(member, Happened::Lost);
        }
    }

    /// Hubs give up those who have been silent for too long.
    fn sweep(&mut self) {
        for hub in 0..self.nodes.len() {
            if !self.awake[hub] {
                continue;
            }
            let Some(mut held) = self.held[hub].take() else { continue };
            let incarnation = Incarnation { epoch: held.epoch, hub: device(hub) };
            let mut lost = Vec::new();
            for member in held.members.clone() {
                if self.reaches(hub, member)
                    && self.nodes[member].as_ref().is_some_and(|node| {
                        node.current() == Incarnation { epoch: held.epoch, hub: device(hub) }
                    })
                {
                    if held.silent.remove(&member).is_some() {
                        self.after(0, Due::Tell(hub, Happened::Back(device(member))));
                    }
                } else if member != hub {
                    let since = *held.silent.entry(member).or_insert_with(|| {
                        self.due
                            .entry(self.now)
                            .or_default()
                            .push_back(Due::Tell(hub, Happened::Silent(device(member))));
                        self.now
                    });
                    if self.now >= since + u64::from(MISSING_FOR) {
                        lost.push(member);
                    }
                }
            }
            held.members.retain(|member| !lost.contains(member));
            held.unread.retain(|member, _| !lost.contains(member));
            let others = held.members.clone();
            let (unread, later) = std::mem::take(&mut held.unread)
                .into_iter()
                .partition::<BTreeMap<_, _>, _>(|(to, _)| self.awake[*to] && self.reaches(hub, *to));
            held.unread = later;
            self.held[hub] = Some(held);
            for (other, gone) in others.iter().flat_map(|other| lost.iter().map(move |gone| (*other, *gone)))
            {
                let happened = Happened::Went { incarnation, device: device(gone), on_purpose: false };
                self.after(self.delay, Due::Word { incarnation, to: other, happened });
            }
            for (to, happened) in
                unread.into_iter().flat_map(|(to, all)| all.into_iter().map(move |one| (to, one)))
            {
                self.tell(to, happened);
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut sweep = self.now - self.now % 500 + 500;
        loop {
            let next = self.due.keys().next().copied().filter(|at| *at <= end);
            let at = next.unwrap_or(end).min(sweep).min(end);
            self.now = self.now.max(at);
            if self.now == sweep {
                self.sweep();
                sweep += 500;
            }
            while let Some(mut entry) = self.due.first_entry() {
                if *entry.key() > self.now {
                    break;
                }
                match entry.get_mut().pop_front() {
                    Some(due) => self.happen(due),
                    None => drop(entry.remove()),
                }
            }
            if self.now >= end {
                return;
            }
        }
    }

    fn leave(&mut self, leaver: usize) {
        if self.left[leaver] || !self.awake[leaver] {
            return;
        }
        self.left[leaver] = true;
        let incarnation = self.nodes[leaver].as_ref().expect("it is there").current();
        let hub = who(incarnation.hub);
        self.tell(leaver, Happened::Leaving);
        if self.reaches(leaver, hub)
            && let Some(held) = &mut self.held[hub]
        {
            held.members.retain(|member| *member != leaver);
            for other in held.members.clone() {
                let went = Happened::Went { incarnation, device: device(leaver), on_purpose: true };
                self.after(self.delay, Due::Word { incarnation, to: other, happened: went });
            }
        }
        if self.held[leaver].is_none() {
            self.nodes[leaver] = None;
        }
        self.changed();
    }

    fn sleep(&mut self, sleeper: usize) {
        self.awake[sleeper] = false;
        self.changed();
    }

    fn wake(&mut self, sleeper: usize) {
        self.awake[sleeper] = true;
        self.changed();
        self.set_tick(sleeper);
    }

    fn present(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|one| !self.left[*one] && self.awake[*one]).collect()
    }

    /// Whoever reaches each other is in one incarnation, which is held.
    fn check_together(&self) {
        for one in self.present() {
            let node = self.nodes[one].as_ref().expect("present");
            let current = node.current();
            assert_eq!(
                node.whereabouts(),
                Whereabouts::In(current),
                "{one} is in the room at {} ms",
                self.now
            );
            let hub = who(current.hub);
            assert!(self.reaches(one, hub), "{one} reaches its hub {hub} at {} ms", self.now);
            let held = self.held[hub].as_ref().expect("its hub holds it");
            assert!(held.epoch == current.epoch && held.members.contains(&one), "{one} is known there");
            for other in self.present().into_iter().filter(|other| self.reaches(one, *other)) {
                let theirs = self.nodes[other].as_ref().expect("present").current();
                assert_eq!(current, theirs, "{one} and {other} are together at {} ms", self.now);
            }
        }
    }

    /// Nobody is told that somebody is gone whom they have reached for a while, or who is no longer in the room.
    fn check_leaves(&mut self, since: usize) {
        for (at, told, gone) in self.gone[since..].iter().copied() {
            let reached = self.together.get(&(told, gone)).is_some_and(|since| at >= since + TOGETHER);
            let both = !self.left[told] && !self.left[gone];
            assert!(!(reached && both), "{told} is told at {at} ms that {gone} is gone");
        }
    }
}
