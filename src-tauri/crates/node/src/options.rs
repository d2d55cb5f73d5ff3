//! The command line: what may be said at a start, each also as an `EARSHOT_` variable.

use std::path::PathBuf;

use clap::Parser;

/// Calls for everyone within earshot.
///
/// Start it, and everyone on this network who has Earshot is in your list. Nothing else to set up.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "earshot", version, about)]
pub struct Options {
    /// Folder for key, settings and history [default: the system's place for application data].
    #[arg(long, env = "EARSHOT_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Folder for files that others send [default: Earshot in the downloads].
    #[arg(long, env = "EARSHOT_DOWNLOADS", value_name = "FOLDER")]
    pub downloads: Option<PathBuf>,

    /// The name others see, for this run.
    #[arg(long, env = "EARSHOT_NAME", value_name = "NAME")]
    pub name: Option<String>,

    /// Port that colleagues' machines connect to, for this run [default: any free one].
    #[arg(long, env = "EARSHOT_PORT", value_name = "PORT")]
    pub port: Option<u16>,

    /// Signaling server beside the local network, for this run, e.g. wss://calls.example.com.
    #[arg(long, env = "EARSHOT_SIGNALING", value_name = "URL")]
    pub signaling: Option<String>,

    /// Use only this network adapter, for this run; may be given several times.
    #[arg(long, env = "EARSHOT_INTERFACE", value_name = "NAME", value_delimiter = ',')]
    pub interface: Vec<String>,

    /// Keep name, status and note out of the network's announcements, for this run; colleagues' devices ask for them.
    #[arg(long, env = "EARSHOT_HIDE_NAME")]
    pub hide_name: bool,

    /// No window: serve the user interface on this machine only, and print its address.
    #[arg(long, env = "EARSHOT_HEADLESS")]
    pub headless: bool,

    /// Print one line of JSON when ready: the interface's one-time address, the port, the device id.
    #[arg(long, env = "EARSHOT_READY_JSON")]
    pub ready_json: bool,

    /// Port of the user interface on this machine [default: any free one].
    #[arg(long, env = "EARSHOT_UI_PORT", value_name = "PORT")]
    pub ui_port: Option<u16>,

    /// A link to a meeting, earshot:room?…, as the system hands it over; shown where Earshot runs already.
    #[arg(value_name = "LINK", value_parser = crate::link::link)]
    pub link: Option<String>,
}

impl Options {
    /// The folder for this install's files.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        self.data_dir.clone().or_else(|| {
            directories::ProjectDirs::from("app", "Earshot", "Earshot")
                .map(|folders| folders.data_dir().to_path_buf())
        })
    }
    /// The folder for files that others send.
    #[must_use]
    pub fn received(&self) -> Option<PathBuf> {
        let downloads = || {
            let folders = directories::UserDirs::new()?;
            // Not every system names one.
            let downloads =
                folders.download_dir().map_or_else(|| folders.home_dir().join("Downloads"), Into::into);
            Some(downloads.join("Earshot"))
        };
        self.downloads.clone().or_else(downloads).or_else(|| Some(self.folder()?.join("received")))
    }
}
