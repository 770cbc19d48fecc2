//! From file and environment to a checked [`Config`].

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::effective::{self, Origins};
use super::{ANNOTATED_DEFAULT, Config};

const PREFIX: &str = "CONTINUITY_";

/// Why a configuration cannot be used, and where to mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {path}: {cause}")]
    Unreadable { path: PathBuf, cause: std::io::Error },
    /// Without the line itself, which may hold a secret.
    #[error("{path}, line {line}, is not TOML: {cause}")]
    NotToml { path: PathBuf, line: usize, cause: String },
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
    load_told(path, environment).map(|loaded| loaded.config)
}

/// A configuration, and what can be shown of it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// Each key with its value and where that comes from, without secrets.
    pub(crate) told: serde_json::Value,
}

/// As [`load`], with what can be shown of it.
pub(crate) fn load_told(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let mut table: Table = toml::from_str(ANNOTATED_DEFAULT).expect("the annotated default is TOML, tested");
    let mut origins = Origins::default();
    if let Some(path) = path {
        let from = path.display().to_string();
        overlay(&mut table, read(path)?, "", &mut |key| origins.note(key, from.clone()))?;
    }
    for (name, text) in environment {
        if let Some(key) = name.strip_prefix(PREFIX) {
            let key = set_from_environment(&mut table, key, &text)?;
            origins.note(&key, name);
        }
    }
    let told = effective::told(&table, &origins);
    let config: Config = Value::Table(table).try_into().map_err(|e| ConfigError::BadValue(e.to_string()))?;
    super::check::check(&config).map_err(ConfigError::BadValue)?;
    Ok(Loaded { config, told })
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (line, cause) = (before.matches('\n').count() + 1, error.message().to_owned());
        ConfigError::NotToml { path: path.to_owned(), line, cause }
    })
}

/// Puts `over` in the place of what is in `base`; `set` is told every key.
fn overlay(base: &mut Table, over: Table, prefix: &str, set: &mut dyn FnMut(&str)) -> Result<(), ConfigError> {
    for (key, value) in over {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => overlay(inner, over, &path, set)?,
            (Some(slot), value) => {
                *slot = value;
                set(&path);
            }
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

/// Sets the key that the variable names; which one that is.
fn set_from_environment(table: &mut Table, name: &str, text: &str) -> Result<String, ConfigError> {
    let is_key = |name: &str| has(table, &name.to_lowercase().replace("__", "."));
    let (name, text) = match name.strip_suffix("_FILE").filter(|_| !is_key(name)) {
        None => (name, text.to_owned()),
        Some(name) => {
            let path = PathBuf::from(text);
            let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Unreadable { path, cause })?;
            (name, text.trim_end().to_owned())
        }
    };
    let path = name.to_lowercase().replace("__", ".");
    set(table, &path, &text, name)?;
    Ok(path)
}

/// Whether there is a key with this path.
fn has(table: &Table, path: &str) -> bool {
    let (part, rest) = path.split_once('.').map_or((path, None), |(part, rest)| (part, Some(rest)));
    match (table.get(part), rest) {
        (Some(Value::Table(inner)), Some(rest)) => has(inner, rest),
        (found, rest) => found.is_some() && rest.is_none(),
    }
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
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Value::Table(_) => return Err(bad("one key, not a whole section")),
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
