//! The configuration as it is in force: every key with its value and where that comes from, and no secret.

use serde_json::{Value as Json, json};
use toml::{Table, Value};

/// What stands where a secret is.
const SECRET: &str = "(secret)";
/// What the names of secrets end with.
const SECRETS: [&str; 4] = ["password", "token", "secret", "secret_access_key"];
/// Where addresses are that nobody but their receiver may know whole.
const RECEIVERS: &str = "webhooks.subscriptions[";

/// Where the values of keys were set.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Vec<(String, String)>);

impl Origins {
    /// `key` comes from there.
    pub(super) fn note(&mut self, key: &str, from: String) {
        self.0.push((key.to_owned(), from));
    }

    /// Where a key was set last; `None`: nowhere, it has its default.
    fn of(&self, key: &str) -> Option<&str> {
        let holds = |set: &str| key.strip_prefix(set).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        self.0.iter().rev().find(|(set, _)| holds(set)).map(|(_, from)| from.as_str())
    }
}

/// Each key as `{key, value, from}`; `from` is `null` where it has its default.
pub(super) fn told(table: &Table, origins: &Origins) -> Json {
    let mut rows = Vec::new();
    walk(table, "", &mut |key, value| rows.push(json!({ "key": key, "value": value, "from": origins.of(key) })));
    Json::Array(rows)
}

fn walk(table: &Table, prefix: &str, each: &mut dyn FnMut(&str, String)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => walk(inner, &key, each),
            Value::Array(all) if all.iter().any(Value::is_table) => {
                let inner = all.iter().enumerate().filter_map(|(number, one)| Some((number, one.as_table()?)));
                inner.for_each(|(number, inner)| walk(inner, &format!("{key}[{number}]"), each));
            }
            _ => each(&key, shown(&key, name, value)),
        }
    }
}

/// A value as it may be seen.
fn shown(key: &str, name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => String::new(),
        _ if SECRETS.iter().any(|end| name.ends_with(end)) => SECRET.to_owned(),
        Value::String(text) if key.starts_with(RECEIVERS) && name == "url" => place(text),
        Value::String(text) => without_credentials(text),
        Value::Array(all) => all.iter().map(|one| shown(key, name, one)).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Scheme, host and port of an address.
fn place(url: &str) -> String {
    let url = without_credentials(url);
    let Some((scheme, rest)) = url.split_once("://") else { return SECRET.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.len() == rest.len() { url } else { format!("{scheme}://{host}/{SECRET}") }
}

/// An address without who signs in there, and without a query, but for that of an object store's endpoint.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (who, rest) = rest.rsplit_once('@').map_or((String::new(), rest), |(_, rest)| (format!("{SECRET}@"), rest));
    let (path, query) = rest.split_once('?').map_or((rest, String::new()), |(path, query)| {
        let is_plain = query.split('&').all(|parameter| parameter.starts_with("endpoint="));
        (path, format!("?{}", if is_plain { query } else { SECRET }))
    });
    format!("{scheme}://{who}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::super::{ANNOTATED_DEFAULT, Config};
    use super::*;

    const CANARY: &str = "canary-7f3a";

    /// Every text of the defaults that is set by itself, and whether the configuration takes it for a secret.
    fn texts(table: &Table, path: &[String], found: &mut Vec<Vec<String>>) {
        for (name, value) in table {
            let path = [path, std::slice::from_ref(name)].concat();
            match value {
                Value::Table(inner) => texts(inner, &path, found),
                Value::String(_) => found.push(path),
                _ => {}
            }
        }
    }

    #[test]
    fn what_the_configuration_takes_for_a_secret_is_not_shown_and_all_else_is() {
        let defaults: Table = toml::from_str(ANNOTATED_DEFAULT).unwrap();
        let mut paths = Vec::new();
        texts(&defaults, &[], &mut paths);
        let mut secrets = 0;
        for path in paths {
            let mut table = defaults.clone();
            let (name, sections) = path.split_last().unwrap();
            let inner = sections.iter().fold(&mut table, |table, section| table[section].as_table_mut().unwrap());
            inner.insert(name.clone(), Value::String(CANARY.to_owned()));
            let Ok(config) = Value::Table(table.clone()).try_into::<Config>() else { continue };
            let is_secret = !format!("{config:?}").contains(CANARY);
            let is_hidden = !told(&table, &Origins::default()).to_string().contains(CANARY);
            assert_eq!(is_hidden, is_secret, "{path:?}");
            secrets += usize::from(is_secret);
        }
        assert!(secrets > 10, "there are secrets: {secrets}");
    }

    #[test]
    fn of_addresses_no_credentials_are_shown_and_of_receivers_only_the_host() {
        let subscription = format!(
            "id = 'a'\nurl = 'https://u:{CANARY}@h.example:8443/in/{CANARY}?k={CANARY}'\nsecret = '{CANARY}'\nprevious_secret = '{CANARY}'"
        );
        let text = format!(
            "[source]\nurl = 'nats://u:{CANARY}@a:1,v:{CANARY}@b:2'\n[blobs]\nurl = 's3://b?endpoint=https://e:9'\nother = 'https://h/x?sig={CANARY}'\n[[webhooks.subscriptions]]\n{subscription}"
        );
        let table: Table = toml::from_str(&text).unwrap();
        let rows = told(&table, &Origins::default());
        assert!(!rows.to_string().contains(CANARY), "{rows}");
        let value = |key: &str| {
            let row = rows.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
            row["value"].as_str().unwrap().to_owned()
        };
        assert_eq!(value("source.url"), "nats://(secret)@b:2");
        assert_eq!(value("blobs.url"), "s3://b?endpoint=https://e:9");
        assert_eq!(value("webhooks.subscriptions[0].url"), "https://(secret)@h.example:8443/(secret)");
        assert_eq!(value("webhooks.subscriptions[0].secret"), "(secret)");
    }
}
