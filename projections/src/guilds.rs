//! Guilds with their channels nested.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::channels::Channels;
use crate::collection::Collection;
use crate::kept::{Kept, write_nested};
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec {
    name: "guilds",
    version: 1,
    tables: &["guilds", "guild_ids", "channels", "channel_ids"],
    entities: &["guild", "channel"],
};

static GUILDS: Collection = Collection {
    sort: &[("createdAt", Meaning::Instant)],
    added: &["channels"],
    ..Collection::new("guild", "guilds", "guild_ids")
};

static CHANNELS: Collection = Collection {
    parents: &["guildId"],
    sort: &[("createdAt", Meaning::Instant)],
    ..Collection::new("channel", "channels", "channel_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&GUILDS, &CHANNELS] })
}

/// The loan's guilds by `createdAt`, each with its channels, or with those of them that may be `seen`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page, seen: Option<&Channels>) -> Result<Rowset, StoreError> {
    GUILDS.list(snapshot, loan, &[], page, |guild, out| {
        let (below, all) = ([&*guild.id], Page::default());
        let channels = match seen {
            None => CHANNELS.plain_list(snapshot, loan, &below, &all),
            Some(seen) => CHANNELS.sieved_list(snapshot, loan, &below, &all, |channel| seen.admits(&channel.id)),
        }?;
        write_nested(out, guild.lean(), "channels", &channels);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
