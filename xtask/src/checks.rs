//! Everything that has to hold before a change lands, and a closing line that says how much of it ran.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::run::{Outcome, command, root, run, target, works};
use crate::{setup, tidy};

/// Below the target directory: what tests could not show here, a line each.
const SKIPPED: &str = "skipped-tests";

/// Set-up, format, lints, tidy, documentation, tests, in this order.
pub(crate) fn all(with_setup: bool) -> Outcome {
    if with_setup {
        setup::set_up()?;
    }
    run(&mut command(&["cargo", "fmt", "--all", "--check"]))?;
    tidy::check(&root())?;
    run(&mut command(&["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    // The program without Kafka and object stores, which nothing else builds.
    let small = ["cargo", "clippy", "--package", "continuity", "--no-default-features", "--quiet"];
    run(command(&small).args(["--", "-D", "warnings"]))?;
    let mut doc = command(&["cargo", "doc", "--workspace", "--no-deps", "--quiet"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    licences()?;
    run(&mut command(&["cargo", "build", "--package", "continuity", "--quiet"]))?;
    let skipped = target().join(SKIPPED);
    // Nothing there is as good as something removed.
    drop(std::fs::remove_file(&skipped));
    let counts =
        tests(command(&["cargo", "test", "--workspace", "--no-fail-fast"]).env("CONTINUITY_PYTHON", setup::python()))?;
    for line in std::fs::read_to_string(&skipped).unwrap_or_default().lines() {
        println!("not shown in this run: {line}");
    }
    // Once more at the end, where whoever reads only that finds them.
    counts.failures.iter().for_each(|line| println!("{line}"));
    println!("{} tests passed, {} failed, {} ignored", counts.passed, counts.failed, counts.ignored);
    match counts {
        Counts { failed: 0, passed: 1.., succeeded: true, .. } => Ok(()),
        _ => Err("tests failed".to_owned()),
    }
}

/// `cargo deny` where it is installed; its configuration is `deny.toml`.
fn licences() -> Outcome {
    if works("cargo-deny", "--version") {
        return run(&mut command(&["cargo", "deny", "check", "licenses", "bans", "sources"]));
    }
    println!("cargo-deny is not installed: licences are not checked in this run");
    Ok(())
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    ignored: u32,
    pub(crate) succeeded: bool,
    /// What the test binaries printed of the tests that failed.
    failures: Vec<String>,
}

/// Runs the tests with their output shown, and adds up the summary line of each test binary.
pub(crate) fn tests(command: &mut Command) -> Result<Counts, String> {
    let shown = format!("{command:?}").replace('"', "");
    println!("> {shown}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{shown}: cannot start: {e}"))?;
    let output = child.stdout.take().ok_or("the tests' output is not connected")?;
    let (mut counts, mut in_failures) = (Counts::default(), false);
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|e| format!("{shown}: {e}"))?;
        println!("{line}");
        if let Some(summary) = line.strip_prefix("test result: ") {
            count(summary, &mut counts);
        }
        in_failures = (in_failures || line == "failures:") && !line.starts_with("test result: ");
        if in_failures {
            counts.failures.push(line);
        }
    }
    counts.succeeded = child.wait().map_err(|e| format!("{shown}: {e}"))?.success();
    Ok(counts)
}

fn count(summary: &str, counts: &mut Counts) {
    let words: Vec<&str> = summary.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u32>() else { continue };
        match pair[1] {
            "passed" => counts.passed += number,
            "failed" => counts.failed += number,
            "ignored" => counts.ignored += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let mut counts = Counts::default();
        count("ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.04s", &mut counts);
        count("FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s", &mut counts);
        assert_eq!((counts.passed, counts.failed, counts.ignored), (15, 2, 1));
    }
}
