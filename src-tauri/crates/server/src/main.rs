//! Starts the server, says when it is ready, and ends it in good order.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use earshot_server::{Options, Server, StartError};
use tracing_subscriber::EnvFilter;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_env("EARSHOT_SERVER_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,earshot_server=info,earshot_signaling=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "earshot-server: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: Options) -> Result<(), Failure> {
    let ready_json = options.ready_json;
    let signal = ended()?;
    let server = Server::start(options).await?;
    if ready_json {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(server.ready())?)?;
        out.flush()?;
    }
    server.run(signal).await?;
    Ok(())
}

/// Done when somebody wants the server to end.
#[cfg(unix)]
fn ended() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Done when somebody wants the server to end.
#[cfg(not(unix))]
fn ended() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
