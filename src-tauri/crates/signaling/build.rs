//! Embeds the UI anew when it was built anew.

fn main() {
    // A debug build reads the files when they are asked for.
    let embeds = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    let folder =
        if std::path::Path::new("../../../ui/dist").exists() { "../../../ui/dist" } else { "../../../ui" };
    println!("cargo::rerun-if-changed={}", if embeds { folder } else { "build.rs" });
}
