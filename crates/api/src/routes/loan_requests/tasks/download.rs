//! `GET /api/v1/loan-requests/{loanRequestId}/tasks/{taskId}/items/{itemId}/download`: the bytes of an attachment.

use continuity_auth::{Accessed, Scope};
use continuity_events::json;
use continuity_projections::tasks;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::{access, download};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/tasks/{taskId}/items/{itemId}/download",
    id: "downloadTaskItem",
    tag: Tag::Tasks,
    summary: "Download a task attachment",
    description: "The bytes of a task's item, checked against their SHA-256, which is the `ETag`. Ranges, media types and bytes on their way are answered as for documents. Reading an attachment of a sensitive task is recorded like its form data.",
    access: Access::AnyOf(&[Scope::TasksRead]),
    params: &paging::OF_FILE,
    answer: Answer::File,
    handler: Handler::Wait(wait),
};

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("tasks")?;
    let (task, id) = (call.path("taskId"), call.path("itemId"));
    let item = tasks::item(model, loan.id, task, id).map_err(|e| Problem::store(&e))?;
    let item = item.ok_or_else(|| Problem::missing("task item", id))?;
    let entity = String::from_utf8_lossy(&item.json);
    let reference = json::member(&entity, "blob");
    let opened = download::open(call, reference).await?;
    let reply = download::reply(call, &[reference.unwrap_or_default(), &entity], opened)?;
    let now = match call.model_now("tasks")? {
        Some(now) => tasks::item(now, loan.id, task, id).map_err(|e| Problem::store(&e))?,
        None => None,
    };
    if item.sensitive || now.is_some_and(|now| now.sensitive) || super::sensitive_now(call, loan.id)?.contains(task) {
        let what = Accessed::Attachment { task: task.to_owned(), item: Some(id.to_owned()) };
        access::record(call, loan.id, what).await?;
    }
    Ok(reply)
}
