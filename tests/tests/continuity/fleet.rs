//! Replicas that share the control stream over a real broker: what is changed on one holds on all.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream;
use continuity_simulator::Faults;
use continuity_tests::brokers::{Broker, KafkaBroker, NATS_OLDEST, NatsServer, Proxy, Sort};
use continuity_tests::harness::{Access, Client, Failure, Replica, poll};
use continuity_tests::json::Json;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use tempfile::TempDir;

use crate::feeds;
use crate::rig::{component, succeeded};

/// How long anything may take that has to happen in the end.
const LIMIT: Duration = Duration::from_mins(1);
/// Behind it the replicas stand.
const PUBLIC_URL: &str = "https://replica.bank.example";
const SUBJECT: &str = "continuity.control";

/// Two replicas, a broker, and a proxy in front of it.
struct Fleet {
    broker: Broker,
    proxy: Proxy,
    a: Replica,
    b: Replica,
    folder: TempDir,
}

impl Fleet {
    async fn start(broker: Broker) -> Result<Self, Failure> {
        let (proxy, folder) = (broker.proxy()?, TempDir::new()?);
        feeds::write(&folder.path().join("feed.ndjson"), 1, 2, Faults::default())?;
        let url = proxy.url(broker.scheme());
        let (a, b) = (start("a", folder.path(), &url).await?, start("b", folder.path(), &url).await?);
        let fleet = Self { broker, proxy, a, b, folder };
        fleet.until_told().await?;
        Ok(fleet)
    }

    fn both(&self) -> [&Replica; 2] {
        [&self.a, &self.b]
    }

    /// Waits until both are connected, and neither has anything to tell or to hear.
    async fn until_told(&self) -> Result<(), Failure> {
        for replica in self.both() {
            until_told(replica).await?;
        }
        Ok(())
    }

    /// Waits until both have the same to say of all clients and keys.
    async fn until_they_agree(&self) -> Result<(), Failure> {
        let mut last = (String::new(), String::new());
        let agreed = poll(LIMIT, async || {
            last = (known(&self.a).await?, known(&self.b).await?);
            Ok(last.0 == last.1)
        });
        if agreed.await? { Ok(()) } else { Err(format!("they do not agree: {}\n{}", last.0, last.1).into()) }
    }
}

/// A broker, and a replica that has nobody else there.
pub(crate) async fn one(folder: &Path) -> Result<(Broker, Replica), Failure> {
    let broker = Broker::start(Sort::Nats)?;
    feeds::write(&folder.join("feed.ndjson"), 1, 2, Faults::default())?;
    let replica = start("a", folder, &broker.url()).await?;
    until_told(&replica).await?;
    Ok((broker, replica))
}

/// A replica of the fleet: its fleet key is that of the others.
async fn start(name: &str, folder: &Path, url: &str) -> Result<Replica, Failure> {
    let data = folder.join(name);
    let keys = data.join("control/keys");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&keys)?;
    let key = keys.join("fleet-key");
    std::fs::write(&key, "5a".repeat(32))?;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
    let (feed, key) = (folder.join("feed.ndjson"), key.display());
    let config = format!(
        "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[auth]\nfleet_key_file = '{key}'\nsigning_algorithm = 'ES256'\n\
         [auth.control_stream]\nurl = '{url}'\nreplica = '{name}'\nreconnect_most_seconds = 1\n",
        feed.display()
    );
    Replica::new().data_dir(&data).public_url(PUBLIC_URL).config(&config).start().await
}

async fn until_told(replica: &Replica) -> Result<Json, Failure> {
    let told = |health: &Json| {
        let stream = component(health, "controlStream");
        let idle = stream.number("waitingChanges") == Some(0) && stream.number("behindMessages") == Some(0);
        stream.text("state") == Some("connected") && idle
    };
    replica.until("told", LIMIT, told).await
}

async fn until_state(replica: &Replica, state: &str) -> Result<Json, Failure> {
    replica.until(state, LIMIT, |health| component(health, "controlStream").text("state") == Some(state)).await
}

