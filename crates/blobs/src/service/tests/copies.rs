//! A copy has everything that is stored and is what it is said to be.

use std::path::Path;

use super::*;
use crate::service::CopiedBlobs;

async fn copy(life: &Life, directory: &Path) -> (CopiedBlobs, Vec<(u64, u64)>) {
    let (service, directory) = (life.service.clone(), directory.to_owned());
    let work = move || {
        let mut told = Vec::new();
        let copied = service.copy_to(&directory, &mut |done, of| told.push((done, of))).unwrap();
        (copied, told)
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_stored_is_copied_once_and_nothing_that_is_wrong() {
    let world = World::new();
    let (mut digests, blobs): (Vec<_>, Vec<_>) = (0..70_u8).map(|n| world.offer(&[n; 300])).unzip();
    digests.sort_unstable();
    let position = world.references.refer("L1", &blobs);
    let life = world.start();
    until("settled", || life.settled(position) && life.service.lag().unwrap().pending.count == 0).await;
    let target = TempDir::new().unwrap();
    fs::write(target.path().join("part"), "of a copy that broke off").unwrap();
    let (copied, told) = copy(&life, target.path()).await;
    let all =
        CopiedBlobs { digests: digests.clone(), bytes: 21_000, written_bytes: 21_000, damaged: Vec::new(), removed: 0 };
    assert_eq!((copied, told), (all.clone(), vec![(0, 70), (64, 70), (70, 70)]));
    let shelf = LocalShelf::new(target.path()).unwrap();
    for name in &digests {
        assert_eq!(digest(&fs::read(shelf.place(name)).unwrap()), *name);
    }
    let (again, _) = copy(&life, target.path()).await;
    assert_eq!(again, CopiedBlobs { written_bytes: 0, ..all });
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_wrong_are_named_and_looked_at_again() {
    let world = World::new();
    let (good, good_json) = world.offer(b"good");
    let (bad, bad_json) = world.offer(b"hello");
    let (short, short_json) = world.offer(b"a long one");
    let position = world.references.refer("L1", &[good_json, bad_json.clone(), short_json]);
    let life = world.start();
    until("settled", || life.settled(position) && life.service.lag().unwrap().pending.count == 0).await;
    fs::write(world.shelf.place(&bad), b"hellp").unwrap();
    fs::write(world.shelf.place(&short), b"a long").unwrap();
    let target = TempDir::new().unwrap();
    let (copied, _) = copy(&life, target.path()).await;
    let mut damaged = vec![bad, short];
    damaged.sort_unstable();
    assert_eq!((copied.digests, copied.damaged), (vec![good], damaged));
    until("repaired", || world.asked() == 5 && life.state(&bad_json) == "AVAILABLE").await;
    let (copied, _) = copy(&life, target.path()).await;
    assert!(copied.digests.len() == 3 && copied.damaged.is_empty(), "{copied:?}");
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_refers_to_any_more_is_removed_from_the_copy_and_nothing_else() {
    let mut world = World::new();
    world.options.unreferenced_days = 1;
    let ((kept, kept_json), (gone, gone_json)) = (world.offer(b"kept"), world.offer(b"gone"));
    let position = world.references.refer("L1", &[kept_json.clone(), gone_json]);
    let life = world.start();
    until("settled", || life.settled(position) && life.service.lag().unwrap().pending.count == 0).await;
    let target = TempDir::new().unwrap();
    assert_eq!(copy(&life, target.path()).await.0.digests.len(), 2);
    let shelf = LocalShelf::new(target.path()).unwrap();
    let position = world.references.refer("L1", std::slice::from_ref(&kept_json));
    world.pass("collected", DAY, || life.settled(position) && !world.shelf.place(&gone).exists()).await;
    // By accident, and not because nobody refers to it.
    world.origin.bytes.lock().clear();
    fs::remove_file(world.shelf.place(&kept)).unwrap();
    let (copied, _) = copy(&life, target.path()).await;
    assert_eq!((copied.digests.len(), copied.removed), (0, 1));
    assert!(shelf.place(&kept).exists() && !shelf.place(&gone).exists());
    life.end().await;
}
