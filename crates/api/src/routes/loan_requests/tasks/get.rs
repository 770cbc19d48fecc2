//! `GET /api/v1/loan-requests/{loanRequestId}/tasks/{taskId}`: one task with its form data.

use continuity_auth::{Accessed, Scope};
use continuity_projections::tasks;

use crate::access;
use crate::blob_state::{Splice, spliced};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::filter;
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/tasks/{taskId}",
    id: "getTask",
    tag: Tag::Tasks,
    summary: "Get a task",
    description: "The whole task with `formData` and `items`. Reading the form data of a sensitive task, or an attachment that it holds inline, is recorded, durably before the reply, and shows in the loan's audit log with `origin: REPLICA`; 503 when it cannot be recorded.",
    access: Access::AnyOf(&[Scope::TasksRead]),
    params: &paging::OF_OBJECT,
    answer: Answer::Object("Task"),
    handler: Handler::Wait(wait),
};

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("tasks")?;
    let id = call.path("taskId");
    let task = tasks::get(model, loan.id, id).map_err(|e| Problem::store(&e))?;
    let task = task.ok_or_else(|| Problem::missing("task", id))?;
    let sensitive = task.sensitive || super::sensitive_now(call, loan.id)?.contains(id);
    if sensitive && task.has_form {
        access::record(call, loan.id, Accessed::FormData { task: id.to_owned() }).await?;
    }
    if sensitive && holds_bytes(&task.json) {
        access::record(call, loan.id, Accessed::Attachment { task: id.to_owned(), item: None }).await?;
    }
    let (json, here) = spliced(&call.shared.state.blobs, task.json, Splice::task);
    Ok(Reply::json(filter::fields_of(call, json)).complete(loan.state.complete && here))
}

/// Whether attachments may travel inside the task itself (`fetch.kind` `INLINE`): in doubt, yes.
fn holds_bytes(json: &[u8]) -> bool {
    const NAME: &[u8] = b"\"base64\"";
    json.windows(NAME.len()).any(|window| window == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_bytes_are_noticed() {
        assert!(holds_bytes(br#"{"items":[{"blob":{"fetch":{"kind":"INLINE","base64":"aA=="}}}]}"#));
        assert!(!holds_bytes(br#"{"items":[{"blob":{"fetch":{"kind":"OBJECT_STORE"}}}]}"#));
    }
}
