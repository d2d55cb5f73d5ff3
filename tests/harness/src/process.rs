//! Programs started on a host.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::Host;

/// How long [`Launch::output`] waits.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Variables of the surroundings that would lead a program out of its host.
const FORGOTTEN: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XAUTHORITY",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "all_proxy",
];

/// Tells of a test, or a part of one, that this machine cannot run.
pub fn skipped(what: &str, why: &str) {
    // Past the runner, which keeps the output of what passes to itself. Nothing hangs on a reader that has gone.
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}: {why}");
}

/// Calls `condition` until it gives a value and returns that; panics with `what` after `patience`.
#[track_caller]
pub fn wait_until<T>(what: &str, patience: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A program about to be started on a host.
pub struct Launch {
    host: Host,
    label: String,
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    between: bool,
}

impl Launch {
    pub(crate) fn new(host: &Host, program: &OsStr) -> Self {
        let label = Path::new(program)
            .file_name()
            .map_or_else(|| "program".to_owned(), |name| name.to_string_lossy().into_owned());
        Self {
            host: host.clone(),
            label,
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            between: false,
        }
    }

    /// Names the log files otherwise than after the program.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        label.clone_into(&mut self.label);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Runs it where the bridges are, not on the host.
    #[must_use]
    pub(crate) fn between_hosts(mut self) -> Self {
        self.between = true;
        self
    }

    /// Sets a variable of the environment. HOME, TMPDIR and XDG_RUNTIME_DIR are the host's own already.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Starts it; output goes to files in the host's directory.
    #[must_use]
    #[track_caller]
    pub fn spawn(self) -> Child {
        let dir = self.host.dir();
        let (stdout, stderr) = self.host.next_logs(&self.label);
        let mut command = Command::new("nsenter");
        // Entering a mount namespace leads to its root.
        command.arg(format!("--wd={}", dir.display()));
        command.args(if self.between { self.host.enter_between() } else { self.host.enter() });
        command.arg("--").arg(&self.program).args(&self.args);
        for name in FORGOTTEN {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            // The tester's own settings are not those of the people in the office.
            if name.to_string_lossy().starts_with("EARSHOT_") {
                command.env_remove(name);
            }
        }
        command
            .env("HOME", &dir)
            .env("TMPDIR", dir.join("tmp"))
            .env("XDG_RUNTIME_DIR", dir.join("run"))
            .envs(self.env)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout).expect("the host's directory is writable"))
            .stderr(fs::File::create(&stderr).expect("the host's directory is writable"));
        let process = command.spawn().expect("nsenter can be started");
        Child { label: self.label, host: self.host.name().to_owned(), process, inner: None, stdout, stderr }
    }

    /// Runs it to its end, at most 30 s.
    #[must_use]
    #[track_caller]
    pub fn output(self) -> Finished {
        let mut child = self.spawn();
        let code = child.wait(OUTPUT_PATIENCE);
        Finished { code, stdout: child.stdout(), stderr: child.stderr() }
    }
}

/// What a program that has ended left.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its exit code; 128 and the signal's number if one ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
}

impl Finished {
    /// It ended with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == 0
    }
}

/// A program on a host. It runs until it ends, is killed, or the office closes; dropping this changes nothing.
pub struct Child {
    label: String,
    host: String,
    process: std::process::Child,
    inner: Option<u32>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Child {
    /// What it printed so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        read_lossy(&self.stdout)
    }

    /// What it printed to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        read_lossy(&self.stderr)
    }

    /// Waits for the first whole line of its standard output that `wanted` accepts.
    #[track_caller]
    pub fn wait_line(&mut self, patience: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + patience;
        loop {
            // Looked at before reading: what it printed just before its end counts.
            let ended = self.ended();
            let text = self.stdout();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            if let Some(line) = whole.lines().find(|line| wanted(line)) {
                return line.to_owned();
            }
            let waiting = Instant::now() < deadline && ended.is_none();
            assert!(
                waiting,
                "{} on {} {} without the awaited line.\nstdout: {text}\nstderr: {}",
                self.label,
                self.host,
                ended.map_or_else(|| format!("ran {patience:?}"), |code| format!("ended with {code}")),
                self.stderr()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Its exit code if it has ended; 128 and the signal's number if one ended it.
    pub fn ended(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        let status = self.process.try_wait().expect("a child of ours can be waited for")?;
        Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }

    /// Waits for its end and returns the exit code.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> i32 {
        let what = format!("the end of {} on {}", self.label, self.host);
        wait_until(&what, patience, || self.ended())
    }

    /// Its process id as numbered outside the office.
    #[track_caller]
    pub fn pid(&mut self) -> u32 {
        if let Some(pid) = self.inner {
            return pid;
        }
        let nsenter = self.process.id();
        let what = format!("the process of {} on {}", self.label, self.host);
        let pid = wait_until(&what, Duration::from_secs(5), || child_of(nsenter));
        self.inner = Some(pid);
        pid
    }

    /// `kill -9`: no goodbye, no clean-up.
    #[track_caller]
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            kill(self.pid());
            self.wait(Duration::from_secs(5));
        }
    }

    /// Asks it to end (SIGTERM).
    #[track_caller]
    pub fn terminate(&mut self) {
        if self.ended().is_none() {
            let pid = rustix_pid(self.pid());
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

fn read_lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn rustix_pid(pid: u32) -> rustix::process::Pid {
    i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process id is a positive i32")
}

pub(crate) fn kill(pid: u32) {
    let _ = rustix::process::kill_process(rustix_pid(pid), rustix::process::Signal::KILL);
}

/// The first child of a process. `/proc/PID/task/TID/children` is not in every kernel, `stat` is.
pub(crate) fn child_of(parent: u32) -> Option<u32> {
    let mut children: Vec<u32> = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect();
    children.sort_unstable();
    children.first().copied()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything: what follows the last parenthesis is regular (proc_pid_stat(5)).
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
