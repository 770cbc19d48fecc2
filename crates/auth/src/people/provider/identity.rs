//! Who somebody is, as a provider's claims say.

use serde_json::{Map, Value};

use crate::people::account::{is_usable_address, normalised};

/// Groups that are looked at.
const MAX_GROUPS: usize = 5_000;
const MAX_NAME_CHARACTERS: usize = 200;
/// Ways to prove who one is (RFC 8176), each of one kind.
const KNOWLEDGE: [&str; 3] = ["pwd", "pin", "kba"];
const POSSESSION: [&str; 8] = ["otp", "hwk", "swk", "sc", "sms", "tel", "pop", "mca"];
const INHERENCE: [&str; 5] = ["face", "fpt", "iris", "retina", "vbm"];
const OTHER: [&str; 5] = ["geo", "mfa", "rba", "user", "wia"];

/// Somebody for whom a provider vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sub`: who it is, for good, at this provider.
    pub subject: String,
    /// The e-mail address, unless it is none, or the provider says that it is not confirmed.
    pub email: Option<String>,
    /// For people.
    pub name: Option<String>,
    /// All groups, whatever they mean; `None` where the provider says nothing of groups.
    pub groups: Option<Vec<String>>,
    /// `amr`: how the person proved who it is, as far as the names are known (RFC 8176).
    pub methods: Vec<String>,
    /// `auth_time`: when the person proved it, in seconds since 1970. The provider may have known the browser since.
    pub proved_at: Option<i64>,
}

impl Identity {
    /// What claims of a checked ID token say, and those of the user info endpoint with it.
    pub fn of(claims: &Map<String, Value>, groups_claim: &str) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let name = text("name").or_else(|| text("preferred_username"));
        let name = name.map(|name| name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARACTERS).collect());
        let confirmed = match claims.get("email_verified") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::String(text)) => text == "true",
            Some(_) => false,
        };
        Self {
            subject: text("sub").unwrap_or_default().to_owned(),
            email: text("email").map(normalised).filter(|email| confirmed && is_usable_address(email)),
            name: name.filter(|name: &String| !name.trim().is_empty()),
            groups: claims
                .get(groups_claim)
                .map(|groups| texts(Some(groups)).take(MAX_GROUPS).map(str::to_owned).collect()),
            methods: methods(claims),
            proved_at: claims.get("auth_time").and_then(Value::as_i64),
        }
    }
}

/// A text, or a list of them; what else is in it is passed over.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter().filter_map(Value::as_str)
}

fn methods(claims: &Map<String, Value>) -> Vec<String> {
    let mut methods: Vec<String> = Vec::new();
    for known in texts(claims.get("amr")).filter(|name| kind(name).is_some()) {
        if !methods.iter().any(|method| method == known) {
            methods.push(known.to_owned());
        }
    }
    methods
}

fn kind(method: &str) -> Option<usize> {
    [&KNOWLEDGE[..], &POSSESSION, &INHERENCE, &OTHER].iter().position(|kind| kind.contains(&method))
}

/// Whether the methods say that two kinds of proof were asked for.
pub(super) fn is_multi_factor(methods: &[String]) -> bool {
    let has = |kind: &[&str]| methods.iter().any(|method| kind.contains(&method.as_str()));
    let kinds = [has(&KNOWLEDGE), has(&POSSESSION), has(&INHERENCE)];
    has(&["mfa"]) || kinds.iter().filter(|there| **there).count() >= 2
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(claims: &Value) -> Identity {
        Identity::of(claims.as_object().unwrap(), "groups")
    }

    #[test]
    fn claims_are_read_and_what_is_strange_is_passed_over() {
        let who = of(&json!({
            "sub": "u1", "email": " Jane@Bank.example", "name": "Jane\n Doe", "amr": ["pwd", "magic", "pwd", 3],
            "groups": ["a", 7, "b", null],
        }));
        assert_eq!((who.subject.as_str(), who.email.as_deref()), ("u1", Some("jane@bank.example")));
        assert_eq!((who.name.as_deref(), who.methods.join(" ").as_str()), (Some("Jane Doe"), "pwd"));
        assert_eq!(who.groups.unwrap(), ["a", "b"]);
        assert_eq!(of(&json!({ "sub": "u1", "groups": "one" })).groups.unwrap(), ["one"]);
        assert_eq!(of(&json!({ "sub": "u1", "groups": { "a": "b" } })).groups.unwrap(), Vec::<String>::new());
        assert_eq!(of(&json!({ "sub": "u1" })).groups, None, "nothing is said of groups");
        assert_eq!(of(&json!({ "sub": "u1", "preferred_username": "jane" })).name.as_deref(), Some("jane"));
        let long = json!({ "email": format!("a@{}", "b".repeat(260)) });
        let verified = |verified: Value| json!({ "email": "a@b.example", "email_verified": verified });
        assert!(of(&verified(json!(true))).email.is_some() && of(&verified(json!("true"))).email.is_some());
        for none in [
            verified(json!(false)),
            verified(json!("false")),
            verified(json!(0)),
            verified(Value::Null),
            long,
            json!({ "email": "x" }),
            json!({ "email": "a b@c.example" }),
            json!({}),
        ] {
            assert_eq!(of(&none).email, None, "{none}");
        }
    }

    #[test]
    fn two_kinds_are_two_factors_and_two_of_one_kind_are_not() {
        let is = |methods: &[&str]| is_multi_factor(&methods.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert!(is(&["mfa"]) && is(&["pwd", "otp"]) && is(&["pin", "hwk"]) && is(&["hwk", "fpt"]));
        assert!(!is(&[]) && !is(&["pwd"]) && !is(&["pwd", "kba"]) && !is(&["otp", "sms"]) && !is(&["pwd", "user"]));
    }
}
