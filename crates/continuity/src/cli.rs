//! The command line, as people type it.

mod account;
mod client;
mod derived;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use account::{Account, AccountFlags, AccountName};
pub(crate) use client::{Client, ClientFlags, ClientId};
pub(crate) use derived::{BlobId, Blobs, Choice, Projection};

pub(crate) use crate::commands::get::Get;
pub(crate) use crate::commands::simulate::Simulate;

/// Business-continuity replica of a loan-origination cloud platform.
///
/// Follows the platform's change events into an append-only log, folds them into read models, and serves the same
/// read-only API as the cloud, so that the bank can go on working when the cloud is gone.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process with one command: a feed, the replica and its API on localhost.
    Demo(Demo),
    /// Run the replica with a configuration file.
    Serve(Configured),
    /// Read the API of a replica: tables on a terminal, JSON elsewhere.
    ///
    /// Address and credentials come from options, environment variables or a profile, in this order. A profile is a TOML
    /// file with `url`, `ca_file`, `client_id` and `client_secret_file`; paths in it count from its own folder. `continuity demo`
    /// writes one and says where it is.
    ///
    /// Exit status: 0 done, 1 refused or failed, 2 wrong usage.
    Get(Box<Get>),
    /// Be a stand-in cloud platform: publish believable loans to NATS, Kafka or a file.
    Simulate(Box<Simulate>),
    /// Check a configuration file and print what is wrong with it.
    CheckConfig(CheckConfig),
    /// Print the annotated default configuration.
    Config,
    /// Positions, sync state and counts.
    Status(OnData),
    /// Verify or read the replica log.
    #[command(subcommand)]
    Log(Log),
    /// List the read models, rebuild one from the log, and choose between two builds that differ.
    #[command(subcommand)]
    Projection(Projection),
    /// Manage the accounts of people: who signs in, and what they may do.
    #[command(subcommand)]
    Account(Account),
    /// Manage OAuth clients.
    #[command(subcommand)]
    Client(Client),
    /// The keys that access tokens are signed with: look at them, rotate, retire one that leaked.
    #[command(subcommand)]
    Key(Key),
    /// Look at events that could not be accepted.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// What the platform's completeness manifests showed: whether everything is here, and what is missing, by name.
    Completeness(Completeness),
    /// The bytes of documents and attachments: how far they are, and which are in trouble.
    #[command(subcommand)]
    Blobs(Blobs),
    /// Copies of a running replica: make one, verify it by restoring it, restore it.
    #[command(subcommand)]
    Backup(Backup),
    /// Who read what from this replica.
    #[command(subcommand)]
    Access(Access),
    /// Messages to the bank's systems: how subscriptions are, what was sent and given up, and sending again.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// The source: how it is, and what an operator can do about it.
    #[command(subcommand)]
    Source(Source),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where events come from: `simulator:`, `file:PATH`, `nats://HOST:PORT` or `kafka://HOST:PORT`.
    #[arg(long, value_name = "URL", default_value = "simulator:", conflicts_with = "feed")]
    pub(crate) source: String,
    /// Short for `--source file:FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) feed: Option<PathBuf>,
    /// HTTPS port on 127.0.0.1; 0 takes any free one, and a free one for the metrics too.
    #[arg(long, default_value_t = 8083)]
    pub(crate) port: u16,
    /// Keep the data here and resume from it; otherwise a temporary directory, removed at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// How many loans the simulator has made before the demo is ready.
    #[arg(long, default_value_t = 200)]
    pub(crate) loans: u32,
    /// Events a second that the simulator makes after that; 0 keeps it quiet.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) rate: f64,
    /// Documents of up to 200 MB from the simulator; otherwise they have at most 1 MB.
    #[arg(long)]
    pub(crate) large_blobs: bool,
    /// Print one JSON line on standard output once everything is visible, all else on standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// TOML file; `continuity config` prints an annotated one.
    #[arg(long, value_name = "FILE", env = "CONTINUITY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    #[command(flatten)]
    pub(crate) of: Configured,
    /// Print every key with its value and where that comes from (nowhere: its default), without secrets.
    #[arg(long)]
    pub(crate) show: bool,
}

