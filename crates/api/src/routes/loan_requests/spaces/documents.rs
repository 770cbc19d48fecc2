//! `GET /api/v1/loan-requests/{loanRequestId}/spaces/{spaceId}/documents/`: list the documents of a space.

use continuity_auth::Scope;
use continuity_projections::{documents, spaces};

use crate::as_of::AS_OF;
use crate::blob_state::Splice;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::routes::loan_requests::documents::sensitive;
use crate::routes::loan_requests::documents::{CATEGORY, NAME, STATUS, UPLOADED_FROM, UPLOADED_TO};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/spaces/{spaceId}/documents/",
    id: "listSpaceDocuments",
    tag: Tag::Documents,
    summary: "List the documents of a space",
    description: "The documents whose `spaceId` is this space, newest first.",
    access: Access::AnyOf(&[Scope::DocumentsRead]),
    params: &PARAMS,
    answer: Answer::Array("Document"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 9] =
    [paging::LIMIT, paging::CURSOR, paging::FIELDS, AS_OF, CATEGORY, STATUS, NAME, UPLOADED_FROM, UPLOADED_TO];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let space = call.path("spaceId");
    if !spaces::exists(call.model("spaces")?, loan.id, space).map_err(|e| Problem::store(&e))? {
        return Err(Problem::missing("space", space));
    }
    let model = call.model("documents")?;
    let mut sensitive = Vec::new();
    let splice = |states: &mut Splice, array: &str| {
        let spliced = states.documents(array);
        sensitive = sensitive::with_bytes(call, spliced.as_deref().unwrap_or(array));
        spliced
    };
    let reply = paging::array_spliced(call, loan.state.complete, splice, |page| {
        documents::list(model, loan.id, Some(space), page)
    })?;
    sensitive::record(call, loan.id, sensitive).await?;
    Ok(reply)
}
