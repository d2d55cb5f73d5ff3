//! Runs web-platform-tests in the real window: `earshot-wpt CHECKOUT LIST [--chromium] [--from NAME] [--within SECONDS]
//! [NAME...]`.
//!
//! CHECKOUT is a checkout of github.com/web-platform-tests/wpt, LIST a file with one path below its `webrtc/` per line.
//! Prints each file's passes and failures, and their sum. `--chromium` runs them in Chromium instead, which tells what
//! fails by itself; `--from` begins at the first name that begins so; `--within` begins no file after so long.
//!
//! A page of the product runs no foreign script, and its policy is part of what is tested, so the tests come to the page
//! and not the page to the tests: testharness.js and a test's scripts are run by WebDriver in a freshly loaded page, as
//! one function each. What a test needs of a server of web-platform-tests it does not get.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a test's runner fails by panicking and prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use earshot_harness::{Desktop, Figure, Office, Page, has};
use serde_json::{Value, json};

/// How long one file may take; testharness.js gives a test 10 s of its own, and 60 s where it says that it is long.
const PATIENCE: Duration = Duration::from_secs(20);
const LONG_PATIENCE: Duration = Duration::from_secs(70);
/// How long the whole run may take.
const LIMIT: Duration = Duration::from_secs(3_600);
/// Between two looks at a test.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Loaded by hand or replaced.
const OWN: [&str; 4] = ["testharness.js", "testharnessreport.js", "testdriver.js", "testdriver-vendor.js"];

struct Options {
    checkout: PathBuf,
    list: PathBuf,
    chromium: bool,
    from: Option<String>,
    within: Duration,
    names: Vec<String>,
}

fn options() -> Option<Options> {
    let mut args = std::env::args().skip(1);
    let mut options = Options {
        checkout: args.next()?.into(),
        list: args.next()?.into(),
        chromium: false,
        from: None,
        within: LIMIT,
        names: Vec::new(),
    };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--chromium" => options.chromium = true,
            "--from" => options.from = Some(args.next()?),
            "--within" => options.within = Duration::from_secs(args.next()?.parse().ok()?),
            name if !name.starts_with('-') => options.names.push(name.to_owned()),
            _ => return None,
        }
    }
    Some(options)
}

/// A test, ready to be run in a page.
struct Test {
    name: String,
    long: bool,
    /// What its page shows.
    body: String,
    /// Its scripts, in order.
    script: String,
}

impl Test {
    fn read(checkout: &Path, name: &str) -> std::io::Result<Self> {
        let path = checkout.join("webrtc").join(name);
        let text = std::fs::read_to_string(&path)?;
        let mut test =
            Self { name: name.to_owned(), long: false, body: String::new(), script: String::new() };
        if name.ends_with(".js") {
            for line in text.lines().filter_map(|line| line.strip_prefix("// META: ")) {
                if let Some(source) = line.strip_prefix("script=") {
                    test.include(checkout, &path, source)?;
                }
                test.long |= line == "timeout=long";
            }
            test.script.push_str(&text);
        } else {
            test.long = text.contains("content=\"long\"");
            let mut rest = text.as_str();
            let mut shown = String::new();
            while let Some((before, tag, inner, after)) = next_script(rest) {
                shown.push_str(before);
                rest = after;
                match source_of(tag) {
                    Some(source) => test.include(checkout, &path, source)?,
                    None => test.script.push_str(inner),
                }
                test.script.push_str("\n;\n");
            }
            shown.push_str(rest);
            let body = shown.split_once("<body").and_then(|(_, body)| body.split_once('>'));
            body.map_or("", |(_, body)| body).clone_into(&mut test.body);
        }
        Ok(test)
    }

    fn include(&mut self, checkout: &Path, test: &Path, source: &str) -> std::io::Result<()> {
        if OWN.iter().any(|own| source.ends_with(&format!("/{own}"))) {
            return Ok(());
        }
        let path = match source.strip_prefix('/') {
            Some(source) => checkout.join(source),
            None => test.parent().unwrap_or(test).join(source),
        };
        self.script.push_str(&std::fs::read_to_string(path)?);
        self.script.push_str("\n;\n");
        Ok(())
    }
}

