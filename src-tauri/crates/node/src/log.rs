//! What is logged, and where: warnings and above on standard error, unless `EARSHOT_LOG` asks for more.

use tracing_subscriber::EnvFilter;

/// Starts logging for this process; a second call changes nothing.
///
/// Other crates' debug output may hold addresses, so a plain level in `EARSHOT_LOG` is for Earshot's own crates only.
pub fn start_logging() {
    let asked = std::env::var("EARSHOT_LOG").unwrap_or_default();
    let filter = match asked.as_str() {
        "" => EnvFilter::new("warn,mdns_sd=error"),
        level @ ("error" | "warn" | "info" | "debug" | "trace") => EnvFilter::new(
            ["discovery", "hub", "identity", "node", "server", "signaling"]
                .iter()
                .fold("warn,mdns_sd=error".to_owned(), |filter, part| {
                    format!("{filter},earshot_{part}={level}")
                }),
        ),
        directives => EnvFilter::new(directives),
    };
    // An error means that logging runs already.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
