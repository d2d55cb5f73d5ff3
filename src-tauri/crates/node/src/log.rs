//! What is logged, and where: warnings and above on standard error, unless `EARSHOT_LOG` asks for more.

use tracing_subscriber::EnvFilter;

/// Other people's crates: warnings, but not of those that put addresses into them.
const OTHERS: &str = "warn,mdns_sd=error,turn_client_proto=error,stun_proto=error,str0m=error";

/// Starts logging for this process; a second call changes nothing.
///
/// Other crates' debug output may hold addresses, so a plain level in `EARSHOT_LOG` is for Earshot's own crates only.
pub fn start_logging() {
    let filter = filter(&std::env::var("EARSHOT_LOG").unwrap_or_default());
    // An error means that logging runs already.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn filter(asked: &str) -> EnvFilter {
    match asked {
        "" => EnvFilter::new(OTHERS),
        level @ ("error" | "warn" | "info" | "debug" | "trace") => EnvFilter::new(
            ["discovery", "hub", "identity", "node", "server", "signaling"]
                .iter()
                .fold(OTHERS.to_owned(), |filter, part| format!("{filter},earshot_{part}={level}")),
        ),
        directives => EnvFilter::new(directives),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn other_crates_tell_no_addresses() {
        for asked in ["", "warn", "trace"] {
            let kept = Kept::default();
            let writer = kept.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_env_filter(filter(asked))
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                // As turn-client-proto does when a relay refuses a peer.
                tracing::warn!(target: "turn_client_proto::protocol", "create permission request for 192.0.2.7");
                tracing::warn!(target: "stun_proto::agent", "192.0.2.7");
                tracing::warn!(target: "str0m::ice", "192.0.2.7");
                tracing::warn!(target: "earshot_node", "our own");
            });
            let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            assert!(log.contains("our own"), "{log}");
            assert!(!log.contains("192.0.2.7"), "{log}");
        }
    }
}
