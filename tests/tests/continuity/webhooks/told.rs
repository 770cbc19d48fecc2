//! What is told of gaps, late events, parked loans, snapshots, erasures and purges, and when.

use continuity_tests::harness::{Failure, Replica};
use tempfile::TempDir;

use super::receiver::{Arrival, Receiver};
use super::{Feed, event, section, status, until};

const MEMBERS: [&str; 6] = ["loanRequestId", "sequence", "previousStatus", "status", "documentId", "cause"];

struct Scene {
    feed: Feed,
    replica: Replica,
    receiver: Receiver,
    _folder: TempDir,
}

impl Scene {
    async fn start(before: &[String]) -> Result<Self, Failure> {
        let (folder, receiver) = (TempDir::new()?, Receiver::start().await?);
        let feed = Feed::new(folder.path(), before)?;
        // Events behind a gap are let through after a second.
        let webhooks = section(&receiver, "");
        let config = feed.config(&webhooks).replace("[ingest]\n", "[ingest]\ngap_release_seconds = 1\n");
        let replica = Replica::new().config(&config).start().await?;
        super::until_active(&replica).await?;
        receiver.ask(replica.client("loans:read").await?);
        Ok(Self { feed, replica, receiver, _folder: folder })
    }

    /// What is told of these lines, and of nothing after them.
    async fn told(&self, lines: &[String], count: usize) -> Result<Vec<Arrival>, Failure> {
        let before = self.receiver.taken().len();
        self.feed.append(lines)?;
        self.receiver.until_taken(before + count).await?;
        until(&self.replica, "core", |core| core["backlogPositions"] == 0 && core["retrying"].is_null()).await?;
        Ok(self.receiver.taken().split_off(before))
    }

    async fn says(&self, lines: &[String], wanted: &[&str]) -> Result<(), Failure> {
        let told = self.told(lines, wanted.len()).await?;
        let shown: Vec<_> = told.iter().map(|arrival| arrival.shown(&MEMBERS)).collect();
        assert_eq!(shown, wanted);
        Ok(())
    }
}

