//! One run of `mdns-sd`'s thread.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mdns_sd::{
    DaemonEvent, HostnameResolutionEvent, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceEvent,
    ServiceInfo,
};
use tokio::time::{sleep, timeout};

use crate::record::{Farewell, Purpose, SERVICE, fullname, hostname, instance};
use crate::{Announcement, InterfaceChoice, record};

/// The owner's choice, read by the thread at each of its looks at the adapters.
pub(super) type SharedChoice = Arc<RwLock<InterfaceChoice>>;

/// How long the thread may take to answer a question; it takes a millisecond.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// `mdns-sd` sends a goodbye twice, 120 ms apart.
const GOODBYE_REPEATED: Duration = Duration::from_millis(150);

pub(super) struct Daemon {
    handle: ServiceDaemon,
    pub(super) browse: Receiver<ServiceEvent>,
    pub(super) monitor: Receiver<DaemonEvent>,
    /// Questions for addresses; an answer shows among what is browsed.
    inquiries: Vec<Receiver<HostnameResolutionEvent>>,
}

impl Daemon {
    pub(super) fn start(choice: SharedChoice, info: ServiceInfo) -> mdns_sd::Result<Self> {
        let handle = ServiceDaemon::new()?;
        let set_up = || {
            let monitor = handle.monitor()?;
            handle.disable_interface(IfKind::All)?;
            handle.enable_interface(IfKind::Predicate(IfPredicate::new(move |interface| {
                choice.read().unwrap_or_else(PoisonError::into_inner).uses(interface)
            })))?;
            handle.set_ip_check_interval(1)?;
            let browse = handle.browse(SERVICE)?;
            handle.register(info)?;
            Ok((browse, monitor))
        };
        match set_up() {
            Ok((browse, monitor)) => Ok(Self { handle, browse, monitor, inquiries: Vec::new() }),
            Err(error) => {
                // The thread holds its own queue open: it ends only when it is told to.
                let _ = handle.shutdown();
                Err(error)
            }
        }
    }

    pub(super) fn register(&self, info: ServiceInfo) -> mdns_sd::Result<()> {
        self.handle.register(info)
    }

    /// As [`browse_again`](Self::browse_again), with an empty cache.
    pub(super) fn browse_afresh(&mut self) -> mdns_sd::Result<()> {
        self.handle.stop_browse(SERVICE)?;
        self.browse_again()
    }

    /// Starts a new series of questions; the cache is told again from the start.
    pub(super) fn browse_again(&mut self) -> mdns_sd::Result<()> {
        self.browse = self.handle.browse(SERVICE)?;
        Ok(())
    }

    /// Asks for the addresses of these names; the questions before are given up.
    pub(super) fn inquire(&mut self, names: impl Iterator<Item = String>, timeout: Duration) {
        let timeout = u64::try_from(timeout.as_millis()).ok();
        self.inquiries = names.filter_map(|name| self.handle.resolve_hostname(&name, timeout).ok()).collect();
    }

    pub(super) fn verify(&self, fullname: String, timeout: Duration) -> mdns_sd::Result<()> {
        self.handle.verify(fullname, timeout)
    }

    /// Records in the thread's cache, believed or not.
    pub(super) async fn cached(&self) -> i64 {
        let Ok(metrics) = self.handle.get_metrics() else { return 0 };
        let metrics = timeout(ANSWER_TIMEOUT, metrics.recv_async()).await;
        let Ok(Ok(metrics)) = metrics else { return 0 };
        metrics.iter().filter(|(name, _)| name.starts_with("cached-")).map(|(_, count)| count).sum()
    }

    /// Says goodbye, and ends the thread when it is sent. `last` is the record that says so in words: it is believed
    /// at once, while a goodbye alone takes effect after a second (RFC 6762, section 10.1).
    pub(super) async fn goodbye(self, announcement: &Announcement, last: Option<ServiceInfo>) {
        if let Some(last) = last {
            let _ = self.handle.register(last);
        }
        if let Ok(status) = self.handle.unregister(&fullname(&announcement.device))
            && timeout(ANSWER_TIMEOUT, status.recv_async()).await.is_ok()
        {
            sleep(GOODBYE_REPEATED).await;
        }
        self.end().await;
    }

    #[cfg(test)]
    pub(super) async fn kill(&self) {
        let status = self.handle.shutdown().unwrap();
        let _ = status.recv_async().await;
    }

    #[cfg(test)]
    pub(super) fn steal(&self) -> Receiver<ServiceEvent> {
        self.handle.browse(SERVICE).unwrap()
    }

    /// Ends the thread.
    pub(super) async fn end(self) {
        if let Ok(status) = self.handle.shutdown() {
            let _ = timeout(ANSWER_TIMEOUT, status.recv_async()).await;
        }
    }
}

/// The record to register. `None` when the announcement is out of bounds, which the handle has ruled out.
pub(super) fn service_info(
    announcement: &Announcement,
    revision: u64,
    farewell: &Farewell,
    purpose: Purpose,
) -> Option<ServiceInfo> {
    let pairs = record::encode(announcement, revision, farewell, purpose).ok()?;
    let device = &announcement.device;
    let info =
        ServiceInfo::new(SERVICE, &instance(device), &hostname(device), (), announcement.port, &pairs[..]);
    let mut info = info.ok()?.enable_addr_auto();
    info.set_requires_probe(false);
    Some(info)
}
