//! Guilds with their channels and messages, and comments.

use crate::json::{Json, object};
use crate::scene::Scene;

/// Every loan has a guild with a general channel from its beginning.
pub(crate) fn open_guild(s: &mut Scene<'_>, _: usize) {
    let id = s.id("gld");
    let name = format!("Loan {}", s.loan.number + 1);
    let member = s.staff("bankLoanAgent");
    let state = object! { "id" => &id, "name" => name, "createdAt" => &s.time, "members" => vec![member] };
    let guild = s.create("GuildCreated", "guild", id, vec![], state);
    open_channel(s, guild);
}

fn open_channel(s: &mut Scene<'_>, guild: usize) {
    let id = s.id("chn");
    let (name, kind) = s.pick(&[
        ("# General", "GENERAL"),
        ("# Legal", "LEGAL"),
        ("# Architect", "ARCHITECT"),
        ("1:1", "DIRECT"),
        ("Kafè ☕", "CUSTOM"),
    ]);
    let state = object! { "id" => &id, "name" => name, "kind" => kind, "createdAt" => &s.time };
    let parent = vec![("guildId", s.loan.entities[guild].id.clone())];
    let channel = s.create("ChannelCreated", "channel", id, parent, state);
    s.later(1, 30, post, channel);
}

fn first(s: &Scene<'_>, kind: &str) -> Option<usize> {
    s.loan.living(kind).first().copied()
}

/// Plans the talk that goes with an application.
pub(crate) fn plan(s: &mut Scene<'_>) {
    if let Some(guild) = first(s, "guild") {
        s.later(1, 60, open_channel, guild);
        s.later(1, 100, add_member, guild);
        if s.percent(30) {
            s.later(20, 400, change_channel, guild);
        }
        if s.percent(10) {
            s.later(500, 800, archive_guild, guild);
        }
    }
    for _ in 0..s.loan.random.between(1, 3) {
        s.later(1, 200, comment, 0);
    }
}

fn add_member(s: &mut Scene<'_>, guild: usize) {
    let member = s.staff("professional");
    s.change("GuildMemberAdded", guild, |state| state.list("members").push(member));
    if s.percent(40) {
        s.later(20, 200, remove_member, guild);
    }
}

fn remove_member(s: &mut Scene<'_>, guild: usize) {
    s.change("GuildMemberRemoved", guild, |state| {
        state.list("members").pop();
    });
}

fn archive_guild(s: &mut Scene<'_>, guild: usize) {
    let at = s.time.clone();
    s.change("GuildArchived", guild, |state| state.set("archivedAt", at));
    if s.percent(25)
        && let Some(state) = s.remove("GuildArchived", guild)
        && s.percent(50)
    {
        s.put("GuildCreated", guild, state);
    }
}

fn change_channel(s: &mut Scene<'_>, _: usize) {
    let channels = s.loan.living("channel");
    if channels.is_empty() {
        return;
    }
    let channel = channels[s.loan.random.index(channels.len())];
    let at = s.time.clone();
    match s.loan.random.below(5) {
        0..=1 => s.change("ChannelRenamed", channel, |state| state.set("name", "# Renamed \u{1f3e6}")),
        2..=3 => s.change("ChannelArchived", channel, |state| state.set("archivedAt", at)),
        _ => {
            if let Some(state) = s.remove("ChannelArchived", channel)
                && s.percent(50)
            {
                s.put("ChannelCreated", channel, state);
            }
        }
    }
    if s.percent(50) {
        s.later(10, 200, change_channel, 0);
    }
}

fn post(s: &mut Scene<'_>, channel: usize) {
    let id = s.id("msg");
    let channel_id = s.loan.entities[channel].id.clone();
    let seq = 1 + s.loan.entities.iter().filter(|e| e.kind == "message" && e.parent[1].1 == channel_id).count();
    let who = if seq % 2 == 1 { "client" } else { "bankLoanAgent" };
    let (author, text) = (s.staff(who), s.sentence());
    let mut state = object! {
        "id" => &id, "seq" => seq, "author" => author, "body" => object! { "format" => "MARKDOWN", "text" => text }, "postedAt" => &s.time,
        "revision" => 1_i64, "attachments" => vec![],
    };
    if s.percent(12) {
        let file = s.file("chat attachment");
        state.list("attachments").push(file.reference);
    }
    if seq > 1 && s.percent(20) {
        state.set("replyToId", s.loan.entities[channel].id.clone());
    }
    let mut parent = s.loan.entities[channel].parent.clone();
    parent.push(("channelId", channel_id));
    let message = s.create("MessagePosted", "message", id, parent, state);
    match s.loan.random.below(100) {
        0..=14 => s.later(0, 3, edit, message),
        15..=22 => s.later(0, 30, delete, message),
        _ => {}
    }
    if seq < 14 && s.percent(72) {
        s.later(1, 60, post, channel);
    }
}

fn edit(s: &mut Scene<'_>, message: usize) {
    let (text, at) = (s.sentence(), s.time.clone());
    s.change("MessageEdited", message, |state| {
        state.set("body", object! { "format" => "MARKDOWN", "text" => text });
        state.set("editedAt", at);
        state.set("revision", 2_i64);
    });
}

/// A deleted message stays as a tombstone.
fn delete(s: &mut Scene<'_>, message: usize) {
    let (by, at) = (s.staff("client"), s.time.clone());
    s.change("MessageDeleted", message, |state| {
        let member = |name: &str| state.get(name).cloned().unwrap_or(Json::Null);
        *state = object! { "id" => member("id"), "seq" => member("seq"), "deletedAt" => at, "deletedBy" => by };
    });
}

fn comment(s: &mut Scene<'_>, _: usize) {
    let id = s.id("cmt");
    let (author, text) = (s.staff("bankLoanManager"), s.sentence());
    let on = s.loan.random.index(s.loan.entities.len());
    let target = object! { "type" => s.loan.entities[on].kind, "id" => &s.loan.entities[on].id };
    let visibility = s.pick(&["INTERNAL", "CLIENT"]);
    let mut state = object! { "id" => &id, "target" => target, "author" => author, "text" => text, "createdAt" => &s.time, "visibility" => visibility };
    if let Some(parent) = first(s, "comment").filter(|_| s.percent(30)) {
        state.set("parentId", &s.loan.entities[parent].id);
    }
    let comment = s.create("CommentAdded", "comment", id, vec![], state);
    s.later(1, 100, handle_comment, comment);
}

fn handle_comment(s: &mut Scene<'_>, comment: usize) {
    let (text, at) = (s.sentence(), s.time.clone());
    match s.loan.random.below(10) {
        0..=2 => s.change("CommentEdited", comment, |state| {
            state.set("text", text);
            state.set("editedAt", at);
        }),
        3..=5 => s.change("CommentResolved", comment, |state| state.set("resolvedAt", at)),
        6 => {
            s.remove("CommentDeleted", comment);
        }
        _ => {}
    }
}
