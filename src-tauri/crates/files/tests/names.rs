//! What others call a file is safe, whatever it is.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use earshot_files::name::{MAX_NAME_BYTES, numbered, safe};
use proptest::prelude::*;

#[test]
fn hostile_names_are_made_safe() {
    let text = include_str!("names.json");
    let names: Vec<(String, String)> = serde_json::from_str(text).expect("pairs of names");
    assert!(names.len() > 30, "the names are found at all");
    for (name, expected) in names {
        assert_eq!(safe(&name), expected, "{name:?}");
    }
    let long = format!("{}.tar.gz", "ä".repeat(500));
    let short = safe(&long);
    assert!(short.len() <= MAX_NAME_BYTES && short.ends_with("ä.gz"), "{short}");
    assert_eq!(safe(&"x".repeat(1_000_000)).len(), MAX_NAME_BYTES);
}

#[test]
fn a_number_comes_before_the_end() {
    assert_eq!(numbered("photo.jpg", 1), "photo.jpg");
    assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
    assert_eq!(numbered("Makefile", 12), "Makefile (12)");
    assert_eq!(numbered("v1.2 of what we said in the meeting", 3), "v1.2 of what we said in the meeting (3)");
}

/// Texts out of what names are attacked with.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "..",
        ".",
        "/",
        "\\",
        "\0",
        " ",
        "\t",
        "\n",
        "CON",
        "nul",
        "LPT1",
        ":",
        "*",
        "?",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{301}",
        "e",
        "é",
        "ä",
        "中",
        "🎧",
        "\u{fe0f}",
        ".txt",
        ".exe",
        "-",
        "~",
        "%00",
        "\u{a0}",
        "\u{2028}",
        "\u{1100}\u{1161}",
        "\u{212b}",
        "\u{338}",
        "<",
        "=",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]);
    prop_oneof![prop::collection::vec(bits, 0..30).prop_map(|bits| bits.concat()), any::<String>()]
}

proptest! {
    #[test]
    fn every_name_becomes_a_plain_one(name in hostile()) {
        let safe_name = safe(&name);
        prop_assert!(!safe_name.is_empty() && safe_name.len() <= MAX_NAME_BYTES);
        prop_assert!(!safe_name.starts_with(['.', '-', ' ']) && !safe_name.ends_with(['.', ' ']));
        prop_assert!(!safe_name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']));
        prop_assert!(!safe_name.chars().any(char::is_control));
        let unseen = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}'];
        prop_assert!(!safe_name.contains(unseen));
        prop_assert_eq!(safe(&safe_name), safe_name.clone(), "safe stays safe");
        // One step of a path, and a plain one.
        let path = std::path::Path::new(&safe_name);
        let mut steps = path.components();
        prop_assert!(matches!(steps.next(), Some(std::path::Component::Normal(step)) if step == safe_name.as_str()));
        prop_assert!(steps.next().is_none());
        let numbers: HashSet<_> = (1..20).map(|n| numbered(&safe_name, n)).collect();
        prop_assert_eq!(numbers.len(), 19);
        prop_assert!(numbers.iter().all(|numbered| numbered.len() < 255));
    }
}
