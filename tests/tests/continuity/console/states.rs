//! The status page while the log is taken in anew, while a first history comes, and while the source is gone or is another one: it
//! stays up, says what is true and what to do, and claims nothing that is not so.

use std::fs;
use std::io::Write;

use continuity_simulator::Faults;
use continuity_tests::brokers::Sort;
use continuity_tests::harness::{Browser, Failure, Replica, poll};
use tempfile::TempDir;

use super::operator::{ACCOUNT, says, signed_in};
use crate::bootstrap::Story;
use crate::rig::{LIMIT, QUICK, Rig, events, state};

const STATUS: &str = "/console/status";
const LOANS: &str = "/console/loans";
/// No page may say such things before everything was here once.
const CLAIMS: [&str; 4] = ["Following live", "complete to", "nothing known to be missing", "Complete."];
const PLAIN: &str = "[ingest]\nmin_free_bytes = 0\n[auth]\nsecond_factor_required = false\n";

/// Somebody who may read loans and does what operators do.
pub(super) async fn operator(replica: &Replica) -> Result<Browser, Failure> {
    let account = replica.order(&[&ACCOUNT[..], &["--scopes", "loans:read audit:read", "--json"]].concat()).await?;
    signed_in(replica.access(), &serde_json::from_slice(&account.stdout)?).await
}

/// The sentence on the wall, and the whole page, which is there whatever is the case.
async fn status(browser: &mut Browser) -> Result<(String, String), Failure> {
    let page = browser.get(STATUS).await?;
    let sentence = page.between("<p class=\"sentence\">", "</p>").filter(|_| page.status == 200);
    let sentence = sentence.ok_or_else(|| format!("{STATUS} answers {}: {}", page.status, page.text))?;
    Ok((sentence, page.text))
}

/// A file of a history, and a replica that follows it.
pub(super) struct Followed {
    folder: TempDir,
    lines: Vec<String>,
    pub(super) replica: Replica,
}

