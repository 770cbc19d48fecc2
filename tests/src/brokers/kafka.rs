//! A Kafka broker: Apache Kafka in `KRaft` mode where the set-up could fetch it, else `noida-db`.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use tempfile::TempDir;

use super::process::{Process, freeze, thaw};
use super::{folder, free_port, store};
use crate::harness::Failure;

/// Any cluster id will do, as long as it stays the same.
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qk";

/// Which broker it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaKind {
    /// Apache Kafka, one node that is broker and controller.
    Apache,
    /// `noida-db`, which speaks Kafka's protocol.
    Noida,
}

/// A broker that is about to start.
#[derive(Clone, Debug, Default)]
pub struct KafkaOptions {
    properties: String,
}

impl KafkaOptions {
    /// One more line of `server.properties`; `noida-db` knows none of them.
    #[must_use]
    pub fn property(mut self, line: &str) -> Self {
        self.properties.push_str(line);
        self.properties.push('\n');
        self
    }

    /// Starts it over an empty store and waits until it answers.
    pub fn start(self) -> Result<KafkaBroker, Failure> {
        const ATTEMPTS: u32 = 5;
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            // Somebody else may have taken a port meanwhile.
            match KafkaBroker::on(&self, free_port()?, free_port()?) {
                Ok(broker) => return Ok(broker),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| "no attempt".into()))
    }
}

/// A running broker; it is killed when this is dropped, and its store goes with it.
#[derive(Debug)]
pub struct KafkaBroker {
    process: Process,
    kind: KafkaKind,
    programs: PathBuf,
    port: u16,
    own: TempDir,
}

impl KafkaBroker {
    /// Options for a broker.
    #[expect(clippy::new_ret_no_self, reason = "the beginning of a builder")]
    pub fn new() -> KafkaOptions {
        KafkaOptions::default()
    }

    /// Starts a broker with nothing special.
    pub fn start() -> Result<Self, Failure> {
        Self::new().start()
    }

    fn on(options: &KafkaOptions, port: u16, controller: u16) -> Result<Self, Failure> {
        let (kind, programs) = match folder("kafka") {
            Ok(programs) => (KafkaKind::Apache, programs),
            Err(_) => (KafkaKind::Noida, folder("noida-db")?),
        };
        let own = TempDir::new()?;
        if kind == KafkaKind::Apache {
            let text = properties(&own.path().join("store"), port, controller, &options.properties);
            std::fs::write(own.path().join("server.properties"), text)?;
            format_store(&programs, own.path())?;
        } else {
            std::fs::create_dir_all(own.path().join("store"))?;
        }
        let process = Self::spawn(kind, &programs, own.path(), port)?;
        let mut broker = Self { process, kind, programs, port, own };
        broker.wait()?;
        Ok(broker)
    }

    fn spawn(kind: KafkaKind, programs: &Path, own: &Path, port: u16) -> Result<Process, Failure> {
        let command = match kind {
            KafkaKind::Apache => {
                let mut command = java(programs);
                command.arg("kafka.Kafka").arg(own.join("server.properties"));
                command
            }
            KafkaKind::Noida => {
                let mut command = Command::new(programs.join("noida-db"));
                command.args(["start", "--only", "kafka", "--host", "127.0.0.1", "--kafka-port", &port.to_string()]);
                command.arg("--data-dir").arg(own.join("store"));
                command
            }
        };
        Process::spawn(command, own.join("output"))
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let port = self.port;
        self.process.wait_until(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    /// Which broker it is.
    pub fn kind(&self) -> KafkaKind {
        self.kind
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`, as `bootstrap.servers` wants it.
    pub fn servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `kafka://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("kafka://{}", self.servers())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The end of what it said.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// The folder that holds its topics.
    pub fn store(&self) -> PathBuf {
        self.own.path().join("store")
    }

    /// Waits until what it acknowledged so far outlives kill -9. Apache Kafka has it in the system's cache at once;
    /// `noida-db` writes all that it has once a second, when there is something new. There is: a topic, made here, and
    /// where that is written, everything before it is. Fails when it never is.
    pub fn settle(&self) -> Result<(), Failure> {
        const STEP: Duration = Duration::from_millis(50);
        const MOST: u32 = 600;
        static MARKERS: AtomicU32 = AtomicU32::new(0);
        let runs = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
        if self.kind == KafkaKind::Apache || !runs {
            return Ok(());
        }
        let marker = format!("settled-{}", MARKERS.fetch_add(1, Ordering::Relaxed));
        // On a thread of its own: the caller's may belong to a runtime.
        let made = std::thread::scope(|scope| scope.spawn(|| make_topic(&self.servers(), &marker)).join());
        made.map_err(|_| "making a topic panicked")??;
        let file = self.store().join("kafka.json");
        let (quoted, mut last) = (format!("\"{marker}\""), String::new());
        for _ in 0..MOST {
            let now = std::fs::read_to_string(&file).unwrap_or_default();
            if now == last && now.contains(&quoted) {
                return Ok(());
            }
            last = now;
            std::thread::sleep(STEP);
        }
        Err(format!("{} never holds what was acknowledged before {marker}", file.display()).into())
    }

    /// kill -9, and waits until it is gone. `noida-db` forgets what it acknowledged in the last second; see
    /// [`settle`](Self::settle).
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()
    }

    /// Starts it again on the same store and port, after a kill or as one.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        self.process = Self::spawn(self.kind, &self.programs, self.own.path(), self.port)?;
        self.wait()
    }

    /// Stops it where it stands; see [`freeze`].
    pub fn freeze(&self) -> Result<(), Failure> {
        freeze(self.id())
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<(), Failure> {
        thaw(self.id())
    }

    /// Copies its store, settled, to the folder `to`. A running broker is frozen meanwhile: the copy is one moment.
    pub fn copy_store(&self, to: &Path) -> Result<(), Failure> {
        self.settle()?;
        store::copy_of(self.id(), &self.store(), to)
    }

    /// kill -9, and starts it on a copy of the folder `from`, on the same port: what a power loss leaves, or a restore.
    pub fn start_on(&mut self, from: &Path) -> Result<(), Failure> {
        self.process.kill()?;
        store::copy(from, &self.store())?;
        self.restart()
    }
}

fn make_topic(servers: &str, name: &str) -> Result<(), Failure> {
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", servers).create()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1));
    for made in runtime.block_on(admin.create_topics([&topic], &AdminOptions::new()))? {
        made.map_err(|(name, code)| format!("no topic {name}: {code}"))?;
    }
    Ok(())
}

fn java(programs: &Path) -> Command {
    let mut command = Command::new("java");
    command.args(["-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp"]);
    command.arg(programs.join("libs").join("*"));
    command
}

fn properties(store: &Path, port: u16, controller: u16, more: &str) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         {more}\n",
        store.display()
    )
}

fn format_store(programs: &Path, own: &Path) -> Result<(), Failure> {
    let mut command = java(programs);
    command.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER, "--config"]);
    let output = command.arg(own.join("server.properties")).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("Kafka's store cannot be made: {}", String::from_utf8_lossy(&said)).into())
}
