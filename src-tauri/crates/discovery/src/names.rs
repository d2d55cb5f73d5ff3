//! Addresses of `.local` names (RFC 6762), such as browsers give their candidates (RFC 8828, section 4). They are
//! asked for on a run of `mdns-sd` of its own, begun with the first question: the one that looks for people remembers
//! what it hears, and what other hosts are called is none of that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mdns_sd::{HostnameResolutionEvent, IfKind, IfPredicate, Receiver, ServiceDaemon};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::InterfaceChoice;
use crate::addresses::{is_link_local_v6, is_usable};

/// How long a name may take. The question is asked again after 1 and after 3 s.
const TIMEOUT: Duration = Duration::from_millis(3_500);

/// Names that are asked for at once; more are not.
const MAX_NAMES: usize = 64;

/// The most addresses of one name.
const MAX_ADDRESSES: usize = 8;

/// The longest name (RFC 1035, section 2.3.4), without the dot at the end.
const MAX_NAME_BYTES: usize = 253;

/// Asks the network for `.local` names.
#[derive(Debug, Clone)]
pub struct Names {
    asking: Arc<Mutex<Asking>>,
}

/// Who waits for an answer.
type Waiting = Vec<oneshot::Sender<Vec<IpAddr>>>;

struct Asking {
    choice: InterfaceChoice,
    daemon: Option<ServiceDaemon>,
    /// By name, as it is asked for: `mdns-sd` gives the answer to one only.
    names: HashMap<String, Waiting>,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Asking").field("running", &self.daemon.is_some()).finish_non_exhaustive()
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(daemon) = &self.daemon {
            // The thread holds its own queue open: it ends only when it is told to.
            let _ = daemon.shutdown();
        }
    }
}

impl Names {
    /// Asks on these adapters.
    #[must_use]
    pub fn new(choice: InterfaceChoice) -> Self {
        Self { asking: Arc::new(Mutex::new(Asking { choice, daemon: None, names: HashMap::new() })) }
    }

    /// The addresses of `name`, which ends in `.local`, without link-local IPv6; empty when nobody answers within
    /// 3.5 s, when the name is none, or when too many are being asked for. Wants a Tokio runtime.
    pub async fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let Some(name) = question(name) else { return Vec::new() };
        let (answer, answered) = oneshot::channel();
        if let Some(events) = self.ask(name.clone(), answer) {
            let asking = Arc::clone(&self.asking);
            // A task, so that an answer reaches those who wait when the first of them no longer does.
            tokio::spawn(async move {
                let found = timeout(TIMEOUT, first_answer(events)).await.unwrap_or_default();
                let mut asking = lock(&asking);
                if let Some(daemon) = &asking.daemon {
                    let _ = daemon.stop_resolve_hostname(&name);
                }
                for waiting in asking.names.remove(&name).unwrap_or_default() {
                    let _ = waiting.send(found.clone());
                }
            });
        }
        answered.await.unwrap_or_default()
    }

    /// Notes who waits, and asks if nobody has yet.
    fn ask(
        &self,
        name: String,
        answer: oneshot::Sender<Vec<IpAddr>>,
    ) -> Option<Receiver<HostnameResolutionEvent>> {
        let mut asking = lock(&self.asking);
        if let Some(waiting) = asking.names.get_mut(&name) {
            if waiting.len() < MAX_NAMES {
                waiting.push(answer);
            }
            return None;
        }
        if asking.names.len() >= MAX_NAMES {
            return None;
        }
        let events = asking.start(&name)?;
        asking.names.insert(name, vec![answer]);
        Some(events)
    }
}

impl Asking {
    fn start(&mut self, name: &str) -> Option<Receiver<HostnameResolutionEvent>> {
        let millis = u64::try_from(TIMEOUT.as_millis()).ok();
        if let Some(daemon) = &self.daemon
            && let Ok(events) = daemon.resolve_hostname(name, millis)
        {
            return Some(events);
        }
        // It has not run yet, or its thread has died.
        match run(self.choice.clone()) {
            Ok(daemon) => self.daemon.insert(daemon).resolve_hostname(name, millis).ok(),
            Err(error) => {
                tracing::debug!(%error, "names cannot be asked for");
                None
            }
        }
    }
}

fn lock(asking: &Mutex<Asking>) -> MutexGuard<'_, Asking> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(choice: InterfaceChoice) -> mdns_sd::Result<ServiceDaemon> {
    let daemon = ServiceDaemon::new()?;
    let set_up = || {
        daemon.disable_interface(IfKind::All)?;
        let uses = IfPredicate::new(move |interface| choice.uses(interface));
        daemon.enable_interface(IfKind::Predicate(uses))?;
        daemon.set_ip_check_interval(1)
    };
    set_up().inspect_err(|_| drop(daemon.shutdown()))?;
    Ok(daemon)
}

/// `name` with the dot at the end and in lower case, as names are compared (RFC 6762, section 16); None for what is no
/// `.local` name.
fn question(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let label = name.strip_suffix(".local")?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.';
    let labels = label.split('.').all(|label| (1..=63).contains(&label.len()));
    (labels && label.bytes().all(known) && name.len() <= MAX_NAME_BYTES).then(|| format!("{name}."))
}

async fn first_answer(events: Receiver<HostnameResolutionEvent>) -> Vec<IpAddr> {
    while let Ok(event) = events.recv_async().await {
        match event {
            HostnameResolutionEvent::AddressesFound(_, found) => {
                let mut found: Vec<IpAddr> = found
                    .iter()
                    .map(mdns_sd::ScopedIp::to_ip_addr)
                    .filter(|ip| is_usable(*ip) && !is_link_local_v6(*ip))
                    .collect();
                found.sort_unstable();
                found.dedup();
                found.truncate(MAX_ADDRESSES);
                if !found.is_empty() {
                    return found;
                }
            }
            HostnameResolutionEvent::SearchTimeout(_) | HostnameResolutionEvent::SearchStopped(_) => break,
            _ => {}
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_names_are_asked_for() {
        assert_eq!(question("A-1.local").as_deref(), Some("a-1.local."));
        assert_eq!(question("a.b.local.").as_deref(), Some("a.b.local."));
        let long = format!("{}.local", "a".repeat(64));
        let longer = format!("{}local", "abcdefg.".repeat(40));
        for name in ["", ".local", "local", "example.org", "a..local", "a b.local", "ä.local", &long, &longer]
        {
            assert_eq!(question(name), None, "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_no_name_is_answered_at_once() {
        let names = Names::new(InterfaceChoice::every());
        let none = timeout(Duration::from_millis(100), names.resolve("example.org")).await;
        assert_eq!(none, Ok(Vec::new()));
        assert!(lock(&names.asking).daemon.is_none(), "nothing runs for that");
    }
}
