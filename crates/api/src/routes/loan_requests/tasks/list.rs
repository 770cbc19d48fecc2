//! `GET /api/v1/loan-requests/{loanRequestId}/tasks`: list tasks.

use continuity_auth::Scope;
use continuity_projections::tasks::{self, FormData};

use crate::blob_state::Splice;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/tasks",
    id: "listTasks",
    tag: Tag::Tasks,
    summary: "List tasks",
    description: "Tasks by `assignedAt`, each with its `items`. With `loans:read` alone no task has `formData` and no item its `blob`; with `tasks:read` all have them but sensitive tasks, whose form data and attachments only the task itself shows.",
    access: Access::AnyOf(&[Scope::TasksRead, Scope::LoansRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("Task"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("tasks")?;
    let form_data = if call.may(Scope::TasksRead) { FormData::Shown } else { FormData::Hidden };
    paging::array_spliced(call, loan.state.complete, Splice::tasks, |page| tasks::list(model, loan.id, page, form_data))
}