/// What it says of clients and keys, but for when each was used, and until when it accepts keys that sign no more.
async fn known(replica: &Replica) -> Result<String, Failure> {
    let mut all = Vec::new();
    for words in [["client", "export"].as_slice(), &["key", "list", "--json"]] {
        let output = replica.order(words).await?;
        succeeded(&output);
        all.push(String::from_utf8(output.stdout)?);
    }
    let keys = Json::parse(&all[1])?;
    let key = |key: &Json| format!("{:?} {:?} {:?}", key.text("id"), key.text("state"), key.text("activatedAt"));
    let mut keys: Vec<String> = keys.elements().iter().map(key).collect();
    keys.sort();
    let mut clients: Vec<&str> = all[0].lines().collect();
    clients.sort_unstable();
    Ok(format!("{}\n{}", clients.join("\n"), keys.join("\n")))
}

/// A new client with every loan's scope; `(id, secret)`.
async fn create(replica: &Replica, name: &str) -> Result<(String, String), Failure> {
    let output = replica.order(&["client", "create", "--name", name, "--scopes", "loans:read", "--json"]).await?;
    succeeded(&output);
    let created = Json::parse(std::str::from_utf8(&output.stdout)?)?;
    let text = |name: &str| created.text(name).map(str::to_owned).ok_or(format!("no {name}"));
    Ok((text("id")?, text("secret")?))
}

async fn order(replica: &Replica, words: &[&str]) -> Result<(), Failure> {
    succeeded(&replica.order(words).await?);
    Ok(())
}

/// The replica as that client; `None` while it gets no token.
async fn client(replica: &Replica, (id, secret): &(String, String)) -> Option<Client> {
    let access = Access { client_id: id.clone(), client_secret: secret.clone(), ..replica.access().clone() };
    Client::with_access(&access, "").await.ok()
}

async fn until_client(replica: &Replica, credentials: &(String, String)) -> Result<Client, Failure> {
    let mut found = None;
    let came = poll(LIMIT, async || {
        found = client(replica, credentials).await;
        Ok(found.is_some())
    });
    came.await?;
    found.ok_or_else(|| format!("no token within {LIMIT:?}\n{}", replica.errors()).into())
}

/// Waits until the token is good on the replica, or refused.
async fn until_status(replica: &Replica, token: &str, status: u16) -> Result<(), Failure> {
    let client = Client::with_token(replica.access(), token)?;
    let mut last = 0;
    let came = poll(LIMIT, async || {
        last = client.get("/api/v1/loan-requests").await?.status.as_u16();
        Ok(last == status)
    });
    if came.await? { Ok(()) } else { Err(format!("{last}, not {status}\n{}", replica.errors()).into()) }
}