impl Followed {
    pub(super) async fn start(seed: u64, loans: u64) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let lines: Vec<String> =
            events(seed, loans, Faults::default()).iter().map(|event| event.line.clone() + "\n").collect();
        let feed = folder.path().join("feed.ndjson");
        fs::write(&feed, lines.concat())?;
        let config = format!("[source]\nurl = 'file:{}'\n{QUICK}{PLAIN}", feed.display());
        let replica = Replica::new().config(&config).start().await?;
        replica.until("live", LIMIT, |health| state(health) == "live").await?;
        Ok(Self { folder, lines, replica })
    }

    fn feed(&self) -> std::path::PathBuf {
        self.folder.path().join("feed.ndjson")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_is_told_with_its_progress() -> Result<(), Failure> {
    let followed = Followed::start(81, 40).await?;
    let mut browser = operator(&followed.replica).await?;
    says(&mut browser, STATUS, "Following live").await?;
    let models = "/console/operations/read-models";
    // One that is over before anybody looks is asked for again.
    let seen = poll(LIMIT, async || {
        browser.get(models).await?;
        browser.post(models, &[("name", "audit-log")]).await?;
        let (sentence, page) = status(&mut browser).await?;
        let told = "Being rebuilt and not served meanwhile: audit-log.";
        let (_, progress) = page.split_once("audit-log is made anew: ").unwrap_or_default();
        let (progress, _) = progress.split_once(" records. It is not served meanwhile.").unwrap_or_default();
        assert_eq!(sentence.contains(told), progress.contains(" of "), "{page}");
        Ok(sentence.contains(told))
    });
    assert!(seen.await?, "no rebuild was seen");
    says(&mut browser, models, "It is the same as before").await?;
    let (sentence, _) = status(&mut browser).await?;
    assert!(sentence.starts_with("Following live") && !sentence.contains("rebuilt"), "{sentence}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_that_are_gone_are_made_anew_under_the_eyes_of_operators() -> Result<(), Failure> {
    let mut followed = Followed::start(82, 40).await?;
    let mut browser = operator(&followed.replica).await?;
    let replica = &mut followed.replica;
    let mut claimed = Vec::new();
    let seen = poll(LIMIT, async || {
        replica.kill()?;
        fs::remove_dir_all(replica.data_dir().join("read-models"))?;
        replica.restart().await?;
        let (sentence, page) = status(&mut browser).await?;
        let is_starting = sentence == "Starting: the read models are still taking in the log.";
        if is_starting {
            claimed.extend(CLAIMS.into_iter().filter(|claim| page.contains(claim)));
        }
        Ok(is_starting)
    });
    assert!(seen.await?, "it never said that it starts");
    assert_eq!(claimed, [""; 0]);
    says(&mut browser, STATUS, "Following live").await
}

/// Watches the status and the list of loans until it follows live; the sentences on the way there, each once.
async fn until_live(browser: &mut Browser) -> Result<Vec<String>, Failure> {
    let mut sentences: Vec<String> = Vec::new();
    let live = poll(LIMIT, async || {
        let (before, page) = status(browser).await?;
        let loans = browser.get(LOANS).await?.text;
        let (sentence, _) = status(browser).await?;
        if sentence.starts_with("Following live") {
            return Ok(true);
        }
        // What held before and after it held meanwhile.
        let pages = [(STATUS, &page), (LOANS, &loans)];
        for (path, text) in pages.into_iter().filter(|_| before == sentence) {
            let claimed: Vec<&str> = CLAIMS.into_iter().filter(|claim| text.contains(claim)).collect();
            assert!(claimed.is_empty(), "{path} claims {claimed:?} while {sentence}\n{text}");
        }
        if sentences.last() != Some(&sentence) {
            sentences.push(sentence);
        }
        Ok(false)
    });
    if live.await? { Ok(sentences) } else { Err(format!("it never follows live: {sentences:?}").into()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_history_is_never_called_complete_before_it_is() -> Result<(), Failure> {
    let story = Story::new(83, 25)?;
    story.write_tail()?;
    let config =
        story.config("[source.schedule]\nmax_bytes_per_second = 200000\n[auth]\nsecond_factor_required = false\n");
    let replica = Replica::new().config(&config).start().await?;
    let mut browser = operator(&replica).await?;
    let sentences = until_live(&mut browser).await?;
    assert!(sentences.iter().any(|one| one.starts_with("Taking in the platform&#39;s export: ")), "{sentences:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_its_end_is_no_history() -> Result<(), Failure> {
    let story = Story::new(84, 6)?;
    story.write_tail()?;
    let (rest, most) = story.export.split_last().ok_or("an empty export")?;
    story.write("export/export.ndjson", most)?;
    let replica = Replica::new().config(&story.config("[auth]\nsecond_factor_required = false\n")).start().await?;
    let mut browser = operator(&replica).await?;
    says(&mut browser, STATUS, "this replica never had everything that the platform has").await?;
    says(&mut browser, "/console/operations", "ends without SnapshotCompleted").await?;
    let mut file = fs::File::options().append(true).open(story.path("export/export.ndjson"))?;
    writeln!(file, "{rest}")?;
    until_live(&mut browser).await.map(drop)
}

/// What becomes of the feed, and what is found.
type Harm = (fn(&Followed) -> std::io::Result<()>, &'static str);

const HARMS: [Harm; 2] = [
    (|followed| fs::write(followed.feed(), followed.lines[..followed.lines.len() / 2].concat()), "truncated"),
    (|followed| fs::write(followed.feed(), "{}\n".to_owned() + &followed.lines.concat()), "rewritten"),
];

/// Accepts the source in the console, once it was typed which one it is.
async fn accepts(browser: &mut Browser) -> Result<(), Failure> {
    let accept = "/console/operations/source/accept";
    says(browser, accept, "feed.ndjson").await?;
    let wrong = browser.post(accept, &[("reason", "restored from a copy"), ("confirm", "feed")]).await?;
    assert!(wrong.status == 422 && wrong.text.contains("Type it as it stands above"), "{}", wrong.text);
    let done = browser.post(accept, &[("reason", "restored from a copy"), ("confirm", "feed.ndjson")]).await?;
    let to = done.to()?.to_owned();
    says(browser, &to, "The source is taken as it is").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_another_one_is_named_until_it_is_accepted() -> Result<(), Failure> {
    for (harm, cause) in HARMS {
        let followed = Followed::start(85, 4).await?;
        let mut browser = operator(&followed.replica).await?;
        says(&mut browser, STATUS, "Following live").await?;
        harm(&followed)?;
        says(&mut browser, STATUS, "The source is not the one that was followed, since").await?;
        let (sentence, page) = status(&mut browser).await?;
        assert!(sentence.contains("nothing more is taken from it; serving what was known at"), "{sentence}");
        assert!(page.contains("<code>continuity source accept"), "{page}");
        says(&mut browser, LOANS, "The source is not the one that was followed: what was known before is shown")
            .await?;
        says(&mut browser, "/console/operations", cause).await?;
        accepts(&mut browser).await?;
        says(&mut browser, STATUS, "Following live").await?;
    }
    Ok(())
}

/// While it is away nothing that is here is lost, and the page does not say that it is followed.
async fn is_cut_off(browser: &mut Browser, back: impl AsyncFnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    says(browser, STATUS, "Cloud cut off since").await?;
    let (sentence, page) = status(browser).await?;
    assert!(sentence.contains("; serving what was known at "), "{sentence}");
    assert!(!page.contains("Following live") && !page.contains("Nothing has to be done."), "{page}");
    says(browser, LOANS, "The platform cannot be reached: what was known last is shown").await?;
    back().await?;
    says(browser, STATUS, "Following live").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_away_is_called_so_until_it_is_back() -> Result<(), Failure> {
    let history = events(86, 4, Faults::default());
    let rig = Rig::start(Sort::Nats, &history, "[auth]\nsecond_factor_required = false\n").await?;
    rig.until("live").await?;
    let mut browser = operator(&rig.replica).await?;
    says(&mut browser, STATUS, "Following live").await?;
    rig.proxy.refuse();
    is_cut_off(&mut browser, async || {
        rig.proxy.heal();
        Ok(())
    })
    .await?;
    let followed = Followed::start(87, 4).await?;
    let mut browser = operator(&followed.replica).await?;
    let away = followed.folder.path().join("away");
    fs::rename(followed.feed(), &away)?;
    is_cut_off(&mut browser, async || Ok(fs::rename(&away, followed.feed())?)).await
}
