//! What a channel serves after a script.

use proptest::prelude::*;

use super::*;
use crate::testing::{assert_json, fold};

const SCRIPT: &str = r#"
    guild g {"id":"g"}
    guild h {"id":"h"}
    channel c @guildId=g {"id":"c","name":"General","messages":1,"nextCursor":"own"}
    channel d @guildId=g {"id":"d"}
    channel orphan @guildId=none {"id":"orphan"}
    message m2 @guildId=g @channelId=c {"id":"m2","seq":2}
    message m10 @guildId=g @channelId=c {"id":"m10","seq":10}
    message m1 @guildId=g @channelId=c {"id":"m1","seq":1}
    message m3 @guildId=g @channelId=c {"id":"m3","seq":3}
    message m3 {"id":"m3","seq":3,"deletedAt":"2024-01-01T00:00:00Z","deletedBy":"u"}
    message n @guildId=g @channelId=d {"id":"n","seq":1}
    message n gone
"#;

fn seqs(channel: &Channel) -> Vec<u64> {
    let messages: Vec<serde_json::Value> = serde_json::from_slice(&channel.messages).unwrap();
    messages.iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

fn check(window: &Window, limit: usize, expected: &[u64], more: bool) {
    let found = channel(&fold(projection, SCRIPT), "L", "g", "c", window, limit).unwrap().unwrap();
    assert_eq!(seqs(&found), expected, "{window:?}");
    assert_eq!(found.next.is_some(), more, "{window:?}");
}

#[test]
fn windows_are_ascending_and_exclusive() {
    check(&Window::Start, 50, &[1, 2, 3, 10], false);
    check(&Window::Start, 2, &[1, 2], true);
    check(&Window::After(2), 50, &[3, 10], false);
    check(&Window::After(3), 1, &[10], false);
    check(&Window::After(10), 50, &[], false);
    check(&Window::After(0), 1, &[1], true);
    check(&Window::Before(10), 2, &[2, 3], true);
    check(&Window::Before(100), 2, &[3, 10], false);
    check(&Window::Before(1), 2, &[], false);
    check(&Window::Before(4), 50, &[1, 2, 3], true);
}

#[test]
fn the_reply_is_the_channel_with_its_messages() {
    let found = channel(&fold(projection, SCRIPT), "L", "g", "c", &Window::After(2), 1).unwrap().unwrap();
    let tombstone = r#"{"id":"m3","seq":3,"deletedAt":"2024-01-01T00:00:00Z","deletedBy":"u"}"#;
    assert_json(
        found.clone().into_reply(Some("a\"b")),
        &format!(r#"{{"id":"c","name":"General","messages":[{tombstone}],"nextCursor":"a\"b"}}"#),
    );
    assert_json(
        found.into_reply(None),
        &format!(r#"{{"id":"c","name":"General","messages":[{tombstone}],"nextCursor":null}}"#),
    );
}

#[test]
fn what_is_not_there_or_elsewhere_is_none() {
    let is_there = |script: &str, guild, id| {
        channel(&fold(projection, script), "L", guild, id, &Window::Start, 1).unwrap().is_some()
    };
    assert!(is_there(SCRIPT, "g", "d"));
    assert!(!is_there(SCRIPT, "h", "c"));
    assert!(!is_there(SCRIPT, "g", "x"));
    assert!(!is_there(SCRIPT, "none", "orphan"));
    assert!(!is_there(&format!("{SCRIPT}\nguild g gone"), "g", "c"));
    assert!(!is_there(&format!("{SCRIPT}\nchannel c gone"), "g", "c"));
    assert!(!is_there(&format!("{SCRIPT}\nclear"), "g", "c"));
    assert!(is_there(&format!("{SCRIPT}\nguild g gone\nguild g {{\"id\":\"g\"}}"), "g", "c"));
}

#[test]
fn messages_come_along_when_their_channel_moves() {
    let moved = fold(projection, &format!("{SCRIPT}\nchannel c @guildId=h {{\"id\":\"c\"}}"));
    assert_eq!(channel(&moved, "L", "g", "c", &Window::Start, 9).unwrap(), None);
    assert_eq!(seqs(&channel(&moved, "L", "h", "c", &Window::Start, 9).unwrap().unwrap()), [1, 2, 3, 10]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn walking_gives_every_message_once(count in 0_u64..40, limit in 1_usize..9, start in 0_u64..40) {
        let messages: String =
            (1..=count).map(|seq| ["\nmessage m", &seq.to_string(), " @channelId=c {\"seq\":", &seq.to_string(), "}"].concat()).collect();
        let script = format!("guild g {{}}\nchannel c @guildId=g {{}}{messages}");
        let snapshot = fold(projection, &script);
        let (mut window, mut walked) = (Window::After(start), Vec::new());
        loop {
            let page = channel(&snapshot, "L", "g", "c", &window, limit).unwrap().unwrap();
            walked.extend(seqs(&page));
            let Some(next) = page.next else { break };
            prop_assert_eq!(page.count, limit);
            window = Window::AfterRow(next);
        }
        prop_assert_eq!(walked, (start + 1..=count).collect::<Vec<_>>());
    }
}
