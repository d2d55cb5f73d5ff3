//! The shell: window, tray, permissions. The only code that names Tauri.
//!
//! Invariants:
//! * A command is one line: what a page may ask is the node's business and is decided there.
//! * Only our own page, from our own origin, in our own window, reaches a command, a camera or a microphone.
//! * Absent on purpose: sockets, settings, anything about calls. The node does these, with a window or without.

mod commands;
mod display;
mod navigation;
mod page;
mod permission;
mod rtc;
mod tray;
mod watcher;
mod window;
mod words;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use earshot_node::{Node, Options, explain, print_ready, run_headless};
use tauri::async_runtime::{block_on, spawn};
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};
use tokio::time::timeout;

use crate::page::Pages;

/// How long the node may take to say goodbye; longer, and the person believes that quitting does not work.
const GOODBYE: Duration = Duration::from_secs(3);

/// What has to be done before there is a second thread.
pub fn prepare_process() {
    rtc::prepare_process();
}

/// Runs Earshot until it is quit: with a window, or without where `options` ask for that or no display is there.
#[must_use]
pub fn run(options: Options) -> ExitCode {
    if options.headless {
        return block_on(run_headless(options));
    }
    if !display::is_there() {
        display::say_there_is_none();
        return block_on(run_headless(options));
    }
    let node = match block_on(Node::start(&options)) {
        Ok(node) => Arc::new(node),
        Err(error) => return explain(&error),
    };
    print_ready(&node, &options, true);
    let code = run_window(&options, node.clone());
    if block_on(async { timeout(GOODBYE, node.shutdown()).await }).is_err() {
        tracing::warn!("the node did not end in time");
    }
    code
}

fn run_window(options: &Options, node: Arc<Node>) -> ExitCode {
    let (folder, for_setup) = (options.folder(), node.clone());
    let mut context = tauri::generate_context!();
    let builder = rtc::prepare(tauri::Builder::default(), &mut context, &node);
    let built = permission::answer_requests(builder)
        .invoke_handler(tauri::generate_handler![
            commands::attach,
            commands::say,
            commands::file_request,
            commands::file_block,
            #[cfg(target_os = "linux")]
            commands::rtc_ticket
        ])
        .manage(node.clone())
        .manage(Pages::default())
        .setup(move |app| {
            window::open(app.handle(), &for_setup.settings(), folder.as_deref())?;
            tray::add(app.handle(), &for_setup)?;
            spawn(watcher::watch(app.handle().clone(), for_setup));
            Ok(())
        })
        .build(context);
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            return ExitCode::FAILURE;
        }
    };
    let asked = spawn(quit_when_asked(app.handle().clone(), node));
    let code = app.run_return(on_event);
    asked.abort();
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

async fn quit_when_asked(app: AppHandle, node: Arc<Node>) {
    tokio::select! {
        () = node.quit_requested() => {}
        () = earshot_node::end_signal() => {}
    }
    app.exit(0);
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        RunEvent::WindowEvent { event: WindowEvent::CloseRequested { api, .. }, .. }
            if tray::is_shown(app) =>
        {
            api.prevent_close();
            window::hide(app);
        }
        RunEvent::WindowEvent { event: WindowEvent::Destroyed, label, .. } => {
            app.state::<Pages>().detach(&label);
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::bring_up(app),
        // Elsewhere a link comes on the command line, of a second start as of the first.
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => follow_links(app, &urls),
        _ => {}
    }
}

#[cfg(target_os = "macos")]
fn follow_links(app: &AppHandle, urls: &[tauri::Url]) {
    let node = app.state::<Arc<Node>>().inner().clone();
    if let Some(link) = urls.iter().find_map(|url| earshot_node::link(url.as_str()).ok()) {
        spawn(async move { node.follow_link(link).await });
    }
}

#[cfg(test)]
mod tests {
    const DESKTOP: &str = include_str!("../../packaging/earshot.desktop");
    const CONFIGURATION: &str = include_str!("../../tauri.conf.json");
    const CAPABILITY: &str = include_str!("../capabilities/main.json");
    const CALLS: &str = include_str!("../capabilities/calls.json");

    #[test]
    fn the_page_runs_nothing_but_its_own_files() {
        assert!(CONFIGURATION.contains(r#""default-src": "'none'""#));
        assert!(CONFIGURATION.contains(r#""script-src": "'self'""#));
        for word in ["unsafe-", "dangerous", "freezePrototype\": false", "withGlobalTauri\": true"] {
            assert!(!CONFIGURATION.contains(word), "{word}");
        }
    }

    #[test]
    fn the_system_opens_links_to_meetings_with_earshot() {
        // For the installers of Windows and macOS, which read it; no plugin runs.
        assert!(CONFIGURATION.contains(r#""deep-link": { "desktop": { "schemes": ["earshot"] } }"#));
        assert!(DESKTOP.contains("\nMimeType=x-scheme-handler/earshot;\n"));
        assert!(DESKTOP.contains("\nExec={{exec}} %u\n"));
    }

    #[test]
    fn the_page_may_call_few_commands_and_nothing_of_tauri() {
        assert!(CAPABILITY.contains(r#""permissions": ["allow-attach", "allow-say", "allow-files"]"#));
        assert!(CALLS.contains(r#""permissions": ["allow-rtc-ticket"]"#));
        assert!(CALLS.contains(r#""platforms": ["linux"]"#));
        for capability in [CAPABILITY, CALLS] {
            assert!(capability.contains(r#""windows": ["main"]"#));
            assert!(!capability.contains("core:") && !capability.contains("remote"));
        }
    }
}
