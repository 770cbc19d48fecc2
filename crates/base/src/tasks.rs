//! Named tasks with an owner: one that ends when it should not stops the process.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Asks tasks and threads to come to an end. Cheap to clone; stopping is for good.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Not yet stopped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Whether the end was asked for; for threads, which look at it between two steps.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the end is asked for.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }
}

/// A task ended before the end was asked for, or failed.
#[derive(Debug)]
pub struct TaskFailure {
    /// The name it was spawned with.
    pub task: String,
    /// What it said.
    pub cause: String,
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} ended: {}", self.task, self.cause)
    }
}

impl Error for TaskFailure {}

struct Ended {
    task: String,
    outcome: Result<(), String>,
}

/// The tasks and threads of one process. Dropping it does not stop them: call [`Tasks::join`].
pub struct Tasks {
    stop: Stop,
    runtime: Handle,
    ended: mpsc::UnboundedReceiver<Ended>,
    report: mpsc::UnboundedSender<Ended>,
    running: usize,
}

impl Tasks {
    /// No tasks yet; must be called within a tokio runtime.
    pub fn new(stop: Stop) -> Self {
        // One message per task that ends: bounded by the number of tasks.
        let (report, ended) = mpsc::unbounded_channel();
        Self { stop, runtime: Handle::current(), ended, report, running: 0 }
    }

    /// What the tasks are stopped with.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Runs a future until it ends.
    pub fn spawn<F, E>(&mut self, name: &str, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let (report, task) = (self.report.clone(), name.to_owned());
        let inner = self.runtime.spawn(future);
        self.running += 1;
        self.runtime.spawn(async move {
            let outcome = match inner.await {
                Ok(result) => result.map_err(|e| e.to_string()),
                Err(panic) => Err(format!("panicked: {panic}")),
            };
            drop(report.send(Ended { task, outcome }));
        });
    }

    /// Runs blocking work on a thread of its own, which looks at [`Stop::is_stopped`] now and then.
    pub fn thread<F, E>(&mut self, name: &str, work: F) -> std::io::Result<()>
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let (report, task) = (self.report.clone(), name.to_owned());
        let worker = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        std::thread::Builder::new().name(format!("{name}-join")).spawn(move || {
            let outcome = match worker.join() {
                Ok(result) => result.map_err(|e| e.to_string()),
                Err(_) => Err("panicked".to_owned()),
            };
            drop(report.send(Ended { task, outcome }));
        })?;
        self.running += 1;
        Ok(())
    }

    /// Waits for the first task that ends although nobody asked it to; `None` once the stop is asked for.
    pub async fn first_failure(&mut self) -> Option<TaskFailure> {
        tokio::select! {
            () = self.stop.stopped() => None,
            Some(ended) = self.ended.recv() => {
                self.running -= 1;
                let cause = ended.outcome.err().unwrap_or_else(|| "finished although it should run on".to_owned());
                Some(TaskFailure { task: ended.task, cause })
            }
        }
    }

    /// Asks every task to stop and waits at most `limit` for each; the failures, and those that did not stop in time.
    pub async fn join(mut self, limit: Duration) -> Vec<TaskFailure> {
        self.stop.stop();
        let mut failures = Vec::new();
        while self.running > 0 {
            let Ok(Some(ended)) = tokio::time::timeout(limit, self.ended.recv()).await else {
                let cause = format!("{} tasks did not stop within {limit:?}", self.running);
                failures.push(TaskFailure { task: "shutdown".to_owned(), cause });
                break;
            };
            self.running -= 1;
            if let Err(cause) = ended.outcome {
                failures.push(TaskFailure { task: ended.task, cause });
            }
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_a_failure() {
        let mut tasks = Tasks::new(Stop::new());
        tasks.spawn("short", async { Ok::<(), String>(()) });
        let failure = tasks.first_failure().await.unwrap();
        assert_eq!(failure.to_string(), "task short ended: finished although it should run on");
    }

    #[tokio::test]
    async fn a_panic_is_reported_with_the_name_of_its_task() {
        let mut tasks = Tasks::new(Stop::new());
        tasks.thread("worker", || -> Result<(), String> { panic!("out of luck") }).unwrap();
        let failure = tasks.first_failure().await.unwrap();
        assert_eq!((failure.task.as_str(), failure.cause.as_str()), ("worker", "panicked"));
    }

    #[tokio::test]
    async fn joining_stops_everything_and_collects_what_failed() {
        let mut tasks = Tasks::new(Stop::new());
        let stop = tasks.stop().clone();
        tasks.spawn("good", async move {
            stop.stopped().await;
            Ok::<(), String>(())
        });
        let stop = tasks.stop().clone();
        tasks.spawn("bad", async move {
            stop.stopped().await;
            Err::<(), String>("disk full".to_owned())
        });
        let failures = tasks.join(Duration::from_secs(5)).await;
        assert_eq!(failures.iter().map(ToString::to_string).collect::<Vec<_>>(), ["task bad ended: disk full"]);
    }
}
