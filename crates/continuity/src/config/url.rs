//! The URLs that name a source or a bootstrap feed.

use std::path::PathBuf;

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceUrl {
    /// A file or a directory of files.
    File(PathBuf),
    /// NATS servers, each as `nats://host:port` or `tls://host:port`.
    Nats { servers: Vec<String>, tls: bool },
    /// Kafka brokers, each as `host:port`.
    Kafka { brokers: Vec<String> },
}

impl SourceUrl {
    /// Reads `url`; `key` is what it is called in messages.
    pub(crate) fn parse(url: &str, key: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(format!("{key} is {url:?}, which is no URL; {KNOWN}"));
        };
        match scheme {
            "file" if rest.is_empty() => Err(format!("{key} names no file: file:PATH")),
            "file" => Ok(Self::File(rest.into())),
            "nats" | "tls" => {
                let hosts = hosts(key, rest, Some(4222))?;
                let servers = hosts.iter().map(|host| format!("{scheme}://{host}")).collect();
                Ok(Self::Nats { servers, tls: scheme == "tls" })
            }
            "kafka" => Ok(Self::Kafka { brokers: hosts(key, rest, None)? }),
            other => Err(format!("{key} has the scheme {other:?}, of which nothing is known; {KNOWN}")),
        }
    }
}

const KNOWN: &str = "there are file:PATH, nats://HOST[:PORT], tls://HOST[:PORT] and kafka://HOST:PORT";

/// `//host[:port][,host[:port]...]` as `host:port` each; without a usual port one has to be given.
fn hosts(key: &str, rest: &str, usual: Option<u16>) -> Result<Vec<String>, String> {
    let Some(list) = rest.strip_prefix("//").map(|list| list.strip_suffix('/').unwrap_or(list)) else {
        return Err(format!("{key} needs // behind the scheme: nats://HOST:PORT, kafka://HOST:PORT"));
    };
    if list.contains('@') {
        // The URL itself is not repeated: it may hold a password.
        return Err(format!("{key} holds credentials; they belong into [source.nats] or [source.kafka]"));
    }
    if list.contains(['/', '?', '#', ' ']) {
        return Err(format!("{key} is {list:?} behind its scheme, but there only hosts and ports can be"));
    }
    list.split(',').map(|host| with_port(key, host, usual)).collect()
}

fn with_port(key: &str, host: &str, usual: Option<u16>) -> Result<String, String> {
    // An IPv6 address stands in brackets.
    let behind = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[behind..].find(':') {
        Some(colon) => (&host[..behind + colon], Some(&host[behind + colon + 1..])),
        None => (host, None),
    };
    if name.is_empty() {
        return Err(format!("{key} has a host without a name"));
    }
    match (port, usual) {
        (Some(port), _) if port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(host.to_owned()),
        (Some(port), _) => Err(format!("{key} has the port {port:?} for {name}, which is none")),
        (None, Some(usual)) => Ok(format!("{name}:{usual}")),
        (None, None) => Err(format!("{key} has no port for {name}")),
    }
}

/// Where a snapshot feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BootstrapUrl {
    /// A file or a directory of files.
    File(PathBuf),
    /// Below a prefix of an S3 bucket.
    S3(ObjectStoreUrl),
}

/// `s3://bucket/prefix?endpoint=...`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectStoreUrl {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) endpoint: Option<String>,
}

impl BootstrapUrl {
    /// Reads `url`; `key` is what it is called in messages.
    pub(crate) fn parse(url: &str, key: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("file:").filter(|path| !path.is_empty()) {
            return Ok(Self::File(path.into()));
        }
        let Some(rest) = url.strip_prefix("s3://") else {
            return Err(format!("{key} is {url:?}; there are file:PATH and s3://BUCKET/PREFIX[?endpoint=URL]"));
        };
        if rest.contains('@') {
            return Err(format!("{key} holds credentials; they belong into [bootstrap] or into AWS_* variables"));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(format!("{key} names no bucket: s3://BUCKET/PREFIX"));
        }
        let endpoint = match query.split_once('=') {
            None if query.is_empty() => None,
            Some(("endpoint", url)) if url.starts_with("http://") || url.starts_with("https://") => {
                Some(percent_decoded(url))
            }
            _ => return Err(format!("{key} has {query:?} behind the ?, where only endpoint=http[s]://... can be")),
        };
        Ok(Self::S3(ObjectStoreUrl { bucket: bucket.to_owned(), prefix: prefix.to_owned(), endpoint }))
    }
}

/// `%3A` as `:` and so on; what is no such escape stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escape = behind.get(..2).filter(|_| first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let escaped = escape.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
