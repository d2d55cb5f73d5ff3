//! Messages as they come over the wire, from a visitor, a hub, a window or a participant: whatever can be read and passes
//! its bounds says the same when it is written and read again.
#![no_main]

use std::fmt::Debug;

use earshot_protocol::{
    ChatMessage, Control, FileMessage, FileRequest, FromHub, FromNode, Request, ToHub, ToNode, hub::Signal,
};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) -> Option<T> {
    let message: T = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&message).expect("what was read can be written");
    let again: T = serde_json::from_str(&written).expect("what was written can be read");
    assert_eq!(message, again);
    // What stands in a log of a message must not break it either.
    let _ = format!("{message:?}");
    Some(message)
}

fn check(request: &Request) {
    let _ = request.check();
    let Request::Signal { signal: Signal::Description { description }, .. } = request else { return };
    let _ = earshot_identity::sdp::essence(&description.sdp);
}

fuzz_target!(|text: &str| {
    match read::<ToHub>(text) {
        Some(ToHub::Request { request, .. }) => check(&request),
        Some(ToHub::Hello(hello)) => {
            let _ = hello.person.check();
        }
        _ => {}
    }
    if let Some(ToNode::Request { request, .. }) = read::<ToNode>(text) {
        check(&request);
    }
    read::<FromHub>(text);
    read::<FromNode>(text);
    read::<Control>(text);
    read::<FileMessage>(text);
    read::<ChatMessage>(text);
    if let Some(request) = read::<FileRequest>(text) {
        let _ = request.check();
    }
});
