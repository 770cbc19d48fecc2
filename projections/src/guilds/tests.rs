//! What the guilds read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

fn check(script: &str, expected: &str) {
    assert_json(list(&fold(projection, script), "L", &Page::default(), None).unwrap().json, expected);
}

#[test]
fn guilds_and_channels_by_created_at() {
    check(
        r#"guild g {"id":"g","createdAt":"2024-01-02T00:00:00Z"}
           guild f {"id":"f","createdAt":"2024-01-01T00:00:00Z","channels":{}}
           channel b @guildId=g {"id":"b","createdAt":"2024-01-02T00:00:00Z"}
           channel a @guildId=g {"id":"a","createdAt":"2024-01-03T00:00:00Z"}"#,
        concat!(
            r#"[{"id":"f","createdAt":"2024-01-01T00:00:00Z","channels":[]},"#,
            r#"{"id":"g","createdAt":"2024-01-02T00:00:00Z","channels":["#,
            r#"{"id":"b","createdAt":"2024-01-02T00:00:00Z"},{"id":"a","createdAt":"2024-01-03T00:00:00Z"}]}]"#,
        ),
    );
}

#[test]
fn a_channel_can_move_and_go() {
    let script = r#"guild g {"id":"g"}
        guild h {"id":"h"}
        channel c @guildId=g {"id":"c"}
        channel d @guildId=g {"id":"d"}
        channel c @guildId=h patch {"name":"moved"}
        channel d gone"#;
    check(script, r#"[{"id":"g","channels":[]},{"id":"h","channels":[{"id":"c","name":"moved"}]}]"#);
}
