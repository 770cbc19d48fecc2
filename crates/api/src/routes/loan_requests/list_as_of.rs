//! The list of loan requests as of an earlier point: each loan is folded again as it was, and then looked at like any row.

use continuity_projections::Rowset;
use continuity_projections::loan_requests::{self, ByCreation, ListQuery, Sort};
use continuity_readmodel::{AsOf, Point, StoreError, Then};

use crate::as_of;
use crate::call::Call;
use crate::problem::{BAD_PARAMETER, Problem};
use crate::sight::Teams;

/// Loans that are folded at a time, and for one page at most; then the page is cut, and its cursor leads on.
const AT_A_TIME: usize = 50;
const MAX_FOLDED: usize = 500;
/// Loans that are looked at for one page, those that did not exist yet included.
const MAX_EXAMINED: usize = 20_000;

static MODELS: [&str; 2] = ["loan-requests", "tasks"];

/// One page, and whether every loan in it was whole then and none had to be left out.
pub(super) async fn rows(call: &Call, list: &ListQuery, point: &Point) -> Result<(Rowset, bool), Problem> {
    if list.sort != Sort::CreatedAt || list.offset > 0 {
        return Err(Problem::new(&BAD_PARAMETER, "`asOf` goes with `sortBy=createdAt` and a `cursor` only."));
    }
    let until = if let Point::Time(time) = point { Some(time) } else { None };
    let model = call.model("loan-requests")?;
    let mut walk =
        ByCreation::begin(model, list.after.clone(), list.descending, until).map_err(|e| Problem::store(&e))?;
    let principal = call.principal.as_ref();
    let teams = Teams::of(principal, &call.view)?;
    let mut page = Page::new(list);
    while !page.is_full() {
        let chunk = walk.take(AT_A_TIME).map_err(|e| Problem::store(&e))?;
        let ended = chunk.len() < AT_A_TIME;
        let chunk = chunk.into_iter().map(|(key, loan)| Candidate::of(key, loan, teams.as_ref()));
        let chunk: Vec<_> = chunk.collect::<Result<_, _>>().map_err(|e| Problem::store(&e))?;
        let loans: Vec<_> = chunk.iter().filter(|one| one.seen).map(|one| one.loan.clone()).collect();
        let folded = if loans.is_empty() {
            // Others have a turn although nothing is waited for.
            tokio::task::yield_now().await;
            None
        } else {
            Some(as_of::fold(&call.shared, principal, &call.view, Some(&MODELS), loans, point).await?)
        };
        page.take(&chunk, folded.as_ref())?;
        if ended && !page.is_full() {
            return Ok((page.finish(true), page.whole));
        }
    }
    Ok((page.finish(false), page.whole))
}

/// A loan that may be in the list.
struct Candidate {
    key: Vec<u8>,
    loan: String,
    /// Whether the client may see it as it is now: what it may not is not even folded.
    seen: bool,
}

impl Candidate {
    fn of(key: Vec<u8>, loan: String, teams: Option<&Teams>) -> Result<Self, StoreError> {
        let seen = teams.map_or(Ok(true), |teams| teams.admits(&loan))?;
        Ok(Self { key, loan, seen })
    }
}

/// A page in the making.
struct Page<'a> {
    list: &'a ListQuery,
    json: Vec<u8>,
    count: usize,
    examined: usize,
    folded: usize,
    /// The last row that was looked at and has no place on a next page.
    last: Option<Vec<u8>>,
    /// A wanted row did not find room any more.
    more: bool,
    whole: bool,
}

impl<'a> Page<'a> {
    fn new(list: &'a ListQuery) -> Self {
        let json = vec![b'['];
        Self { list, json, count: 0, examined: 0, folded: 0, last: None, more: false, whole: true }
    }

    fn is_full(&self) -> bool {
        self.more || self.folded >= MAX_FOLDED || self.examined >= MAX_EXAMINED
    }

    /// Looks at the next ones; of those that are seen, `folded` has the state in their order.
    fn take(&mut self, chunk: &[Candidate], folded: Option<&AsOf>) -> Result<(), Problem> {
        let mut states = folded.into_iter().flat_map(|folded| folded.then.iter().map(move |then| (folded, *then)));
        for Candidate { key, loan, seen } in chunk {
            if self.is_full() {
                return Ok(());
            }
            self.examined += 1;
            let state = if *seen { states.next() } else { None };
            match state {
                Some((folded, Then::Known)) => self.look(loan, folded)?,
                Some((_, Then::Erased)) => self.whole = false,
                // The page is whole without it; the next one will say so.
                Some((_, Then::Untold)) if self.count >= self.list.limit => self.more = true,
                Some((_, then @ Then::Untold)) => return Err(as_of::refusal(then, loan)),
                Some((_, Then::NotYet | Then::Purged)) | None => {}
            }
            if !self.more {
                self.last = Some(key.clone());
            }
        }
        Ok(())
    }

    fn look(&mut self, loan: &str, folded: &AsOf) -> Result<(), Problem> {
        self.folded += 1;
        let row = loan_requests::wanted(&folded.view, loan, self.list).map_err(|e| Problem::store(&e))?;
        let Some(row) = row else { return Ok(()) };
        if self.count >= self.list.limit {
            self.more = true;
            return Ok(());
        }
        let state = folded.view.loan(loan).map_err(|e| Problem::store(&e))?;
        self.whole &= state.complete;
        if self.count > 0 {
            self.json.push(b',');
        }
        self.json.extend_from_slice(&row);
        self.count += 1;
        Ok(())
    }

    /// How many there are on all pages is known only when this is the only one.
    fn finish(&mut self, ended: bool) -> Rowset {
        let mut json = std::mem::take(&mut self.json);
        json.push(b']');
        let next = if ended { None } else { self.last.take() };
        let total_is_exact = ended && self.list.after.is_none();
        let total = self.count as u64 + u64::from(self.more);
        Rowset { json, count: self.count, next, total, total_is_exact, offset_left: 0 }
    }
}
