//! A list of something of a loan: some at a time, with the filters that the API has.

use super::shell::Opened;
use crate::json::Node;
use crate::reply::Away;
use crate::visit::Visit;

/// One filter of a list.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) value: String,
    /// What may be chosen, by value and words; empty: a text.
    pub(crate) options: Vec<(String, String)>,
}

/// Some entries of a list.
pub(crate) struct Listed {
    pub(crate) entries: Vec<Node>,
    pub(crate) way: Way,
}

/// How to go on in a list.
pub(crate) struct Way {
    pub(crate) filters: Vec<Filter>,
    /// Whether something is filtered.
    pub(crate) is_narrowed: bool,
    /// How many there are on all pages, as the API says.
    pub(crate) total: String,
    /// The first page, where this is a later one.
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
    /// The list without filters.
    pub(crate) all: String,
    /// Where the form of the filters leads, and the point that it keeps.
    pub(crate) action: String,
    pub(crate) as_of: String,
}

impl Filter {
    pub(crate) fn new(visit: &Visit, name: &'static str, label: &'static str) -> Self {
        Self { name, label, value: visit.query().get(name).to_owned(), options: Vec::new() }
    }

    /// With choices; one that was asked for and is none of them is one more.
    pub(crate) fn of(mut self, options: impl IntoIterator<Item = (String, String)>) -> Self {
        self.options = options.into_iter().collect();
        if !self.value.is_empty() && !self.options.iter().any(|(value, _)| *value == self.value) {
            self.options.push((self.value.clone(), crate::json::plain(&self.value)));
        }
        self
    }

    /// With the words of the platform as choices.
    pub(crate) fn any(self, words: &[&str]) -> Self {
        self.of(words.iter().map(|word| ((*word).to_owned(), super::words::spoken(word))))
    }
}

/// Asks the API for `many` entries of the list at `end`, for the page `tab`.
pub(crate) async fn list(
    opened: &mut Opened<'_>,
    (visit, tab, end): (&Visit, &str, &str),
    filters: Vec<Filter>,
    many: &str,
) -> Result<Listed, Away> {
    let (cursor, query) = (visit.query().get("cursor").to_owned(), query_of(&filters));
    let asked: Vec<(&str, &str)> = query.iter().copied().chain([("limit", many), ("cursor", &cursor)]).collect();
    let raw = opened.raw(end, &asked).await?;
    let Some(Node::List(entries)) = Node::parse(&raw.bytes) else { return Err(opened.unreadable()) };
    let next = Some(raw.header("x-next-cursor")).filter(|next| !next.is_empty());
    let next = next.map(|next| {
        let query: Vec<_> = query.iter().copied().chain([("cursor", next)]).collect();
        opened.page(tab, &query)
    });
    let way = Way {
        is_narrowed: !query.is_empty(),
        total: raw.header("x-total-count").to_owned(),
        first: (!cursor.is_empty()).then(|| opened.page(tab, &query)),
        next,
        all: opened.page(tab, &[]),
        action: opened.page(tab, &[]).split('?').next().unwrap_or_default().to_owned(),
        as_of: opened.as_of().unwrap_or_default().to_owned(),
        filters,
    };
    Ok(Listed { entries, way })
}

fn query_of(filters: &[Filter]) -> Vec<(&'static str, &str)> {
    filters.iter().map(|filter| (filter.name, filter.value.as_str())).filter(|(_, value)| !value.is_empty()).collect()
}
