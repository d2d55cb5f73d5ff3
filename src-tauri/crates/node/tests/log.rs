//! Nothing private is logged at info: a whole call, with ring, offer, decline and a failure, and then a look at the log.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{Person, an_offer, call};
use earshot_discovery::memory::Ether;
use earshot_protocol::hub::{Description, DescriptionKind, RingAnswer, Signal};
use earshot_protocol::owner::{SettingsChange, VerifyStep};
use earshot_protocol::{OwnerRequest, Reply, Request};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_private_is_logged_at_info() {
    let log = Log::default();
    let written = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || written.clone())
        .init();
    tracing::info!("the log is read: marker");

    let ether = Ether::new();
    let (mut ann, mut bob) = (Person::arrive(&ether, "Ann").await, Person::arrive(&ether, "Bob").await);
    ann.sees(bob.device(), |_| true).await;
    let change = SettingsChange { note: Some("private-note".into()), ..SettingsChange::default() };
    ann.node.change_settings(change).await.expect("changes");
    bob.sees(ann.device(), |_| true).await;
    ann.change(SettingsChange { do_not_disturb: Some(true), ..SettingsChange::default() }).await;
    let unheard = bob.open_room(None).await.room;
    let busy = bob.ring(ann.device(), &unheard).await.expect("rings");
    bob.ring_ends(busy).await;
    ann.change(SettingsChange { do_not_disturb: Some(false), ..SettingsChange::default() }).await;
    let (room, _) = call(&mut ann, &mut bob, None).await;
    let sdp = "v=0 private-sdp a=fingerprint:sha-256 AA".to_owned();
    let signal = Signal::Description {
        description: Description { kind: DescriptionKind::Offer, sdp, round: 0, seal: None },
    };
    let to = ann.device();
    assert_eq!(bob.ask(Request::Signal { room: room.room, to, signal }).await, Ok(Reply::Done));
    // What the device key vouches for, good and bad.
    let (anns, bobs) = (ann.device(), bob.device());
    let sealed = bob.seal(&room, anns, an_offer(0)).await.expect("seals");
    ann.opens(&room, bobs, sealed.clone()).await.expect("opens");
    ann.opens(&room, bobs, sealed.clone()).await.expect_err("twice");
    ann.opens(&room, bobs, Description { seal: None, ..sealed.clone() }).await.expect_err("unsigned");
    ann.opens(&room, bobs, Description { sdp: "v=0 private-sdp".into(), ..sealed.clone() })
        .await
        .expect_err("forged");
    for step in [VerifyStep::Begin, VerifyStep::Confirm { matches: true }, VerifyStep::Cancel] {
        let request = OwnerRequest::Verify { hub: room.hub.device, room: room.room, with: bobs, step };
        // Some of it out of order.
        let _ = ann.own(request).await;
    }
    // What is remembered of people.
    let name = Some("private-nickname".to_owned());
    ann.does(OwnerRequest::RenameDevice { device: bobs, name }).await;
    let bad = Some("private-\n-name".to_owned());
    ann.own(OwnerRequest::RenameDevice { device: bobs, name: bad }).await.expect_err("no name");
    for blocked in [true, false] {
        ann.does(OwnerRequest::BlockDevice { device: bobs, blocked }).await;
    }
    ann.devices().await;
    bob.change(SettingsChange { name: Some("private-Robert".into()), ..SettingsChange::default() }).await;
    ann.sees(bobs, |entry| entry.person.name == "private-Robert").await;
    ann.does(OwnerRequest::AcceptName { device: bobs }).await;
    let again = ann.ring(bob.device(), &room).await.expect("rings again");
    let (ring, ..) = bob.is_rung().await;
    assert_eq!(ring, again);
    bob.answer(ring, RingAnswer::Declined { message: Some("private-word".into()) }).await;
    ann.ring_ends(ring).await;
    ann.does(OwnerRequest::ForgetDevice { device: bobs }).await;
    let seal = sealed.seal.expect("a seal");
    let (key_said, signature) = (seal.key.to_string(), seal.signature.to_string());
    let (anns, bobs) = (anns.to_string(), bobs.to_string());
    let key = std::fs::read_to_string(ann.folder.path().join("device-key.pem")).expect("the key file");
    let secret = key.lines().nth(1).expect("the key's line").to_owned();
    bob.node.shutdown().await;
    ann.node.shutdown().await;

    let text = String::from_utf8(log.0.lock().expect("nobody panics with it").clone()).expect("text");
    assert!(text.contains("marker"), "the log was captured");
    let private = [
        "Ann",
        "Bob",
        "Robert",
        "private-",
        "fingerprint",
        "ice-pwd",
        "AB:AB",
        "127.0.0.1",
        "[::1]",
        &anns[..12],
        &bobs[..12],
        &key_said[..12],
        &signature[..12],
        &secret,
    ];
    for word in private {
        assert!(!text.contains(word), "{word} in the log:\n{text}");
    }
}
