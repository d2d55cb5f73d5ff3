//! A host: a network namespace with addresses of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http::HttpStream;
use crate::office::{Inner, Network, lock};
use crate::process::{Child, Launch, child_of, wait_until};

/// How long a host may take to start, and a connection into it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A host of the office. Clones are the same host.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    office: Arc<Inner>,
    name: String,
    number: u8,
    networks: Vec<Network>,
    /// A process that does nothing but keep the namespace, as numbered outside.
    pid: u32,
    dir: PathBuf,
    logs: AtomicU32,
    relay: Mutex<Option<PathBuf>>,
    /// The last part of `eth0`'s addresses, as long as the test did not change it.
    current: Mutex<u8>,
    /// What delays the frames of `eth0`, if something does.
    carrier: Mutex<Option<Child>>,
}

impl Host {
    #[track_caller]
    pub(crate) fn start(office: &Arc<Inner>, name: &str, number: u8, networks: &[Network]) -> Self {
        assert!(
            !name.is_empty() && name.len() <= 12 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "a host's name is 1 to 12 letters and digits"
        );
        let dir = office.dir.join(name);
        for sub in ["tmp", "run"] {
            fs::create_dir_all(dir.join(sub)).expect("the office's directory is writable");
        }
        restrict(&dir.join("run"));
        // In the office's pid namespace, so that it ends with it.
        let nsenter = Command::new("nsenter")
            .args(office.enter(office.holder, true))
            .args(["--", "unshare", "-n", "sleep", "infinity"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nsenter can be started");
        let outer = nsenter.id();
        // Reaped by nobody until this process ends: it lives as long as the office.
        drop(nsenter);
        let pid = wait_until(&format!("the namespace of {name}"), PATIENCE, || {
            let child = child_of(outer)?;
            let comm = fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
            (comm.trim() == "sleep").then_some(child)
        });
        let host = Self {
            shared: Arc::new(Shared {
                office: Arc::clone(office),
                name: name.to_owned(),
                number,
                networks: networks.to_vec(),
                pid,
                dir,
                logs: AtomicU32::new(0),
                relay: Mutex::new(None),
                current: Mutex::new(number),
                carrier: Mutex::new(None),
            }),
        };
        host.sysctl("net/ipv6/conf/default/accept_dad", "0");
        host.sysctl("net/ipv6/conf/default/accept_ra", "0");
        office.net_of(pid, &["link set lo up"]);
        for index in 0..networks.len() {
            host.plug_new(index);
        }
        host
    }

    /// Makes the cable between `eth{index}` and its bridge.
    #[track_caller]
    fn plug_new(&self, index: usize) {
        let network = self.shared.networks[index];
        let port = self.port(index);
        let pid = self.shared.pid;
        self.shared.office.net(&[
            &format!("link add {port} type veth peer name eth{index} netns {pid}"),
            &format!("link set {port} master {} up", network.bridge()),
        ]);
        self.net(&[&format!("link set eth{index} up")]);
        self.configure(index);
    }

    /// Gives `eth{index}` its addresses and routes.
    #[track_caller]
    pub(crate) fn configure(&self, index: usize) {
        let network = self.shared.networks[index];
        let number = if index == 0 { *lock(&self.shared.current) } else { self.shared.number };
        let mut lines = vec![
            format!("address replace {}/24 broadcast + dev eth{index}", network.ipv4(number)),
            format!("address replace {}/64 dev eth{index} nodad", network.ipv6(number)),
        ];
        if index == 0 {
            lines.push("route replace 224.0.0.0/4 dev eth0".to_owned());
            if self.shared.networks.len() == 1 {
                lines.push(format!("route replace default via {}", network.ipv4(1)));
                lines.push(format!("route replace ::/0 via {} dev eth0", network.ipv6(1)));
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.net(&lines);
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Its IPv4 address on its first network.
    #[must_use]
    pub fn ip(&self) -> Ipv4Addr {
        self.shared.networks[0].ipv4(*lock(&self.shared.current))
    }

    /// Its IPv6 address on its first network.
    #[must_use]
    pub fn ipv6(&self) -> Ipv6Addr {
        self.shared.networks[0].ipv6(*lock(&self.shared.current))
    }

    /// All its addresses, network by network; without loopback and link-local ones.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let shared = &self.shared;
        let mut addresses = Vec::new();
        for (index, network) in shared.networks.iter().enumerate() {
            let number = if index == 0 { *lock(&shared.current) } else { shared.number };
            addresses.push(network.ipv4(number).into());
            addresses.push(network.ipv6(number).into());
        }
        addresses
    }

    /// Its own directory: HOME of what runs on it.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.shared.dir.clone()
    }

    /// A program to be started on this host.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Launch {
        Launch::new(self, program.as_ref())
    }

    /// A connection made on this host to `target`, `address:port` as seen from it. Reads and writes give up after 30 s.
    #[must_use]
    #[track_caller]
    pub fn connect(&self, target: &str) -> UnixStream {
        match self.try_connect(target) {
            Ok(stream) => stream,
            Err(error) => panic!("{} cannot connect to {target}: {error}", self.name()),
        }
    }

    /// See [`Host::connect`].
    ///
    /// # Errors
    /// What the connecting side on the host was told.
    #[track_caller]
    pub fn try_connect(&self, target: &str) -> std::io::Result<UnixStream> {
        let mut stream = UnixStream::connect(self.relay())?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(format!("{target}\n").as_bytes())?;
        // Unbuffered: what follows the line belongs to the caller.
        let mut answer = Vec::new();
        let mut byte = [0_u8; 1];
        while std::io::Read::read(&mut stream, &mut byte)? == 1 && byte[0] != b'\n' {
            answer.push(byte[0]);
        }
        match answer.as_slice() {
            b"ok" => Ok(stream),
            other => Err(std::io::Error::other(String::from_utf8_lossy(other).into_owned())),
        }
    }

    /// HTTP to `target`, `address:port` as seen from this host.
    #[must_use]
    pub fn http(&self, target: &str) -> HttpStream {
        HttpStream::new(self.clone(), target)
    }

    /// Serves `html` as the page at every address of this host, and returns its port.
    #[must_use]
    #[track_caller]
    pub fn serve_page(&self, html: &str) -> u16 {
        let dir = self.dir().join("page");
        fs::create_dir_all(&dir).expect("the host's directory is writable");
        fs::write(dir.join("index.html"), html).expect("the host's directory is writable");
        let relay = built("earshot-relay", "EARSHOT_RELAY_BIN");
        let mut server = self.command(relay).args(["serve", "[::]:0"]).arg(&dir).spawn();
        let line = server.wait_line(PATIENCE, |line| line.starts_with("ready "));
        line["ready ".len()..].parse().expect("the relay prints its port")
    }

    /// The unix socket that leads into this host's network; see `bin/earshot-relay.rs`.
    #[track_caller]
    fn relay(&self) -> PathBuf {
        let mut relay = lock(&self.shared.relay);
        if let Some(path) = relay.as_ref() {
            return path.clone();
        }
        let path = self.dir().join("relay");
        let mut child =
            self.command(built("earshot-relay", "EARSHOT_RELAY_BIN")).arg("relay").arg(&path).spawn();
        child.wait_line(PATIENCE, |line| line == "ready");
        *relay = Some(path.clone());
        path
    }

    pub(crate) fn enter(&self) -> Vec<String> {
        self.shared.office.enter_host(self.shared.pid)
    }

    /// The end of the cable of `eth{index}` on the bridge.
    pub(crate) fn port(&self, index: usize) -> String {
        format!("p{}-{index}", self.shared.number)
    }

    pub(crate) fn office(&self) -> &Inner {
        &self.shared.office
    }

    pub(crate) fn networks(&self) -> &[Network] {
        &self.shared.networks
    }

    pub(crate) fn set_carrier(&self, carrier: Option<Child>) -> Option<Child> {
        std::mem::replace(&mut *lock(&self.shared.carrier), carrier)
    }

    /// Arguments of `nsenter` to where the bridges are.
    pub(crate) fn enter_between(&self) -> Vec<String> {
        self.shared.office.enter_host(self.shared.office.holder)
    }

    pub(crate) fn renumber(&self, number: u8) -> u8 {
        std::mem::replace(&mut *lock(&self.shared.current), number)
    }

    /// Runs `ip` lines on this host.
    #[track_caller]
    pub(crate) fn net(&self, lines: &[&str]) {
        self.shared.office.net_of(self.shared.pid, lines);
    }

    /// Runs one short command of the harness on this host.
    #[track_caller]
    pub(crate) fn setup(&self, command: &[&str], input: &str) -> String {
        self.shared.office.setup(self.shared.pid, command, input)
    }

    #[track_caller]
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.setup(&["sh", "-c", "cat > \"$0\"", &format!("/proc/sys/{name}")], value);
    }

    pub(crate) fn next_logs(&self, label: &str) -> (PathBuf, PathBuf) {
        let number = self.shared.logs.fetch_add(1, Ordering::Relaxed);
        let base = self.shared.dir.join(format!("{number:02}-{label}"));
        (with_suffix(&base, ".out"), with_suffix(&base, ".err"))
    }
}

fn with_suffix(base: &Path, suffix: &str) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn restrict(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
        .expect("a directory of ours can be restricted");
}

/// A program built by this workspace: `variable` if set, else beside the running test.
///
/// # Panics
/// If there is none, saying what builds it.
#[must_use]
#[track_caller]
pub fn built(name: &str, variable: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "{variable} names {}, which is not there", path.display());
        return path;
    }
    let test = std::env::current_exe().expect("a running program has a path");
    // target/debug/deps/test-1234, or target/debug/program.
    let found = test.ancestors().skip(1).take(3).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not built: `make test` builds it, or set {variable} to the program's path")
    })
}
