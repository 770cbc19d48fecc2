//! A disk that fills up.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use continuity_simulator::Faults;
use continuity_tests::brokers::{Broker, Sort};
use continuity_tests::harness::{Failure, Replica, skipped};
use tempfile::TempDir;

use super::{IN_TIME, serves};
use crate::rig::{self, Rig, component, events, fold, published};

/// Left free, by configuration.
const RESERVE: u64 = 30 << 20;

/// A small file system of its own where this user may mount one, else a folder.
struct SmallDisk {
    folder: TempDir,
    mounted: bool,
}

impl SmallDisk {
    fn new() -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256m", "tmpfs"]).arg(folder.path()).output();
        Ok(Self { mounted: mount.is_ok_and(|output| output.status.success()), folder })
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Takes room until no more than `left` bytes are free.
    fn fill(&self, left: u64) -> Result<(), Failure> {
        let mut file = std::fs::File::create(self.ballast())?;
        for piece in [vec![0; 64 << 10], vec![0; 512]] {
            while free(self.folder.path())? > left {
                match file.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: whoever still holds a file there is being killed.
            drop(Command::new("umount").arg("-l").arg(self.folder.path()).status());
        }
    }
}

fn free(folder: &Path) -> Result<u64, Failure> {
    let system = rustix::fs::statvfs(folder)?;
    Ok(system.f_bavail * system.f_frsize)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_shows() -> Result<(), Failure> {
    let disk = SmallDisk::new()?;
    println!("the disk is {}", if disk.mounted { "a small one, really filled" } else { "full by configuration" });
    let feed = events(62, 3, Faults::default());
    // The third loan's events come while there is no room.
    let before = events(62, 2, Faults::default()).len().min(feed.len());
    let broker = Broker::start(Sort::Nats)?;
    let proxy = broker.proxy()?;
    let text = |reserve: u64| {
        let following = rig::following(&broker, &proxy, "");
        let small = "segment_bytes = 1048576";
        following.replace("min_free_bytes = 0", &format!("min_free_bytes = {reserve}\n[log]\n{small}"))
    };
    let configuration = text(RESERVE);
    let replica = Replica::new().data_dir(&disk.folder.path().join("data")).config(&configuration).start().await?;
    let full = text(1 << 60);
    let mut rig = Rig { broker, proxy, replica };
    published(rig.publish(&feed[..before], 0.0)?).await?;
    rig.until_events(fold(&feed[..before]).counts().events).await?;
    rig.until("live").await?;
    let loans = rig.replica.client("").await?.get("/api/v1/loan-requests").await?.json()?;

    if disk.mounted {
        disk.fill(RESERVE / 2)?;
    } else {
        rig.replica.configure(&full);
        rig.replica.restart().await?;
    }
    let paused = rig.replica.until("paused", IN_TIME, |health| rig::state(health) == "paused").await?;
    assert_eq!(component(&paused, "source").text("cause"), Some("space"), "{}", paused.to_text());
    assert_eq!(paused.text("status"), Some("degraded"));
    assert_eq!(rig.replica.metric("continuity_ingest_paused{cause=\"space\"}").await?, Some(1.0));
    published(rig.publish(&feed[before..], 0.0)?).await?;
    assert_eq!(rig.replica.ready().await?, 200);
    let served = rig.replica.client("").await?.get("/api/v1/loan-requests").await?.json()?;
    assert_eq!(served, loans);

    if disk.mounted {
        std::fs::remove_file(disk.ballast())?;
    } else {
        rig.replica.configure(&configuration);
        rig.replica.restart().await?;
    }
    rig.until_events(fold(&feed).counts().events).await?;
    rig.until("live").await?;
    rig.agrees(fold(&feed)).await
}

/// Without a reserve, to the last byte: the log can take nothing more, which is said, and reading goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_to_the_last_byte_shows() -> Result<(), Failure> {
    let disk = SmallDisk::new()?;
    if !disk.mounted {
        skipped("a disk that is full to the last byte: no small disk can be mounted here");
        return Ok(());
    }
    let feed = events(61, 2, Faults::default());
    let (most, rest) = feed.split_at(feed.len() * 3 / 4);
    let broker = Broker::start(Sort::Nats)?;
    let proxy = broker.proxy()?;
    let text = format!("{}[log]\nsegment_bytes = 1048576\n", rig::following(&broker, &proxy, ""));
    let replica = Replica::new().data_dir(&disk.folder.path().join("data")).config(&text).start().await?;
    let mut rig = Rig { broker, proxy, replica };
    published(rig.publish(most, 0.0)?).await?;
    rig.until_events(fold(most).counts().events).await?;
    rig.until("live").await?;
    disk.fill(0)?;
    published(rig.publish(rest, 0.0)?).await?;
    let said = |health: &continuity_tests::json::Json| {
        rig::state(health) == "stale" && component(health, "source").text("cause") == Some("cannot-write")
    };
    let health = rig.replica.until("stale: cannot-write", rig::LIMIT, said).await?;
    println!("{}", component(&health, "source").to_text());
    serves(&rig).await?;
    std::fs::remove_file(disk.ballast())?;
    rig.replica.restart().await?;
    rig.until_events(fold(&feed).counts().events).await?;
    rig.agrees(fold(&feed)).await
}
