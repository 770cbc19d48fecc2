//! `GET /api/v1/loan-requests/{loanRequestId}/worksheets/{worksheetId}`: one worksheet with its sheets.

use continuity_auth::Scope;
use continuity_projections::worksheets;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::filter;
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/worksheets/{worksheetId}",
    id: "getWorksheet",
    tag: Tag::Worksheets,
    summary: "Get a worksheet",
    description: "The worksheet with its `sheets` and their cells.",
    access: Access::AnyOf(&[Scope::AnalysisRead, Scope::ReportsRead]),
    params: &paging::OF_OBJECT,
    answer: Answer::Object("Worksheet"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("worksheets")?;
    let id = call.path("worksheetId");
    let worksheet = worksheets::get(model, loan.id, id).map_err(|e| Problem::store(&e))?;
    let worksheet = worksheet.ok_or_else(|| Problem::missing("worksheet", id))?;
    Ok(Reply::json(filter::fields_of(call, worksheet)).complete(loan.state.complete))
}
