//! Query strings, checked against the endpoint's parameters before anything is read.

use std::borrow::Cow;

use crate::UnknownParameters;
use crate::as_of;
use crate::endpoint::{Param, ParamKind};
use crate::problem::{BAD_PARAMETER, Problem, TOKEN_IN_QUERY, UNKNOWN_PARAMETER};

/// Parameters that carry secrets wherever OAuth is spoken; none belongs into a URL.
const SECRETS: [&str; 4] = ["access_token", "client_secret", "refresh_token", "token"];

/// The checked parameters of one request.
#[derive(Debug, Default)]
pub(crate) struct Query {
    values: Vec<(&'static str, String)>,
    /// Names that were not understood, when the configuration says to answer nonetheless.
    pub(crate) ignored: Vec<String>,
}

impl Query {
    /// Reads a raw query string. Empty pairs (`&&`) do no harm.
    pub(crate) fn parse(raw: &str, params: &'static [Param], unknown: UnknownParameters) -> Result<Self, Problem> {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            match find(params, &name) {
                Some(param) => query.take(param, value)?,
                None if name.is_empty() && value.is_empty() => {}
                None if unknown == UnknownParameters::Ignore => query.ignored.push(name.into_owned()),
                None => return Err(unknown_parameter(&name, params)),
            }
        }
        Ok(query)
    }

    fn take(&mut self, param: &'static Param, value: Cow<'_, str>) -> Result<(), Problem> {
        if param.kind.is_repeatable() {
            self.values.extend(value.split(',').map(|piece| (param.name, piece.to_owned())));
            return Ok(());
        }
        if self.text(param.name).is_some() {
            return Err(Problem::new(&BAD_PARAMETER, format!("`{}` is given more than once.", param.name)));
        }
        if let Some(allowed) = refusal(&param.kind, &value) {
            return Err(Problem::new(&BAD_PARAMETER, format!("`{}` must be {allowed}.", param.name)));
        }
        self.values.push((param.name, value.into_owned()));
        Ok(())
    }

    /// The value of a parameter that is given at most once.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// Every value of a repeatable parameter; none when it is absent.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// A whole number within the bounds of its parameter.
    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        self.text(name).and_then(|v| v.parse().ok())
    }

    /// Whether a flag is `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// Whether a parameter that takes any case is this.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).is_some_and(|v| v.eq_ignore_ascii_case(value))
    }
}

/// Refuses a query string that carries a secret; its value goes nowhere.
pub(crate) fn refuse_secrets(raw: &str) -> Result<(), Problem> {
    let secret = form_urlencoded::parse(raw.as_bytes())
        .find_map(|(name, _)| SECRETS.into_iter().find(|s| name.eq_ignore_ascii_case(s)));
    match secret {
        None => Ok(()),
        Some(name) => Err(Problem::new(
            &TOKEN_IN_QUERY,
            format!("`{name}` stands in the URL, where proxies and logs keep it: treat it as leaked, and send it in the Authorization header."),
        )
        .header(http::header::WWW_AUTHENTICATE, "Bearer error=\"invalid_request\"")),
    }
}

