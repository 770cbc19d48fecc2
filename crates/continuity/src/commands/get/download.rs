//! Files: fetched piece by piece, gone on with where they were cut, and shown to be what the replica says they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use super::session::{self, Session};
use crate::digest::sha256;
use crate::output;
use crate::progress::Progress;

/// Tries without a single further byte, before it is given up.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Downloads into `target`. What has come so far stands beside it and is gone on with by the next try, whoever makes it.
pub(super) async fn run(session: &mut Session, path: &str, target: &Path) -> Result<()> {
    let part = part(target);
    let (mut failures, mut progress) = (0, Progress::new("downloading"));
    let sha256 = loop {
        let before = length(&part).await;
        match piece(session, path, &part, &mut progress).await {
            Ok(sha256) => break sha256,
            Err(error) if session::may_pass(&error) && failures < TRIES => {
                failures = if length(&part).await > before { 0 } else { failures + 1 };
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            Err(error) => return Err(error),
        }
    };
    progress.finish();
    let found = digest(&part).await?;
    if found != sha256 {
        tokio::fs::remove_file(&part).await.with_context(|| named(&part))?;
        bail!(
            "what came is not what the replica says it is: SHA-256 {found} and not {sha256}; it was removed, try again"
        );
    }
    let bytes = length(&part).await;
    tokio::fs::rename(&part, target).await.with_context(|| named(target))?;
    output::note(&format!("{}: {} bytes, SHA-256 {sha256}", target.display(), output::grouped(&bytes.to_string())));
    Ok(())
}

/// Fetches what is missing; the SHA-256 that the whole has to have.
async fn piece(session: &mut Session, path: &str, part: &Path, progress: &mut Progress) -> Result<String> {
    let known = tag(part).await;
    let start = if known.is_some() { length(part).await } else { 0 };
    let mut headers = HeaderMap::new();
    if let Some(tag) = known.filter(|_| start > 0) {
        headers.insert(RANGE, HeaderValue::from_str(&format!("bytes={start}-"))?);
        headers.insert(IF_RANGE, HeaderValue::from_str(&format!("\"{tag}\""))?);
    }
    let response = match session.get(path, &headers).await {
        // Everything was there already.
        Err(error) if is_outside(&error) => session.get(path, &HeaderMap::new()).await?,
        got => got?,
    };
    receive(response, part, progress).await
}

async fn receive(mut response: Response, part: &Path, progress: &mut Progress) -> Result<String> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let sha256 = text(ETAG).unwrap_or_default().trim_matches('"').to_owned();
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!("the reply names no SHA-256 to check the file with");
    }
    let length: u64 = text(CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(0);
    let goes_on = response.status() == StatusCode::PARTIAL_CONTENT;
    let begins = text(CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
    let mut done = if goes_on { begins.context("the reply does not say which part it is")? } else { 0 };
    let mut file = open(part, goes_on).await?;
    tokio::fs::write(tag_file(part), &sha256).await.with_context(|| named(part))?;
    let total = done + length;
    while let Some(bytes) = response.chunk().await.context("the connection was cut")? {
        file.write_all(&bytes).await.with_context(|| named(part))?;
        done += bytes.len() as u64;
        progress.set(done, total);
    }
    file.flush().await.with_context(|| named(part))?;
    file.sync_all().await.with_context(|| named(part))?;
    tokio::fs::remove_file(tag_file(part)).await.with_context(|| named(part))?;
    Ok(sha256)
}

async fn open(part: &Path, goes_on: bool) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(goes_on).truncate(!goes_on);
    options.open(part).await.with_context(|| named(part))
}

fn is_outside(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<session::Refused>();
    refused.is_some_and(|refused| refused.status == StatusCode::RANGE_NOT_SATISFIABLE)
}

/// Where a download stands until it is whole.
fn part(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// The SHA-256 of what the part is a part of.
fn tag_file(part: &Path) -> PathBuf {
    part.with_extension("part-of")
}

async fn tag(part: &Path) -> Option<String> {
    tokio::fs::read_to_string(tag_file(part)).await.ok()
}

async fn length(path: &Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |found| found.len())
}

async fn digest(path: &Path) -> Result<String> {
    let file = path.to_owned();
    spawn_blocking(move || sha256(&file)).await?.with_context(|| named(path))
}

fn named(path: &Path) -> String {
    format!("cannot use {}", path.display())
}
