//! A child process that can be killed, frozen and thawed.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::READY_LIMIT;
use crate::harness::Failure;

/// A running broker; it is killed by its own id when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts it with everything that it says in the file `output`.
    pub(super) fn spawn(mut command: Command, output: PathBuf) -> Result<Self, Failure> {
        let file = File::options().create(true).append(true).open(&output)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
        Ok(Self { child, output })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` says so; an error when the process ends, or when it takes too long.
    pub(super) fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<(), Failure> {
        const STEP: Duration = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        while waited < READY_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the broker ended with {status}:\n{}", self.said()).into());
            }
            if ready() {
                return Ok(());
            }
            std::thread::sleep(STEP);
            waited += STEP;
        }
        Err(format!("the broker is not ready after {READY_LIMIT:?}:\n{}", self.said()).into())
    }

    /// kill -9, and waits until it is gone.
    pub(super) fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The end of what it said.
    pub(super) fn said(&self) -> String {
        let text = std::fs::read(&self.output).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; there is nobody to tell about a failure here.
        let _ = self.kill();
    }
}

/// Stops a process where it stands (SIGSTOP): its connections stay open, and nothing answers.
pub fn freeze(id: u32) -> Result<(), Failure> {
    signal(id, Signal::STOP)
}

/// Lets a frozen process go on.
pub fn thaw(id: u32) -> Result<(), Failure> {
    signal(id, Signal::CONT)
}

/// kill -9 of a process that leads a group, and of the group.
pub(crate) fn kill_group(id: u32) -> Result<(), Failure> {
    Ok(kill_process_group(pid(id)?, Signal::KILL)?)
}

fn signal(id: u32, signal: Signal) -> Result<(), Failure> {
    Ok(kill_process(pid(id)?, signal)?)
}

fn pid(id: u32) -> Result<Pid, Failure> {
    Ok(i32::try_from(id).ok().and_then(Pid::from_raw).ok_or("not a process id")?)
}
