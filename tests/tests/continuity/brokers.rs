//! The test kit itself: brokers keep what they have over kill -9, and the proxy does what it says.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::Stream;
use continuity_tests::brokers::{KafkaBroker, NATS, NATS_OLDEST, NATS_UNSUPPORTED, NatsServer, Proxy};
use continuity_tests::harness::Failure;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(20);

async fn stream(server: &NatsServer) -> Result<(jetstream::Context, Stream), Failure> {
    let context = jetstream::new(async_nats::connect(server.url()).await?);
    let config = jetstream::stream::Config {
        name: "EVENTS".to_owned(),
        subjects: vec!["events.>".to_owned()],
        ..jetstream::stream::Config::default()
    };
    let stream = context.get_or_create_stream(config).await?;
    Ok((context, stream))
}

async fn publish(server: &NatsServer, count: u64) -> Result<u64, Failure> {
    let (context, mut stream) = stream(server).await?;
    for number in 0..count {
        context.publish("events.one", number.to_string().into()).await?.await?;
    }
    Ok(stream.info().await?.state.messages)
}

async fn keeps_over_kill_and_goes_back_to_a_copy(version: &str) -> Result<(), Failure> {
    let mut server = NatsServer::start(version)?;
    assert_eq!(publish(&server, 20).await?, 20);
    server.kill()?;
    server.restart()?;
    assert_eq!(publish(&server, 20).await?, 40);
    let copy = TempDir::new()?;
    server.copy_store(copy.path())?;
    assert_eq!(publish(&server, 20).await?, 60);
    server.start_on(copy.path())?;
    assert_eq!(publish(&server, 1).await?, 41);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_keeps_over_kill_and_goes_back_to_a_copy() -> Result<(), Failure> {
    for version in [NATS, NATS_OLDEST, NATS_UNSUPPORTED] {
        keeps_over_kill_and_goes_back_to_a_copy(version).await.map_err(|e| format!("{version}: {e}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_keeps_over_kill_and_goes_back_to_a_copy() -> Result<(), Failure> {
    let mut broker = KafkaBroker::start()?;
    println!("the Kafka broker is {:?}", broker.kind());
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", broker.servers()).create()?;
    admin.create_topics(&[NewTopic::new("events", 1, TopicReplication::Fixed(1))], &AdminOptions::new()).await?;
    let copy = TempDir::new()?;
    assert_eq!(produce(&broker.servers(), 20).await?, 20);
    broker.settle()?;
    broker.kill()?;
    broker.restart()?;
    assert_eq!(produce(&broker.servers(), 20).await?, 40);
    broker.copy_store(copy.path())?;
    assert_eq!(produce(&broker.servers(), 20).await?, 60);
    broker.start_on(copy.path())?;
    assert_eq!(produce(&broker.servers(), 1).await?, 41);
    // The address that the broker tells is the proxy's: nothing gets past it.
    let proxy = Proxy::for_kafka(broker.port())?;
    let through = format!("127.0.0.1:{}", proxy.port());
    assert_eq!(produce(&through, 1).await?, 42);
    proxy.refuse();
    assert!(produce_within(Duration::from_secs(3), &through, 1).await.is_err());
    proxy.heal();
    assert_eq!(produce(&through, 1).await?, 43);
    Ok(())
}

/// Produces and returns the end of the partition.
async fn produce(servers: &str, count: u64) -> Result<i64, Failure> {
    produce_within(Duration::from_secs(15), servers, count).await
}

async fn produce_within(patience: Duration, servers: &str, count: u64) -> Result<i64, Failure> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("message.timeout.ms", patience.as_millis().to_string());
    config.set("linger.ms", "0");
    let producer: FutureProducer = config.create()?;
    for number in 0..count {
        let payload = number.to_string();
        let record = FutureRecord::to("events").key("one").payload(&payload).partition(0);
        producer.send(record, LIMIT).await.map_err(|(error, _)| error)?;
    }
    let consumer: BaseConsumer = config.create()?;
    Ok(tokio::task::spawn_blocking(move || consumer.fetch_watermarks("events", 0, LIMIT)).await??.1)
}

/// A client and the broker's end of its connection, through the proxy.
fn connected(listener: &TcpListener, proxy: &Proxy) -> Result<(TcpStream, TcpStream), Failure> {
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))?;
    let (broker, _) = listener.accept()?;
    for stream in [&client, &broker] {
        stream.set_read_timeout(Some(LIMIT))?;
    }
    Ok((client, broker))
}

fn passes(from: &mut TcpStream, to: &mut TcpStream) -> Result<(), Failure> {
    from.write_all(b"hello")?;
    let mut got = [0; 5];
    to.read_exact(&mut got)?;
    assert_eq!(&got, b"hello");
    Ok(())
}

/// Whether nothing arrives for a while.
fn silent(stream: &mut TcpStream) -> Result<bool, Failure> {
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let read = stream.read(&mut [0; 16]);
    stream.set_read_timeout(Some(LIMIT))?;
    Ok(read.is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)))
}

fn is_reset(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 16]) {
        Ok(read) => read == 0,
        Err(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
    }
}

#[test]
fn the_proxy_does_what_it_says() -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy = Proxy::start(listener.local_addr()?.port())?;
    let (mut client, mut broker) = connected(&listener, &proxy)?;
    passes(&mut client, &mut broker)?;
    passes(&mut broker, &mut client)?;

    proxy.half_open();
    passes(&mut client, &mut broker)?;
    broker.write_all(b"hello")?;
    assert!(silent(&mut client)?, "half open");
    proxy.heal();
    let mut late = [0; 5];
    client.read_exact(&mut late)?;
    assert_eq!(&late, b"hello");

    proxy.cut();
    assert!(is_reset(&mut client) && is_reset(&mut broker), "cut");
    let (mut client, mut broker) = connected(&listener, &proxy)?;
    // Ten times as long as it is listened for: a busy machine may be late in both.
    proxy.delay(Duration::from_secs(2));
    client.write_all(b"hello")?;
    assert!(silent(&mut broker)?, "delayed");
    broker.read_exact(&mut late)?;

    proxy.black_hole();
    client.write_all(b"hello")?;
    let mut new = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))?;
    assert!(silent(&mut broker)? && silent(&mut new)?, "black hole");
    proxy.heal();
    assert!(is_reset(&mut client) && is_reset(&mut new), "what lost bytes cannot go on");

    let (mut client, mut broker) = connected(&listener, &proxy)?;
    proxy.refuse();
    assert!(is_reset(&mut client) && is_reset(&mut broker), "refused");
    let mut new = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))?;
    assert!(is_reset(&mut new), "refused anew");
    proxy.heal();
    let (client, mut broker) = connected(&listener, &proxy)?;
    client.shutdown(Shutdown::Both)?;
    assert!(is_reset(&mut broker), "the end passes too");
    Ok(())
}
