//! PROTOCOL.md says what the types say: every wire word, every code and every limit, and no code or limit more.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use earshot_protocol::{ErrorCode, limits};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Everything between backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every field name and every literal of the generated types: what goes over the wire.
fn wire_words(typescript: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let types = typescript.split("export const").next().expect("the types come first");
    let mut in_comment = false;
    for line in types.lines() {
        let line = line.trim();
        if line.starts_with("/**") || line.starts_with("//") {
            in_comment = !line.ends_with("*/") && line.starts_with("/**");
            continue;
        }
        if in_comment {
            in_comment = !line.ends_with("*/");
            continue;
        }
        for literal in line.split('"').skip(1).step_by(2) {
            words.insert(literal.to_owned());
        }
        for field in line.split([' ', '{', ',', '(']) {
            if let Some(name) = field.strip_suffix(':').map(|name| name.trim_end_matches('?'))
                && !name.is_empty()
            {
                words.insert(name.trim_matches('"').to_owned());
            }
        }
    }
    words
}

#[test]
fn every_wire_word_is_in_the_document() {
    let document = read("PROTOCOL.md");
    let quoted = quoted(&document);
    let words = wire_words(&read("ui/src/gen/protocol.ts"));
    assert!(words.contains("ring-ended") && words.contains("sdpMid"), "the words are found at all");
    // Names that the document gives in words.
    let in_words = ["type"];
    let missing: Vec<_> = words
        .iter()
        .filter(|word| !quoted.contains(word.as_str()) && !in_words.contains(&word.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in PROTOCOL.md: {missing:?}");
}

/// The first cells of the table under a heading, with the second ones.
fn table<'a>(document: &'a str, heading: &str) -> Vec<(&'a str, &'a str)> {
    let section = document.split(heading).nth(1).expect("the heading is there");
    let section = section.split("\n## ").next().expect("there is always a first part");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        (cells.next().expect("a first cell"), cells.next().expect("a second cell"))
    })
    .collect()
}

#[test]
fn codes_are_those_of_the_document() {
    let document = read("PROTOCOL.md");
    let listed: Vec<_> = table(&document, "\n## 9. Error codes").into_iter().map(|(code, _)| code).collect();
    let known: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, known);
}

#[test]
fn limits_are_those_of_the_document() {
    let document = read("PROTOCOL.md");
    let listed: Vec<_> = table(&document, "\n## 10. Limits");
    let known: Vec<_> = limits::ALL.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let known: Vec<_> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(listed, known);
}

/// Every test in the repository, by name.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if !["target", "node_modules", "dist", ".git"].iter().any(|skipped| name == *skipped) {
                tests_below(&path, names);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.extend(functions.map(str::to_owned));
        }
    }
}

#[test]
fn the_threat_model_names_tests_that_exist() {
    let mut names = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    for folder in ["src-tauri", "tests"] {
        tests_below(&root.join(folder), &mut names);
    }
    let document = read("docs/threat-model.md");
    let rows = document.lines().filter(|line| line.starts_with('|'));
    let named: Vec<&str> = rows
        .flat_map(|row| quoted(row.rsplit('|').nth(1).unwrap_or_default()))
        .filter(|name| name.contains('_') && !name.contains('.'))
        .collect();
    assert!(named.len() > 30, "the rows are found at all");
    let missing: Vec<_> = named.iter().filter(|name| !names.contains(**name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}
