//! Unpredictable bytes, and comparing them without telling how much was right.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE32_NOPAD;

/// `N` bytes that nobody can guess.
#[must_use]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only where the system has no randomness at all; TLS and the key would have failed before.
    #[allow(clippy::expect_used, reason = "without randomness nothing that follows would be safe")]
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A text of 160 bits that nobody can guess, fit for URLs and headers.
#[must_use]
pub(crate) fn text() -> String {
    BASE32_NOPAD.encode(&bytes::<20>()).to_ascii_lowercase()
}

/// Whether two secrets are the same, in a time that does not depend on where they differ.
#[must_use]
pub(crate) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
