//! The configuration file.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use earshot_protocol::hub::IceServer;
use earshot_protocol::limits::MAX_ICE_SERVERS;
use serde::Deserialize;

/// Longer than any file with eight ICE servers.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why the configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not TOML, or has a field that is not known.
    #[error("{path}: {reason}", path = path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line and reason, without the text of the line, which may hold a secret.
        reason: String,
    },
    /// One of the ICE servers.
    #[error(
        "{path}: ICE server {index} needs 1 to 4 urls beginning with stun:, stuns:, turn: or turns:, and either \
         username and credential or turn_secret",
        path = path.display()
    )]
    IceServer {
        /// Which file.
        path: PathBuf,
        /// Which of them, from 1.
        index: usize,
    },
    /// Too many ICE servers.
    #[error("{path}: at most {MAX_ICE_SERVERS} ICE servers", path = path.display())]
    TooManyIceServers {
        /// Which file.
        path: PathBuf,
    },
}

/// What the file may hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// As `--title`.
    pub title: Option<String>,
    /// As `--listen`.
    pub listen: Option<SocketAddr>,
    /// As `--public-url`.
    pub public_url: Option<String>,
    /// What may help to connect.
    pub ice_servers: Vec<IceEntry>,
}

/// An ICE server, with its credentials or with the secret that makes them.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IceEntry {
    /// `stun:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN.
    pub credential: Option<String>,
    /// In place of both: the secret shared with the TURN server.
    pub turn_secret: Option<String>,
}

impl std::fmt::Debug for IceEntry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IceEntry({} urls)", self.urls.len())
    }
}

impl FileConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ConfigError`], with the file's name.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read { path: path.to_owned(), source };
        if fs::metadata(path).map_err(failed)?.len() > MAX_FILE_BYTES {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let config: Self = toml_edit::de::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            reason: match error.span() {
                Some(span) => {
                    let before = text.as_bytes().get(..span.start).unwrap_or_default();
                    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                    format!("line {line}: {}", error.message())
                }
                None => error.message().to_owned(),
            },
        })?;
        if config.ice_servers.len() > MAX_ICE_SERVERS as usize {
            return Err(ConfigError::TooManyIceServers { path: path.to_owned() });
        }
        match config.ice_servers.iter().position(|entry| !entry.is_good()) {
            Some(index) => Err(ConfigError::IceServer { path: path.to_owned(), index: index + 1 }),
            None => Ok(config),
        }
    }
}

impl IceEntry {
    /// What is handed out, without the secret.
    pub(crate) fn server(&self) -> IceServer {
        IceServer {
            urls: self.urls.clone(),
            username: self.username.clone(),
            credential: self.credential.clone(),
        }
    }

    fn is_good(&self) -> bool {
        let credentials = match (&self.username, &self.credential, &self.turn_secret) {
            (None, None, None) => !self.urls.iter().any(|url| url.starts_with("turn")),
            (Some(_), Some(_), None) => true,
            (None, None, Some(secret)) => !secret.is_empty(),
            _ => false,
        };
        credentials && self.server().check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FileConfig, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        FileConfig::read(file.path())
    }

    #[test]
    fn a_whole_file() {
        let config = read(
            r#"
            title = "Acme"
            listen = "127.0.0.1:8000"
            public_url = "wss://calls.example"

            [[ice_servers]]
            urls = ["stun:stun.example:3478"]

            [[ice_servers]]
            urls = ["turn:turn.example:3478?transport=udp", "turns:turn.example:5349"]
            username = "earshot"
            credential = "secret"

            [[ice_servers]]
            urls = ["turn:turn.example"]
            turn_secret = "shared"
            "#,
        )
        .unwrap();
        assert_eq!(config.title.as_deref(), Some("Acme"));
        assert_eq!(config.listen, Some("127.0.0.1:8000".parse().unwrap()));
        assert_eq!(config.ice_servers.len(), 3);
        assert_eq!(config.ice_servers[1].server().username.as_deref(), Some("earshot"));
        assert_eq!(config.ice_servers[2].turn_secret.as_deref(), Some("shared"));
        assert_eq!(read("").unwrap(), FileConfig::default());
    }

    #[test]
    fn mistakes_are_told_by_line_and_never_quote_a_secret() {
        let secret = "hunter2hunter2";
        for text in [
            format!("title = \"A\"\n[[ice_servers]]\nurls = [\"turn:a\"]\npassword = \"{secret}\""),
            format!("title = \"A\"\n\n\nturn_secret \"{secret}\""),
            format!("title = \"A\"\n\n\n{secret} = 1"),
        ] {
            let error = read(&text).unwrap_err();
            let told = error.to_string();
            assert!(matches!(error, ConfigError::Parse { .. }), "{told}");
            assert!(told.contains("line 4") || told.contains("line 2"), "{told}");
            assert!(!told.contains(secret) || text.contains(&format!("{secret} =")), "{told}");
        }
    }

    #[test]
    fn ice_servers_are_checked() {
        for entry in [
            "urls = []",
            "urls = [\"http://a\"]",
            "urls = [\"turn:a\"]",
            "urls = [\"turn:a\"]\nusername = \"a\"",
            "urls = [\"turn:a\"]\nusername = \"a\"\ncredential = \"b\"\nturn_secret = \"c\"",
            "urls = [\"turn:a\"]\nturn_secret = \"\"",
        ] {
            let error =
                read(&format!("[[ice_servers]]\nurls = [\"stun:a\"]\n[[ice_servers]]\n{entry}")).unwrap_err();
            assert!(matches!(error, ConfigError::IceServer { index: 2, .. }), "{entry}: {error}");
        }
        let many = "[[ice_servers]]\nurls = [\"stun:a\"]\n".repeat(MAX_ICE_SERVERS as usize + 1);
        assert!(matches!(read(&many), Err(ConfigError::TooManyIceServers { .. })));
    }
}
