//! Set-up and checks: `cargo xtask test` runs everything that has to hold before a change lands.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod checks;
mod run;
mod setup;
mod soak;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND

  test         set up, then format, lint, tidy, documentation, and every test   [--no-setup]
  setup        set up alone: programs, Python and Node below target, brokers below target/brokers
  tidy         sizes, crate graph, registrations, paths named in the documents
  soak NAME    the long form of a proof; without NAME: what there is
  bench NAME   a benchmark; without NAME: what there is
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", rest @ ..] => checks::all(!rest.contains(&"--no-setup")),
        ["setup"] => setup::set_up(),
        ["tidy"] => tidy::check(&run::root()),
        ["soak", rest @ ..] => soak::soak(rest),
        ["bench", rest @ ..] => soak::bench(rest),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
