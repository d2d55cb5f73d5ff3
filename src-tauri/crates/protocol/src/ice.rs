//! Which STUN and TURN servers connections use.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ErrorCode;
use crate::limits::MAX_ADDRESS_BYTES;

/// W3C's RTCIceServer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

impl std::fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IceServer({} urls)", self.urls.len())
    }
}

impl IceServer {
    /// Checks scheme, number and length.
    ///
    /// # Errors
    /// [`ErrorCode::SettingInvalid`].
    pub fn check(&self) -> Result<(), ErrorCode> {
        let url_is_good = |url: &String| {
            url.len() <= MAX_ADDRESS_BYTES as usize
                && ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme))
        };
        let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= 512);
        if !self.urls.is_empty()
            && self.urls.len() <= 4
            && self.urls.iter().all(url_is_good)
            && short(&self.username)
            && short(&self.credential)
        {
            Ok(())
        } else {
            Err(ErrorCode::SettingInvalid)
        }
    }
}
