//! Changes of settings that name only what changes: JSON Merge Patch (RFC 7396).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{AccountSettings, ApplicationSettings, AuthError, ClientSettings};

/// `target` with `patch` in it: null takes a member away, objects are merged, anything else takes its place.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn merged<T: Serialize + DeserializeOwned>(settings: &T, patch: &Value, what: &str) -> Result<T, AuthError> {
    let unusable = |error: serde_json::Error| AuthError::Invalid(format!("these are no settings of {what}: {error}"));
    let mut value = serde_json::to_value(settings).map_err(unusable)?;
    merge(&mut value, patch);
    serde_json::from_value(value).map_err(unusable)
}

impl ClientSettings {
    /// These with what the patch names.
    pub fn merged(&self, patch: &Value) -> Result<Self, AuthError> {
        merged(self, patch, "a client")
    }
}

impl ApplicationSettings {
    /// These with what the patch names.
    pub fn merged(&self, patch: &Value) -> Result<Self, AuthError> {
        merged(self, patch, "an application")
    }
}

impl AccountSettings {
    /// These with what the patch names.
    pub fn merged(&self, patch: &Value) -> Result<Self, AuthError> {
        merged(self, patch, "an account")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ClientRate, ScopeSet};

    /// RFC 7396 appendix A.
    #[test]
    fn the_examples_of_the_rfc() {
        for (mut target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, result, "{patch}");
        }
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let rate = ClientRate { requests_per_second: 5, burst: 10 };
        let before = ClientSettings { rate_limit: Some(rate), ..ClientSettings::named("a", ScopeSet::all()) };
        let after = before.merged(&json!({"description": "x", "rateLimit": {"burst": 20}})).unwrap();
        assert_eq!((after.name.as_str(), after.description.as_str()), ("a", "x"));
        assert_eq!(after.rate_limit, Some(ClientRate { burst: 20, ..rate }));
        assert_eq!(after.merged(&json!({"rateLimit": null})).unwrap().rate_limit, None);
        for wrong in [json!({"nmae": "x"}), json!({"name": 1}), json!([]), json!({"name": null})] {
            let error = before.merged(&wrong).unwrap_err().to_string();
            assert!(error.starts_with("these are no settings of a client"), "{error}");
        }
    }
}
