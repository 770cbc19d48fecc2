//! Apache Kafka from Maven Central, where it answers; where it does not, that shows within seconds.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::brokers::{finish, fresh};
use crate::run::{command, run, target, works};

const VERSION: &str = "4.1.0";
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
/// Until Maven Central has answered with one small file.
const TO_ANSWER: Duration = Duration::from_secs(30);
/// Until everything is here, some 60 MB.
const TO_DELIVER: Duration = Duration::from_mins(10);
/// Asked again no sooner than this after it did not answer.
const PATIENCE: Duration = Duration::from_hours(24);

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>brokers</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"#;

/// The version below `folder` (`libs/*.jar`), or why there is none.
pub(super) fn set_up(folder: &Path) -> Result<&'static str, String> {
    if folder.join("libs").is_dir() && fs::read_to_string(folder.join(".done")).is_ok_and(|done| done == VERSION) {
        return Ok(VERSION);
    }
    let refused = folder.with_file_name("kafka-refused");
    if fs::metadata(&refused).and_then(|file| file.modified()).is_ok_and(is_recent) {
        return Err(format!("{} (remove it to ask again)", fs::read_to_string(&refused).unwrap_or_default()));
    }
    tools()?;
    match fetch(folder) {
        Ok(()) => Ok(VERSION),
        Err(why) => {
            fs::write(&refused, &why).map_err(|e| format!("cannot write {}: {e}", refused.display()))?;
            Err(why)
        }
    }
}

fn is_recent(at: std::time::SystemTime) -> bool {
    at.elapsed().is_ok_and(|age| age < PATIENCE)
}

/// Java and Maven, from Debian where they are missing.
fn tools() -> Result<(), String> {
    let there = || works("java", "-version") && works("mvn", "--version");
    if there() {
        return Ok(());
    }
    // Without them the tests have another broker: that they cannot be had is no error.
    let install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "openjdk-17-jre-headless", "maven"];
    let installed = run(&mut command(&["apt-get", "update", "-qq"])).and_then(|()| run(&mut command(&install)));
    match installed {
        Ok(()) if there() => Ok(()),
        Ok(()) => Err("Java or Maven does not start".to_owned()),
        Err(why) => Err(format!("Java or Maven is not installed: {why}")),
    }
}

fn fetch(folder: &Path) -> Result<(), String> {
    let artifact = format!("-Dartifact=org.apache.kafka:kafka_2.13:{VERSION}:pom");
    let goal = |name: &str| format!("{PLUGIN}:{name}");
    within(TO_ANSWER, command(&["mvn", "-B", "-q", &goal("get"), &artifact, "-Dtransitive=false"]))
        .map_err(|e| format!("Maven Central does not answer: {e}"))?;
    let work = fresh(folder, "work")?;
    let pom = work.join("pom.xml");
    fs::write(&pom, POM.replace("VERSION", VERSION)).map_err(|e| format!("cannot write {}: {e}", pom.display()))?;
    let mut copy = command(&["mvn", "-B", "-q", &goal("copy-dependencies"), "-DincludeScope=runtime"]);
    copy.arg("-f").arg(&pom).arg(format!("-DoutputDirectory={}", folder.join("libs").display()));
    within(TO_DELIVER, copy).map_err(|e| format!("Maven Central does not deliver: {e}"))?;
    finish(folder, &work, VERSION)
}

/// Runs it quietly, and ends it when it takes longer.
fn within(limit: Duration, mut command: Command) -> Result<(), String> {
    const STEP: Duration = Duration::from_millis(200);
    let shown = format!("{command:?}").replace('"', "");
    println!("> {shown}");
    // A file, not a pipe: nobody reads while it runs.
    let output = target().join("maven-output");
    let file = File::create(&output).map_err(|e| format!("cannot write {}: {e}", output.display()))?;
    let errors = file.try_clone().map_err(|e| format!("cannot write {}: {e}", output.display()))?;
    let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
    let mut child: Child = child.map_err(|e| format!("{shown}: cannot start: {e}"))?;
    let mut waited = Duration::ZERO;
    while waited < limit {
        match child.try_wait().map_err(|e| format!("{shown}: {e}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let said = fs::read(&output).unwrap_or_default();
                return Err(
                    reason(&String::from_utf8_lossy(&said)).unwrap_or_else(|| format!("it ended with {status}"))
                );
            }
            None => sleep(STEP),
        }
        waited += STEP;
    }
    child.kill().and_then(|()| child.wait()).map_err(|e| format!("{shown}: cannot be ended: {e}"))?;
    Err(format!("not within {limit:?}"))
}

/// The last error of Maven that says what happened; behind it stand hints about its own options.
fn reason(said: &str) -> Option<String> {
    const HINTS: &[&str] = &["To see the full", "Re-run Maven", "For more information", "[Help "];
    let errors = said.lines().filter_map(|line| line.trim().strip_prefix("[ERROR]")).map(str::trim);
    let mut told = errors.filter(|text| !text.is_empty() && !HINTS.iter().any(|hint| text.starts_with(hint)));
    told.next_back().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mavens_last_error_is_the_reason() {
        let said = "[INFO] x\n[ERROR] Could not transfer a: 403 Forbidden -> [Help 1]\n[ERROR] \n[ERROR] To see the full stack\n\
                    [ERROR] Re-run Maven using the -X switch\n[ERROR] [Help 1] http://cwiki";
        assert_eq!(reason(said).as_deref(), Some("Could not transfer a: 403 Forbidden -> [Help 1]"));
        assert_eq!(reason("[INFO] nothing"), None);
    }
}
