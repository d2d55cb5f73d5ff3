//! Tauri's code generation, told where this repository keeps its capabilities and permissions.

use tauri_build::{AppManifest, Attributes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // tauri-build watches only its default folders.
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    tauri_build::try_build(
        Attributes::new()
            .capabilities_path_pattern("./src-tauri/capabilities/**/*")
            .app_manifest(AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*")),
    )?;
    Ok(())
}
