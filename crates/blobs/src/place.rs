//! From a bucket and key, or a `file:` URL, to a file that surely lies below the blob directory.

use std::path::{Component, Path, PathBuf};

/// The file of an object, `None` when it is not there; the error says why the name is refused.
pub(crate) fn of_object(directory: &Path, bucket: &str, key: &str) -> Result<Option<PathBuf>, String> {
    let bucket = plain(bucket).filter(|path| path.components().count() == 1).ok_or("its bucket is not a plain name")?;
    let key = plain(key).ok_or("its key is not a plain relative path")?;
    existing(directory, &directory.join(bucket).join(key))
}

/// The file of a `file:` URL: a relative path is taken below the directory, an absolute one must lie in it.
pub(crate) fn of_url(directory: &Path, url: &str) -> Result<Option<PathBuf>, String> {
    let rest = url.strip_prefix("file:").ok_or("its URL is not a file: URL")?;
    let rest = match rest.strip_prefix("//") {
        Some(authority) => authority.strip_prefix("localhost").unwrap_or(authority),
        None => rest,
    };
    let decoded = percent_decoded(rest).ok_or("its URL is not percent-encoded UTF-8")?;
    if let Some(absolute) = decoded.strip_prefix('/') {
        let absolute = plain(absolute).ok_or("its URL has a path that is not plain")?;
        return existing(directory, &Path::new("/").join(absolute));
    }
    let relative = plain(&decoded).ok_or("its URL has a path that is not plain")?;
    existing(directory, &directory.join(relative))
}

/// A relative path of plain names only: no root, no `..`, no `.`, no NUL, not empty.
fn plain(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let names_only = path.components().all(|part| matches!(part, Component::Normal(_)));
    (!text.is_empty() && !text.contains('\0') && names_only).then(|| path.to_path_buf())
}

/// Resolves symbolic links and refuses what then lies outside, or is no regular file.
fn existing(directory: &Path, path: &Path) -> Result<Option<PathBuf>, String> {
    let Ok(root) = directory.canonicalize() else { return Ok(None) };
    if !path.starts_with(directory) && !path.starts_with(&root) {
        return Err("it lies outside the blob directory".to_owned());
    }
    let resolved = match path.canonicalize() {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("its place cannot be resolved: {error}")),
    };
    if !resolved.starts_with(&root) {
        return Err("it lies outside the blob directory".to_owned());
    }
    if resolved.is_file() { Ok(Some(resolved)) } else { Err("it is not a regular file".to_owned()) }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}
