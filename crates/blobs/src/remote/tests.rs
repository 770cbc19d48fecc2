//! A small S3 of our own over HTTP: lists one page, serves ranges, and can be told to break off.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

/// What the store holds, and what it was asked.
#[derive(Default)]
struct Content {
    objects: Vec<(String, Vec<u8>, String)>,
    /// Ranges that were served.
    served: Vec<String>,
    /// Requests for objects that still succeed.
    left: usize,
}

struct Store {
    endpoint: String,
    content: Arc<Mutex<Content>>,
}

impl Store {
    fn new(objects: &[(&str, &[u8], &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let own = |(key, bytes, tag): &(&str, &[u8], &str)| ((*key).to_owned(), bytes.to_vec(), (*tag).to_owned());
        let objects = objects.iter().map(own).collect();
        let content = Arc::new(Mutex::new(Content { objects, served: Vec::new(), left: usize::MAX }));
        let shared = Arc::clone(&content);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || while answer(stream.as_ref().unwrap(), &shared).is_some() {});
            }
        });
        Self { endpoint, content }
    }

    fn feed(&self, prefix: &str) -> RemoteFeed {
        let key = Some(("AKIA".to_owned(), "secret".to_owned()));
        let (bucket, endpoint) = ("bucket".to_owned(), Some(self.endpoint.clone()));
        let options =
            RemoteOptions { bucket, prefix: prefix.to_owned(), endpoint, key, allow_http: true, ..Default::default() };
        RemoteFeed::new(&options).unwrap()
    }

    fn served(&self) -> Vec<String> {
        std::mem::take(&mut self.content.lock().unwrap().served)
    }
}

/// One request; `None` when the client has gone.
fn answer(stream: &TcpStream, content: &Mutex<Content>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split_whitespace().nth(1)?.to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| headers.iter().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
    let mut content = content.lock().unwrap();
    let (place, query) = path.split_once('?').unwrap_or((&path, ""));
    if query.contains("list-type=2") {
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or_default();
        let prefix = prefix.replace("%2F", "/");
        let entry = |(key, bytes, tag): &(String, Vec<u8>, String)| {
            let (size, at) = (bytes.len(), "2026-01-01T00:00:00.000Z");
            format!(
                "<Contents><Key>{key}</Key><LastModified>{at}</LastModified><ETag>\"{tag}\"</ETag><Size>{size}</Size></Contents>"
            )
        };
        let direct = |key: &str| key.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
        let entries: String = content.objects.iter().filter(|(key, ..)| direct(key)).map(entry).collect();
        let body = format!("<?xml version=\"1.0\"?><ListBucketResult>{entries}</ListBucketResult>");
        return reply(stream, "200 OK", "", body.as_bytes());
    }
    if content.left == 0 {
        return reply(stream, "403 Forbidden", "", b"<Error><Code>AccessDenied</Code></Error>");
    }
    content.left -= 1;
    let key = place.strip_prefix("/bucket/")?.to_owned();
    let range = header("range: bytes=")?;
    let (from, to) = range.split_once('-')?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    let (_, bytes, tag) = content.objects.iter().find(|(name, ..)| *name == key)?.clone();
    content.served.push(format!("{key} {from}-{to}"));
    let to = to.min(bytes.len() - 1);
    let more = format!(
        "ETag: \"{tag}\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Range: bytes {from}-{to}/{}\r\n",
        bytes.len()
    );
    reply(stream, "206 Partial Content", &more, &bytes[from..=to])
}

fn reply(mut stream: &TcpStream, status: &str, more: &str, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}\r\n", body.len());
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()
}

