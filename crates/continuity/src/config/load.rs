//! From file and environment to a checked [`Config`].

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{ANNOTATED_DEFAULT, Config};

const PREFIX: &str = "CONTINUITY_";

/// Why a configuration cannot be used, and where to mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {path}: {cause}")]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{path} is not TOML: {cause}")]
    NotToml { path: PathBuf, cause: toml::de::Error },
    #[error("unknown key {key}{hint}; `continuity config` prints every key")]
    UnknownKey { key: String, hint: String },
    #[error("{0}")]
    BadValue(String),
}

/// The defaults, overridden by the file at `path`, overridden by `environment` (name and value of each variable).
pub(crate) fn load(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let defaults: Table = toml::from_str(ANNOTATED_DEFAULT).expect("the annotated default is TOML, tested");
    let mut table = defaults.clone();
    if let Some(path) = path {
        overlay(&mut table, read(path)?, "")?;
    }
    for (name, text) in environment {
        if let Some(name) = name.strip_prefix(PREFIX) {
            set_from_environment(&mut table, name, &text)?;
        }
    }
    let config: Config = Value::Table(table).try_into().map_err(|e| ConfigError::BadValue(e.to_string()))?;
    check(&config)?;
    Ok(config)
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    toml::from_str(&text).map_err(|cause| ConfigError::NotToml { path: path.to_owned(), cause })
}

fn overlay(base: &mut Table, over: Table, prefix: &str) -> Result<(), ConfigError> {
    for (key, value) in over {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => overlay(inner, over, &path)?,
            (Some(slot), value) => *slot = value,
            (None, _) => return Err(unknown(base, &path, &key)),
        }
    }
    Ok(())
}

fn unknown(siblings: &Table, path: &str, key: &str) -> ConfigError {
    let nearest = siblings.keys().map(|k| (strsim::damerau_levenshtein(k, key), k)).min();
    let hint = match nearest {
        Some((distance, name)) if distance <= 3 => format!(" (did you mean {name}?)"),
        _ => String::new(),
    };
    ConfigError::UnknownKey { key: path.to_owned(), hint }
}

fn set_from_environment(table: &mut Table, name: &str, text: &str) -> Result<(), ConfigError> {
    let (name, text) = match name.strip_suffix("_FILE") {
        None => (name, text.to_owned()),
        Some(name) => {
            let path = PathBuf::from(text);
            let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Unreadable { path, cause })?;
            (name, text.trim_end().to_owned())
        }
    };
    let path = name.to_lowercase().replace("__", ".");
    set(table, &path, &text, name)
}

fn set(table: &mut Table, path: &str, text: &str, name: &str) -> Result<(), ConfigError> {
    let (part, rest) = path.split_once('.').map_or((path, None), |(part, rest)| (part, Some(rest)));
    if !table.contains_key(part) {
        return Err(unknown(table, &format!("{PREFIX}{name}"), part));
    }
    match (&mut table[part], rest) {
        (Value::Table(inner), Some(rest)) => set(inner, rest, text, name),
        (_, Some(_)) => Err(unknown(table, &format!("{PREFIX}{name}"), part)),
        (slot, None) => typed(slot, text, name),
    }
}

/// Gives `slot` the value that `text` has in the type that the key has by default.
fn typed(slot: &mut Value, text: &str, name: &str) -> Result<(), ConfigError> {
    let bad = |wanted: &str| ConfigError::BadValue(format!("{PREFIX}{name} is {text:?}, but it has to be {wanted}"));
    *slot = match slot {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| bad("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| bad("true or false"))?),
        Value::Table(_) => return Err(bad("one key, not a whole section")),
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let refuse = |text: &str| Err(ConfigError::BadValue(text.to_owned()));
    if !(60..=86_400).contains(&config.auth.token_seconds) {
        return refuse("auth.token_seconds has to be between 60 and 86400");
    }
    if !(1_048_576..=4_294_967_296).contains(&config.log.segment_bytes) {
        return refuse("log.segment_bytes has to be between 1 MiB and 4 GiB");
    }
    if config.ingest.max_event_bytes < 1_024 || config.ingest.max_snapshot_bytes < config.ingest.max_event_bytes {
        return refuse("ingest.max_event_bytes has to be at least 1024 and at most ingest.max_snapshot_bytes");
    }
    if config.read_models.cache_bytes < 16 << 20 {
        return refuse("read_models.cache_bytes has to be at least 16 MiB (16777216)");
    }
    if !config.source.url.starts_with("file:") {
        return refuse("source.url has to begin with file: (the sources that this version follows in production)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(file.path()), environment).map_err(|e| e.to_string())
    }

    #[test]
    fn the_annotated_default_is_the_default() {
        assert_eq!(load(None, []).unwrap(), Config::default());
    }

    #[test]
    fn a_file_overrides_the_default_and_the_environment_overrides_the_file() {
        let config = from(
            "public_url = \"https://replica.example\"\n[auth]\ntoken_seconds = 900",
            &[("CONTINUITY_AUTH__TOKEN_SECONDS", "120"), ("CONTINUITY_LISTEN__API", "127.0.0.1:9"), ("HOME", "/")],
        )
        .unwrap();
        assert_eq!(config.public_url, "https://replica.example");
        assert_eq!((config.auth.token_seconds, config.listen.api.port()), (120, 9));
    }

    #[test]
    fn a_variable_can_name_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "https://replica.example\n").unwrap();
        let config = from("", &[("CONTINUITY_PUBLIC_URL_FILE", file.path().to_str().unwrap())]).unwrap();
        assert_eq!(config.public_url, "https://replica.example");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, environment, wanted) in [
            (
                "[ingest]\nmax_event_byte = 1",
                vec![],
                "unknown key ingest.max_event_byte (did you mean max_event_bytes?)",
            ),
            ("qqqqqqqqqqqq = 1", vec![], "unknown key qqqqqqqqqqqq;"),
            ("data_dir = [", vec![], "is not TOML"),
            ("[auth]\ntoken_seconds = 5", vec![], "auth.token_seconds has to be between 60 and 86400"),
            ("[source]\nurl = \"ftp://x\"", vec![], "source.url has to begin with file:"),
            ("", vec![("CONTINUITY_AUTH__TOKEN_SECOND", "1")], "unknown key CONTINUITY_AUTH__TOKEN_SECOND"),
            ("", vec![("CONTINUITY_AUTH__TOKEN_SECONDS", "soon")], "has to be a whole number"),
            ("", vec![("CONTINUITY_AUTH", "1")], "not a whole section"),
            ("[telemetry]\nformat = \"xml\"", vec![], "xml"),
        ] {
            let error = from(text, &environment).unwrap_err();
            assert!(error.contains(wanted), "{error} does not contain {wanted}");
        }
    }
}
