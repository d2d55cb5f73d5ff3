//! The real programs on a host: `earshot` and `earshot-server`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Deserialize;

use crate::host::{Host, built};
use crate::process::{Child, Launch};

/// How long a program may take until it is ready.
const READY: Duration = Duration::from_secs(15);

/// The line that `earshot --ready-json` prints.
#[derive(Debug, Clone, Deserialize)]
struct Ready {
    ui: String,
    port: u16,
    device: String,
}

/// The line that `earshot-server --ready-json` prints.
#[derive(Debug, Clone, Deserialize)]
struct ServerReady {
    url: String,
    port: u16,
    device: String,
}

/// A running install.
pub struct Earshot {
    /// The one-time address of its loopback UI.
    pub ui: String,
    /// Its hub's port.
    pub port: u16,
    /// Its device id.
    pub device: String,
    /// The program.
    pub process: Child,
    host: Host,
    data_dir: PathBuf,
}

/// An install about to be started.
pub struct EarshotLaunch {
    host: Host,
    launch: Launch,
    data_dir: PathBuf,
}

impl Host {
    /// The program `earshot`, for tests that start it themselves.
    #[must_use]
    #[track_caller]
    pub fn earshot_program() -> PathBuf {
        built("earshot", "EARSHOT_BIN")
    }

    /// Starts an install of a person, without a window, with a data directory of its own.
    #[must_use]
    #[track_caller]
    pub fn earshot(&self, person: &str) -> Earshot {
        self.install(&self.fresh_data_dir()).args(&["--name", person]).start()
    }

    /// A data directory that no other install of this host uses.
    #[must_use]
    pub fn fresh_data_dir(&self) -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        self.dir().join(format!("data-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// An install without a window in the given data directory.
    #[must_use]
    #[track_caller]
    pub fn install(&self, data_dir: &Path) -> EarshotLaunch {
        self.headless(Self::earshot_program(), data_dir)
    }

    fn headless(&self, program: PathBuf, data_dir: &Path) -> EarshotLaunch {
        let launch = self
            .command(program)
            .args(["--headless", "--ready-json", "--data-dir"])
            .arg(data_dir)
            .env("EARSHOT_LOG", "info");
        EarshotLaunch { host: self.clone(), launch, data_dir: data_dir.to_owned() }
    }

    /// An install without a window in the given data directory, without the one defence that seals are: it seals what it
    /// sends, and opens whatever comes. Attacks on seals must work against it.
    #[must_use]
    #[track_caller]
    pub fn undefended(&self, data_dir: &Path) -> EarshotLaunch {
        self.headless(built("earshot-undefended", "EARSHOT_UNDEFENDED_BIN"), data_dir)
    }

    /// Starts a server with these arguments beside `--ready-json`.
    #[must_use]
    #[track_caller]
    pub fn earshot_server(&self, args: &[&str]) -> EarshotServer {
        let mut process = self
            .command(built("earshot-server", "EARSHOT_SERVER_BIN"))
            .arg("--ready-json")
            .args(args)
            .spawn();
        let line = process.wait_line(READY, |line| line.starts_with('{'));
        let ready: ServerReady = serde_json::from_str(&line).expect("earshot-server prints what is agreed");
        EarshotServer { url: ready.url, port: ready.port, device: ready.device, process }
    }
}

impl EarshotLaunch {
    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.launch = self.launch.args(args);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.launch = self.launch.env(name, value);
        self
    }

    /// Gives it the office's phrase, as if the owner had set it before.
    #[must_use]
    #[track_caller]
    pub fn phrase(self, phrase: &str) -> Self {
        std::fs::create_dir_all(&self.data_dir).expect("the data directory can be made");
        let key = earshot_identity::PhraseKey::derive(phrase).expect("long enough");
        key.save(self.data_dir.join("office-phrase.key")).expect("the key can be kept");
        self
    }

    /// Starts it and waits until it is ready.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Earshot {
        let mut process = self.launch.spawn();
        let line = process.wait_line(READY, |line| line.starts_with('{'));
        let ready: Ready = serde_json::from_str(&line).expect("earshot prints what is agreed");
        Earshot {
            ui: ready.ui,
            port: ready.port,
            device: ready.device,
            process,
            host: self.host,
            data_dir: self.data_dir,
        }
    }
}

impl Earshot {
    /// Where its files are.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Another one-time address of its UI, as a second start prints it.
    #[must_use]
    #[track_caller]
    pub fn fresh_ui(&self) -> String {
        let done = self
            .host
            .command(Host::earshot_program())
            .args(["--headless", "--data-dir"])
            .arg(&self.data_dir)
            .label("earshot-again")
            .output();
        assert!(done.success(), "a second start: {}{}", done.stdout, done.stderr);
        let url = done.stdout.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"));
        url.unwrap_or_else(|| panic!("a second start names no address: {}", done.stdout)).to_owned()
    }

    /// `address:port` of the UI on its host.
    #[must_use]
    #[track_caller]
    pub fn ui_authority(&self) -> &str {
        let rest = self.ui.strip_prefix("http://").expect("the UI is plain HTTP on loopback");
        rest.split('/').next().unwrap_or_default()
    }
}

/// A running server.
pub struct EarshotServer {
    /// Its own idea of its address.
    pub url: String,
    /// Its port.
    pub port: u16,
    /// Its device id.
    pub device: String,
    /// The program.
    pub process: Child,
}

/// A certificate authority of the test's own, and a certificate that it signed for a server.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// PEM of the authority: programs trust it through `SSL_CERT_FILE`.
    pub authority: PathBuf,
    /// PEM of the server's certificate.
    pub certificate: PathBuf,
    /// PEM of its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them for these names or addresses; the files go to `dir`.
    #[must_use]
    #[track_caller]
    pub fn make(dir: &Path, names: &[impl ToString]) -> Self {
        use rcgen::{
            BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
        };
        let made = "a certificate can be made of valid parameters";
        let mut params = CertificateParams::new(Vec::new()).expect(made);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "Earshot test authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect(made)).expect(made);
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().expect(made);
        let certificate = CertificateParams::new(names).expect(made).signed_by(&key, &authority).expect(made);
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            std::fs::write(&path, text).expect("the office's directory is writable");
            path
        };
        Self {
            authority: write("authority.pem", &authority.pem()),
            certificate: write("certificate.pem", &certificate.pem()),
            key: write("certificate-key.pem", &key.serialize_pem()),
        }
    }
}
