//! A scanner that is a program: run once for each file.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Scanner, Verdict};

/// Bytes of each of the program's outputs that are kept. What comes behind them is read and forgotten.
const OUTPUT: u64 = 4096;
/// What of our environment the program sees.
const ENVIRONMENT: [&str; 2] = ["PATH", "LANG"];

/// Runs a program with the file as its last argument, without a shell. It answers like `clamscan`: 0 for clean, 1 for
/// infected with the name of what was found as its first line; anything else is a failure.
pub struct CommandScanner {
    program: PathBuf,
    arguments: Vec<String>,
    limit: Duration,
}

/// How the program ended, and what it said.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl CommandScanner {
    /// `limit` is how long a scan may take; the program is killed then.
    pub fn new(program: PathBuf, arguments: Vec<String>, limit: Duration) -> Self {
        Self { program, arguments, limit }
    }

    async fn verdict(&self, file: &Path) -> Result<Verdict, String> {
        let program = self.program.display();
        let Ok(ended) = timeout(self.limit, self.run(file)).await else {
            return Err(format!(
                "the scanner {program} was not done after {} seconds and was killed; make it faster or allow it more time",
                self.limit.as_secs_f32()
            ));
        };
        let ended = ended
            .map_err(|error| format!("the scanner {program} cannot be run: {error}; install it or correct its path"))?;
        match ended.status.code() {
            Some(0) => Ok(Verdict::Clean),
            Some(1) => Ok(Verdict::Infected(ended.first_line().unwrap_or_else(|| "unnamed".to_owned()))),
            _ => Err(format!(
                "the scanner {program} failed ({}){}; run it by hand to see what it lacks",
                ended.status,
                ended.first_line().map(|line| format!(" and said: {line}")).unwrap_or_default()
            )),
        }
    }

    async fn run(&self, file: &Path) -> io::Result<Ended> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(file).env_clear().kill_on_drop(true);
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (output, errors, status) = tokio::try_join!(beginning(output), beginning(errors), child.wait())?;
        Ok(Ended { status, output, errors })
    }
}

impl Scanner for CommandScanner {
    fn scan<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<Verdict, String>> {
        self.verdict(file).boxed()
    }
}

impl Ended {
    /// The first line with anything in it, of the output or else of the errors.
    fn first_line(&self) -> Option<String> {
        let line = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
        };
        line(&self.output).or_else(|| line(&self.errors))
    }
}

/// Reads all there is, so that the program never waits for us, and keeps its beginning.
async fn beginning(from: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return Ok(kept) };
    (&mut from).take(OUTPUT).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A scanner that is this shell script, and the directory that it and a file `x` are in.
    fn scanner(script: &str, limit: Duration) -> (CommandScanner, TempDir) {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("x"), b"bytes").unwrap();
        let path = directory.path().join("scan.sh");
        fs::write(&path, script).unwrap();
        let arguments = vec![path.to_str().unwrap().to_owned(), "a b".to_owned()];
        (CommandScanner::new("/bin/sh".into(), arguments, limit), directory)
    }

    async fn scan(script: &str) -> Result<Verdict, String> {
        let (scanner, directory) = scanner(script, LONG);
        scanner.scan(&directory.path().join("x")).await
    }

    fn infected(name: &str) -> Verdict {
        Verdict::Infected(name.to_owned())
    }

    #[tokio::test]
    async fn its_exit_code_is_the_verdict() {
        assert_eq!(scan("exit 0").await, Ok(Verdict::Clean));
        assert_eq!(scan("echo EICAR; echo more; exit 1").await, Ok(infected("EICAR")));
        assert_eq!(scan("echo; echo ' EICAR '; echo no >&2; exit 1").await, Ok(infected("EICAR")));
        assert_eq!(scan("echo EICAR >&2; exit 1").await, Ok(infected("EICAR")));
        assert_eq!(scan("exit 1").await, Ok(infected("unnamed")));
    }

    #[tokio::test]
    async fn the_file_is_the_last_argument_and_the_environment_empty() {
        assert_eq!(scan("test \"$1\" = 'a b' -a $# = 2 && test \"$(cat \"$2\")\" = bytes").await, Ok(Verdict::Clean));
        let set = "env | cut -d= -f1 | grep -v -x -e PATH -e LANG -e PWD -e SHLVL -e OLDPWD -e _ && exit 1; exit 0";
        assert_eq!(scan(set).await, Ok(Verdict::Clean));
        assert_eq!(scan("test -z \"$(cat)\"").await, Ok(Verdict::Clean), "nothing is to be read");
    }

    #[tokio::test]
    async fn all_else_is_a_failure() {
        for (script, expected) in [
            ("echo 'no database' >&2; exit 2", "exit status: 2) and said: no database"),
            ("exit 40", "exit status: 40"),
            ("kill -9 $$", "signal: 9"),
        ] {
            let error = scan(script).await.unwrap_err();
            assert!(error.contains(expected) && error.contains("by hand"), "{error}");
        }
        let directory = TempDir::new().unwrap();
        let none = CommandScanner::new(directory.path().join("none"), Vec::new(), LONG);
        let error = none.scan(directory.path()).await.unwrap_err();
        assert!(error.contains("install it"), "{error}");
    }

    #[tokio::test]
    async fn what_it_says_is_bounded() {
        let script = "head -c 5000000 /dev/zero | tr '\\0' a; head -c 5000000 /dev/zero >&2; exit 1";
        let Ok(Verdict::Infected(name)) = scan(script).await else { panic!("it is infected") };
        assert_eq!(name, "a".repeat(4096));
    }

    #[tokio::test]
    async fn it_is_killed_at_the_limit_and_with_the_scan() {
        const SCRIPT: &str = "echo $$ > \"$2.pid\"; exec sleep 600";
        let (short, directory) = scanner(SCRIPT, Duration::from_millis(300));
        let error = short.scan(&directory.path().join("x")).await.unwrap_err();
        assert!(error.contains("0.3 seconds"), "{error}");
        let (long, directory) = scanner(SCRIPT, LONG);
        let file = directory.path().join("x");
        let pid = directory.path().join("x.pid");
        let written = || fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n'));
        tokio::select! {
            verdict = long.scan(&file) => panic!("it does not end: {verdict:?}"),
            () = crate::testing::until("it runs", written) => {}
        }
        let process = Path::new("/proc").join(fs::read_to_string(&pid).unwrap().trim());
        crate::testing::until("it is gone", || !process.exists()).await;
    }
}
