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

    /// The value, unless it is absent or empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}
