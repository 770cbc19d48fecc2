//! `GET /api/v1/replica/blobs` and `.../blobs/{loanRequestId}`: which bytes are here, and which are in trouble.

use continuity_auth::Scope;
use continuity_blobs::{BlobFailure, BlobService};
use serde_json::{Value, json};

use crate::blob_lag;
use crate::call::{Call, internal};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight::Teams;

const DEFAULT_LIMIT: u64 = 25;
/// Files in trouble that are looked at for a client that may not see all loans.
const MOST_EXAMINED: usize = 2_000;

pub(crate) static ALL: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/replica/blobs",
    id: "getBlobs",
    tag: Tag::Health,
    summary: "Get how far the bytes of documents are",
    description: "How many of the files that loan requests refer to are on their way (`pending`), stored and verified (`available`), given up but for a try a day (`failed`), and wrong (`damaged`: never served, fetched again), each with the bytes, as far as sizes are known; how many pending ones were tried eight times or more in vain (`stuck`); since when the oldest pending one has been wanted; and up to which log position references are known. `troubled` names failed, damaged and stuck ones, up to `limit`, with why and up to 16 loan requests each. One file counts once, however many refer to it. The figures are of the whole replica, as in `/health`; a client that is limited to teams is named files of their loan requests only.",
    access: Access::AnyOf(&[Scope::AuditRead]),
    params: &PARAMS,
    answer: Answer::Object("BlobReport"),
    handler: Handler::Wait(wait),
};

pub(crate) static OF_LOAN: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/replica/blobs/{loanRequestId}",
    id: "getBlobsOfLoanRequest",
    tag: Tag::Health,
    summary: "Get how far the bytes of one loan request are",
    description: "How many of the files that the loan request refers to are `pending`, `available`, `failed` and `damaged`, with their bytes. One that it refers to twice counts once. While some are missing, or its references are not all known yet, the reply carries `X-Replica-Complete: false`.",
    access: Access::AnyOf(&[Scope::DocumentsRead, Scope::AuditRead]),
    params: &[],
    answer: Answer::Object("LoanBlobs"),
    handler: Handler::Read(of_loan),
};

static PARAMS: [Param; 1] = [Param {
    name: "limit",
    kind: ParamKind::Integer { min: 1, max: paging::MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
    description: "Troubled files that are named.",
}];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(all(call))
}

async fn all(call: &Call) -> Result<Reply, Problem> {
    let limit = call.query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let blobs = call.shared.state.blobs.clone();
    let teams = Teams::of(call.principal.as_ref(), &call.view)?;
    let read = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        let lag = blobs.lag().map_err(|e| Problem::store(&e))?;
        Ok((lag, troubled(&blobs, most, teams.as_ref())?))
    });
    let (lag, failures) = read.await.map_err(|_| internal("the thread that read the blobs panicked"))??;
    let mut report = blob_lag::lag(&lag, call.shared.state.clock.now());
    let known = lag.known_up_to >= Some(call.view.position);
    let here = known && [lag.pending, lag.failed, lag.damaged].iter().all(|amount| amount.count == 0);
    report.insert("failing".to_owned(), json!(lag.failing));
    report.insert("troubled".to_owned(), failures.iter().map(blob_lag::failure).collect());
    Ok(Reply::json(Value::Object(report).to_string()).complete(here))
}

/// Files in trouble, with those of their loans that the client may see; none that only others refer to.
fn troubled(blobs: &BlobService, most: usize, teams: Option<&Teams>) -> Result<Vec<BlobFailure>, Problem> {
    let Some(teams) = teams else { return blobs.failures(most).map_err(|e| Problem::store(&e)) };
    let mut found = Vec::new();
    for mut failure in blobs.failures(MOST_EXAMINED).map_err(|e| Problem::store(&e))? {
        let mut loans = Vec::new();
        for loan in failure.loans {
            if teams.admits(&loan).map_err(|e| Problem::store(&e))? {
                loans.push(loan);
            }
        }
        failure.loans = loans;
        if !failure.loans.is_empty() && found.len() < most {
            found.push(failure);
        }
    }
    Ok(found)
}

fn of_loan(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let service = &call.shared.state.blobs;
    let known = service.lag().map_err(|e| Problem::store(&e))?.known_up_to >= Some(loan.state.position);
    let blobs = service.loan(loan.id).map_err(|e| Problem::store(&e))?;
    let here = known && [blobs.pending, blobs.failed, blobs.damaged].iter().all(|amount| amount.count == 0);
    let report = Value::Object(blob_lag::loan(&blobs));
    Ok(Reply::json(report.to_string()).complete(loan.state.complete && here))
}