fn find(params: &'static [Param], name: &str) -> Option<&'static Param> {
    params.iter().find(|p| p.name == name || (p.kind.is_repeatable() && name.strip_suffix("[]") == Some(p.name)))
}

fn unknown_parameter(name: &str, params: &'static [Param]) -> Problem {
    let shown: String = name.chars().take(64).collect();
    let known: Vec<&str> = params.iter().map(|p| p.name).collect();
    let known = if known.is_empty() { "takes none".to_owned() } else { format!("takes {}", known.join(", ")) };
    Problem::new(&UNKNOWN_PARAMETER, format!("`{shown}` is not a parameter of this path, which {known}."))
}

/// What is allowed instead, when the value cannot be used.
fn refusal(kind: &ParamKind, value: &str) -> Option<String> {
    match kind {
        ParamKind::AnyOf(_) | ParamKind::Names | ParamKind::Cursor => None,
        ParamKind::Text { most, .. } => {
            let plain = value.chars().count() <= *most && !value.chars().any(char::is_control);
            (!plain).then(|| format!("a text of at most {most} characters"))
        }
        ParamKind::AsOf => as_of::check(value).err().map(str::to_owned),
        ParamKind::Filter(by, _) => by.check(value).err().map(str::to_owned),
        ParamKind::OneOf { values, .. } => (!values.contains(&value)).then(|| format!("one of {}", values.join(", "))),
        ParamKind::OneOfAnyCase { values, .. } => {
            (!values.iter().any(|v| v.eq_ignore_ascii_case(value))).then(|| format!("one of {}", values.join(", ")))
        }
        ParamKind::Integer { min, max, .. } => {
            let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            let fits = digits && value.parse::<u64>().is_ok_and(|n| (*min..=*max).contains(&n));
            (!fits).then(|| format!("a whole number from {min} to {max}"))
        }
        ParamKind::Flag => (!["true", "false"].contains(&value)).then(|| "true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PARAMS: [Param; 5] = [
        Param { name: "status", kind: ParamKind::AnyOf(&["BID"]), description: "" },
        Param { name: "limit", kind: ParamKind::Integer { min: 1, max: 200, default: Some(25) }, description: "" },
        Param { name: "sortBy", kind: ParamKind::OneOf { values: &["a", "b"], default: "a" }, description: "" },
        Param {
            name: "sortOrder",
            kind: ParamKind::OneOfAnyCase { values: &["ASC", "DESC"], default: "ASC" },
            description: "",
        },
        Param { name: "deep", kind: ParamKind::Flag, description: "" },
    ];

    fn parse(raw: &str) -> Result<Query, Problem> {
        Query::parse(raw, &PARAMS, UnknownParameters::Refuse)
    }

    #[test]
    fn repeats_commas_and_brackets_are_the_same_list() {
        for raw in ["status=BID&status=SANCTION", "status=BID,SANCTION", "status[]=BID&status%5B%5D=SANCTION"] {
            assert_eq!(parse(raw).unwrap().texts("status").collect::<Vec<_>>(), ["BID", "SANCTION"], "{raw}");
        }
        assert_eq!(parse("").unwrap().texts("status").count(), 0);
        assert_eq!(parse("&&").unwrap().texts("status").count(), 0);
    }

    #[test]
    fn unusable_values_name_the_parameter_and_what_is_allowed() {
        let cases = [
            ("limit=0", "`limit` must be a whole number from 1 to 200."),
            ("limit=201", "`limit` must be a whole number from 1 to 200."),
            ("limit=-1", "`limit` must be a whole number from 1 to 200."),
            ("limit=+1", "`limit` must be a whole number from 1 to 200."),
            ("limit=", "`limit` must be a whole number from 1 to 200."),
            ("limit=99999999999999999999999", "`limit` must be a whole number from 1 to 200."),
            ("limit=1&limit=2", "`limit` is given more than once."),
            ("sortBy=A", "`sortBy` must be one of a, b."),
            ("sortOrder=up", "`sortOrder` must be one of ASC, DESC."),
            ("deep=yes", "`deep` must be true or false."),
        ];
        for (raw, detail) in cases {
            let problem = parse(raw).unwrap_err();
            assert_eq!((problem.kind.code, problem.detail.as_str()), ("bad-parameter", detail), "{raw}");
        }
    }

    #[test]
    fn typed_values_come_out() {
        let query = parse("limit=007&sortOrder=desc&deep=true&sortBy=b").unwrap();
        assert_eq!((query.integer("limit"), query.text("sortBy"), query.flag("deep")), (Some(7), Some("b"), true));
        assert!(query.is("sortOrder", "DESC"));
    }

    #[test]
    fn an_unknown_parameter_is_named_or_ignored() {
        let problem = parse("limit=1&stauts=BID").unwrap_err();
        assert_eq!(problem.kind, &UNKNOWN_PARAMETER);
        assert!(problem.detail.starts_with("`stauts` is not a parameter"), "{}", problem.detail);
        let query = Query::parse("a=1&limit=3&b", &PARAMS, UnknownParameters::Ignore).unwrap();
        assert_eq!((query.ignored, query.values.len()), (vec!["a".to_owned(), "b".to_owned()], 1));
    }

    #[test]
    fn secrets_are_refused_without_their_value() {
        for raw in ["access_token=xyzzy", "limit=1&Access_Token=xyzzy", "access%5Ftoken=xyzzy", "client_secret=xyzzy"] {
            let problem = refuse_secrets(raw).unwrap_err();
            assert_eq!(problem.kind, &TOKEN_IN_QUERY);
            assert!(!format!("{problem:?}").contains("xyzzy"));
        }
        assert!(refuse_secrets("limit=access_token").is_ok());
    }
}
