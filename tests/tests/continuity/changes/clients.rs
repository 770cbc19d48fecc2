//! Listeners that others would write: curl, and the Python of `docs/live-updates.md`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use continuity_tests::harness::{Client, Demo, Failure, Running};
use tempfile::TempDir;

use crate::clients::python;

async fn demo() -> Result<Running, Failure> {
    Demo::new().argument("--loans").argument("12").argument("--rate").argument("20").start().await
}

/// The first block of a language in the document.
fn sample(language: &str) -> Result<String, Failure> {
    let path = format!("{}/../docs/live-updates.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path)?;
    let begin = text.split_once(&format!("```{language}\n")).ok_or("no such block")?.1;
    Ok(begin.split_once("```").ok_or("no end of the block")?.0.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_prints_events_as_they_come() -> Result<(), Failure> {
    let demo = demo().await?;
    let client = Client::of(&demo, "loans:read").await?;
    for version in ["--http1.1", "--http2"] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--no-buffer", version, "--cacert", demo.told("caFile")?, "-H"]);
        curl.arg(format!("Authorization: Bearer {}", client.token()));
        curl.arg(format!("{}/api/v1/changes", demo.told("baseUrl")?));
        let mut running = curl.stdout(Stdio::piped()).spawn()?;
        let out = running.stdout.take().ok_or("no standard output")?;
        // The demo goes on, so two changes that nobody knew of come by themselves.
        let read = tokio::task::spawn_blocking(move || -> Result<String, Failure> {
            let mut text = String::new();
            let mut lines = BufReader::new(out).lines();
            while text.matches("event: change").count() < 3 {
                text.push_str(&lines.next().ok_or("curl ended")??);
                text.push('\n');
            }
            Ok(text)
        });
        let text = tokio::time::timeout(crate::rig::LIMIT, read).await;
        running.kill()?;
        running.wait()?;
        let text = text???;
        assert!(text.starts_with("retry: 2000\n\nevent: position\nid: "), "{text}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_of_the_documentation_listens() -> Result<(), Failure> {
    let demo = demo().await?;
    let directory = TempDir::new()?;
    let script = directory.path().join("listen.py");
    std::fs::write(&script, sample("python")?)?;
    let mut command = Command::new(python());
    command.arg(&script).args([demo.told("baseUrl")?, demo.told("clientId")?, demo.told("clientSecret")?]);
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn()?;
    let out = running.stdout.take().ok_or("no standard output")?;
    let read = tokio::task::spawn_blocking(move || -> Vec<String> {
        BufReader::new(out).lines().map_while(Result::ok).take(20).collect()
    });
    let lines = tokio::time::timeout(crate::rig::LIMIT, read).await;
    running.kill()?;
    let said = running.wait_with_output()?;
    let lines = lines??;
    let errors = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(lines.len(), 20, "{errors}");
    assert!(lines.iter().all(|line| line.ends_with(" changed") || line.ends_with(" purged")), "{lines:?}");
    let ids: Vec<u64> = lines.iter().filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    assert!(ids.len() == 20 && ids.is_sorted(), "{lines:?}");
    assert!(errors.contains("the replica is live"), "{errors}");
    Ok(())
}
