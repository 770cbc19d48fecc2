//! `source resync`: one loan's snapshot fills its gap, settles what is parked, and touches no other loan.

use continuity_tests::fold::Answer;

use super::*;

/// A feed that lost an event of one loan and broke one of another, and an export of the platform behind it.
struct Broken {
    story: Story,
    /// What is left of the feed.
    feed: Vec<String>,
    /// The loan that lacks an event, and its sequence.
    gap: (String, u64),
    /// The loan with an event that does not fold, and its sequence.
    parked: (String, u64),
}

impl Broken {
    fn new(seed: u64) -> Result<Self, Failure> {
        let mut story = Story::new(seed, 6)?;
        let options = Options::new(seed, feeds::START, 6);
        let mut feed: Vec<String> = Simulator::new(options).history().map(|event| event.line).collect();
        story.tail.clear();
        let purged: Vec<String> =
            feed.iter().filter(|line| line.contains("LoanRequestPurged")).map(|line| loan(line)).collect();
        let lives = |line: &str| !purged.contains(&loan(line));
        let lost = find(&feed, |line| sequence(line) == 12 && lives(line))?;
        let gap = (loan(&feed[lost]), 12);
        let request = |line: &str| line.contains("\"data\":{\"entity\":\"loanRequest\"") && sequence(line) >= 5;
        let broken = find(&feed, |line| request(line) && lives(line) && loan(line) != gap.0)?;
        let parked = (loan(&feed[broken]), sequence(&feed[broken]));
        // Version 3 becomes version 73.
        let at = feed[broken].find("\"version\":").ok_or("an event without a version")?;
        feed[broken].insert(at + "\"version\":".len(), '7');
        feed.remove(lost);
        story.write("tail.ndjson", &feed)?;
        Ok(Self { story, feed, gap, parked })
    }

    fn snapshot_of(&self, wanted: &str) -> Result<&str, Failure> {
        let export = self.story.export.iter().map(String::as_str);
        let mut of_loan = export.filter(|line| line.contains("LoanRequestSnapshot") && loan(line) == wanted);
        of_loan.next_back().ok_or_else(|| format!("no snapshot of {wanted}").into())
    }
}

/// The index of the first such line.
fn find(feed: &[String], wanted: impl Fn(&str) -> bool) -> Result<usize, Failure> {
    feed.iter().position(|line| wanted(line)).ok_or_else(|| "no such event in the feed".into())
}

fn sequence(line: &str) -> u64 {
    let rest = line.split("\"sequence\":\"").nth(1).unwrap_or_default();
    rest.split('"').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn loan(line: &str) -> String {
    let rest = line.split("\"subject\":\"loan-requests/").nth(1).unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

async fn resync(replica: &Replica, loan: &str, export: &Path) -> Result<Json, Failure> {
    let export = export.display().to_string();
    let words = ["source", "resync", "--json", "--loan", loan, "--reason", "a gap", "--from", &export];
    let output = replica.order(&words).await?;
    succeeded(&output);
    Ok(Json::parse(std::str::from_utf8(&output.stdout)?)?)
}

async fn refused(replica: &Replica, words: &[&str]) -> Result<String, Failure> {
    let words = [&["source", "resync", "--reason", "a gap"], words].concat();
    let output = replica.order(&words).await?;
    assert!(!output.status.success(), "{words:?} succeeded");
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn flag(done: &Json, when: &str) -> Option<Json> {
    done.get(when)?.get("complete").cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_loan_is_repaired_and_no_other_is_touched() -> Result<(), Failure> {
    let broken = Broken::new(71)?;
    let config = format!(
        "[source]\nurl = 'file:{}'\n{}[ingest]\ngap_release_seconds = {}\nmin_free_bytes = 0\n",
        broken.story.path("tail.ndjson").display(),
        rig::QUICK,
        SHORTLY.as_secs()
    );
    let replica = Replica::new().config(&config).start().await?;
    live(&replica).await?;
    let incomplete = async || Ok(status(&replica).await?.number("incompleteLoans") == Some(2));
    assert!(harness::poll(LIMIT, incomplete).await?, "{}", status(&replica).await?.to_text());
    let mut fold = Fold::of(Gaps::Released, broken.feed.iter().map(String::as_str));
    agrees(&replica, Fold::of(Gaps::Released, broken.feed.iter().map(String::as_str))).await?;
    assert!(!fold.loan(&broken.gap.0).ok_or("no such loan")?.is_complete());
    assert_eq!(fold.loan(&broken.parked.0).ok_or("no such loan")?.parked(), Some(broken.parked.1));

    let export = broken.story.path("export");
    let done = resync(&replica, &broken.gap.0, &export).await?;
    assert_eq!((flag(&done, "before"), flag(&done, "after")), (Some(Json::Bool(false)), Some(Json::Bool(true))));
    let filled = done.get("filled").ok_or("nothing filled")?.to_text();
    assert_eq!(filled, format!("[[{0},{0}]]", broken.gap.1), "{}", done.to_text());
    assert_eq!(status(&replica).await?.number("incompleteLoans"), Some(1));
    let done = resync(&replica, &broken.parked.0, &export).await?;
    assert_eq!((flag(&done, "before"), flag(&done, "after")), (Some(Json::Bool(false)), Some(Json::Bool(true))));
    for loan in [&broken.gap.0, &broken.parked.0] {
        fold.arrive(broken.snapshot_of(loan)?);
        assert!(matches!(fold.loan(loan).ok_or("no such loan")?.loan_request(), Answer::Body(_)));
        assert!(fold.loan(loan).ok_or("no such loan")?.is_complete());
    }
    agrees(&replica, fold).await?;

    let again = resync(&replica, &broken.gap.0, &export).await?;
    assert_eq!(again.get("known"), Some(&Json::Bool(true)), "{}", again.to_text());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_repaired_is_said() -> Result<(), Failure> {
    let broken = Broken::new(72)?;
    let tail = broken.story.path("tail.ndjson");
    let config = format!("[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n", tail.display());
    let mut replica = Replica::new().config(&config).start().await?;
    live(&replica).await?;
    let export = broken.story.path("export").display().to_string();
    let unknown = refused(&replica, &["--loan", "nobody", "--from", &export]).await?;
    assert!(unknown.contains("holds no LoanRequestSnapshot of the loan \"nobody\""), "{unknown}");
    let own = refused(&replica, &["--loan", &broken.gap.0]).await?;
    assert!(own.contains("tail.ndjson holds no LoanRequestSnapshot"), "{own}");
    let nowhere = refused(&replica, &["--loan", &broken.gap.0, "--from", "/nowhere"]).await?;
    assert!(nowhere.contains("cannot find /nowhere"), "{nowhere}");
    replica.kill()?;
    let at_rest = refused(&replica, &["--loan", &broken.gap.0, "--from", &export]).await?;
    assert!(at_rest.contains("needs the running replica"), "{at_rest}");
    Ok(())
}
