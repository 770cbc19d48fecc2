//! The export in an object store.

use continuity_tests::brokers::S3Server;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_in_an_object_store() -> Result<(), Failure> {
    let story = Story::new(66, 12)?;
    story.write_tail()?;
    let store = S3Server::start()?;
    store.create("bank").await?;
    let half = story.export.len() / 2;
    for (name, lines) in [("1.ndjson", &story.export[..half]), ("2.ndjson", &story.export[half..])] {
        store.put(&format!("bank/exports/{name}"), (lines.join("\n") + "\n").into_bytes()).await?;
    }
    store.put("bank/exports/README.txt", b"no feed".to_vec()).await?;
    let config = format!(
        "[source]\nurl = 'file:{}'\n{}[ingest]\nmin_free_bytes = 0\n\
         [bootstrap]\nurl = 's3://bank/exports?endpoint={}'\nallow_http = true\nregion = 'eu-central-1'\n\
         access_key_id = 'key'\nsecret_access_key = 'hunter2'\n",
        story.path("tail.ndjson").display(),
        rig::QUICK,
        store.url()
    );
    let mut replica = Replica::new().config(&config).start().await?;
    live(&replica).await?;
    agrees(&replica, story.fold()).await?;
    // Neither the store nor the local copies are needed any more.
    drop(store);
    fs::remove_dir_all(replica.data_dir().join("bootstrap"))?;
    replica.restart().await?;
    live(&replica).await?;
    agrees(&replica, story.fold()).await?;
    assert!(!replica.errors().contains("hunter2"), "a secret was written to the log");
    Ok(())
}
