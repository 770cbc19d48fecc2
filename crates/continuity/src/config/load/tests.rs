//! Files, environment and their errors; what values may be is tested in `check`.

use super::*;

fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load(Some(file.path()), environment).map_err(|e| e.to_string())
}

#[test]
fn the_annotated_default_is_the_default() {
    assert_eq!(load(None, []).unwrap(), Config::default());
}

#[test]
fn a_file_overrides_the_default_and_the_environment_overrides_the_file() {
    let config = from(
        "public_url = \"https://replica.example\"\n[auth]\ntoken_seconds = 900",
        &[("CONTINUITY_AUTH__TOKEN_SECONDS", "120"), ("CONTINUITY_LISTEN__API", "127.0.0.1:9"), ("HOME", "/")],
    )
    .unwrap();
    assert_eq!(config.public_url, "https://replica.example");
    assert_eq!((config.auth.token_seconds, config.listen.api.port()), (120, 9));
}

#[test]
fn where_each_value_comes_from_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "public_url = \"https://a.example\"\n[auth]\ntoken_seconds = 900\n[source.nats]\npassword = \"hunter2\"",
    )
    .unwrap();
    let environment = [("CONTINUITY_PUBLIC_URL", "https://b.example"), ("HOME", "/")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let told = load_told(Some(file.path()), environment).unwrap().told;
    let row = |key: &str| told.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        row("public_url"),
        serde_json::json!({"key": "public_url", "value": "https://b.example", "from": "CONTINUITY_PUBLIC_URL"})
    );
    assert_eq!(
        (row("auth.token_seconds")["value"].as_str(), row("auth.token_seconds")["from"].as_str()),
        (Some("900"), Some(path))
    );
    assert_eq!(
        (row("source.nats.password")["value"].as_str(), row("source.nats.password")["from"].as_str()),
        (Some("(secret)"), Some(path))
    );
    assert!(row("log.segment_bytes")["from"].is_null());
    assert!(!told.to_string().contains("hunter2"));
}

#[test]
fn a_variable_can_name_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "https://replica.example\n").unwrap();
    let config = from("", &[("CONTINUITY_PUBLIC_URL_FILE", file.path().to_str().unwrap())]).unwrap();
    assert_eq!(config.public_url, "https://replica.example");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, environment, wanted) in [
        ("[ingest]\nmax_event_byte = 1", vec![], "unknown key ingest.max_event_byte (did you mean max_event_bytes?)"),
        ("qqqqqqqqqqqq = 1", vec![], "unknown key qqqqqqqqqqqq;"),
        ("data_dir = [", vec![], "is not TOML"),
        ("[auth]\ntoken_seconds = 5", vec![], "auth.token_seconds has to be between 60 and 86400"),
        ("[source]\nurl = \"ftp://x\"", vec![], "source.url has the scheme \"ftp\""),
        ("", vec![("CONTINUITY_AUTH__TOKEN_SECOND", "1")], "unknown key CONTINUITY_AUTH__TOKEN_SECOND"),
        ("", vec![("CONTINUITY_AUTH__TOKEN_SECONDS", "soon")], "has to be a whole number"),
        ("", vec![("CONTINUITY_AUTH", "1")], "not a whole section"),
        ("[telemetry]\nformat = \"xml\"", vec![], "xml"),
    ] {
        let error = from(text, &environment).unwrap_err();
        assert!(error.contains(wanted), "{error} does not contain {wanted}");
    }
}

#[test]
fn a_list_in_the_environment_has_commas() {
    let streams = |text: &str| from("", &[("CONTINUITY_SOURCE__NATS__STREAMS", text)]).map(|c| c.source.nats.streams);
    assert_eq!(streams("ONE").unwrap(), ["ONE"]);
    assert_eq!(streams("ONE, TWO ,").unwrap(), ["ONE", "TWO"]);
    assert!(streams("").unwrap().is_empty(), "it only matters to a NATS source that it is empty");
    let topics = from("", &[("CONTINUITY_SOURCE__KAFKA__TOPICS", "a,b")]).unwrap().source.kafka.topics;
    assert_eq!(topics, ["a", "b"]);
}

#[test]
fn keys_that_end_in_file_are_paths_and_other_variables_that_do_name_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hunter2\n").unwrap();
    let path = file.path().to_str().unwrap();
    let nats = |name: &str| from("", &[(name, path)]).unwrap().source.nats;
    assert_eq!(nats("CONTINUITY_SOURCE__NATS__CREDENTIALS_FILE").credentials_file, file.path());
    let read = nats("CONTINUITY_SOURCE__NATS__TOKEN_FILE");
    assert_eq!(read.token.reveal(), "hunter2");
    assert!(!format!("{read:?}").contains("hunter2"));
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "[source.nats]\npassword = \"hunter2\" oops",
        "[source.nats]\npassword = \"hunter2",
        "[source.nats]\ntoken = [\"hunter2\"]",
        "[source.nats]\npassword = 202020\nuser = \"hunter2\"",
        "[source.nats]\npassword = \"hunter2\"\ntoken = \"202020\"",
        "[source]\nurl = \"nats://me:hunter2@host\"",
        "[bootstrap]\nsecret_access_key = { hunter2 = 202020 }",
    ] {
        match from(text, &[]) {
            Ok(config) => assert!(!format!("{config:?}").contains("hunter2"), "{text}"),
            Err(error) => assert!(!error.contains("hunter2") && !error.contains("202020"), "{text}: {error}"),
        }
    }
    assert!(from("a = 1\nb = [", &[]).unwrap_err().contains("line 2, is not TOML"));
}
