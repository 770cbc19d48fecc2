//! What each endpoint must answer (contract section 3).

use super::{Folded, audit, order};
use crate::json::Json;

/// What a path must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200 with this body.
    Body(Json),
    /// 404.
    NotFound,
    /// 410: the loan was purged.
    Gone,
}

/// Whose eyes a list of tasks is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// `tasks:read`: form data, except of sensitive tasks.
    Shown,
    /// `loans:read` alone: no form data at all.
    Hidden,
}

impl Folded<'_> {
    /// Whether the replica must mark the loan as incomplete: parked, or with a gap that was given up.
    pub fn is_complete(&self) -> bool {
        self.state.parked.is_none() && (self.loan.contiguous() >= self.loan.last(self.gaps))
    }

    /// The sequence of the first event that does not fold.
    pub fn parked(&self) -> Option<u64> {
        self.state.parked
    }

    /// Entities with skipped patches, as `(entity, id)`.
    pub fn skipped(&self) -> Vec<(String, String)> {
        self.state.skipped.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect()
    }

    /// `/loan-requests/{id}`
    pub fn loan_request(&self) -> Answer {
        self.guarded(|| self.state.living("loanRequest").next().map(|(_, _, state)| state.clone()))
    }

    /// `/audit-log`, without the replica's own records
    pub fn audit_log(&self) -> Answer {
        self.guarded(|| Some(Json::List(audit::entries(self))))
    }

    /// `/bid-requests`
    pub fn bid_requests(&self) -> Answer {
        self.list("bidRequest", |id, bid| bid.with("quotes", self.children("bidQuote", "bidRequestId", id)))
    }

    /// `/tasks`
    pub fn tasks(&self, forms: Forms) -> Answer {
        self.list("task", |id, task| {
            // What is not plainly regular counts as sensitive.
            let regular = matches!(task.get("sensitive"), None | Some(Json::Null | Json::Bool(false)));
            let hidden = forms == Forms::Hidden || !regular;
            if !hidden {
                return self.with_items(id, task);
            }
            // Attachments are for the same eyes as form data.
            let items = self.children("taskItem", "taskId", id);
            let items = items.elements().iter().map(|item| item.without("blob")).collect();
            task.without("formData").with("items", Json::List(items))
        })
    }

    /// `/tasks/{taskId}`
    pub fn task(&self, id: &str) -> Answer {
        self.guarded(|| {
            let (id, _, task) = self.state.living("task").find(|(task, ..)| *task == id)?;
            Some(self.with_items(id, task))
        })
    }

    fn with_items(&self, id: &str, task: &Json) -> Json {
        task.with("items", self.children("taskItem", "taskId", id))
    }

    /// Ids of the living entities of a kind.
    pub fn ids(&self, kind: &str) -> Vec<String> {
        self.state.living(kind).map(|(id, ..)| id.to_owned()).collect()
    }

    /// Ids of entities of a kind that are gone.
    pub fn gone(&self, kind: &str) -> Vec<String> {
        let of_kind = self.state.entities.iter().filter(|((entity, _), kept)| *entity == kind && kept.state.is_none());
        of_kind.map(|((_, id), _)| (*id).to_owned()).collect()
    }

    /// `/analysis`, `/documents`, `/spaces/`, `/comments` and `/views/`: the entities of a kind as they are
    pub fn plain(&self, kind: &str) -> Answer {
        self.list(kind, |_, row| row.clone())
    }

    /// `/spaces/{spaceId}/documents/`
    pub fn documents_of(&self, space: &str) -> Answer {
        self.guarded(|| {
            self.state.living("space").find(|(id, ..)| *id == space)?;
            let inside =
                self.state.living("document").filter(|(_, _, document)| document.text("spaceId") == Some(space));
            let rows = inside.map(|(id, _, document)| (id.to_owned(), document.clone())).collect();
            Some(Json::List(order::sorted("document", rows)))
        })
    }

    /// `/guilds`
    pub fn guilds(&self) -> Answer {
        self.list("guild", |id, guild| guild.with("channels", self.children("channel", "guildId", id)))
    }

    /// The living channels, as `(guild, channel)`, of guilds that live or not.
    pub fn channels(&self) -> Vec<(String, String)> {
        let guild = |parent: &Option<Json>| parent.as_ref().and_then(|p| p.text("guildId")).unwrap_or("-").to_owned();
        self.state.living("channel").map(|(id, entity, _)| (guild(&entity.parent), id.to_owned())).collect()
    }

    /// `/guilds/{guildId}/channels/{channelId}`, whole
    pub fn channel(&self, guild: &str, channel: &str) -> Answer {
        self.guarded(|| {
            self.state.living("guild").find(|(id, ..)| *id == guild)?;
            let under = |parent: &Option<Json>| parent.as_ref().and_then(|p| p.text("guildId")) == Some(guild);
            let (id, _, head) =
                self.state.living("channel").find(|(id, entity, _)| *id == channel && under(&entity.parent))?;
            Some(head.with("messages", self.children("message", "channelId", id)).with("nextCursor", Json::Null))
        })
    }

    /// `/worksheets`
    pub fn worksheets(&self) -> Answer {
        self.list("worksheet", |_, worksheet| worksheet.without("sheets"))
    }

    /// `/worksheets/{worksheetId}`
    pub fn worksheet(&self, id: &str) -> Answer {
        self.guarded(|| self.state.living("worksheet").find(|(known, ..)| *known == id).map(|(_, _, row)| row.clone()))
    }

    /// The state of one entity, whether it is served or not.
    pub fn entity(&self, kind: &str, id: &str) -> Option<&Json> {
        self.state.living(kind).find(|(known, ..)| *known == id).map(|(_, _, state)| state)
    }

    fn guarded(&self, answer: impl FnOnce() -> Option<Json>) -> Answer {
        if self.state.purged {
            return Answer::Gone;
        }
        if self.state.living("loanRequest").next().is_none() {
            return Answer::NotFound;
        }
        answer().map_or(Answer::NotFound, Answer::Body)
    }

    fn list(&self, kind: &str, served: impl Fn(&str, &Json) -> Json) -> Answer {
        self.guarded(|| {
            let rows = self.state.living(kind).map(|(id, _, state)| (id.to_owned(), served(id, state))).collect();
            Some(Json::List(order::sorted(kind, rows)))
        })
    }

    fn children(&self, kind: &str, parent: &str, id: &str) -> Json {
        let of = self
            .state
            .living(kind)
            .filter(|(_, child, _)| child.parent.as_ref().and_then(|parents| parents.text(parent)) == Some(id));
        Json::List(order::sorted(kind, of.map(|(child, _, state)| (child.to_owned(), state.clone())).collect()))
    }
}
