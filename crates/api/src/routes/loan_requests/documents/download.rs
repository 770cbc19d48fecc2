//! `GET /api/v1/loan-requests/{loanRequestId}/documents/{documentId}/download`: the bytes of a document.

use continuity_auth::Scope;
use continuity_projections::documents;

use crate::call::Call;
use crate::download;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/documents/{documentId}/download",
    id: "downloadDocument",
    tag: Tag::Documents,
    summary: "Download a document",
    description: "The bytes of the document's present version, checked against their SHA-256.",
    access: Access::AnyOf(&[Scope::DocumentsRead]),
    params: &[],
    answer: Answer::File,
    handler: Handler::Wait(wait),
};

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
    let blob = download::fetch(call, &entity).await?;
    download::reply(call, &entity, blob)
}
