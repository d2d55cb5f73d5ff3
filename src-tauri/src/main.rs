//! Earshot: one program, with a window or without.

// A double click on Windows opens no console.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

use clap::Parser as _;
use earshot_node::Options;

fn main() -> ExitCode {
    earshot_shell::prepare_process();
    let options = Options::parse();
    earshot_node::start_logging();
    earshot_shell::run(options)
}