fn fetch(feed: &RemoteFeed, directory: &Path) -> Result<Vec<(u64, u64)>, RemoteError> {
    let told = Mutex::new(Vec::new());
    feed.fetch(directory, &Stop::new(), &|done, of| {
        told.lock().unwrap().push((done, of));
        Ok(())
    })?;
    Ok(told.into_inner().unwrap())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[test]
fn objects_of_the_feed_are_fetched_once() {
    let store = Store::new(&[
        ("export/b.ndjson.gz", b"bb", "t2"),
        ("export/a.ndjson", b"aaa", "t1"),
        ("export/notes.txt", b"x", "t"),
        ("export/deep/c.ndjson", b"x", "t"),
        ("export2/d.ndjson", b"x", "t"),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("new");
    let told = fetch(&store.feed("export"), &into).unwrap();
    assert_eq!(told.last(), Some(&(5, 5)));
    assert!(told.is_sorted());
    assert_eq!(names(&into), ["a.ndjson", "b.ndjson.gz"]);
    assert_eq!(fs::read(into.join("a.ndjson")).unwrap(), b"aaa");
    assert_eq!(store.served(), ["export/a.ndjson 0-2", "export/b.ndjson.gz 0-1"]);
    assert_eq!(fetch(&store.feed("export/"), &into).unwrap().last(), Some(&(5, 5)));
    assert!(store.served().is_empty(), "all of it was here");
    // One that changed in the store is fetched anew, although it has the same size.
    store.content.lock().unwrap().objects[1] = ("export/a.ndjson".to_owned(), b"xyz".to_vec(), "t3".to_owned());
    fetch(&store.feed("export"), &into).unwrap();
    assert_eq!(store.served(), ["export/a.ndjson 0-2"]);
    assert_eq!(fs::read(into.join("a.ndjson")).unwrap(), b"xyz");
}

#[test]
fn a_fetch_that_broke_off_goes_on_where_it_was() {
    let part = usize::try_from(PART).unwrap();
    let large: Vec<u8> = (0..part * 2 + 10).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let store = Store::new(&[("a.ndjson", &large, "t")]);
    store.content.lock().unwrap().left = 1;
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&store.feed(""), dir.path()).unwrap_err().to_string();
    assert!(error.starts_with("a.ndjson cannot be fetched: "), "{error}");
    assert!(names(dir.path()).is_empty(), "nothing is read that is not whole");
    store.served();
    store.content.lock().unwrap().left = usize::MAX;
    fetch(&store.feed(""), dir.path()).unwrap();
    let ranges = [format!("a.ndjson {part}-{}", 2 * part - 1), format!("a.ndjson {}-{}", 2 * part, 2 * part + 9)];
    assert_eq!(store.served(), ranges);
    assert_eq!(fs::read(dir.path().join("a.ndjson")).unwrap(), large);
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let store = Store::new(&[("a.txt", b"x", "t"), ("b/a.ndjson", b"x", "t")]);
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&store.feed(""), dir.path()).unwrap_err().to_string();
    assert!(error.contains("no .ndjson, .ndjson.gz or .ndjson.zst object directly below s3://bucket/"), "{error}");
    let refused = store.feed("b").fetch(dir.path(), &Stop::new(), &|_, _| Err("no room".to_owned())).unwrap_err();
    assert_eq!(refused.to_string(), "no room");
    let stop = Stop::new();
    stop.stop();
    let stopped = RemoteFeed::new(&RemoteOptions {
        bucket: "bucket".to_owned(),
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        key: Some(("a".to_owned(), "b".to_owned())),
        allow_http: true,
        ..Default::default()
    });
    assert!(matches!(stopped.unwrap().fetch(dir.path(), &stop, &|_, _| Ok(())), Err(RemoteError::Stopped)));
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = fetch(&store.feed("b"), &file).unwrap_err().to_string();
    assert!(error.contains("file cannot be written"), "{error}");
    let missing = RemoteOptions { ca: Some("/nowhere/ca.pem".into()), bucket: "b".to_owned(), ..Default::default() };
    assert!(RemoteFeed::new(&missing).err().unwrap().to_string().contains("/nowhere/ca.pem"));
}
