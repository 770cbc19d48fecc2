//! What is said of backups: what there is, and nothing that there is not.

use serde_json::json;

use super::operations::{EVIL, bench, until};
use crate::orders::Order;

const PATH: &str = "/console/operations/backups";

#[tokio::test]
async fn nothing_is_claimed_where_no_directory_is_configured() {
    let (bench, stub) = bench();
    *stub.backups.lock() = json!({"directory": null, "backup": null, "verification": null});
    let page = bench.signed_in().await.get(PATH).await;
    assert!(page.says("No directory for backups is configured") && page.says("restore --from"), "{}", page.text);
    assert!(!page.says("<button class=\"other\">"), "nothing can be begun: {}", page.text);
}

#[tokio::test]
async fn a_backup_is_made_and_tried_beside_the_page() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    *stub.backups.lock() = json!({"directory": EVIL, "backup": null, "verification": null});
    let page = browser.get(PATH).await;
    assert!(page.says("There is no backup in this directory.") && page.says("Nobody has tried"), "{}", page.text);
    assert!(page.says("Back up now</button>") && !page.says("Try a restore</button>") && !page.says(EVIL));
    assert_eq!(browser.post(PATH, &[("what", "backup")]).await.to(), PATH);
    until(&mut browser, PATH, "It is made: log up to position 77, 3 stored files, 99 bytes written.").await;
    *stub.backups.lock() = json!({
        "directory": "/backups/replica",
        "backup": {
            "madeAt": "2026-11-22T17:00:00.000Z", "log": {"position": 77, "hash": "beef"},
            "controlLog": {"position": 12}, "documents": {"count": 3, "bytes": 300, "damaged": ["aaaa", EVIL]},
        },
        "verification": {
            "verifiedAt": "2026-11-21T17:00:00.000Z", "records": 70, "controlRecords": 11, "documents": 3,
            "agree": ["loan-requests", "tasks"], "notCompared": [EVIL], "problems": [],
        },
        "verificationIsOfThisBackup": false,
    });
    let page = browser.get(PATH).await;
    for text in [
        "22 Nov 2026, 17:00 UTC",
        "Damaged files that are not in it",
        "aaaa",
        "That was the backup before.",
        "It is good: 70 records, 11 of the control log and 3 stored files are whole, and 2 read models",
        "Try a restore</button>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says(EVIL));
    assert_eq!(browser.post(PATH, &[("what", "trial")]).await.to(), PATH);
    until(&mut browser, PATH, "It is NOT good. Make another backup").await;
    let orders: Vec<Order> = stub.changes().into_iter().map(|(order, _)| order).collect();
    assert_eq!(orders, [Order::BackUp, Order::VerifyBackup]);
    stub.backups.lock()["verificationIsOfThisBackup"] = json!(true);
    stub.backups.lock()["verification"]["problems"] = json!(["the replica log: damaged", EVIL]);
    let page = browser.get(PATH).await;
    assert!(page.says("the replica log: damaged") && !page.says("That was the backup before."), "{}", page.text);
    assert!(!page.says("It is good") && !page.says(EVIL));
}
