//! A text that is never printed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};

/// A secret of the configuration: neither its `Debug` form nor an error about it shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret itself, where one is set.
    #[cfg(any(feature = "kafka", feature = "object-store"))]
    pub(crate) fn given(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.0.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(secret)" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            other => Err(D::Error::custom(format!("a secret has to be a text in quotes, not a {}", other.type_str()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Holder {
        secret: Secret,
    }

    #[test]
    fn it_is_not_printed() {
        let holder: Holder = toml::from_str("secret = 'hunter2'").unwrap();
        assert_eq!(holder.secret.reveal(), "hunter2");
        assert!(!format!("{holder:?}").contains("hunter2"));
        let error = toml::from_str::<Holder>("secret = 20122012").unwrap_err();
        assert!(error.message().contains("a text in quotes, not a integer"), "{error}");
        assert!(!error.message().contains("20122012"), "{error}");
    }
}
