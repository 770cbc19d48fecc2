//! What was said, taken back or put otherwise between two points: one line for each message.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::Difference;
use super::{Failed, Sides};
use crate::json::{Node, plain};
use crate::pages::loans::guilds::{self, BEHIND_ALL};
use crate::texts::Texts;

/// So many messages of a channel are compared, the last ones, and those of so many channels.
const LAST: usize = 500;
const CHANNELS: usize = 40;

/// A channel as of one of the points.
struct Channel {
    name: String,
    /// Its messages in the API.
    end: String,
}

/// Every message that differs, channel by channel, and whether there may be others.
pub(super) async fn between(sides: &mut Sides<'_, '_>) -> Result<(Vec<Difference>, bool), Failed> {
    let listed = sides.both([Some("/guilds"); 2], &[]).await?;
    let [was, is] = listed.map(|guilds| channels(&guilds));
    let ids: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let (mut rows, mut is_cut) = (Vec::new(), ids.len() > CHANNELS);
    for id in ids.into_iter().take(CHANNELS) {
        let (old, new) = (was.get(id), is.get(id));
        let ends = [old, new].map(|channel| channel.map(|channel| channel.end.as_str()));
        let last = LAST.to_string();
        let [old_messages, new_messages] = sides.both(ends, &[("before", BEHIND_ALL), ("limit", &last)]).await?;
        let (old_messages, new_messages) = (old_messages.at("messages").list(), new_messages.at("messages").list());
        is_cut |= old_messages.len().max(new_messages.len()) == LAST;
        let name = new.or(old).map_or("", |channel| channel.name.as_str());
        rows.extend(differences(sides.visit.texts(), name, old_messages, new_messages));
    }
    Ok((rows, is_cut))
}

/// The channels of a list of guilds by their ids.
fn channels(guilds: &Node) -> BTreeMap<String, Channel> {
    let of_guild = |guild: &Node| {
        let id = guild.at("id").raw().to_owned();
        let channel = move |channel: &Node| {
            let own = channel.at("id").raw().to_owned();
            let name = channel.text("name");
            let name = if name.is_empty() { plain(&own) } else { name };
            let end = format!("/{}", guilds::end(&id, &own));
            (own, Channel { name, end })
        };
        guild.at("channels").list().iter().map(channel).collect::<Vec<_>>()
    };
    guilds.list().iter().flat_map(of_guild).collect()
}

/// The messages that differ, of those that both lists reach back to, in the order of the new one.
fn differences(t: &Texts, channel: &str, old: &[Node], new: &[Node]) -> Vec<Difference> {
    let seq = |message: &Node| message.at("seq").raw().parse::<u64>().unwrap_or_default();
    let reaches = |list: &[Node]| list.first().filter(|_| list.len() == LAST).map_or(0, seq);
    let from = reaches(old).max(reaches(new));
    let by_id = |list: &'_ [Node]| -> BTreeMap<String, Node> {
        let of_both = list.iter().filter(|message| seq(message) >= from);
        of_both.map(|message| (message.at("id").raw().to_owned(), message.clone())).collect()
    };
    let (was, is) = (by_id(old), by_id(new));
    let mut messages: Vec<(&String, &Node)> =
        is.iter().chain(was.iter().filter(|(id, _)| !is.contains_key(*id))).collect();
    messages.sort_by_key(|(_, message)| seq(message));
    let row = |(id, message): (&String, &Node)| {
        let [old, new] = [&was, &is].map(|list| list.get(id).map(|message| guilds::told(t, message)));
        let path = format!("{channel} › {}", message.text("seq"));
        (old != new).then_some(Difference { path, old, new })
    };
    messages.into_iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    fn differ(old: &str, new: &str) -> Vec<String> {
        let node = |text: &str| Node::parse(text.as_bytes()).unwrap();
        let found = differences(&ENGLISH, "General", node(old).list(), node(new).list());
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        found.into_iter().map(|one| format!("{}: {} > {}", one.path, text(one.old), text(one.new))).collect()
    }

    #[test]
    fn messages_are_told_as_people_read_them() {
        let one = r#"{"id":"a","seq":1,"author":{"displayName":"Zoé"},"body":{"text":"Hello"},"revision":1}"#;
        let two = r#"{"id":"b","seq":2,"author":{"id":"u"},"body":{"text":"x"},"attachments":[{"fileName":"a.pdf"}]}"#;
        let edited = one.replace("Hello", "Good day").replace(":1}", ":2}");
        let deleted = r#"{"id":"b","seq":2,"deletedAt":"2026-11-01T00:00:00Z","deletedBy":{"displayName":"Ann"}}"#;
        let list = |messages: &[&str]| format!("[{}]", messages.join(","));
        assert_eq!(differ("[]", &list(&[one, two])), ["General › 1: - > Zoé: Hello", "General › 2: - > u: x [a.pdf]"]);
        assert_eq!(differ(&list(&[one, two]), &list(&[&edited, two])), ["General › 1: Zoé: Hello > Zoé: Good day"]);
        assert_eq!(differ(&list(&[two]), &list(&[deleted])), ["General › 2: u: x [a.pdf] > Deleted by Ann"]);
        assert_eq!(differ(&list(&[two, one]), "[]"), ["General › 1: Zoé: Hello > -", "General › 2: u: x [a.pdf] > -"]);
        assert!(differ(&list(&[one, two]), &list(&[two, one])).is_empty());
    }

    #[test]
    fn what_only_one_list_reaches_back_to_is_no_difference() {
        let list = |from: usize, to: usize| {
            let messages = (from..=to).map(|seq| format!(r#"{{"id":"m{seq}","seq":{seq},"body":{{"text":"x"}}}}"#));
            format!("[{}]", messages.collect::<Vec<_>>().join(","))
        };
        let found = differ(&list(1, LAST), &list(4, LAST + 3));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with(&format!("General › {}: - > ", LAST + 1)), "{found:?}");
    }
}
