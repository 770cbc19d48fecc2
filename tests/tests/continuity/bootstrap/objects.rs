//! The export in an object store.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use continuity_tests::brokers::free_port;
use continuity_tests::harness::poll;

use super::*;

/// An S3 in memory; killed when dropped.
struct ObjectStore {
    child: Child,
    url: String,
}

impl ObjectStore {
    async fn start(directory: &Path) -> Result<Self, Failure> {
        let port = free_port()?.to_string();
        let mut command = Command::new(moto());
        command.args(["-H", "127.0.0.1", "-p", &port]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(File::create(directory.join("moto"))?).spawn()?;
        let store = Self { child, url: format!("http://127.0.0.1:{port}") };
        let up = poll(LIMIT, async || Ok(store.put("bank").await.is_ok()));
        assert!(up.await?, "{}", fs::read_to_string(directory.join("moto"))?);
        Ok(store)
    }

    async fn put(&self, bucket: &str) -> Result<(), Failure> {
        self.send(bucket, Vec::new()).await
    }

    async fn send(&self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        let reply = reqwest::Client::new().put(format!("{}/{path}", self.url)).body(bytes).send().await?;
        if reply.status().is_success() { Ok(()) } else { Err(reply.text().await?.into()) }
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside the Python of the tests, else on the path.
fn moto() -> PathBuf {
    let python = std::env::var_os("CONTINUITY_PYTHON").map(PathBuf::from);
    let beside = python.and_then(|python| Some(python.parent()?.join("moto_server")));
    beside.filter(|program| program.is_file()).unwrap_or_else(|| "moto_server".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_in_an_object_store() -> Result<(), Failure> {
    let story = Story::new(66, 12)?;
    story.write_tail()?;
    let store = ObjectStore::start(story.directory.path()).await?;
    let half = story.export.len() / 2;
    for (name, lines) in [("1.ndjson", &story.export[..half]), ("2.ndjson", &story.export[half..])] {
        store.send(&format!("bank/exports/{name}"), (lines.join("\n") + "\n").into_bytes()).await?;
    }
    store.send("bank/exports/README.txt", b"no feed".to_vec()).await?;
    let config = format!(
        "[source]\nurl = 'file:{}'\n{}[ingest]\nmin_free_bytes = 0\n\
         [bootstrap]\nurl = 's3://bank/exports?endpoint={}'\nallow_http = true\nregion = 'eu-central-1'\n\
         access_key_id = 'key'\nsecret_access_key = 'hunter2'\n",
        story.path("tail.ndjson").display(),
        rig::QUICK,
        store.url
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
