//! `GET /live`: the process answers.

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::{Caching, Reply};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/live",
    id: "getLiveness",
    tag: Tag::Health,
    summary: "Whether the process answers",
    description: "200 as long as requests are answered at all. Restart the process when it is not.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Live"),
    handler: Handler::Read(handle),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every handler")]
fn handle(_: &Call) -> Result<Reply, Problem> {
    Ok(Reply::json(&b"{\"status\":\"live\"}"[..]).caching(Caching::NoStore))
}
