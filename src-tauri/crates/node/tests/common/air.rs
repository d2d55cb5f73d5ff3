//! What goes between a node and the network's announcements.
#![allow(unreachable_pub, reason = "for tests only")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use earshot_discovery::memory::Ether;
use earshot_discovery::{Announcement, Discovery, DiscoveryError, DiscoveryEvent, InterfaceChoice};
use earshot_node::{Node, Options};
use earshot_protocol::DeviceId;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{Person, notary};

/// What goes between a node and the network: a test reads along, and says things in others' names.
#[derive(Clone)]
pub struct Air {
    pub said: Arc<Mutex<Vec<Announcement>>>,
    pub verified: Arc<Mutex<Vec<DeviceId>>>,
    spoof: mpsc::Sender<DiscoveryEvent>,
}

struct Tapped {
    inner: Box<dyn Discovery>,
    air: Air,
}

impl Air {
    pub fn last(&self) -> Announcement {
        self.said.lock().expect("unpoisoned").last().expect("announced at the start").clone()
    }

    pub async fn says(&self, event: DiscoveryEvent) {
        self.spoof.send(event).await.expect("the node listens");
    }
}

impl Discovery for Tapped {
    fn announce(&self, announcement: Announcement) -> Result<(), DiscoveryError> {
        self.air.said.lock().expect("unpoisoned").push(announcement.clone());
        self.inner.announce(announcement)
    }
    fn choose(&self, choice: InterfaceChoice) {
        self.inner.choose(choice);
    }
    fn verify(&self, device: DeviceId) {
        self.air.verified.lock().expect("unpoisoned").push(device);
        self.inner.verify(device);
    }
    fn shutdown(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.inner.shutdown().await;
            // mDNS takes its time, and others have heard the first packet long before the last.
            sleep(Duration::from_millis(300)).await;
        })
    }
}

async fn start(ether: &Ether, options: &Options) -> (Node, Air) {
    let (spoof, mut spoofed) = mpsc::channel(1024);
    let air = Air { said: Arc::default(), verified: Arc::default(), spoof };
    let tapped = air.clone();
    let find = |announcement: Announcement, _: InterfaceChoice| {
        tapped.said.lock().expect("unpoisoned").push(announcement.clone());
        let (handle, mut heard) = ether.join(announcement)?;
        let (both, events) = mpsc::channel(64);
        tokio::spawn(async move {
            loop {
                let event = tokio::select! {
                    Some(event) = heard.recv() => event,
                    Some(event) = spoofed.recv() => event,
                    else => return,
                };
                if both.send(event).await.is_err() {
                    return;
                }
            }
        });
        Ok((Box::new(Tapped { inner: Box::new(handle), air: tapped }) as Box<dyn Discovery>, events))
    };
    (Node::start_with(options, find, notary).await.expect("starts"), air)
}

pub async fn arrive_with(ether: &Ether, options: &Options, folder: tempfile::TempDir) -> (Person, Air) {
    let (node, air) = start(ether, options).await;
    let window = node.attach().await.expect("attaches");
    (Person { node, window, heard: Vec::new(), next: 0, folder }, air)
}
