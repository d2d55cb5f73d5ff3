//! Earshot without a window: the UI is served on this machine and its address printed.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use earshot_protocol::owner::StartNote;

use crate::{Node, Options, StartError};

/// The line that `--ready-json` prints: what scripts need to begin.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    /// One-time address of the UI.
    ui: &'a str,
    /// The hub's port.
    port: u16,
    /// The device id.
    device: String,
}

/// Prints how to get to a node that has just started: JSON for scripts if `options` say so, else words. Nothing is
/// printed for people when there is a window.
pub fn print_ready(node: &Node, options: &Options, window: bool) {
    for note in node.notes() {
        match note {
            StartNote::KeySetAside { file } => tell(&format!(
                "The device key could not be read, so this device has a new one and nobody knows it. It lies in {file}."
            )),
            StartNote::SettingsSetAside { file } => {
                tell(&format!("The settings could not be read. They lie in {file}."));
            }
            StartNote::HistorySetAside { file } => {
                tell(&format!("The history and the devices you know could not be read. They lie in {file}."));
            }
            StartNote::PhraseSetAside { file } => tell(&format!(
                "The office's phrase could not be read: set it again, for nobody is found until then. It lies in {file}."
            )),
        }
    }
    if options.ready_json {
        let ui = node.ui_url();
        let ready = Ready { ui: &ui, port: node.hub_port(), device: node.device().to_string() };
        // Texts and a number always have a JSON form.
        say(&serde_json::to_string(&ready).unwrap_or_default());
    } else if !window {
        say(&format!(
            "Earshot is running. Open this address in a browser on this machine:\n\n    {}\n",
            node.ui_url()
        ));
        say("It works once; start Earshot again for another. Ctrl-C ends it.");
    }
}

/// Runs an install without a window until it is asked to end.
pub async fn run_headless(options: Options) -> ExitCode {
    let node = match Node::start(&options).await {
        Ok(node) => node,
        Err(error) => return explain(&error),
    };
    print_ready(&node, &options, false);
    tokio::select! {
        () = node.quit_requested() => {}
        () = end_signal() => {}
    }
    node.shutdown().await;
    ExitCode::SUCCESS
}

/// Tells why a node did not start. That one runs already is no failure: its address is printed.
#[must_use]
pub fn explain(error: &StartError) -> ExitCode {
    if let StartError::AlreadyRunning { ui } = error {
        say(&format!(
            "Earshot is already running. Open this address in a browser on this machine:\n\n    {ui}\n"
        ));
        return ExitCode::SUCCESS;
    }
    tell(&format!("Earshot could not start: {error}"));
    ExitCode::FAILURE
}

fn say(text: &str) {
    // A closed pipe is no reason to end.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn tell(text: &str) {
    // As above.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Ready when the system asks the process to end.
pub async fn end_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler the default action ends the process anyway.
    let _ = tokio::signal::ctrl_c().await;
}
