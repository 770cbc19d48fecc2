//! What `continuity simulate` can be told.

use std::path::PathBuf;

use clap::Args;
use continuity_simulator::objects::ObjectFaults;

/// A stand-in cloud platform that publishes: a history of loans first, then on and on.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Where to: `nats://HOST:PORT`, `tls://HOST:PORT`, `kafka://HOST:PORT` (more hosts after commas, USER:PASSWORD@ before
    /// them), or `file:PATH` for an .ndjson file that is appended to.
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// How many loans the history tells of.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) loans: u64,
    /// Events a second after the history; 0 keeps quiet.
    #[arg(long, value_name = "R", default_value_t = 5.0)]
    pub(crate) rate: f64,
    /// Events a second in the history; 0 is as fast as it goes.
    #[arg(long, value_name = "R", default_value_t = 0.0)]
    pub(crate) history_rate: f64,
    /// Stop at the end of the history.
    #[arg(long)]
    pub(crate) once: bool,
    /// Stop after so many events.
    #[arg(long, value_name = "N")]
    pub(crate) events: Option<u64>,
    /// Everything that looks like chance follows from it, and from --start.
    #[arg(long, default_value_t = 2012)]
    pub(crate) seed: u64,
    /// When the history begins, in seconds since 1970: the same seed, beginning and options give the same events again.
    /// By default the history ends now, and its loans are others than those of any other run.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) start: Option<i64>,
    /// Print the summary as one line of JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) broker: Broker,
    #[command(flatten)]
    pub(crate) control: Control,
    #[command(flatten)]
    pub(crate) blobs: BlobOptions,
    #[command(flatten)]
    pub(crate) faults: FaultOptions,
}

/// The broker.
#[derive(Debug, Args)]
#[command(next_help_heading = "Broker")]
pub(crate) struct Broker {
    /// Create the stream or the topics where they are missing.
    #[arg(long)]
    pub(crate) create: bool,
    /// Binary mode of `CloudEvents`: attributes as headers, `data` as the body.
    #[arg(long)]
    pub(crate) binary: bool,
    /// How many messages may wait for their acknowledgement.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) in_flight: usize,
    /// NATS: the stream.
    #[arg(long, value_name = "NAME", default_value = "BANCLO_CHANGES")]
    pub(crate) stream: String,
    /// NATS: what loan events' subjects begin with; Kafka: the topic of loan events.
    #[arg(long, value_name = "NAME", default_value = "banclo.changes")]
    pub(crate) changes: String,
    /// Subject or topic of control events.
    #[arg(long = "control", value_name = "NAME", default_value = "banclo.control")]
    pub(crate) control_name: String,
    /// Kafka: partitions of the topic of loan events, when it is created.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) partitions: i32,
    /// NATS: a credentials file (JWT and seed).
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Certificate authorities in PEM; asks for TLS.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Kafka: SASL mechanism for the user and password of the URL, e.g. SCRAM-SHA-512; PLAIN when absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) sasl_mechanism: Option<String>,
    /// How long to wait for the broker at the beginning, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) connect_seconds: u64,
}

/// Events about the feed itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Control events")]
pub(crate) struct Control {
    /// A `SourceHeartbeat` every so many seconds, with the time of the clock.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) heartbeat: Option<f64>,
    /// A `CompletenessManifest` every so many events (`1000`) or seconds (`60s`), and one at the end. It counts what was
    /// produced, so it tells of what --gaps lost.
    #[arg(long, value_name = "N|Ns")]
    pub(crate) manifest_every: Option<String>,
    /// Mix in `LoanRequestSnapshot`s now and then.
    #[arg(long)]
    pub(crate) snapshots: bool,
    /// Mix in a `DataSubjectErased` now and then.
    #[arg(long)]
    pub(crate) erasures: bool,
    /// Write a bootstrap export of all loans as of the end of the history to this .ndjson file, for `[bootstrap]`.
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Option<PathBuf>,
    /// Do not publish the history, as if the broker had kept it no longer: for a replica that starts from --snapshot.
    #[arg(long)]
    pub(crate) skip_history: bool,
}

/// The files of documents, task items and attachments.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files of documents")]
pub(crate) struct BlobOptions {
    /// Where their bytes are: `inline` in the events (small PDFs); `files` in the directory `blobs` beside `--to file:PATH`, or
    /// `files:DIR`; `http://127.0.0.1:PORT` on a server beside the simulation (PDFs, images and office files of 1 KB to 1 MB;
    /// port 0 is any free one). Events then carry signed URLs, and `GET /references/{blobId}` gives fresh ones. The server
    /// ends with the simulation: `--rate 0` keeps both until they are stopped.
    #[arg(long, value_name = "inline|files|http://127.0.0.1:PORT", default_value = "inline")]
    pub(crate) blobs: String,
    /// Now and then a file of up to 200 MB. With a server only.
    #[arg(long)]
    pub(crate) large_blobs: bool,
    /// What goes wrong with requests for files, in percent: `slow=5,cut=5,wrong-bytes=1,wrong-length=1,403=1,404=1,429=2,500=2,
    /// expired=1`, and `references=5` for requests for references (503). With a server only.
    #[arg(long, value_name = "FAULT=PERCENT,..")]
    pub(crate) blob_faults: Option<ObjectFaults>,
    /// The bearer token that `/references` asks for. With a server only.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) blob_token: Option<String>,
    /// How long a signed URL is good for, from its event's time on, in hours.
    #[arg(long, value_name = "HOURS", default_value_t = 8_760, value_parser = clap::value_parser!(u64).range(..=876_000))]
    pub(crate) blob_url_hours: u64,
}

/// What goes wrong on the way; probabilities per event.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Faults (probabilities from 0 to 1)")]
pub(crate) struct FaultOptions {
    /// The event comes again.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) duplicates: f64,
    /// The event comes later, by up to --window events.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) reorder: f64,
    /// How many events a reordered one may be late by.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) window: u64,
    /// The event never comes.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) gaps: f64,
    /// The event comes 1,000 to 3,000 events later.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) late: f64,
    /// Something that is no event comes before it.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) malformed: f64,
    /// Another event with its sequence comes behind it.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub(crate) forks: f64,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err("a number from 0 to 1 is needed".to_owned()),
    }
}
