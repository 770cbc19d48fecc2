//! `GET /api/v1/loan-requests/{loanRequestId}/documents/{documentId}/download`: the bytes of a document.

use continuity_auth::{Accessed, Scope};
use continuity_projections::documents;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::{access, download};

use super::sensitive;
use super::version::Version;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/documents/{documentId}/download",
    id: "downloadDocument",
    tag: Tag::Documents,
    summary: "Download a document",
    description: "The bytes of the document, of its present version unless another is asked for, checked against their SHA-256, which is the `ETag`. One `Range` is answered with that part; several at once, and one whose `If-Range` is not the present `ETag`, with everything. Types that a browser would run (HTML, XML, SVG, scripts) are sent as `application/octet-stream`. While the bytes are on their way the answer is 503 `blob-not-synced`, and they are fetched before others. A download of a `sensitive` document is recorded, durably before the reply; 503 when it cannot be recorded.",
    access: Access::AnyOf(&[Scope::DocumentsRead]),
    params: &PARAMS,
    answer: Answer::File,
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 2] = [
    Param {
        name: "version",
        kind: ParamKind::Integer { min: 0, max: u32::MAX as u64, default: None },
        description: "The number of a version, as in the document's `versions` (`number`, or `version`), or the present one. One that the document does not have is 404.",
    },
    AS_OF,
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("documents")?;
    let id = call.path("documentId");
    let document = documents::get(model, loan.id, id).map_err(|e| Problem::store(&e))?;
    let document = document.ok_or_else(|| Problem::missing("document", id))?;
    let entity = String::from_utf8_lossy(&document);
    let version = match call.query.integer("version") {
        None => Version::present(&entity),
        Some(number) => Version::find(&entity, number)
            .ok_or_else(|| Problem::missing("version of the document", &number.to_string()))?,
    };
    let opened = download::open(call, version.reference).await?;
    let reply = download::reply(call, &[version.reference.unwrap_or_default(), version.entry, &entity], opened)?;
    if sensitive::is(&entity) || sensitive::is_now(call, loan.id, id)? {
        let version = call.query.integer("version");
        let what = Accessed::Document { document: id.to_owned(), version, endpoint: call.endpoint.id };
        access::record(call, loan.id, what).await?;
    }
    Ok(reply)
}
