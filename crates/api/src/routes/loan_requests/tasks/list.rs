//! `GET /api/v1/loan-requests/{loanRequestId}/tasks`: list tasks.

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::Bound;
use continuity_projections::tasks::{self, FormData};

use crate::as_of::AS_OF;
use crate::blob_state::Splice;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
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
    params: &PARAMS,
    answer: Answer::Array("Task"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 9] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("status", &["status"], By::AnyOf(words::TASK_STATUS), "Only tasks in one of these states."),
    by("type", &["type"], By::AnyOf(words::TASK_TYPE), "Only tasks of these types."),
    by(
        "assigneeKind",
        &["assignee", "kind"],
        By::AnyOf(words::ASSIGNEE_KIND),
        "Only tasks that such somebody has to do.",
    ),
    by("sensitive", &["sensitive"], By::Flag, "Only sensitive tasks, or only others."),
    by(
        "dueBefore",
        &["dueAt"],
        By::Time(Bound::Before),
        "Only tasks that are due before this time. One without `dueAt` never is.",
    ),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("tasks")?;
    let form_data = if call.may(Scope::TasksRead) { FormData::Shown } else { FormData::Hidden };
    let sensitive = super::sensitive_now(call, loan.id)?;
    paging::array_spliced(call, loan.state.complete, Splice::tasks, |page| {
        tasks::list(model, loan.id, page, form_data, &sensitive)
    })
}
