//! `GET /ready`: whether a balancer should send requests here.

use crate::call::{Call, Shared};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::{NEVER_SYNCHRONISED, Problem, STARTING, STOPPING};
use crate::reply::{Caching, Reply};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/ready",
    id: "getReadiness",
    tag: Tag::Health,
    summary: "Whether requests should be sent here",
    description: "503 `never-synchronised` until the log held everything the source had once, `starting` until every read model reached that, and the position the log had at start, `stopping` while the process drains. A source that is cut off never makes it 503: serving the last known state is what a replica is for.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Ready"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let position = call.view.position;
    obstacle(&call.shared, position).map_or_else(
        || Ok(Reply::json(format!("{{\"status\":\"ready\",\"position\":{position}}}")).caching(Caching::NoStore)),
        |problem| Err(problem.retry_after(1)),
    )
}

/// Why not, if not.
fn obstacle(shared: &Shared, position: u64) -> Option<Problem> {
    if shared.state.stop.is_stopped() {
        return Some(Problem::new(&STOPPING, "The process is draining its last requests."));
    }
    let Some(whole) = shared.state.sync.synchronised_from() else {
        let detail = "The log has not yet held a whole snapshot, nor reached a head that a source showed.";
        return Some(Problem::new(&NEVER_SYNCHRONISED, detail));
    };
    let behind = |wanted| Problem::new(&STARTING, format!("The read models are at position {position} of {wanted}."));
    if !shared.has_started() {
        return Some(behind(shared.state.start_position));
    }
    // At a first start the read models follow a moment later.
    (position < whole).then(|| behind(whole))
}