/// A command on a data directory: it speaks to the running process, or works on the directory when none runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct OnData {
    /// The replica's data directory.
    #[arg(long, value_name = "DIR", env = "CONTINUITY_DATA_DIR", default_value = "/var/lib/continuity")]
    pub(crate) data_dir: PathBuf,
    /// JSON for machines instead of text for people.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Read every frame and check its checksum, its BLAKE3 chain and its positions.
    Verify {
        #[command(flatten)]
        on: OnData,
        /// The control log instead: clients, keys, who read and changed what.
        #[arg(long)]
        control: bool,
    },
    /// Where the log ends, and the files that it is in with their sizes.
    Segments {
        #[command(flatten)]
        on: OnData,
        /// The control log instead.
        #[arg(long)]
        control: bool,
    },
    /// Print records: position, kind, loan, sequence, arrival; with --payload the event too.
    Cat {
        #[command(flatten)]
        on: OnData,
        /// The control log instead: who did what, from where and why.
        #[arg(long, conflicts_with = "payload")]
        control: bool,
        /// First position.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many records.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// With what each record holds.
        #[arg(long)]
        payload: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Make a backup of the running replica; what an earlier one has there is taken over.
    Create {
        #[command(flatten)]
        on: OnData,
        /// An empty directory, or one with an earlier backup of this replica, on a disk of its own; `backup.directory` of
        /// the configuration unless it is named.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// When the backup was made, what it holds, and what its verification found.
    Status {
        /// Where it is.
        #[arg(long, value_name = "DIR")]
        of: PathBuf,
        /// JSON for machines instead of text for people.
        #[arg(long)]
        json: bool,
    },
    /// Verify a backup by restoring it beside itself: both logs, every file, and the read models folded again, whose digests
    /// have to be those of the replica. On any machine; needs room for the log and the read models there.
    Verify {
        /// Where it is.
        #[arg(long, value_name = "DIR")]
        of: PathBuf,
        /// JSON for machines instead of text for people.
        #[arg(long)]
        json: bool,
    },
    /// Put a backup where a replica can be started on it.
    Restore {
        /// Where it is.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// An empty directory, or one that is not there yet.
        #[arg(long, value_name = "DIR", env = "CONTINUITY_DATA_DIR")]
        data_dir: PathBuf,
        /// JSON for machines instead of text for people.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// All keys with their state: next, active, passive, retired.
    List(OnData),
    /// Let the next key sign from now on. Tokens of the present one are good until they expire.
    Rotate {
        #[command(flatten)]
        on: OnData,
        /// Change to RS256, PS256, ES256 or `EdDSA`; otherwise the next key, whatever it is.
        #[arg(long, value_name = "NAME")]
        algorithm: Option<String>,
        /// Also if clients may not know the next key yet.
        #[arg(long)]
        at_once: bool,
        /// Why; it stands in the control log.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Refuse whatever a key signed, from now on: after a leak. The next one takes the place of an active key.
    Retire {
        #[command(flatten)]
        on: OnData,
        /// Key id as `key list` prints it; one in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Why; it stands in the control log.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// Position, reason, loan and size of each quarantined event.
    List {
        #[command(flatten)]
        on: OnData,
        /// Only those behind this log position.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// How many, oldest first.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// One quarantined event with its raw bytes.
    Show {
        #[command(flatten)]
        on: OnData,
        /// Log position as `quarantine list` prints it.
        position: u64,
    },
    /// Look at its bytes once more, as this version and its settings have it, and take them in if they are good now.
    Retry(Settled),
    /// Let it rest: it waits no more and counts against no bound. Its bytes stay in the log.
    Dismiss(Settled),
    /// Loans with an event that cannot be folded: served as they were before it, and marked as incomplete.
    Parked {
        #[command(flatten)]
        on: OnData,
        /// Only those behind this id.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// How many, by id.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Settled {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Log position as `quarantine list` prints it.
    pub(crate) position: u64,
    /// Why; it is recorded.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Completeness {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Evaluate the newest manifest once more, over everything that has come since, and record the result. It names every
    /// loan and range; a recorded result 1,000 loans of each kind, and 100 ranges of a loan.
    #[arg(long)]
    pub(crate) again: bool,
    /// How many results, incomplete loans and purged loans together.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Every recorded read, oldest first, on standard output; what is counted over a minute comes once that is over.
    Export {
        #[command(flatten)]
        on: OnData,
        /// Only reads of this time or later: a date (UTC) or an RFC 3339 time.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only reads of this time or earlier; a date counts to its end.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Only reads of this loan.
        #[arg(long, value_name = "ID")]
        loan: Option<String>,
        /// Only reads by this client.
        #[arg(long, value_name = "ID")]
        client: Option<String>,
        /// `csv`, in which nothing is taken for a formula, or `ndjson`, one JSON object a line, as with --json.
        #[arg(long, value_enum, default_value_t = AccessFormat::Csv)]
        format: AccessFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessFormat {
    Csv,
    Ndjson,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// Each subscription: how far it is, what did not arrive, and why.
    List(OnData),
    /// The newest attempts, the last 1,000 of each subscription.
    Deliveries(WebhookRows),
    /// Dead letters: messages that were given up.
    Dead(WebhookRows),
    /// Send dead letters, or what the log tells from one position to another, once more.
    Replay(Replayed),
    /// Send a ping, once and now, and say what came of it.
    Test(WebhookId),
    /// Send to a subscription again whose receiver had answered 410.
    Enable(WebhookId),
}

#[derive(Debug, Args)]
pub(crate) struct WebhookRows {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Only those of this subscription.
    pub(crate) subscription: Option<String>,
    /// How many, newest first.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u64,
}

#[derive(Debug, Args)]
pub(crate) struct WebhookId {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Subscription as `webhooks list` prints it.
    pub(crate) subscription: String,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["dead", "message", "from"])))]
pub(crate) struct Replayed {
    #[command(flatten)]
    pub(crate) of: WebhookId,
    /// Every dead letter of the subscription.
    #[arg(long)]
    pub(crate) dead: bool,
    /// The dead letter with this message id.
    #[arg(long, value_name = "ID")]
    pub(crate) message: Option<String>,
    /// What the log tells from this position on ...
    #[arg(long, value_name = "POSITION", requires = "to")]
    pub(crate) from: Option<u64>,
    /// ... to this one.
    #[arg(long, value_name = "POSITION", requires = "from")]
    pub(crate) to: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// State, cause and way out; each part with its identity and our position in it; schedule and pause.
    Status(OnData),
    /// Read nothing from the source until it is resumed, over restarts too.
    Pause(Reasoned),
    /// Read again after a pause.
    Resume(Reasoned),
    /// Read now, whatever the schedule says, until the source's end was reached once.
    Sync(OnData),
    /// Repair one loan from its newest snapshot in a feed: fill its gaps, settle what is parked.
    Resync(Resync),
    /// Take a diverged source as it is and read it from its beginning; what is known is recognised, nothing is lost.
    Accept(Reasoned),
}

/// An order that stands in the log with who gave it and why.
#[derive(Debug, Args)]
pub(crate) struct Resync {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Id of the loan.
    #[arg(long, value_name = "ID")]
    pub(crate) loan: String,
    /// Feed file, directory of them, or s3:// URL with the snapshot; otherwise the configured bootstrap, or the source
    /// when that is a file.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) from: Option<String>,
    /// Why; it is recorded.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Reasoned {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Why; it is recorded.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_begin_with_a_hyphen() {
        for words in
            ["key retire -hRQ --reason leaked", "client disable -x --json", "key retire --reason leaked -- -hRQ"]
        {
            let parsed = Cli::try_parse_from(std::iter::once("continuity").chain(words.split(' ')));
            assert!(parsed.is_ok(), "{words}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
        }
    }
}
