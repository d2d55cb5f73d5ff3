//! The program as an administrator meets it: its help, its first line, its end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_earshot-server");

/// A running program that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits for the end, but not for ever.
    fn ends_within(&mut self, limit: Duration) -> std::process::ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < limit, "still running after {limit:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The program in a clean environment: no variable of whoever runs the tests reaches it.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EARSHOT_") {
            command.env_remove(name);
        }
    }
    command
}

fn refused(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(!status.success() && stdout.is_empty());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn ready_healthy_and_gone_at_a_signal() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program(&["--ready-json"]);
        command
            .env("EARSHOT_SERVER_LISTEN", "127.0.0.1:0")
            .env("EARSHOT_SERVER_DATA_DIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Running(command.spawn().unwrap());
        let (say, said) = mpsc::channel();
        let out = running.0.stdout.take().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let _ = say.send(line.unwrap());
            }
        });
        let line = said.recv_timeout(Duration::from_secs(10)).expect("ready in time");
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        assert_eq!(ready["url"], format!("http://127.0.0.1:{port}/"));
        let device = ready["device"].as_str().unwrap().to_owned();
        assert_eq!(device.len(), 52);

        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");

        let killed = Command::new("kill").args([&format!("-{signal}"), &running.0.id().to_string()]).status();
        assert!(killed.unwrap().success());
        assert!(running.ends_within(Duration::from_secs(6)).success());
        assert!(said.recv_timeout(Duration::from_secs(2)).is_err(), "one line and no more");
        let mut log = String::new();
        running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("listening") && log.contains("shutting down"), "{log}");
        assert!(!log.contains(&device[..8]) && !log.contains("127.0.0.1"), "{log}");
        assert!(folder.path().join("device-key.pem").exists());
    }
}

#[test]
fn what_is_missing_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let told = refused(&mut program(&["--data-dir", data]));
    assert!(told.contains("--tls-cert") && told.contains("--behind-proxy"), "{told}");
    let told = refused(&mut program(&["--data-dir", data, "--tls-cert", "a.pem"]));
    assert!(told.contains("--tls-key"), "{told}");
    let told =
        refused(&mut program(&["--listen", "127.0.0.1:0", "--data-dir", data, "--public-url", "https://a"]));
    assert!(told.contains("--public-url") && told.contains("wss://"), "{told}");
    let told =
        refused(&mut program(&["--listen", "127.0.0.1:0", "--data-dir", data, "--config", "/nowhere.toml"]));
    assert!(told.contains("/nowhere.toml"), "{told}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = refused(&mut program(&["--listen", &address, "--data-dir", data]));
    assert!(told.contains(&address), "{told}");

    // A key that cannot be read is never replaced.
    std::fs::write(folder.path().join("device-key.pem"), "not a key").unwrap();
    let told = refused(&mut program(&["--listen", "127.0.0.1:0", "--data-dir", data]));
    assert!(told.contains("device-key.pem"), "{told}");
    assert_eq!(std::fs::read_to_string(folder.path().join("device-key.pem")).unwrap(), "not a key");
}

#[test]
fn the_help_names_every_flag_and_its_variable() {
    let output = program(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for flag in [
        "listen",
        "tls-cert",
        "tls-key",
        "behind-proxy",
        "data-dir",
        "title",
        "public-url",
        "config",
        "ready-json",
    ] {
        let variable = format!("EARSHOT_SERVER_{}", flag.replace('-', "_").to_uppercase());
        assert!(help.contains(&format!("--{flag}")) && help.contains(&variable), "--{flag}\n{help}");
    }
}
