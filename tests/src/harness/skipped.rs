//! What a test could not show where it ran.

use std::fs::OpenOptions;
use std::io::Write;

/// Notes it in a file below the target directory, which `cargo xtask test` prints at its end.
///
/// # Panics
/// When the file cannot be written: nobody would hear of it.
#[expect(clippy::print_stdout, reason = "for who runs the test alone")]
pub fn skipped(what: &str) {
    println!("not shown in this run: {what}");
    let own = std::env::current_exe().expect("a test knows its path");
    // <target>/<profile>/deps/<this test>
    let target = own.ancestors().nth(3).expect("tests stand in target/PROFILE/deps");
    let file = OpenOptions::new().create(true).append(true).open(target.join("skipped-tests"));
    file.and_then(|mut file| file.write_all(format!("{what}\n").as_bytes())).expect("the target directory is writable");
}
