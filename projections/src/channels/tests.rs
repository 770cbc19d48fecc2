//! Who sees which channels, and what tells of them.

use continuity_readmodel::Snapshot;

use super::*;
use crate::testing::{Bench, assert_json, fold};
use crate::{Page, comments, guilds};

const CHANNELS: &str = r#"
    guild g {"id":"g"}
    channel c @guildId=g {"id":"c","kind":"GENERAL"}
    channel l @guildId=g {"id":"l","kind":"LEGAL"}
    channel n @guildId=g {"id":"n"}
    channel gone @guildId=g {"id":"gone","kind":"GENERAL"}
    channel gone gone
"#;

const MESSAGES: &str = r#"
    message m1 @guildId=g @channelId=c {"id":"m1","seq":1}
    message m2 @guildId=g @channelId=l {"id":"m2","seq":1}
    message m3 @guildId=g @channelId=c {"id":"m3","seq":2}
    message m3 gone
"#;

fn model() -> Snapshot {
    fold(messages::projection, &format!("{CHANNELS}{MESSAGES}"))
}

fn seen(models: Vec<Snapshot>) -> Channels {
    Channels::of("L", &["GENERAL".to_owned(), "CUSTOM".to_owned()], models)
}

#[test]
fn a_channel_is_seen_by_its_kind() {
    let seen = seen(vec![model()]);
    for _ in 0..2 {
        assert!(seen.admits("c").unwrap());
        for outside in ["l", "n", "gone", "never", ""] {
            assert!(!seen.admits(outside).unwrap(), "{outside}");
        }
    }
    assert!(!Channels::of("other", &["GENERAL".to_owned()], vec![model()]).admits("c").unwrap());
}

#[test]
fn every_view_has_to_admit_it() {
    let later = fold(messages::projection, &format!("{CHANNELS}channel c {{\"id\":\"c\",\"kind\":\"LEGAL\"}}"));
    assert!(!seen(vec![model(), later.clone()]).admits("c").unwrap());
    assert!(!seen(vec![later, model()]).admits("c").unwrap());
    assert!(!seen(vec![model(), Bench::new(messages::projection()).snapshot()]).admits("c").unwrap());
}

#[test]
fn what_tells_of_a_channel_is_seen_with_it() {
    let seen = seen(vec![model()]);
    let shows = |target: &str| seen.shows(format!("{{\"text\":\"x\",\"target\":{target}}}").as_bytes()).unwrap();
    for shown in [
        r#"{"type":"CHANNEL","id":"c"}"#,
        r#"{"type":"channel","id":"c"}"#,
        r#"{"type":"MESSAGE","id":"m1"}"#,
        r#"{"type":"MESSAGE","id":"m3"}"#,
        r#"{"type":"document","id":"l"}"#,
        r#"{"type":7,"id":"l"}"#,
        r#"{"id":"l"}"#,
        r#"[{"type":"MESSAGE","id":"m1"},{"type":"CHANNEL","id":"c"},7]"#,
        "[]",
        r#""l""#,
        "null",
    ] {
        assert!(shows(shown), "{shown}");
    }
    for hidden in [
        r#"{"type":"CHANNEL","id":"l"}"#,
        r#"{"type":"Channel","id":"gone"}"#,
        r#"{"type":"CHANNEL"}"#,
        r#"{"type":"message","id":"m2"}"#,
        r#"{"type":"MESSAGE","id":"never"}"#,
        r#"{"type":"MESSAGE_REACTION","id":"m1"}"#,
        r#"[{"type":"MESSAGE","id":"m1"},{"type":"CHANNEL","id":"l"}]"#,
    ] {
        assert!(!shows(hidden), "{hidden}");
    }
    assert!(seen.shows(b"{\"text\":\"x\"}").unwrap());
}

#[test]
fn guilds_come_with_the_channels_that_are_seen() {
    let of_guilds = fold(guilds::projection, CHANNELS);
    let list = |seen: Option<&Channels>| guilds::list(&of_guilds, "L", &Page::default(), seen).unwrap().json;
    assert_json(list(Some(&seen(vec![model()]))), r#"[{"id":"g","channels":[{"id":"c","kind":"GENERAL"}]}]"#);
    assert!(String::from_utf8(list(None)).unwrap().contains("LEGAL"));
    let none = Channels::of("L", &["ARCHITECT".to_owned()], vec![model()]);
    assert_json(list(Some(&none)), r#"[{"id":"g","channels":[]}]"#);
}

#[test]
fn comments_come_without_those_on_what_is_not_seen_on_every_page() {
    let of_comments = fold(
        comments::projection,
        r#"comment k1 {"id":"k1","target":{"type":"message","id":"m2"}}
           comment k2 {"id":"k2","target":{"type":"message","id":"m1"}}
           comment k3 {"id":"k3","target":{"type":"channel","id":"l"}}
           comment k4 {"id":"k4"}
           comment k5 {"id":"k5","target":{"type":"message","id":"m2"}}"#,
    );
    let seen = seen(vec![model()]);
    let page = |after: Option<Vec<u8>>| {
        let page = Page { after, limit: Some(1), ..Page::default() };
        comments::list(&of_comments, "L", &page, Some(&seen)).unwrap()
    };
    let first = page(None);
    assert_json(&first.json, r#"[{"id":"k2","target":{"type":"message","id":"m1"}}]"#);
    assert_eq!(first.total, 2);
    let second = page(first.next);
    assert_json(&second.json, r#"[{"id":"k4"}]"#);
    assert_eq!((second.total, second.next), (2, None), "nothing tells of those behind");
    assert_eq!(comments::list(&of_comments, "L", &Page::default(), None).unwrap().count, 5);
}
