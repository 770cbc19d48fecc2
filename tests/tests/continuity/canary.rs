//! Nothing that the process writes gives a secret away: logs at the level that says most, the metrics page, refusals, all of
//! the data directory, what commands show, and what the system shows of the process.

mod life;
mod search;

use std::collections::BTreeMap;

use continuity_tests::harness::{Failure, Reply};

use crate::stage::{Sent, Stage};
use life::{Life, PLANTED};
use search::{Secrets, files};

/// Commands whose answers tell of clients, people, keys and what was done.
const TELLING: &[&[&str]] = &[
    &["client", "list"],
    &["client", "export"],
    &["client", "conflicts"],
    &["account", "list"],
    &["account", "show", crate::stage::JANE],
    &["key", "list"],
    &["status"],
    &["access", "export"],
    &["log", "cat", "--control", "--limit", "100000"],
    &["log", "cat", "--limit", "100000", "--payload"],
];

/// The one file that is a secret: docs/authorization-server.md says what it is worth.
const FLEET_KEY: &str = "control/keys/fleet-key";

/// No form of a secret is longer.
const OVERLAP: usize = 64 * 1_024;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_process_writes_gives_a_secret_away() -> Result<(), Failure> {
    let mut stage = Stage::start("[telemetry]\nlog = 'trace'\n").await?;
    let life = Life::lead(&mut stage).await?;
    let mut secrets = Secrets::default();
    for (name, secret) in &life.secrets {
        secrets.add(name, secret)?;
    }
    let fleet_key = std::fs::read_to_string(stage.replica.data_dir().join(FLEET_KEY))?;
    secrets.add("the fleet key", fleet_key.trim())?;
    secrets.add("the fleet key's bytes", hex::decode(fleet_key.trim())?)?;
    assert!(
        life.secrets.len() > 35 && secrets.count() > 350,
        "{} secrets, {} forms",
        life.secrets.len(),
        secrets.count()
    );
    // While it runs, and after it was killed and read everything again.
    let mut places = written(&stage).await?;
    places.extend(life.refusals.iter().enumerate().map(|(n, told)| (format!("refusal {n}"), told.clone())));
    found_nothing(&secrets, &places);
    stage.restart("[telemetry]\nlog = 'trace'\nformat = 'json'\n").await?;
    let again = written(&stage).await?;
    let mut news = again.clone();
    news.retain(|name, text| places.get(name) != Some(text));
    // The log goes on behind what was looked through.
    let looked_through = places["standard error"].len().saturating_sub(OVERLAP);
    news.entry("standard error".to_owned()).and_modify(|text| drop(text.drain(..looked_through)));
    found_nothing(&secrets, &news);
    // What the process was told to keep and to say is seen by the same search: it looks where things stand.
    let mut planted = Secrets::default();
    planted.add("planted", PLANTED)?;
    let seen: Vec<&str> =
        again.iter().filter(|(_, text)| !planted.found_in(text).is_empty()).map(|(name, _)| &**name).collect();
    for place in ["standard error", "account show", "log cat --control", "control/"] {
        assert!(seen.iter().any(|seen| seen.contains(place)), "{place} has not what was planted: {seen:?}");
    }
    Ok(())
}

fn found_nothing(secrets: &Secrets, places: &BTreeMap<String, Vec<u8>>) {
    let mut found = Vec::new();
    for (place, text) in places {
        let all = secrets.found_in(text);
        let own = place.ends_with(FLEET_KEY);
        found.extend(
            all.iter()
                .filter(|name| !(own && name.starts_with("the fleet key")))
                .map(|name| format!("{place}: {name}")),
        );
    }
    assert!(found.is_empty(), "{} secrets are given away:\n{}", found.len(), found.join("\n"));
}

/// Each place that something was written to, with what stands there.
async fn written(stage: &Stage) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut places = on_disk(stage)?;
    for words in TELLING {
        let output = stage.replica.order(words).await?;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        places.insert(words.join(" "), [output.stdout, output.stderr].concat());
        let output = stage.replica.order(&[words, &["--json"][..]].concat()).await?;
        places.insert(format!("{} --json", words.join(" ")), [output.stdout, output.stderr].concat());
    }
    let metrics = reqwest::get(&stage.access().metrics_url).await?.bytes().await?;
    assert!(metrics.len() > 1_000);
    places.insert("metrics".to_owned(), metrics.to_vec());
    for path in ["/health", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/~/open-api/openapi.json"] {
        let Reply { headers, bytes, .. } = stage.send(&Sent::get(path)).await?;
        places.insert(path.to_owned(), [format!("{headers:?}").into_bytes(), bytes].concat());
    }
    for file in ["cmdline", "environ", "status"] {
        places.insert(format!("/proc {file}"), std::fs::read(format!("/proc/{}/{file}", stage.replica.id()))?);
    }
    Ok(places)
}

/// Standard error of all its lives, and every file of the data directory.
fn on_disk(stage: &Stage) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let log = stage.replica.log()?;
    assert!(log.contains("TRACE") && log.contains("continuity_api::access"), "the log says little");
    let mut places = BTreeMap::from([("standard error".to_owned(), log.into_bytes())]);
    let folder = stage.replica.data_dir();
    for file in files(folder)? {
        let name = file.strip_prefix(folder)?.display().to_string();
        // Sockets are no files; what a running process just removed is not there.
        if file.is_file() {
            places.insert(name, std::fs::read(&file)?);
        }
    }
    assert!(places.len() > 10, "{:?}", places.keys());
    Ok(places)
}
