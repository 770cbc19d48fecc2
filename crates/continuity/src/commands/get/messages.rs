//! Which channel's messages are meant.

use anyhow::{Result, anyhow};
use continuity_events::json;

use super::cell::{self, Kind};
use super::session::Session;
use super::{pages, shape};
use crate::output::Usage;

struct Channel {
    guild: String,
    id: String,
    name: String,
}

/// Guild and id of the channel with that id, or of the only one.
pub(super) async fn channel(session: &mut Session, loan: &str, wanted: Option<&str>) -> Result<(String, String)> {
    let guilds = pages::body(session, &format!("{}/guilds", shape::loan(loan))).await?;
    let mut channels = all(&guilds)?;
    if let Some(wanted) = wanted {
        channels.retain(|channel| channel.id == wanted);
    }
    match channels.as_slice() {
        [only] => Ok((only.guild.clone(), only.id.clone())),
        [] => Err(match wanted {
            Some(wanted) => anyhow!("the loan request has no channel {wanted}"),
            None => anyhow!("the loan request has no channel"),
        }),
        several => {
            let list: Vec<String> =
                several.iter().map(|channel| format!("\n  {}  {}", cell::clean(&channel.id), channel.name)).collect();
            Err(Usage::new(format!("say which with --channel; there are{}", list.concat())).into())
        }
    }
}

fn all(guilds: &str) -> Result<Vec<Channel>> {
    let text = |raw: &str, name: &str| json::member(raw, name).and_then(json::text).unwrap_or_default().into_owned();
    let mut channels = Vec::new();
    for guild in pages::elements(guilds, None)? {
        for channel in pages::elements(guild, Some("channels"))? {
            let name = [guild, channel].map(|raw| cell::show(raw, Kind::Name)).join(" / ");
            channels.push(Channel { guild: text(guild, "id"), id: text(channel, "id"), name });
        }
    }
    Ok(channels)
}
