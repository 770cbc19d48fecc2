//! Every bound on every key about the source.

fn checked(text: &str) -> Result<(), String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    super::super::load(Some(file.path()), []).map(drop).map_err(|e| e.to_string())
}

#[track_caller]
fn refused(text: &str, wanted: &str) {
    let error = checked(text).unwrap_err();
    assert!(error.contains(wanted), "{text:?}: {error:?} does not contain {wanted:?}");
}

const NATS: &str = "source.url = 'nats://localhost'\n";

#[test]
fn times_have_bounds() {
    refused("source.probe_seconds = 0", "source.probe_seconds has to be between 1 and 3600");
    refused("source.reconnect_most_seconds = 0", "source.reconnect_most_seconds has to be between");
    refused("source.stale_after_seconds = 4", "source.stale_after_seconds has to be between 5 and 86400");
    refused("source.heartbeat_after_seconds = 100000", "source.heartbeat_after_seconds has to be between");
    refused("source.probe_seconds = -1", "invalid value");
    assert_eq!(checked("source.heartbeat_after_seconds = 0"), Ok(()));
    refused("ingest.max_event_bytes = 5", "ingest.max_event_bytes has to be at least 1024");
}

#[test]
fn limits_have_bounds() {
    refused("limits.client_burst = 0", "limits.client_burst has to be between 1 and");
    refused("limits.requests_per_client = 2000", "limits.requests_per_client has to be between 1 and 1024");
    refused("limits.connections_per_address = 5000", "limits.connections_per_address has to be between 1 and 4096");
    refused("limits.open_requests = 1000", "limits.open_requests has to be between 1024 and");
    refused("limits.write_seconds = 0", "limits.write_seconds has to be between 1 and 3600");
    refused("limits.trusted_proxies = ['proxy.example']", "invalid");
    assert_eq!(checked("limits = { client_requests_per_second = 0, trusted_proxies = ['10.0.0.1', '::1'] }"), Ok(()));
}

#[test]
fn the_schedule_is_read() {
    refused("source.schedule.interval_seconds = 700000", "source.schedule.interval_seconds has to be between");
    refused("source.schedule.max_bytes_per_second = 3", "source.schedule.max_bytes_per_second has to be between 1024");
    refused("source.schedule.windows = ['late']", "source.schedule.windows has \"late\"");
    refused("source.schedule.windows = ['25:00-26:00']", "source.schedule.windows has \"25:00-26:00\"");
    refused("source.schedule.utc_offset = 'CET'", "source.schedule.utc_offset is \"CET\"");
    assert_eq!(checked("source.schedule.windows = ['22:00-06:00', '12:30-13:00']"), Ok(()));
    assert_eq!(checked("source.schedule = { utc_offset = '-03:30', interval_seconds = 900 }"), Ok(()));
}

#[test]
fn a_nats_source_is_checked() {
    assert_eq!(checked(NATS), Ok(()));
    for (keys, wanted) in [
        ("streams = []", "source.nats.streams is empty"),
        ("streams = ['A', 'A']", "source.nats.streams has \"A\" twice"),
        ("streams = ['a.b']", "source.nats.streams has \"a.b\""),
        ("subjects = ['a..b']", "an empty part"),
        ("subjects = ['a', 'a']", "twice"),
        ("token = 'x'\nuser = 'y'", "more than one of"),
        ("password = 'x'", "no user"),
        ("nkey_file = '/nowhere/nkey'", "source.nats.nkey_file: cannot read /nowhere/nkey"),
        ("ca = '/nowhere/ca.pem'", "source.nats.ca: cannot read"),
        ("certificate = '/nowhere'", "source.nats.certificate and source.nats.key go together"),
    ] {
        refused(&format!("{NATS}[source.nats]\n{keys}"), wanted);
    }
    assert_eq!(checked("[source.nats]\nstreams = []"), Ok(()), "a file source does not mind");
}

const CONTROL_STREAM: &str = "[auth]\nfleet_key_file = '/run/fleet-key'\n[auth.control_stream]\n";

#[test]
fn the_control_stream_is_checked() {
    let on = format!("{CONTROL_STREAM}url = 'tls://one,two:4223'\n");
    assert_eq!(checked(&on), Ok(()));
    assert_eq!(checked("auth.control_stream.copies = 9"), Ok(()), "a replica that is alone does not mind");
    for (keys, wanted) in [
        ("copies = 2", "auth.control_stream.copies has to be 1, 3 or 5"),
        ("reconnect_most_seconds = 0", "auth.control_stream.reconnect_most_seconds has to be between 1 and 3600"),
        ("replica = 'two words'", "auth.control_stream.replica has to be 1 to 64 letters"),
        ("nats.stream = 'a.b'", "auth.control_stream.nats.stream is \"a.b\""),
        ("nats.stream = ''", "auth.control_stream.nats.stream is \"\""),
        ("nats.subject = 'a.*'", "one subject, without wildcards"),
        ("nats = { token = 'x', user = 'y' }", "auth.control_stream.nats has more than one of"),
        ("nats.ca = '/nowhere/ca.pem'", "auth.control_stream.nats.ca: cannot read"),
    ] {
        refused(&format!("{on}{keys}"), wanted);
    }
    refused(&format!("{CONTROL_STREAM}url = 'file:/x'"), "auth.control_stream.url has to be nats://");
    refused("auth.control_stream.url = 'nats://one'", "needs auth.fleet_key_file");
}