fn document(loan: &str, sequence: u64, name: &str, version: u64, form: &str) -> String {
    event(loan, sequence, name, &format!(r#"{{"entity":"document","id":"d1","version":{version},{form}}}"#))
}

const IMAGE: &str = r#""after":{"id":"d1","name":"salary of Maria.pdf","uploadedAt":"2026-01-01T00:00:00Z"}"#;

fn snapshot(loan: &str, as_of: u64, id: &str, status: &str) -> String {
    let data = format!(
        r#"{{"asOfSequence":{as_of},"entities":[{{"entity":"loanRequest","id":"{loan}","version":{as_of},"after":{{"id":"{loan}","status":"{status}","createdAt":"2026-01-01T00:00:00Z"}}}}]}}"#
    );
    event(loan, as_of, "LoanRequestSnapshot", &data).replace(&format!("e-{loan}-{as_of}"), id)
}

fn control(id: &str, name: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"com.banclo.{name}","subject":"control","time":"2026-01-05T08:00:00Z","data":{data}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_by_what_they_are_and_not_by_their_names() -> Result<(), Failure> {
    let scene = Scene::start(&[status("L1", 1, 1, "BID")]).await?;
    let patch = |sequence, version, patch: &str| {
        let data = format!(
            r#"{{"entity":"loanRequest","id":"L1","version":{version},"baseVersion":{},"patch":{patch}}}"#,
            version - 1
        );
        event("L1", sequence, "SomethingOfTomorrow", &data)
    };
    scene.says(&[status("L1", 2, 2, "SANCTION")], &["loan.status_changed L1 2 BID SANCTION"]).await?;
    scene.says(&[patch(3, 3, r#"{"status":"DEED"}"#)], &["loan.status_changed L1 3 SANCTION DEED"]).await?;
    scene
        .says(
            &[
                patch(4, 4, r#"{"purpose":"a house"}"#),
                patch(5, 5, r#"{"participants":[{"id":"p1","email":"maria@example.org"}]}"#),
                document("L1", 6, "DocumentUploaded", 1, IMAGE),
                document("L1", 7, "DocumentReviewed", 2, IMAGE),
                document("L1", 8, "DocumentVersionAdded", 3, IMAGE),
                document("L1", 9, "DocumentDeleted", 4, r#""after":null"#),
            ],
            &["client.data_changed L1 5 changed", "document.uploaded L1 6 d1", "document.uploaded L1 8 d1"],
        )
        .await?;
    let new = scene.told(&[status("L2", 1, 1, "DRAFT")], 1).await?;
    assert_eq!(new[0].shown(&MEMBERS), "loan.status_changed L2 1 DRAFT");
    assert!(new[0].message["data"]["previousStatus"].is_null());
    // Whoever asks at once gets what was told.
    for arrival in scene.receiver.all() {
        let (code, status) = arrival.asked.as_ref().ok_or("the API did not answer")?;
        let told = arrival.message["data"]["status"].as_str();
        assert!(*code == 200 && told.is_none_or(|told| told == status || told == "SANCTION"), "{arrival:?}");
        assert!(!arrival.body.contains("Maria") && !arrival.body.contains("maria"), "{}", arrival.body);
    }
    scene.receiver.verified().await
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_parked_loans_and_snapshots() -> Result<(), Failure> {
    let scene = Scene::start(&[status("L1", 1, 1, "DRAFT"), status("L2", 1, 1, "DRAFT")]).await?;
    // Behind a gap; then what was missing.
    scene
        .says(
            &[status("L1", 3, 3, "SANCTION"), status("L1", 4, 4, "DEED")],
            &["loan.status_changed L1 3 DRAFT SANCTION", "loan.status_changed L1 4 SANCTION DEED"],
        )
        .await?;
    scene
        .says(&[status("L1", 2, 2, "BID")], &["loan.status_changed L1 2 DRAFT BID", "loan.reloaded L1 gap-closed"])
        .await?;
    // A wrong version parks; what the API does not show is not told. Another loan goes on.
    scene
        .says(
            &[status("L2", 2, 9, "BID"), status("L2", 3, 10, "DEED"), status("L3", 1, 1, "DRAFT")],
            &["loan.status_changed L3 1 DRAFT"],
        )
        .await?;
    scene.says(&[snapshot("L2", 3, "s-1", "DEED")], &["loan.reloaded L2 snapshot"]).await?;
    scene.says(&[status("L2", 4, 4, "CLOSED")], &["loan.status_changed L2 4 DEED CLOSED"]).await?;
    // One that has no effect is no news; one of an export is, though that is never completed.
    scene
        .says(
            &[
                snapshot("L2", 2, "s-2", "BID"),
                control("c-1", "SnapshotStarted", r#"{"snapshotId":"x","loanRequests":1,"entities":1}"#),
                snapshot("L4", 5, "s-3", "BID"),
                status("L4", 6, 6, "SANCTION"),
            ],
            &["loan.reloaded L4 snapshot", "loan.status_changed L4 6 BID SANCTION"],
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn erasures_and_purges() -> Result<(), Failure> {
    let scene = Scene::start(&[status("L1", 1, 1, "DRAFT"), status("L2", 1, 1, "DRAFT")]).await?;
    let erased = r#"{"entity":"erasure","participantIds":["p1"],"legalBasis":"request","requestedAt":"2026-01-01T00:00:00Z","entities":[{"entity":"loanRequest","id":"L1","version":2,"after":{"id":"L1","status":"DRAFT"}}]}"#;
    scene
        .says(
            &[event("L1", 2, "DataSubjectErased", erased)],
            &["client.data_changed L1 2 erased", "loan.reloaded L1 erased"],
        )
        .await?;
    let purge = event("L2", 3, "LoanRequestPurged", r#"{"entity":"loanRequest","id":"L2","version":3,"after":null}"#);
    let told = scene.told(&[status("L2", 2, 2, "BID"), purge, status("L3", 1, 1, "BID")], 2).await?;
    let shown: Vec<_> = told.iter().map(|arrival| arrival.shown(&MEMBERS)).collect();
    // The change before it is told unless the purge was seen first.
    let end = shown.len() - 2;
    assert_eq!(shown[end..], ["client.data_changed L2 3 purged", "loan.status_changed L3 1 BID"]);
    assert!(shown[..end].iter().all(|told| told == "loan.status_changed L2 2 DRAFT BID"), "{shown:?}");
    assert_eq!(told[end].asked, Some((410, String::new())));
    Ok(())
}
