//! The task that owns a discovery.

use std::future::pending;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use earshot_protocol::DeviceId;
use earshot_protocol::owner::NetworkProblem;
use mdns_sd::{DaemonEvent, ResolvedService, ScopedIp, ServiceEvent, ServiceInfo};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::daemon::{Daemon, SharedChoice, service_info};
use super::people::People;
use super::{
    BROWSE_AGAIN, CACHE_CHECK, DOUBT_TIMEOUT, ECHO_TIMEOUT, HEARD_AGAIN, INQUIRE_AFTER, INTERFACE_CHECK,
    MAX_CACHED, MAX_INQUIRIES, RESTART_AFTER, VERIFY_TIMEOUT, Wanted,
};
use crate::addresses::to_dial;
use crate::interfaces::Snapshot;
use crate::record::{Farewell, Purpose, Record, SERVICE, decode, fullname, hostname, instance};
use crate::{Announcement, DiscoveryEvent, Found};

/// From a change of adapters to announcing and asking again: a change seldom comes alone.
const SETTLE: Duration = Duration::from_millis(200);

/// A gap this long between two looks at the adapters means that the machine has slept.
const SLEPT: Duration = Duration::from_secs(10);

/// What has been told of the network itself.
#[derive(Debug, Default)]
struct Told {
    network: Option<(Vec<String>, Vec<String>, Vec<std::net::SocketAddr>)>,
    problem: Option<NetworkProblem>,
}

pub(super) struct Task {
    wanted: watch::Receiver<Wanted>,
    verify: mpsc::Receiver<DeviceId>,
    events: mpsc::Sender<DiscoveryEvent>,
    announcement: Announcement,
    revision: u64,
    farewell: Farewell,
    choice: SharedChoice,
    daemon: Option<Daemon>,
    /// When the daemon was started last, well or not.
    started: Instant,
    /// Counts the fresh starts of listening.
    run: u32,
    run_since: Instant,
    /// When to listen afresh, because somebody's record has expired or something does not fit together.
    afresh_at: Option<Instant>,
    /// When to look at who has not answered in this run.
    inquire_at: Option<Instant>,
    cache_looked_at: Instant,
    /// Since when the device's own record has not been heard; `None` while it is.
    silent_since: Option<Instant>,
    refresh_at: Option<Instant>,
    browse_at: Instant,
    looked_at: SystemTime,
    snapshot: Snapshot,
    people: People,
    told: Told,
}

enum Step {
    Tell,
    Wanted(bool),
    Verify(Option<DeviceId>),
    Browsed(Option<ServiceEvent>),
    Monitored(Option<DaemonEvent>),
    Look,
    Refresh,
    Afresh,
    Inquire,
    Keep,
    Unheard,
}

