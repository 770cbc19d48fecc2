//! One hostile request, and what it has to get.

use continuity_tests::json::Json;

/// What a request carries that must be in no log line: in `Authorization`, in the query, in the body.
pub(crate) const MARKER: &str = "xq7MarkerThatMustStaySecret42";

/// What the table needs to know of the replica.
pub(crate) struct Facts {
    pub(crate) token: String,
    /// A loan that there is.
    pub(crate) loan: String,
    /// The path of a download that there is.
    pub(crate) download: String,
    /// The cursor of a list that is sorted by reference.
    pub(crate) cursor: String,
}

/// A request as it is sent.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Status and: a problem's type; `oauth` and the error of RFC 6749; `bare`: the HTTP library answers by itself, without
    /// a document; `fine`: harmless, and answered like any other.
    pub(crate) expected: &'static str,
}

pub(crate) const LIST: &str = "/api/v1/loan-requests";

impl Facts {
    /// A request with a good token; `more` are whole lines.
    pub(crate) fn request(&self, method: &str, target: &[u8], more: &[u8]) -> Vec<u8> {
        let mut bytes = format!("{method} ").into_bytes();
        bytes.extend_from_slice(target);
        let head =
            format!(" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n", self.token);
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(more);
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// GET of each target.
    pub(crate) fn gets(&self, table: &[(&str, &'static str)]) -> Vec<Case> {
        let case = |(target, expected): &(&str, &'static str)| {
            let target = target.replace("{L}", &self.loan).replace("{D}", &self.download).replace("{S}", MARKER);
            Case::new(format!("GET {target}"), self.request("GET", target.as_bytes(), b""), expected)
        };
        table.iter().map(case).collect()
    }

    /// GET of each target with header lines.
    pub(crate) fn with_headers(&self, table: &[(&str, &str, &'static str)]) -> Vec<Case> {
        let case = |(target, lines, expected): &(&str, &str, &'static str)| {
            let target = target.replace("{L}", &self.loan).replace("{D}", &self.download);
            let lines = lines.replace("{S}", MARKER);
            Case::new(
                format!("{target} with {lines:?}"),
                self.request("GET", target.as_bytes(), lines.as_bytes()),
                expected,
            )
        };
        table.iter().map(case).collect()
    }
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Self {
        let name: String = name.into();
        Self { name: name.chars().take(120).collect(), bytes: bytes.into(), expected }
    }

    /// What is wrong with the answer, if anything.
    pub(crate) fn judge(&self, received: &[u8]) -> Result<(), String> {
        let answer = Answer::read(received, self.bytes.starts_with(b"HEAD "))?;
        let (status, what) = self.expected.split_once(' ').ok_or("no expectation")?;
        if answer.status != status {
            return Err(format!("is {} instead of {status}: {}", answer.status, answer.body));
        }
        if answer.text.contains(MARKER) {
            return Err(format!("repeats the secret: {}", answer.text));
        }
        match what.split_once(' ') {
            None if what == "fine" => Ok(()),
            None if what == "bare" => {
                if answer.body.is_empty() {
                    Ok(())
                } else {
                    Err(format!("has a body: {}", answer.body))
                }
            }
            Some(("oauth", error)) => {
                let said = answer.json()?.text("error").map(str::to_owned);
                if said.as_deref() == Some(error) { Ok(()) } else { Err(format!("says {said:?}")) }
            }
            _ => answer.is_problem(what),
        }
    }
}

struct Answer {
    status: String,
    head: String,
    body: String,
    text: String,
}

impl Answer {
    /// Exactly one response: a second one would be the answer to what was smuggled.
    fn read(received: &[u8], to_head: bool) -> Result<Self, String> {
        let text = String::from_utf8_lossy(received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return Err(format!("no answer: {text:?}")) };
        let status = head.strip_prefix("HTTP/1.1 ").or_else(|| head.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)).ok_or_else(|| format!("no status line: {head:?}"))?;
        if status == "100" {
            return Self::read(body.as_bytes(), to_head);
        }
        let head = head.to_ascii_lowercase();
        let length = field(&head, "content-length").and_then(|text| text.parse::<usize>().ok());
        let skipped = to_head || status == "304";
        let whole = if skipped { body.is_empty() } else { length.is_none_or(|length| length == body.len()) };
        // Downloads are not text, so their length cannot be counted in this text.
        if !whole && !head.contains("content-disposition") {
            return Err(format!("is followed by something: {body:?}"));
        }
        Ok(Self { status: status.to_owned(), body: body.to_owned(), head, text: text.clone() })
    }

    fn json(&self) -> Result<Json, String> {
        Json::parse(&self.body).map_err(|error| format!("is no JSON ({error}): {}", self.body))
    }

    fn is_problem(&self, code: &str) -> Result<(), String> {
        if field(&self.head, "content-type") != Some("application/problem+json") {
            return Err(format!("is no problem document: {} {}", self.head, self.body));
        }
        if field(&self.head, "x-request-id").is_none_or(str::is_empty) {
            return Err("has no X-Request-Id".to_owned());
        }
        let document = self.json()?;
        let kind = document.text("type").unwrap_or_default();
        let status = document.number("status").map(|status| status.to_string());
        if kind != format!("urn:continuity:problem:{code}") || status.as_deref() != Some(&self.status) {
            return Err(format!("is {kind}: {}", self.body));
        }
        Ok(())
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