/// What is before the next script, its tag's attributes, its text, and what follows.
fn next_script(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, rest) = text.split_once("<script")?;
    let (tag, rest) = rest.split_once('>')?;
    let (inner, after) = rest.split_once("</script>")?;
    Some((before, tag, inner, after))
}

fn source_of(tag: &str) -> Option<&str> {
    let value = tag.split_once("src=")?.1;
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split_whitespace().next(),
    }
}

/// (body, long): makes the page one of web-platform-tests; what follows is testharness.js and the test.
const BEFORE: &str = r#"
const [body, long] = arguments;
document.body.innerHTML = body;
if (long) {
  const meta = document.createElement("meta");
  Object.assign(meta, { name: "timeout", content: "long" });
  document.head.append(meta);
}
window.test_driver = {
  set_permission: async () => undefined,
  bless: async (_intent, action) => action?.(),
};
window.__wpt = null;
"#;
const BETWEEN: &str = r"
setup({ output: false });
add_completion_callback((tests, status) => {
  window.__wpt = {
    status: status.status,
    message: status.message,
    tests: tests.map(({ name, status, message }) => ({ name, status, message })),
  };
});
";
/// The page is loaded already.
const AFTER: &str = "dispatchEvent(new Event('load'));";

/// What became of a file.
#[derive(Default)]
struct Outcome {
    passed: usize,
    failed: Vec<(String, String)>,
}

