//! Where to publish to: a URL, taken apart.

use std::fmt;
use std::path::PathBuf;

use super::PublishError;
use super::percent::decoded;

/// Where to publish to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `nats://HOST:PORT` (or `tls://`), more servers after commas.
    Nats(Servers),
    /// `kafka://HOST:PORT`, more brokers after commas.
    Kafka(Servers),
    /// `file:PATH`: a `.ndjson` file, appended to.
    File(PathBuf),
}

/// Servers, and who asks them.
#[derive(Clone, PartialEq, Eq)]
pub struct Servers {
    /// `HOST:PORT` of each.
    pub addresses: Vec<String>,
    /// User name and password of the URL.
    pub user: Option<(String, String)>,
    /// Whether the URL asks for TLS (`tls://`).
    pub tls: bool,
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| name);
        f.debug_struct("Servers").field("addresses", &self.addresses).field("user", &user).finish_non_exhaustive()
    }
}

/// Without the password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nats(servers) => write!(f, "nats://{}", servers.addresses.join(",")),
            Self::Kafka(servers) => write!(f, "kafka://{}", servers.addresses.join(",")),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl Target {
    /// Takes `url` apart.
    pub fn parse(url: &str) -> Result<Self, PublishError> {
        if let Some(path) = url.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(refused(url, "file: needs a path"));
            }
            if [".gz", ".zst"].iter().any(|end| path.ends_with(end)) {
                return Err(refused(url, "files are written as they are, not compressed; name it .ndjson"));
            }
            return Ok(Self::File(PathBuf::from(path)));
        }
        let known = [("nats://", 4222, false), ("tls://", 4222, true), ("kafka://", 9092, false)];
        for (scheme, port, tls) in known {
            if let Some(rest) = url.strip_prefix(scheme) {
                let servers = Servers { tls, ..servers(rest, port).ok_or_else(|| refused(url, "a host is missing"))? };
                return Ok(if scheme == "kafka://" { Self::Kafka(servers) } else { Self::Nats(servers) });
            }
        }
        Err(refused(url, "there are nats://HOST:PORT, tls://HOST:PORT, kafka://HOST:PORT and file:PATH"))
    }
}

fn servers(rest: &str, port: u16) -> Option<Servers> {
    let rest = rest.trim_end_matches('/');
    let (user, hosts) = match rest.rsplit_once('@') {
        Some((user, hosts)) => {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (Some((decoded(name), decoded(password))), hosts)
        }
        None => (None, rest),
    };
    let addresses: Vec<String> = hosts.split(',').map(|host| with_port(host, port)).collect();
    let named = addresses.iter().all(|address| !address.starts_with(':') && !address.contains('/'));
    named.then_some(Servers { addresses, user, tls: false })
}

fn with_port(host: &str, port: u16) -> String {
    let behind_brackets = host.rsplit(']').next().unwrap_or(host);
    if behind_brackets.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
}

/// The URL without what stands before `@`.
fn refused(url: &str, detail: &str) -> PublishError {
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, hosts))) => format!("{scheme}://...@{hosts}"),
        _ => url.to_owned(),
    };
    PublishError::Refused { to: shown, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        let Target::Nats(nats) = Target::parse("nats://sim:p%40ss@a:1,b/").unwrap() else { panic!("not NATS") };
        assert_eq!(nats.addresses, ["a:1", "b:4222"]);
        assert_eq!(nats.user, Some(("sim".to_owned(), "p@ss".to_owned())));
        assert!(!format!("{nats:?}").contains("p@ss"));
        let Target::Nats(tls) = Target::parse("tls://[::1]").unwrap() else { panic!("not NATS") };
        assert_eq!((tls.addresses, tls.tls), (vec!["[::1]:4222".to_owned()], true));
        let kafka = Target::parse("kafka://broker").unwrap();
        assert_eq!(kafka.to_string(), "kafka://broker:9092");
        assert_eq!(Target::parse("file:/tmp/a.ndjson").unwrap(), Target::File("/tmp/a.ndjson".into()));
    }

    #[test]
    fn what_is_no_target_is_refused_without_its_password() {
        for url in
            ["", "http://x", "nats://", "kafka://a,", "file:", "nats://user:secret@", "amqp://u:secret@h", "file:a.gz"]
        {
            let said = Target::parse(url).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
