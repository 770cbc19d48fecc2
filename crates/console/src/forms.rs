//! What a form sent.

use axum::body::Body;

/// The longest form, in bytes.
const LONGEST: usize = 16 * 1024;

/// The fields of a form. Of a name that comes twice, the first counts.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` when it is too long, or ends early.
    pub(crate) async fn read(body: Body) -> Option<Self> {
        let bytes = axum::body::to_bytes(body, LONGEST).await.ok()?;
        Some(Self::parse(&bytes))
    }

    /// Reads `application/x-www-form-urlencoded`, or a query.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// Every value of a name that may come several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The lines of a value, without those that are empty.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    /// The value, unless it is absent or empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}