fn run(page: &Page, harness: &str, test: &Test) -> Outcome {
    let mut outcome = Outcome::default();
    let script = format!(
        "{BEFORE}\n(function () {{\n{harness}\n}}).call(window);\n{BETWEEN}\n(function () {{\n{}\n}}).call(window);\n{AFTER}",
        test.script
    );
    if let Err(error) = page.try_script(&script, &json!([test.body, test.long])) {
        outcome.failed.push(("(the file)".to_owned(), error.message));
        return outcome;
    }
    let deadline = Instant::now() + if test.long { LONG_PATIENCE } else { PATIENCE };
    let found = loop {
        match page.try_script("return window.__wpt;", &json!([])) {
            Ok(Value::Null) => {}
            Ok(found) => break found,
            Err(error) => {
                outcome.failed.push(("(the file)".to_owned(), error.to_string()));
                return outcome;
            }
        }
        if Instant::now() > deadline {
            outcome.failed.push(("(the file)".to_owned(), "did not end".to_owned()));
            return outcome;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    for one in found["tests"].as_array().into_iter().flatten() {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        match one["status"].as_u64() {
            Some(0) => outcome.passed += 1,
            Some(2) => outcome.failed.push((text("name"), format!("timed out; {}", text("message")))),
            Some(3) => outcome.failed.push((text("name"), "not run".to_owned())),
            _ => outcome.failed.push((text("name"), text("message"))),
        }
    }
    // 1: an error outside any test; 2: the whole file's time was up, which its tests say, too.
    if found["status"].as_u64() == Some(1) {
        let message = found["message"].as_str().unwrap_or_default().to_owned();
        outcome.failed.push(("(the file)".to_owned(), message));
    }
    outcome
}

/// The product's window or, to compare, Chromium; and what loads its page afresh.
struct Runner {
    page: Page,
    chromium: bool,
    _desktop: Option<Desktop>,
}

impl Runner {
    /// `number` tells its host from those of the runners before it.
    fn start(office: &Office, chromium: bool, number: usize) -> Self {
        let host = office.host(&format!("ann{number}"));
        if chromium {
            let page = host.chromium(Figure::Red).start();
            let port = host.serve_page("<!doctype html><head></head><body></body>");
            page.open(&format!("http://127.0.0.1:{port}/"));
            return Self { page, chromium, _desktop: None };
        }
        let desktop = host.desktop(&[("EARSHOT_TEST_MOCK_CAPTURE", "1")]);
        let data = host.fresh_data_dir();
        std::fs::create_dir_all(&data).expect("the host's directory is writable");
        std::fs::write(data.join("settings.toml"), "capture = \"allow\"\n")
            .expect("the host's directory is writable");
        let page = desktop.window(&data, &["--name", "Ann"]);
        Self { page, chromium, _desktop: Some(desktop) }
    }

    /// False: the page's process is gone.
    fn load_afresh(&self) -> bool {
        if self.page.try_command("POST", "/refresh", &json!({})).is_err() {
            return false;
        }
        if !self.chromium {
            self.page.wait_for("button", has("You: Ann,"), PATIENCE);
        }
        let is_there = "return typeof RTCPeerConnection;";
        self.page.wait_script("RTCPeerConnection", PATIENCE, is_there, json!([]), |kind| kind == "function");
        true
    }
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: earshot-wpt CHECKOUT LIST [--chromium] [--from NAME] [--within SECONDS] [NAME...]");
        return ExitCode::FAILURE;
    };
    let harness = std::fs::read_to_string(options.checkout.join("resources/testharness.js"));
    let list = std::fs::read_to_string(&options.list);
    let (Ok(harness), Ok(list)) = (harness, list) else {
        eprintln!(
            "{} is no checkout of web-platform-tests, or the list is not there",
            options.checkout.display()
        );
        return ExitCode::FAILURE;
    };
    let names = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let names = names
        .skip_while(|name| options.from.as_ref().is_some_and(|from| !name.starts_with(from.as_str())))
        .filter(|name| {
            options.names.is_empty() || options.names.iter().any(|part| name.contains(part.as_str()))
        });

    let office = Office::open_for(LIMIT);
    let mut runner = Runner::start(&office, options.chromium, 0);
    let begun = Instant::now();
    let (mut files, mut passed, mut failed) = (0, 0, 0);
    for name in names {
        if begun.elapsed() > options.within {
            println!("not run for lack of time: {name} and what follows");
            break;
        }
        let test = match Test::read(&options.checkout, name) {
            Ok(test) => test,
            Err(error) => {
                println!("{name}: cannot be read: {error}");
                failed += 1;
                continue;
            }
        };
        if !runner.load_afresh() {
            println!("(the page's process had ended)");
            runner = Runner::start(&office, options.chromium, files + 1);
            runner.load_afresh();
        }
        let outcome = run(&runner.page, &harness, &test);
        println!("{}: {} passed, {} failed", test.name, outcome.passed, outcome.failed.len());
        for (name, message) in &outcome.failed {
            let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
            let message: String = message.chars().take(240).collect();
            println!("    {name}: {message}");
        }
        files += 1;
        passed += outcome.passed;
        failed += outcome.failed.len();
    }
    println!("{files} files: {passed} passed, {failed} failed");
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_in_a_page() {
        let page = "<meta><script src=\"/a.js\"></script>x<script>\n1;\n</script>y";
        let (before, tag, inner, after) = next_script(page).expect("there is one");
        assert_eq!((before, source_of(tag), inner), ("<meta>", Some("/a.js"), ""));
        let (before, tag, inner, after) = next_script(after).expect("there is another");
        assert_eq!((before, source_of(tag), inner, after), ("x", None, "\n1;\n", "y"));
        assert_eq!(source_of(" src=b.js async"), Some("b.js"));
        assert_eq!(source_of(" src='c.js'"), Some("c.js"));
    }

    #[test]
    fn a_test_is_read_with_all_it_includes() {
        let checkout = std::env::temp_dir().join(format!("earshot-wpt-{}", std::process::id()));
        std::fs::create_dir_all(checkout.join("webrtc/protocol")).unwrap();
        std::fs::write(checkout.join("webrtc/help.js"), "help();").unwrap();
        let page = "<meta name=timeout content=\"long\"><script src=/resources/testharness.js></script>\
                    <body class=a><script src=\"../help.js\"></script><video id=v></video><script>go();</script>";
        std::fs::write(checkout.join("webrtc/protocol/a.html"), page).unwrap();
        std::fs::write(checkout.join("webrtc/b.window.js"), "// META: script=help.js\nrun();").unwrap();
        let html = Test::read(&checkout, "protocol/a.html").unwrap();
        let script = Test::read(&checkout, "b.window.js").unwrap();
        std::fs::remove_dir_all(&checkout).unwrap();
        assert!(html.long && html.body == "<video id=v></video>", "{}", html.body);
        assert!(html.script.contains("help();") && html.script.contains("go();"));
        assert!(!script.long && script.script.starts_with("help();") && script.script.ends_with("run();"));
    }
}