async fn revoke(replica: &Replica, (id, secret): &(String, String), token: &str) -> Result<(), Failure> {
    let ca = reqwest::Certificate::from_pem(&std::fs::read(&replica.access().ca_file)?)?;
    let http = reqwest::Client::builder().tls_certs_only([ca]).build()?;
    let url = format!("{}/api/v1/oauth/revoke", replica.access().base_url);
    let body = format!("token={token}");
    let request = http.post(url).basic_auth(id, Some(secret)).body(body);
    let reply = request.header("content-type", "application/x-www-form-urlencoded").send().await?;
    assert_eq!(reply.status(), 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_on_one_replica_holds_on_the_other() -> Result<(), Failure> {
    let oldest = Broker::Nats(NatsServer::start(NATS_OLDEST)?);
    for broker in [Broker::start(Sort::Nats)?, oldest, Broker::start(Sort::Kafka)?] {
        let fleet = Fleet::start(broker).await?;
        let credentials = create(&fleet.a, "Reporting").await?;
        let by_a = until_client(&fleet.a, &credentials).await?.token().to_owned();
        until_status(&fleet.b, &by_a, 200).await?;
        let by_b = until_client(&fleet.b, &credentials).await?.token().to_owned();
        until_status(&fleet.a, &by_b, 200).await?;

        revoke(&fleet.b, &credentials, &by_a).await?;
        until_status(&fleet.a, &by_a, 401).await?;
        until_status(&fleet.a, &by_b, 200).await?;

        order(&fleet.b, &["client", "disable", &credentials.0]).await?;
        until_status(&fleet.a, &by_b, 401).await?;
        order(&fleet.a, &["client", "enable", &credentials.0]).await?;
        until_status(&fleet.b, until_client(&fleet.b, &credentials).await?.token(), 200).await?;
        until_status(&fleet.b, &by_b, 401).await?;
        fleet.until_they_agree().await?;
        let records = fleet.b.order(&["log", "cat", "--control", "--limit", "1000"]).await?;
        assert!(String::from_utf8(records.stdout)?.contains(" on a: ClientRegistered"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_both_go_on_and_agree_afterwards() -> Result<(), Failure> {
    for sort in [Sort::Nats, Sort::Kafka] {
        cut_off(Fleet::start(Broker::start(sort)?).await?).await?;
    }
    Ok(())
}

async fn cut_off(mut fleet: Fleet) -> Result<(), Failure> {
    let (one, other) = (create(&fleet.a, "One").await?, create(&fleet.a, "Other").await?);
    let by_a = until_client(&fleet.b, &one).await?.token().to_owned();
    until_client(&fleet.b, &other).await?;
    // A broker that says nothing any more is as good as none.
    fleet.broker.freeze()?;
    for replica in fleet.both() {
        until_state(replica, "alone").await?;
    }
    fleet.broker.thaw()?;
    fleet.until_told().await?;
    fleet.proxy.refuse();
    for replica in fleet.both() {
        until_state(replica, "alone").await?;
        assert_eq!(replica.ready().await?, 200, "it serves");
        until_status(replica, &by_a, 200).await?;
    }
    // Each is administered by itself, the same client on both sides.
    order(&fleet.a, &["client", "disable", &one.0]).await?;
    order(&fleet.a, &["client", "enable", &one.0]).await?;
    order(&fleet.b, &["client", "disable", &one.0]).await?;
    order(&fleet.a, &["client", "change", &other.0, "--name", "By a"]).await?;
    order(&fleet.b, &["client", "change", &other.0, "--name", "By b"]).await?;
    let alone = create(&fleet.b, "Alone").await?;
    assert!(client(&fleet.b, &alone).await.is_some() && client(&fleet.a, &alone).await.is_none());
    // Not even a restart loses what could not be told.
    fleet.b.restart().await?;
    fleet.proxy.heal();
    fleet.until_told().await?;
    fleet.until_they_agree().await?;
    until_client(&fleet.a, &alone).await?;
    for replica in fleet.both() {
        assert!(client(replica, &one).await.is_none(), "disabling wins");
        let shown = replica.order(&["client", "show", &other.0]).await?;
        assert!(String::from_utf8(shown.stdout)?.contains("By b"), "the later one");
        let stream = component(&replica.health().await?, "controlStream");
        assert_eq!(stream.number("conflicts"), Some(2), "{}", stream.to_text());
        assert!(replica.log()?.contains("two replicas changed the same"));
        let listed = replica.order(&["client", "conflicts"]).await?;
        let listed = String::from_utf8(listed.stdout)?;
        assert!(listed.contains("settings") && listed.contains("enabling") && listed.contains(&one.0), "{listed}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_lost_something_gets_it_back() -> Result<(), Failure> {
    for sort in [Sort::Nats, Sort::Kafka] {
        restore(Fleet::start(Broker::start(sort)?).await?).await?;
    }
    Ok(())
}

async fn restore(mut fleet: Fleet) -> Result<(), Failure> {
    let early = fleet.folder.path().join("early");
    fleet.broker.settle()?;
    fleet.broker.copy_store(&early)?;
    let credentials = create(&fleet.a, "Reporting").await?;
    until_client(&fleet.b, &credentials).await?;
    fleet.until_told().await?;
    // Nobody but b can tell what a made: a is gone, and the broker is an older one.
    fleet.a.kill()?;
    fleet.broker.start_on(&early)?;
    until_told(&fleet.b).await?;
    let c = start("c", fleet.folder.path(), &fleet.proxy.url(fleet.broker.scheme())).await?;
    let token = until_client(&c, &credentials).await?.token().to_owned();
    until_status(&fleet.b, &token, 200).await
}

/// Clients that the control log has records of, in their order.
async fn registered(replica: &Replica) -> Result<Vec<String>, Failure> {
    let output = replica.order(&["log", "cat", "--control", "--limit", "100000", "--json"]).await?;
    succeeded(&output);
    let mut clients = Vec::new();
    for line in std::str::from_utf8(&output.stdout)?.lines() {
        let record = Json::parse(line)?;
        if record.text("change") == Some("ClientRegistered") {
            clients.extend(record.text("subject").map(str::to_owned));
        }
    }
    Ok(clients)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_nothing_is_lost_and_nothing_happens_twice() -> Result<(), Failure> {
    let mut fleet = Fleet::start(Broker::start(Sort::Nats)?).await?;
    let mut created = Vec::new();
    for round in 0..feeds::size(3, 50) {
        for replica in [&mut fleet.a, &mut fleet.b] {
            for number in 0..5 {
                created.push(create(replica, &format!("{round}-{number}")).await?.0);
            }
            // At whatever it is about just now: sending, taking, keeping its place.
            replica.restart().await?;
        }
    }
    fleet.until_told().await?;
    fleet.until_they_agree().await?;
    created.sort();
    for replica in fleet.both() {
        let mut known = registered(replica).await?;
        known.sort();
        let twice = known.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
        assert!(created.iter().all(|id| known.contains(id)), "{created:?} are not all in {known:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_is_refused_and_a_stream_that_forgets_is_not_used() -> Result<(), Failure> {
    let fleet = Fleet::start(Broker::start(Sort::Nats)?).await?;
    let context = jetstream::new(async_nats::connect(fleet.broker.url()).await?);
    for payload in ["hello", "", "\u{1}looks like a message but is none"] {
        context.publish(SUBJECT, payload.into()).await?.await?;
    }
    let credentials = create(&fleet.a, "Reporting").await?;
    until_client(&fleet.b, &credentials).await?;
    for replica in fleet.both() {
        let health = until_told(replica).await?;
        assert_eq!(component(&health, "controlStream").number("refusedMessages"), Some(3));
        let refused = replica.metric("continuity_control_stream_read_total{outcome=\"unsealed\"}").await?;
        assert_eq!(refused, Some(3.0));
        assert!(replica.log()?.contains("prove nothing"));
    }
    let mut config = context.get_stream("CONTINUITY_CONTROL").await?.cached_info().config.clone();
    config.max_age = Duration::from_hours(1);
    context.update_stream(config).await?;
    fleet.proxy.cut();
    for replica in fleet.both() {
        let health = until_state(replica, "refused").await?;
        assert_eq!(health.text("status"), Some("degraded"));
        assert!(client(replica, &credentials).await.is_some(), "it serves");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_several_partitions_is_not_used() -> Result<(), Failure> {
    let (broker, folder) = (KafkaBroker::start()?, TempDir::new()?);
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", broker.servers()).create()?;
    let topic = NewTopic::new(SUBJECT, 3, TopicReplication::Fixed(1));
    admin.create_topics([&topic], &AdminOptions::new()).await?;
    feeds::write(&folder.path().join("feed.ndjson"), 1, 2, Faults::default())?;
    let replica = start("a", folder.path(), &broker.url()).await?;
    until_state(&replica, "refused").await?;
    assert!(replica.log()?.contains("has 3 partitions; it has to have one"));
    assert!(poll(LIMIT, async || Ok(replica.ready().await? == 200)).await?, "it serves");
    Ok(())
}
