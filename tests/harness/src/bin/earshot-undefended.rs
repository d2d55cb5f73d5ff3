//! `earshot --headless` without one defence: it opens every description, whatever its seal, and takes a browser's key for
//! as good as the hub says. Attacks on descriptions are first shown to work against this, so that a test in which they
//! fail proves something. All else is the product's.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use earshot_discovery::{Announcement, InterfaceChoice};
use earshot_identity::DeviceKey;
use earshot_identity::seal::{Notary, Place, Seals};
use earshot_node::{Finding, Node, Options, end_signal, explain, print_ready};
use earshot_protocol::hub::Description;
use earshot_protocol::{DeviceId, DeviceKind, ErrorCode, PublicKey};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    earshot_node::start_logging();
    let seals =
        |key: Arc<DeviceKey>| -> Box<dyn Seals> { Box::new(OpensAll(Notary::new(key, DeviceKind::Install))) };
    let node = match Node::start_with(&options, by_mdns, seals).await {
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

fn by_mdns(announcement: Announcement, choice: InterfaceChoice) -> Finding {
    let (handle, events) = earshot_discovery::mdns::start(announcement, choice)?;
    Ok((Box::new(handle), events))
}

/// Seals as it should, where it can, and believes everybody.
struct OpensAll(Notary);

impl Seals for OpensAll {
    fn seal(
        &mut self,
        now_ms: u64,
        place: Place,
        to: DeviceId,
        description: Description,
    ) -> Result<Description, ErrorCode> {
        // An answer to an offer that should not have been opened has no seal; nobody here asks for one.
        Ok(self.0.seal(now_ms, place, to, description.clone()).unwrap_or(description))
    }

    fn open(
        &mut self,
        place: Place,
        from: DeviceId,
        description: Description,
    ) -> Result<(Description, DeviceKind), ErrorCode> {
        // So that answers get a seal; what it says of the offer does not matter here.
        let _ = self.0.open(place, from, description.clone());
        let kind = match &description.seal {
            Some(seal) if seal.kind != DeviceKind::Install => DeviceKind::Guest,
            _ => DeviceKind::Install,
        };
        Ok((Description { seal: None, ..description }, kind))
    }

    fn key_of(&self, place: Place, device: DeviceId) -> Option<PublicKey> {
        self.0.key_of(place, device)
    }

    fn leave(&mut self, place: Place) {
        self.0.leave(place);
    }
}
