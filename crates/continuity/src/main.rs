//! Business-continuity replica of a loan-origination cloud platform: the command line.
//!
//! `app` wires source, log, read models and API in the order of the data; everything else here is what people and
//! machines use to start it and to ask it things.

mod app;
mod backup;
mod blobs;
mod certificates;
mod cli;
mod commands;
mod config;
mod control;
mod core;
mod datadir;
mod digest;
mod fleet;
mod history;
mod open_files;
mod operations;
mod output;
mod patience;
mod progress;
mod provider;
mod sources;
mod telemetry;
mod webhooks;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// Folding a feed allocates much and briefly: the system's allocator costs a fifth more CPU there, and keeps more memory.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(options) => commands::demo::run(options),
        Command::Get(options) => commands::get::run(*options),
        Command::Serve(options) => commands::serve::run(&options),
        Command::Simulate(options) => commands::simulate::run(&options),
        Command::CheckConfig(options) => commands::check_config::run(&options),
        Command::Config => output::text(config::ANNOTATED_DEFAULT),
        Command::Status(on) => commands::status::run(&on),
        Command::Log(command) => commands::log::run(command),
        Command::Backup(command) => commands::backup::run(command),
        Command::Projection(command) => commands::projection::run(command),
        Command::Account(command) => commands::account::run(command),
        Command::Client(command) => commands::client::run(command),
        Command::Key(command) => commands::key::run(command),
        Command::Quarantine(command) => commands::quarantine::run(command),
        Command::Completeness(options) => commands::completeness::run(&options),
        Command::Access(command) => commands::access::run(command),
        Command::Blobs(command) => commands::blobs::run(command),
        Command::Webhooks(command) => commands::webhooks::run(command),
        Command::Source(command) => commands::source::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            if error.is::<output::Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
