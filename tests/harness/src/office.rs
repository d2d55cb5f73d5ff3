//! The office: one set of namespaces, its bridges and its router.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::host::Host;
use crate::process::{child_of, wait_until};

/// How long an office stays open unless the test asks for more.
const OPEN_FOR: Duration = Duration::from_secs(600);
/// How long opening and closing may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines of each log that a failing test shows.
const TAIL_LINES: usize = 40;
/// The host number of the router on every network.
const ROUTER: u8 = 1;

/// A network of the office. Multicast never leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// 10.77.0.0/24 and fd77::/64.
    Main,
    /// 10.78.0.0/24 and fd78::/64, reached through the router only.
    Annex,
}

impl Network {
    pub(crate) fn bridge(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Annex => "annex",
        }
    }

    pub(crate) fn ipv4(self, number: u8) -> Ipv4Addr {
        match self {
            Self::Main => Ipv4Addr::new(10, 77, 0, number),
            Self::Annex => Ipv4Addr::new(10, 78, 0, number),
        }
    }

    pub(crate) fn ipv6(self, number: u8) -> Ipv6Addr {
        let prefix = match self {
            Self::Main => 0xfd77,
            Self::Annex => 0xfd78,
        };
        Ipv6Addr::new(prefix, 0, 0, 0, 0, 0, 0, u16::from(number))
    }
}

/// An office. Dropping it ends every process in it and removes its files; set `EARSHOT_TEST_KEEP=1` to keep the files.
pub struct Office {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    /// Whether the namespaces belong to a user namespace of their own.
    pub(crate) unprivileged: bool,
    /// The first process of the pid namespace, as numbered here.
    pub(crate) holder: u32,
    leash: Mutex<Option<(ChildStdin, std::process::Child)>>,
    next_host: AtomicU32,
    hosts: Mutex<Vec<Host>>,
    router: Mutex<Option<Host>>,
}

impl Office {
    /// Opens an office for at most ten minutes: then everything in it is killed, so that a hanging test fails.
    #[must_use]
    pub fn open() -> Self {
        Self::open_for(OPEN_FOR)
    }

