//! Tauri's code generation, told where this repository keeps its capabilities.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // tauri-build watches only its default folder.
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .capabilities_path_pattern("./src-tauri/capabilities/**/*"),
    )?;
    Ok(())
}
