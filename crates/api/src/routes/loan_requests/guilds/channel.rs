//! `GET /api/v1/loan-requests/{loanRequestId}/guilds/{guildId}/channels/{channelId}`: a channel and its messages.

use continuity_auth::Scope;
use continuity_events::json;
use continuity_projections::messages::{self, Window};

use crate::as_of::AS_OF;
use crate::blob_state::spliced;
use crate::call::Call;
use crate::cursor::Binding;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb};
use crate::paging;
use crate::problem::{BAD_PARAMETER, Problem};
use crate::reply::Reply;
use crate::sight;

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 500;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/guilds/{guildId}/channels/{channelId}",
    id: "getChannelMessages",
    tag: Tag::Communication,
    summary: "Get the messages of a channel",
    description: "The channel with `messages`, always ascending by `seq`, and `nextCursor`, which walks up and is null at the end. A deleted message stays as `{id, seq, deletedAt, deletedBy}`.",
    access: Access::AnyOf(&[Scope::MessagesRead]),
    params: &PARAMS,
    answer: Answer::Object("ChannelMessages"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 5] = [
    AS_OF,
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        description: "At most so many messages.",
    },
    Param {
        name: "after",
        kind: ParamKind::Integer { min: 0, max: paging::MAX_EXACT, default: None },
        description: "Only messages above this `seq`, the oldest of them first.",
    },
    Param {
        name: "before",
        kind: ParamKind::Integer { min: 0, max: paging::MAX_EXACT, default: None },
        description: "The newest messages below this `seq`. Not together with `after`.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier reply ended: its `nextCursor`. Not together with `after` or `before`.",
    },
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("messages")?;
    let binding = paging::binding(call, []);
    let window = window(call, binding)?;
    let limit = usize::try_from(call.query.integer("limit").unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let (guild, channel) = (call.path("guildId"), call.path("channelId"));
    if let Some(seen) = sight::channels(call, loan.id)?
        && !seen.admits(channel).map_err(|e| Problem::store(&e))?
    {
        return Err(Problem::missing("channel", channel));
    }
    let found = messages::channel(model, loan.id, guild, channel, &window, limit).map_err(|e| Problem::store(&e))?;
    let found = found.ok_or_else(|| Problem::missing("channel", channel))?;
    let cursor = found.next.as_ref().map(|row| call.shared.cursors.seal(binding, call.view.position, row));
    let reply = found.into_reply(cursor.as_deref());
    let (reply, _) = spliced(&call.shared.state.blobs, reply, |splice, channel| {
        json::edit_member(channel, "messages", |messages| splice.messages(messages))
    });
    Ok(Reply::json(reply).complete(loan.state.complete))
}

fn window(call: &Call, binding: Binding) -> Result<Window, Problem> {
    let row = paging::after(call, binding)?;
    match (row, call.query.integer("after"), call.query.integer("before")) {
        (None, None, None) => Ok(Window::Start),
        (None, Some(seq), None) => Ok(Window::After(seq)),
        (None, None, Some(seq)) => Ok(Window::Before(seq)),
        (Some(row), None, None) => Ok(Window::AfterRow(row)),
        _ => Err(Problem::new(&BAD_PARAMETER, "`after`, `before` and `cursor` must not be given together.")),
    }
}