    /// Opens an office for at most `limit`.
    #[must_use]
    pub fn open_for(limit: Duration) -> Self {
        let unprivileged = !can_unshare(&[]);
        assert!(
            !unprivileged || can_unshare(&["-Ur"]),
            "this machine gives neither root's nor unprivileged user namespaces: \
             run as root or allow them (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
        );
        let dir = tempfile::Builder::new()
            .prefix("earshot-")
            .tempdir()
            .expect("a temporary directory can be made")
            .keep();
        let keep = std::env::var_os("EARSHOT_TEST_KEEP").is_some();
        let user: &[&str] = if unprivileged { &["-Ur"] } else { &[] };
        // `cat` is the pid namespace's first process: when the pipe to it closes, or `timeout` ends it, the kernel kills
        // all others. The shell outside removes the files afterwards, also when this process is long dead.
        let script = r#"dir="$1"; keep="$2"; shift 2; "$@"; [ "$keep" = true ] || rm -rf "$dir""#;
        let mut child = Command::new("sh")
            .args(["-c", script, "earshot-office"])
            .arg(&dir)
            .arg(keep.to_string())
            .arg("unshare")
            .args(user)
            .args(["-n", "-m", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"])
            .args(["timeout", "--foreground", "-s", "KILL", &limit.as_secs().max(1).to_string(), "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("office.err")).expect("the temporary directory is writable"))
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let stdin = child.stdin.take().expect("stdin is a pipe");
        let holder = wait_until("the office's namespaces", PATIENCE, || {
            let unshare = child_of(child.id())?;
            let timeout = child_of(unshare)?;
            // Past its exec, so in the new namespaces with their own /proc mounted.
            let name = fs::read_to_string(format!("/proc/{timeout}/comm")).ok()?;
            (name.trim() == "timeout").then_some(timeout)
        });
        let inner = Arc::new(Inner {
            dir,
            unprivileged,
            holder,
            leash: Mutex::new(Some((stdin, child))),
            next_host: AtomicU32::new(u32::from(ROUTER) + 1),
            hosts: Mutex::new(Vec::new()),
            router: Mutex::new(None),
        });
        inner.net(&["link set lo up"]);
        for network in [Network::Main, Network::Annex] {
            let bridge = network.bridge();
            // Snooping would keep multicast from hosts that have not reported a group yet, and nobody asks them to.
            inner.net(&[
                &format!("link add {bridge} type bridge mcast_snooping 0 forward_delay 0"),
                &format!("link set {bridge} up"),
            ]);
        }
        Self { inner }
    }

    /// A host on the main network.
    #[must_use]
    pub fn host(&self, name: &str) -> Host {
        self.host_on(name, &[Network::Main])
    }

    /// A host on the given networks, in this order its `eth0`, `eth1`.
    #[must_use]
    pub fn host_on(&self, name: &str, networks: &[Network]) -> Host {
        let number = self.inner.next_host.fetch_add(1, Ordering::Relaxed);
        let number = u8::try_from(number).expect("at most 253 hosts fit into an office");
        let host = Host::start(&self.inner, name, number, networks);
        lock(&self.inner.hosts).push(host.clone());
        host
    }

    /// The router between the networks, started when first asked for; it forwards unicast if `forwards`. Hosts have it as
    /// their default gateway from the start.
    pub fn router(&self, forwards: bool) -> Host {
        let router = lock(&self.inner.router)
            .get_or_insert_with(|| {
                let host = Host::start(&self.inner, "router", ROUTER, &[Network::Main, Network::Annex]);
                lock(&self.inner.hosts).push(host.clone());
                host
            })
            .clone();
        let value = u8::from(forwards).to_string();
        router.sysctl("net/ipv4/ip_forward", &value);
        router.sysctl("net/ipv6/conf/all/forwarding", &value);
        router
    }

    /// Splits the main network: these hosts still reach each other, and nobody else reaches them. Nothing else changes for
    /// any of them; their cables carry.
    #[track_caller]
    pub fn split_off(&self, hosts: &[&Host]) {
        let bridge = "split";
        if self.inner.show(&["ip", "-o", "link"]).contains(&format!(": {bridge}:")) {
            return self.plug_to(bridge, hosts);
        }
        self.inner.net(&[
            &format!("link add {bridge} type bridge mcast_snooping 0 forward_delay 0"),
            &format!("link set {bridge} up"),
        ]);
        self.plug_to(bridge, hosts);
    }

    /// Makes one network again of what was split.
    #[track_caller]
    pub fn join_up(&self, hosts: &[&Host]) {
        self.plug_to(Network::Main.bridge(), hosts);
    }

    #[track_caller]
    fn plug_to(&self, bridge: &str, hosts: &[&Host]) {
        for host in hosts {
            self.inner.net(&[&format!("link set {} master {bridge}", host.port(0))]);
        }
    }

    /// The office's own directory, shared by all hosts. It goes with the office.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The process outside that number everything in this office descends from; gone when the office is.
    #[must_use]
    pub fn holder(&self) -> u32 {
        self.inner.holder
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.inner.show_logs();
        }
        self.inner.close();
    }
}

impl Inner {
    /// Arguments of `nsenter` that lead into the namespaces of `target`, a process as numbered here.
    pub(crate) fn enter(&self, target: u32, pids: bool) -> Vec<String> {
        let mut args = vec!["-t".to_owned(), target.to_string()];
        if self.unprivileged {
            args.extend(["-U", "--preserve-credentials"].map(str::to_owned));
        }
        args.extend(["-m", "-n"].map(str::to_owned));
        if pids {
            args.push("-p".to_owned());
        }
        args
    }

    /// Runs `ip` lines where the bridges are. Process ids in them are those of this side.
    #[track_caller]
    pub(crate) fn net(&self, lines: &[&str]) {
        self.net_of(self.holder, lines);
    }

    /// Runs `ip` lines in the network namespace of `target`.
    #[track_caller]
    pub(crate) fn net_of(&self, target: u32, lines: &[&str]) {
        self.setup(target, &["ip", "-batch", "-"], &lines.join("\n"));
    }

    /// Runs one short command of ours in the network namespace of `target` with `input` and returns what it printed.
    #[track_caller]
    pub(crate) fn setup(&self, target: u32, command: &[&str], input: &str) -> String {
        let input_path =
            tempfile::NamedTempFile::new_in(&self.dir).expect("the office's directory is writable");
        fs::write(input_path.path(), input).expect("the office's directory is writable");
        let output = Command::new("nsenter")
            .args(self.enter(target, false))
            .args(["timeout", "-s", "KILL", "10"])
            .args(command)
            .stdin(fs::File::open(input_path.path()).expect("it was just written"))
            .output()
            .expect("nsenter can be started");
        assert!(
            output.status.success(),
            "`{}` failed in the office: {}\n{input}",
            command.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Arguments of `nsenter` into the host kept by `keeper`. Its pid namespace is the office's, as that of all hosts.
    pub(crate) fn enter_host(&self, keeper: u32) -> Vec<String> {
        self.enter(keeper, true)
    }

    /// Loads nft rules where the bridges are.
    #[track_caller]
    pub(crate) fn setup_rules(&self, rules: &str) {
        self.setup(self.holder, &["nft", "-f", "-"], rules);
    }

    /// What a command says where the bridges are.
    #[track_caller]
    pub(crate) fn show(&self, command: &[&str]) -> String {
        self.setup(self.holder, command, "")
    }

    /// Runs a script where the bridges are.
    #[track_caller]
    pub(crate) fn setup_script(&self, script: &str) {
        self.setup(self.holder, &["sh", "-e"], script);
    }

    fn close(&self) {
        let Some((stdin, mut child)) = lock(&self.leash).take() else { return };
        drop(stdin);
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        eprintln!("the office did not close within {PATIENCE:?}");
        // The holder's death is the namespace's; the shell then goes by itself.
        crate::process::kill(self.holder);
        let _ = child.wait();
    }

    /// Prints the ends of all logs: what a failing test leaves to its reader.
    fn show_logs(&self) {
        let mut logs = Vec::new();
        collect_logs(&self.dir, 0, &mut logs);
        logs.sort();
        for path in logs {
            let mut text = String::new();
            let read = fs::File::open(&path).and_then(|file| {
                let mut bytes = Vec::new();
                file.take(4 << 20).read_to_end(&mut bytes)?;
                text = String::from_utf8_lossy(&bytes).into_owned();
                Ok(())
            });
            if read.is_err() || text.trim().is_empty() {
                continue;
            }
            let lines: Vec<&str> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
            eprintln!(
                "---- {} ({} lines)",
                path.strip_prefix(&self.dir).unwrap_or(&path).display(),
                lines.len()
            );
            for line in tail {
                eprintln!("{}", line.chars().take(400).collect::<String>());
            }
        }
    }
}

fn collect_logs(dir: &Path, depth: u8, logs: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && depth < 1 {
            collect_logs(&path, depth + 1, logs);
        } else if path.extension().is_some_and(|extension| extension == "out" || extension == "err") {
            logs.push(path);
        }
    }
}

/// Whether this user may make the namespaces an office needs.
fn can_unshare(user: &[&str]) -> bool {
    Command::new("unshare")
        .args(user)
        .args(["-n", "-m", "--pid", "--fork", "--mount-proc", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
