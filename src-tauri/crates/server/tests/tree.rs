//! The server is built on machines without a desktop: nothing of one is in its dependencies.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn no_window_in_the_tree() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "earshot-server", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run");
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names: Vec<_> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(
        names.contains(&"earshot-hub") && names.contains(&"axum"),
        "that is not the server's tree:\n{tree}"
    );
    let found: Vec<_> = names.into_iter().filter(|name| is_of_a_window(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

fn is_of_a_window(name: &str) -> bool {
    const PARTS: [&str; 10] =
        ["tauri", "wry", "tao", "gtk", "gdk", "webkit", "webview", "glib", "soup", "javascriptcore"];
    name.split(['-', '_']).any(|word| PARTS.iter().any(|part| word.starts_with(part)))
        // The shell and the node of an install are no part of a server either.
        || name == "earshot"
        || name == "earshot-node"
}

#[test]
fn the_question_is_answered_both_ways() {
    for name in
        ["tauri", "tauri-runtime-wry", "wry", "gtk", "gtk-sys", "webkit2gtk", "javascriptcore-rs", "earshot"]
    {
        assert!(is_of_a_window(name), "{name}");
    }
    for name in ["earshot-server", "earshot-hub", "axum", "tokio", "rustls", "tower-layer"] {
        assert!(!is_of_a_window(name), "{name}");
    }
}
