//! Credentials for a TURN server that shares a secret with us, as coturn's `use-auth-secret` has them: the username is
//! the time of its end and a name, the credential HMAC-SHA1 over it (draft-uberti-behave-turn-rest-00).

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use earshot_protocol::DeviceId;
use earshot_protocol::hub::IceServer;
use earshot_signaling::IceServers;

use crate::config::IceEntry;

/// Longer than any call, s. Who stays connected for longer gets new ones with the next room.
const LIFETIME: u64 = 12 * 60 * 60;

/// Parts the entries: those that are the same for everybody, and those made for each visitor.
pub(crate) fn split(entries: Vec<IceEntry>) -> (Vec<IceServer>, IceServers) {
    let mut plain = Vec::new();
    let mut shared = Vec::new();
    for entry in entries {
        match &entry.turn_secret {
            None => plain.push(entry.server()),
            Some(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
                shared.push((entry.urls, key));
            }
        }
    }
    let servers = move |device: &DeviceId| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let make = |(urls, key): &(Vec<String>, hmac::Key)| credentials(urls, key, now, device);
        shared.iter().map(make).collect()
    };
    (plain, Arc::new(servers))
}

fn credentials(urls: &[String], key: &hmac::Key, now: u64, device: &DeviceId) -> IceServer {
    // The name is only for the TURN server's log.
    let username = format!("{}:{}", now + LIFETIME, &device.to_string()[..8]);
    let credential = BASE64.encode(hmac::sign(key, username.as_bytes()).as_ref());
    IceServer { urls: urls.to_vec(), username: Some(username), credential: Some(credential) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_what_coturn_computes() {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"north");
        let device = DeviceId([0; 32]);
        let server = credentials(&["turn:a".to_owned()], &key, 1_700_000_000, &device);
        assert_eq!(server.username.as_deref(), Some("1700043200:aaaaaaaa"));
        // printf %s 1700043200:aaaaaaaa | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(server.credential.as_deref(), Some("TxJQsgtHFRptkxA2ngBF8XxB8N4="));
        assert!(server.check().is_ok());
    }

    #[test]
    fn only_entries_with_a_secret_are_made_anew() {
        let stun = IceEntry { urls: vec!["stun:a".to_owned()], ..IceEntry::default() };
        let turn = IceEntry {
            urls: vec!["turn:a".to_owned()],
            turn_secret: Some("north".to_owned()),
            ..IceEntry::default()
        };
        let (plain, own) = split(vec![stun.clone(), turn]);
        assert_eq!(plain, [stun.server()]);
        let own = own(&DeviceId([9; 32]));
        assert_eq!(own.len(), 1);
        assert!(!format!("{own:?}").contains("north"));
    }
}