impl Task {
    pub(super) fn new(
        mut wanted: watch::Receiver<Wanted>,
        verify: mpsc::Receiver<DeviceId>,
        events: mpsc::Sender<DiscoveryEvent>,
    ) -> Self {
        let Wanted { announcement, choice, .. } = wanted.borrow_and_update().clone();
        let now = Instant::now();
        Self {
            wanted,
            verify,
            events,
            announcement,
            // Two runs of the program shall not count alike.
            revision: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() << 20),
            farewell: Farewell::random(),
            snapshot: Snapshot::take(&choice),
            choice: Arc::new(RwLock::new(choice)),
            daemon: None,
            started: now,
            run: 0,
            run_since: now,
            afresh_at: None,
            inquire_at: None,
            cache_looked_at: now,
            silent_since: None,
            refresh_at: None,
            browse_at: now + BROWSE_AGAIN,
            looked_at: SystemTime::now(),
            people: People::default(),
            told: Told::default(),
        }
    }

    pub(super) async fn run(mut self) {
        self.start_daemon();
        let mut look = interval(INTERFACE_CHECK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = self.next_step(&mut look).await;
            match step {
                Step::Tell => {}
                Step::Wanted(true) => self.take_wanted().await,
                Step::Verify(Some(device)) => self.start_verify(device),
                Step::Browsed(Some(event)) => self.browsed(event),
                Step::Browsed(None) => self.browse_again(),
                Step::Monitored(Some(event)) => self.monitored(&event),
                Step::Monitored(None) => self.lose_daemon(),
                Step::Look => self.look().await,
                Step::Refresh => self.refresh(),
                Step::Afresh => self.browse_afresh(),
                Step::Inquire => self.inquire(),
                Step::Keep => self.people.keep_heard(Instant::now(), &self.snapshot.networks),
                Step::Wanted(false) | Step::Verify(None) | Step::Unheard => break,
            }
        }
        if let Some(daemon) = self.daemon.take() {
            let last = self.info(self.revision.wrapping_add(1), Purpose::Leaving);
            daemon.goodbye(&self.announcement, last).await;
        }
    }

    async fn next_step(&mut self, look: &mut tokio::time::Interval) -> Step {
        let news = self.has_news();
        let daemon = self.daemon.as_ref();
        let browsed = async {
            match daemon {
                Some(daemon) => daemon.browse.recv_async().await.ok(),
                None => pending().await,
            }
        };
        let monitored = async {
            match daemon {
                Some(daemon) => daemon.monitor.recv_async().await.ok(),
                None => pending().await,
            }
        };
        let (refresh, afresh) = (at(self.refresh_at), at(self.afresh_at));
        let (inquire, keep) = (at(self.inquire_at), at(self.people.deadline()));
        tokio::select! {
            changed = self.wanted.changed() => {
                Step::Wanted(changed.is_ok() && !self.wanted.borrow().stop)
            }
            permit = self.events.clone().reserve_owned(), if news => match permit {
                Ok(permit) => {
                    if let Some(event) = self.next_news() {
                        permit.send(event);
                    }
                    Step::Tell
                }
                Err(_) => Step::Unheard,
            },
            device = self.verify.recv() => Step::Verify(device),
            event = browsed => Step::Browsed(event),
            event = monitored => Step::Monitored(event),
            _ = look.tick() => Step::Look,
            () = refresh => Step::Refresh,
            () = afresh => Step::Afresh,
            () = inquire => Step::Inquire,
            () = keep => Step::Keep,
        }
    }

    fn info(&self, revision: u64, purpose: Purpose) -> Option<ServiceInfo> {
        service_info(&self.announcement, revision, &self.farewell, purpose)
    }

    fn start_daemon(&mut self) {
        let now = Instant::now();
        self.started = now;
        self.silent_since = Some(now);
        self.browse_at = now + BROWSE_AGAIN;
        self.refresh_at = None;
        let Some(info) = self.info(self.revision, Purpose::Present) else { return };
        match Daemon::start(self.choice.clone(), info) {
            Ok(daemon) => {
                self.daemon = Some(daemon);
                self.new_run();
            }
            Err(error) => tracing::warn!(%error, "multicast DNS could not be started"),
        }
    }

    fn new_run(&mut self) {
        let now = Instant::now();
        self.run = self.run.wrapping_add(1);
        self.run_since = now;
        self.afresh_at = None;
        self.inquire_at = Some(now + INQUIRE_AFTER);
        self.people.ask(now);
    }

    /// Listens afresh soon, but not sooner than `pace` after the last time: whoever says false things to the network
    /// shall not have everybody ask all the time.
    fn want_afresh(&mut self, pace: Duration) {
        let at = (self.run_since + pace).max(Instant::now());
        self.afresh_at = Some(self.afresh_at.map_or(at, |before| before.min(at)));
    }

    fn lose_daemon(&mut self) {
        tracing::warn!("multicast DNS has ended");
        self.daemon = None;
        // If it ends again and again, `look` starts it at its leisure.
        if self.started.elapsed() >= RESTART_AFTER {
            self.start_daemon();
        }
    }

    async fn take_wanted(&mut self) {
        let Wanted { announcement, choice, .. } = self.wanted.borrow_and_update().clone();
        let announces = self.announcement != announcement;
        if announces {
            self.announcement = announcement;
            self.revision = self.revision.wrapping_add(1);
        }
        let chooses = *self.choice.read().unwrap_or_else(PoisonError::into_inner) != choice;
        if chooses {
            *self.choice.write().unwrap_or_else(PoisonError::into_inner) = choice;
            self.look_at_interfaces();
            // `mdns-sd` can drop an adapter in mid-run, but tells nobody whom that takes away. On that adapter the restart
            // is a goodbye; on the others the new start comes well within the second that a goodbye takes.
            self.restart().await;
        } else if announces {
            self.register();
        }
    }

    fn register(&mut self) {
        let Some(info) = self.info(self.revision, Purpose::Present) else { return };
        if let Some(daemon) = &self.daemon
            && daemon.register(info).is_err()
        {
            // Its queue is full or it has ended; either shows at the next try.
            self.refresh_at = Some(Instant::now() + SETTLE);
        }
    }

    fn browse_again(&mut self) {
        self.browse_at = Instant::now() + BROWSE_AGAIN;
        if let Some(daemon) = &mut self.daemon
            && daemon.browse_again().is_err()
        {
            self.lose_daemon();
        }
    }

    fn inquire(&mut self) {
        self.inquire_at = None;
        if self.people.awaits() {
            self.browse_again();
        }
        if let Some(daemon) = &mut self.daemon {
            let names = self.people.contradicted().take(MAX_INQUIRIES).map(|device| hostname(&device));
            daemon.inquire(names, DOUBT_TIMEOUT);
        }
    }

    /// `mdns-sd` does not ask again for somebody whose record has expired, and tells others not to answer for as long as
    /// it remembers the name: an hour. Only with an empty cache they are found when they come back in silence.
    fn browse_afresh(&mut self) {
        self.browse_at = Instant::now() + BROWSE_AGAIN;
        self.new_run();
        if let Some(daemon) = &mut self.daemon
            && daemon.browse_afresh().is_err()
        {
            self.lose_daemon();
        }
    }

    fn refresh(&mut self) {
        self.refresh_at = None;
        self.register();
        self.browse_again();
    }

    fn start_verify(&mut self, device: DeviceId) {
        if let Some(daemon) = &self.daemon
            && self.people.verify(device, Instant::now())
        {
            let _ = daemon.verify(fullname(&device), VERIFY_TIMEOUT);
        }
    }

    fn monitored(&mut self, event: &DaemonEvent) {
        match event {
            DaemonEvent::IpAdd(_) | DaemonEvent::IpDel(_) => {
                self.look_at_interfaces();
                self.refresh_at = Some(Instant::now() + SETTLE);
            }
            _ => {}
        }
    }

    fn browsed(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::ServiceResolved(service) => self.resolved(&service),
            ServiceEvent::ServiceRemoved(_, fullname) => self.removed(&fullname),
            _ => {}
        }
    }

    /// A record has expired or was said goodbye of, by whomever.
    fn removed(&mut self, fullname: &str) {
        let Some(instance_name) = instance_of(fullname) else { return };
        if instance_name == instance(&self.announcement.device) {
            self.silent_since.get_or_insert_with(Instant::now);
            return self.want_afresh(DOUBT_TIMEOUT);
        }
        let Some(device) = self.people.by_instance(&instance_name) else { return };
        self.look_at_interfaces();
        if self.snapshot.used.is_empty() || self.people.was_verified(device, Instant::now()) {
            // Nobody else has had a hand in this, and there is nobody to ask, or they have been asked.
            self.people.gone(device);
            self.want_afresh(HEARD_AGAIN);
        } else if self.people.doubt(device) {
            self.want_afresh(DOUBT_TIMEOUT);
        }
    }

    fn resolved(&mut self, service: &ResolvedService) {
        let Some(instance_name) = instance_of(service.get_fullname()) else { return };
        if instance_name == instance(&self.announcement.device) {
            self.silent_since = None;
            return;
        }
        let pairs = service.get_properties().iter().map(|property| (property.key(), property.val()));
        let record = match decode(&instance_name, pairs) {
            // Every device writes the name that its id makes.
            Ok(record) if service.get_hostname().eq_ignore_ascii_case(&hostname(&record.device)) => record,
            wrong => {
                if let Err(error) = wrong {
                    tracing::debug!(%error, "a record is left out");
                }
                // It may hide a true one.
                if self.people.by_instance(&instance_name).is_some() {
                    self.want_afresh(HEARD_AGAIN);
                }
                return;
            }
        };
        let port = service.get_port();
        let heard = service.get_addresses().iter().map(|address| match address {
            ScopedIp::V6(v6) => (address.to_ip_addr(), v6.scope_id().index),
            _ => (address.to_ip_addr(), 0),
        });
        let addresses = to_dial(heard, port, &self.snapshot.networks);
        let Record { device, person, phrase, rooms, revision, versions, promise, leaving, secret } = record;
        if leaving {
            if self.people.leaves(device, secret.as_ref()) {
                self.want_afresh(DOUBT_TIMEOUT);
            }
        } else if port == 0 || addresses.is_empty() {
            if self.people.doubt(device) {
                self.want_afresh(DOUBT_TIMEOUT);
            }
        } else {
            let found = Found { device, person, phrase, rooms, revision, versions, addresses, port };
            if self.people.heard(found, promise, &self.snapshot.networks) {
                self.want_afresh(HEARD_AGAIN);
            }
        }
    }

    fn look_at_interfaces(&mut self) {
        let choice = self.choice.read().unwrap_or_else(PoisonError::into_inner).clone();
        let snapshot = Snapshot::take(&choice);
        if snapshot.networks != self.snapshot.networks {
            // A network that has just come has had no time yet to carry the echo.
            if self.silent_since.is_some() {
                self.silent_since = Some(Instant::now());
            }
        }
        self.snapshot = snapshot;
    }

    async fn look(&mut self) {
        let wall = SystemTime::now();
        let slept = wall.duration_since(self.looked_at).is_ok_and(|gap| gap > SLEPT);
        self.looked_at = wall;
        self.look_at_interfaces();
        let now = Instant::now();
        if slept {
            self.refresh();
        }
        if now >= self.browse_at {
            self.browse_again();
        }
        if now >= self.cache_looked_at + CACHE_CHECK {
            self.cache_looked_at = now;
            // Whoever floods the network with records shall not fill the memory too.
            let cached = match &self.daemon {
                Some(daemon) => daemon.cached().await,
                None => 0,
            };
            if cached > MAX_CACHED {
                self.restart().await;
            }
        }
        let network = !self.snapshot.used.is_empty();
        let silent = self.silent_since.is_some_and(|since| now >= since + RESTART_AFTER);
        if network && (silent || self.daemon.is_none()) && now >= self.started + RESTART_AFTER {
            tracing::debug!("multicast DNS is silent and is started again");
            self.restart().await;
        }
    }

    async fn restart(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.end().await;
        }
        self.start_daemon();
    }

    fn problem(&self) -> Option<NetworkProblem> {
        let silent = self.silent_since.is_some_and(|since| since.elapsed() >= ECHO_TIMEOUT);
        if self.snapshot.used.is_empty() {
            Some(NetworkProblem::NoNetwork)
        } else if self.daemon.is_none() || silent {
            Some(NetworkProblem::DiscoveryFailed)
        } else {
            None
        }
    }

    fn network(&self) -> (Vec<String>, Vec<String>, Vec<std::net::SocketAddr>) {
        let snapshot = &self.snapshot;
        let addresses = snapshot.socket_addresses(self.announcement.port);
        (snapshot.used.clone(), snapshot.others.clone(), addresses)
    }

    fn has_news(&self) -> bool {
        self.people.has_news()
            || self.told.problem != self.problem()
            || self.told.network.as_ref() != Some(&self.network())
    }

    fn next_news(&mut self) -> Option<DiscoveryEvent> {
        let network = self.network();
        if self.told.network.as_ref() != Some(&network) {
            self.told.network = Some(network.clone());
            let (used, others, addresses) = network;
            return Some(DiscoveryEvent::Interfaces { used, others, addresses });
        }
        let problem = self.problem();
        if self.told.problem != problem {
            self.told.problem = problem;
            return Some(DiscoveryEvent::Problem(problem));
        }
        self.people.next_news()
    }
}

/// Ready at a time; never when there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// The instance name in a full name, in lower case.
fn instance_of(fullname: &str) -> Option<String> {
    let name = fullname.to_ascii_lowercase();
    name.strip_suffix(SERVICE)?.strip_suffix('.').map(str::to_owned)
}

#[cfg(test)]
mod tests;
