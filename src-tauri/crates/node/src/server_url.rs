//! Which texts are a signaling server's URL.

use earshot_protocol::ErrorCode;
use earshot_protocol::limits::MAX_ADDRESS_BYTES;

/// Checks a signaling URL: `wss://host[:port][/path]`, or `ws://` to this machine only.
///
/// # Errors
/// [`ErrorCode::UrlInvalid`] or [`ErrorCode::UrlInsecure`].
pub fn check(url: &str) -> Result<(), ErrorCode> {
    if url.len() > MAX_ADDRESS_BYTES as usize {
        return Err(ErrorCode::UrlInvalid);
    }
    let uri: http::Uri = url.parse().map_err(|_| ErrorCode::UrlInvalid)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(ErrorCode::UrlInvalid)?;
    let authority = uri.authority().ok_or(ErrorCode::UrlInvalid)?;
    if authority.as_str().contains('@') {
        return Err(ErrorCode::UrlInvalid);
    }
    match uri.scheme_str() {
        Some("wss") => Ok(()),
        Some("ws") if is_this_machine(host) => Ok(()),
        Some("ws") => Err(ErrorCode::UrlInsecure),
        _ => Err(ErrorCode::UrlInvalid),
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_or_on_this_machine() {
        for good in ["wss://calls.example.com", "wss://10.0.0.1:7447/ws", "ws://localhost:1", "ws://[::1]:7447"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "calls.example.com", "https://x", "wss://", "wss://user:pass@x", "wss://x y"] {
            assert_eq!(check(bad), Err(ErrorCode::UrlInvalid), "{bad}");
        }
        for insecure in ["ws://example.com", "ws://192.168.1.4", "ws://localhost.evil.example"] {
            assert_eq!(check(insecure), Err(ErrorCode::UrlInsecure), "{insecure}");
        }
    }
}
