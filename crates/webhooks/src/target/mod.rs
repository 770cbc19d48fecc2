//! Where messages may go: nowhere but to the targets of the configuration, so that nobody can use the replica to reach
//! into the bank's network.
//!
//! A URL is admitted when its host and port are listed. What the host's name then leads to is looked at for each
//! connection, and the connection goes to the very address that was looked at: a name that leads somewhere else later
//! (DNS rebinding) reaches nothing.

mod address;
mod resolve;

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;

pub(crate) use resolve::{Forbidden, Lookup, Resolver, system_lookup};

/// The targets that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    hosts: Vec<(String, u16)>,
    networks: Vec<IpNet>,
    /// `http:` to this host itself.
    allow_http: bool,
}

/// A URL that may be sent to, and where its name may lead.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) networks: Vec<IpNet>,
    /// Addresses of anywhere in the world are fine too.
    pub(crate) public: bool,
}

impl Targets {
    /// From entries of two forms: `HOST` or `HOST:PORT` (443 unless said) for what URLs may name, and `ADDRESS/BITS` for
    /// addresses beyond the public ones that names may lead to. `allow_http`: `http:` to this host itself too.
    pub fn parse(entries: &[String], allow_http: bool) -> Result<Self, String> {
        let mut targets = Self { allow_http, ..Self::default() };
        for entry in entries {
            if let Ok(network) = entry.parse::<IpNet>() {
                targets.networks.push(network);
            } else {
                targets.hosts.push(host(entry)?);
            }
        }
        Ok(targets)
    }

    /// Whether this URL may be sent to; the error says what is wrong with it, without its path, which may be a secret.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.admit(url).map(drop)
    }

    pub(crate) fn admit(&self, url: &str) -> Result<Target, String> {
        let url = Url::parse(url).map_err(|error| format!("is no URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has credentials in it".to_owned());
        }
        if url.fragment().is_some() {
            return Err("has a part behind #, which is never sent".to_owned());
        }
        let (Some(name), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("names no host".to_owned());
        };
        let address = literal(name);
        let listed = self.hosts.iter().any(|(host, of)| host == name && *of == port)
            || address.is_some_and(|address| self.networks.iter().any(|network| network.contains(&address)));
        if !listed {
            return Err(format!("leads to {name}:{port}, which is not in webhooks.allowed_targets"));
        }
        let loopback = || ["127.0.0.0/8", "::1/128"].into_iter().filter_map(|network| network.parse().ok()).collect();
        match url.scheme() {
            "https" => Ok(Target { url, networks: self.networks.clone(), public: true }),
            "http" if self.allow_http && address.map_or(name == "localhost", |address| address.is_loopback()) => {
                Ok(Target { url, networks: loopback(), public: false })
            }
            "http" => Err("is http, which webhooks.allow_http allows to this host itself only".to_owned()),
            other => Err(format!("has the scheme {other:?}; it has to be https")),
        }
    }
}

impl Target {
    /// Whether a connection may go to this address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address::plain(address);
        self.networks.iter().any(|network| network.contains(&address)) || (self.public && address::is_public(address))
    }

    /// Scheme, host and port: what may be shown.
    pub(crate) fn shown(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// The address, where a URL names one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Host, as a URL writes it, and port.
fn host(entry: &str) -> Result<(String, u16), String> {
    let wrong = || format!("{entry:?} is neither HOST, HOST:PORT nor ADDRESS/BITS");
    if entry.is_empty() || entry.contains(['/', '?', '#', '@', '*', ' ', '\\']) {
        return Err(wrong());
    }
    let url = Url::parse(&format!("https://{entry}/")).map_err(|_| wrong())?;
    let name = url.host_str().ok_or_else(wrong)?.to_owned();
    Ok((name, url.port_or_known_default().unwrap_or(443)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(entries: &[&str]) -> Targets {
        Targets::parse(&entries.iter().map(ToString::to_string).collect::<Vec<_>>(), true).unwrap()
    }

    #[track_caller]
    fn refused(entries: &[&str], url: &str, wanted: &str) {
        let error = targets(entries).check(url).unwrap_err();
        assert!(error.contains(wanted), "{url}: {error}");
    }

    #[test]
    fn only_listed_hosts_and_ports_are_targets() {
        let listed = ["hooks.bank.example", "other.example:8443", "10.1.2.3:9000", "[fd00::1]:443", "10.20.0.0/16"];
        for url in [
            "https://hooks.bank.example/a/b?c=d",
            "https://HOOKS.bank.example:443",
            "https://other.example:8443/",
            "https://10.1.2.3:9000/",
            "https://[fd00::1]/",
            "https://10.20.7.7:1234/",
        ] {
            targets(&listed).check(url).unwrap_or_else(|error| panic!("{url} {error}"));
        }
        for url in [
            "https://hooks.bank.example:8443/",
            "https://hooks.bank.example.evil.example/",
            "https://evil.example/hooks.bank.example",
            "https://other.example/",
            "https://10.1.2.3/",
            "https://10.21.0.1/",
            "https://169.254.169.254/latest",
            "https://0x0a.0x01.0x02.0x04:9000/",
        ] {
            refused(&listed, url, "not in webhooks.allowed_targets");
        }
    }

    #[test]
    fn a_url_is_https_and_nothing_else() {
        let listed = ["hooks.bank.example", "hooks.bank.example:80", "10.0.0.1:80", "127.0.0.1:9000", "localhost:9000"];
        refused(&listed, "https://user@hooks.bank.example/", "credentials");
        refused(&listed, "https://user:word@hooks.bank.example/", "credentials");
        refused(&listed, "https://hooks.bank.example/#x", "behind #");
        refused(&listed, "http://hooks.bank.example/", "is http");
        refused(&listed, "http://10.0.0.1/", "is http");
        refused(&listed, "file:///etc/passwd", "names no host");
        refused(&["hooks.bank.example:21"], "ftp://hooks.bank.example/", "has the scheme \"ftp\"");
        refused(&listed, "hooks.bank.example", "is no URL");
        assert_eq!(targets(&listed).check("http://127.0.0.1:9000/"), Ok(()));
        assert_eq!(targets(&listed).check("http://localhost:9000/"), Ok(()));
        let strict = Targets::parse(&["127.0.0.1:9000".to_owned()], false).unwrap();
        assert!(strict.check("http://127.0.0.1:9000/").is_err());
    }

    #[test]
    fn entries_are_read_or_refused() {
        for wrong in ["", "https://hooks.bank.example", "*.bank.example", "a b", "u@h", "h:99999", "10.0.0.0/40"] {
            assert!(Targets::parse(&[wrong.to_owned()], false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_lead_to_public_addresses_or_listed_networks() {
        let to = |target: &Target, address: &str| target.allows(address.parse().unwrap());
        let plain = targets(&["a.example"]).admit("https://a.example/").unwrap();
        assert!(to(&plain, "93.184.216.34") && !to(&plain, "10.20.1.1") && !to(&plain, "127.0.0.1"));
        let inside = targets(&["a.example", "10.20.0.0/16"]).admit("https://a.example/").unwrap();
        assert!(to(&inside, "10.20.1.1") && to(&inside, "::ffff:10.20.1.1") && !to(&inside, "10.21.1.1"));
        let here = targets(&["localhost:9000"]).admit("http://localhost:9000/").unwrap();
        assert!(to(&here, "127.0.0.1") && to(&here, "::1") && !to(&here, "93.184.216.34"));
        let here = targets(&["localhost:9000"]).admit("https://localhost:9000/").unwrap();
        assert!(!to(&here, "127.0.0.1"), "a name is no address");
    }
}
