//! Links that the system asks us to open: `earshot:room?…`, clicked on in a mail or on a page. What they lead to is the
//! window's to read and to ask about; here they are only bounded.

use earshot_protocol::limits::MAX_LINK_CHARS;

/// What a link begins with.
const SCHEME: &str = "earshot:";

/// Why a text on the command line is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a link that begins with {SCHEME}")]
pub struct NoLink;

/// Takes a text that may be a link of ours: the scheme, printable ASCII, and not too long.
///
/// # Errors
/// [`NoLink`]: it is not one.
pub fn link(text: &str) -> Result<String, NoLink> {
    let scheme = text.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME));
    let good = text.len() <= MAX_LINK_CHARS as usize && text.bytes().all(|byte| byte.is_ascii_graphic());
    if scheme && good { Ok(text.to_owned()) } else { Err(NoLink) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_printable_links_of_ours_are_taken() {
        for good in ["earshot:", "earshot:room?id=a&hub=b", "EARSHOT:room?id=a"] {
            assert_eq!(link(good), Ok(good.to_owned()));
        }
        let long = format!("earshot:{}", "a".repeat(MAX_LINK_CHARS as usize));
        for bad in
            ["", "earshot", "https://a/", " earshot:room", "earshot:a b", "earshot:\n", "earshot:é", &long]
        {
            assert_eq!(link(bad), Err(NoLink), "{bad}");
        }
    }
}