#[test]
fn the_provider_is_checked() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let on = |issuer: &str| {
        let secret = secret.path().display();
        format!("[auth.provider]\nissuer = '{issuer}'\nclient_id = 'continuity'\nclient_secret_file = '{secret}'\n")
    };
    assert_eq!(checked("[auth.provider]\nscopes = ''\ngroup_prefix = ''"), Ok(()), "without an issuer there is none");
    for issuer in ["https://login.bank.example/realms/staff", "http://127.0.0.1:9000", "http://localhost:9000"] {
        assert_eq!(checked(&on(issuer)), Ok(()), "{issuer}");
    }
    for issuer in ["login.bank.example", "http://login.bank.example", "https://login.bank.example/?x=1"] {
        refused(&on(issuer), "auth.provider.issuer has to be https://");
    }
    for (keys, wanted) in [
        ("name = ' '", "auth.provider.name has to be 1 to 100 characters"),
        ("scopes = 'profile openidx'", "auth.provider.scopes has to have openid"),
        ("groups_claim = ''", "auth.provider.groups_claim is empty"),
        ("group_prefix = ''", "auth.provider.group_prefix is empty"),
        (
            "scopes_of_viewers = ['loans:write']",
            "auth.provider.scopes_of_viewers has \"loans:write\"; there are loans:read",
        ),
        ("second_factor = 'none'", "none"),
        ("ca = '/nowhere/ca.pem'", "auth.provider.ca: cannot read"),
    ] {
        refused(&format!("{}{keys}", on("https://login.bank.example")), wanted);
    }
    let bare = "auth.provider.issuer = 'https://login.bank.example'\n";
    refused(bare, "auth.provider.client_id is empty");
    let named = format!("{bare}auth.provider.client_id = 'continuity'\n");
    refused(&named, "auth.provider.client_secret_file is empty");
    refused(&format!("{named}auth.provider.client_secret_file = '/nowhere/secret'"), "cannot read /nowhere/secret");
}

#[cfg(feature = "kafka")]
#[test]
fn the_control_stream_over_kafka_is_checked() {
    let on = format!("{CONTROL_STREAM}url = 'kafka://one:9092'\n");
    assert_eq!(checked(&on), Ok(()));
    for (keys, wanted) in [
        ("kafka.topic = 'a b'", "auth.control_stream.kafka.topic is \"a b\""),
        ("kafka.user = 'x'", "auth.control_stream.kafka.security is not sasl-plaintext or sasl-tls"),
        (
            "kafka.security = 'sasl-tls'",
            "auth.control_stream.kafka.user and auth.control_stream.kafka.password are needed",
        ),
        ("kafka = { security = 'sasl-tls', sasl_mechanism = 'OAUTHBEARER' }", "has to be PLAIN, SCRAM-SHA-256 or"),
        ("kafka = { security = 'tls', ca = '/nowhere/ca' }", "auth.control_stream.kafka.ca: cannot read"),
    ] {
        refused(&format!("{on}{keys}"), wanted);
    }
}

#[cfg(feature = "kafka")]
#[test]
fn a_kafka_source_is_checked() {
    const KAFKA: &str = "source.url = 'kafka://localhost:9092'\n";
    assert_eq!(checked(KAFKA), Ok(()));
    for (keys, wanted) in [
        ("topics = []", "source.kafka.topics is empty"),
        ("topics = ['a b']", "source.kafka.topics has \"a b\""),
        ("security = 'ssl'", "ssl"),
        ("user = 'x'", "is not sasl-plaintext or sasl-tls"),
        ("security = 'sasl-tls'", "source.kafka.user and source.kafka.password are needed"),
        ("security = 'sasl-tls'\nsasl_mechanism = 'GSSAPI'", "is \"GSSAPI\"; there are PLAIN"),
        ("security = 'sasl-tls'\nsasl_mechanism = 'OAUTHBEARER'", "source.kafka.token_file is needed"),
        ("ca = '/etc/hosts'", "security is not tls or sasl-tls"),
        ("security = 'tls'\nca = '/nowhere/ca'", "source.kafka.ca: cannot read"),
        ("security = 'tls'\nkey = '/etc/hosts'", "go together"),
    ] {
        refused(&format!("{KAFKA}[source.kafka]\n{keys}"), wanted);
    }
    assert_eq!(checked(&format!("{KAFKA}[source.kafka]\nsecurity = 'sasl-tls'\nuser = 'x'\npassword = 'y'")), Ok(()));
}

#[cfg(not(feature = "kafka"))]
#[test]
fn kafka_is_refused_by_name() {
    refused("source.url = 'kafka://localhost:9092'", "cargo feature kafka");
}

#[test]
fn a_bootstrap_is_checked() {
    refused("bootstrap.url = 'ftp://x'", "there are file:PATH and s3://");
    refused("bootstrap.url = 'file:/var/lib/continuity-feed'", "name the same files");
    assert_eq!(checked("bootstrap.url = 'file:/export'"), Ok(()));
}

#[cfg(feature = "object-store")]
#[test]
fn an_object_store_is_checked() {
    let s3 = "bootstrap.url = 's3://bucket/prefix?endpoint=http://localhost:9'\n";
    refused(s3, "bootstrap.allow_http = true permits it");
    assert_eq!(checked(&format!("{s3}bootstrap.allow_http = true")), Ok(()));
    refused("bootstrap = { url = 's3://bucket', access_key_id = 'x' }", "go together");
}
