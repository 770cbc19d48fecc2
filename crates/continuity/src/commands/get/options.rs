//! What `continuity get` can be told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which replica, what of it, and how it is shown.
#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(super) to: To,
    #[command(flatten)]
    pub(super) show: Show,
    #[command(subcommand)]
    pub(super) what: What,
}

/// Which replica, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Replica")]
pub(super) struct To {
    /// TOML file with what follows; otherwise ~/.config/continuity/profile.toml, if there is one.
    #[arg(long, global = true, value_name = "FILE", env = "CONTINUITY_PROFILE", hide_env_values = true)]
    pub(super) profile: Option<PathBuf>,
    /// Its address, `https://HOST:PORT`.
    #[arg(long, global = true, value_name = "URL", env = "CONTINUITY_URL", hide_env_values = true)]
    pub(super) url: Option<String>,
    /// PEM file of the authority that its certificate has to come from; otherwise those that this system trusts.
    #[arg(long, global = true, value_name = "FILE", env = "CONTINUITY_CA_FILE", hide_env_values = true)]
    pub(super) ca_file: Option<PathBuf>,
    /// The OAuth client.
    #[arg(long, global = true, value_name = "ID", env = "CONTINUITY_CLIENT_ID", hide_env_values = true)]
    pub(super) client_id: Option<String>,
    /// File with the client's secret. It is never given on the command line, where everybody could read it.
    #[arg(long, global = true, value_name = "FILE", env = "CONTINUITY_CLIENT_SECRET_FILE", hide_env_values = true)]
    pub(super) client_secret_file: Option<PathBuf>,
}

/// What is shown, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Show {
    /// JSON on a terminal too: the reply as it is.
    #[arg(long, global = true, conflicts_with = "table")]
    pub(super) json: bool,
    /// A table although standard output is no terminal.
    #[arg(long, global = true)]
    pub(super) table: bool,
    /// Only these members of each object, with commas between; they are the table's columns.
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    pub(super) fields: Vec<String>,
    /// Any other query parameter of the API; may be repeated.
    #[arg(long = "param", global = true, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) params: Vec<(String, String)>,
    /// Fail when the replica is further behind than this, in seconds.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(super) max_staleness: Option<u64>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it has to be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Loan requests, newest first.
    Loans(Box<Loans>),
    /// One loan request.
    Loan(OfLoan),
    /// Its tasks.
    Tasks {
        #[command(flatten)]
        of: ListOfLoan,
        /// Only in these states, with commas between.
        #[arg(long)]
        status: Option<String>,
        /// Only UPLOAD or FORM.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
    },
    /// One task with its form data. Reading a sensitive one is recorded.
    Task {
        #[command(flatten)]
        of: OfLoan,
        /// Id of the task.
        task: String,
    },
    /// A file that is attached to a task.
    Attachment {
        #[command(flatten)]
        of: OfLoan,
        /// Id of the task.
        task: String,
        /// Id of the item.
        item: String,
        #[command(flatten)]
        into: Into,
    },
    /// Its documents.
    Documents {
        #[command(flatten)]
        of: ListOfLoan,
        /// Only in these states, with commas between.
        #[arg(long)]
        status: Option<String>,
        /// Only of these categories, with commas between.
        #[arg(long)]
        category: Option<String>,
        /// Only with this in their name.
        #[arg(long)]
        name: Option<String>,
    },
    /// The file of a document: goes on where an earlier try was cut, and is checked against its SHA-256.
    Document {
        #[command(flatten)]
        of: OfLoan,
        /// Id of the document.
        document: String,
        #[command(flatten)]
        into: Into,
    },
    /// Its audit log, newest first.
    AuditLog {
        #[command(flatten)]
        of: ListOfLoan,
        /// Only of these actions, with commas between.
        #[arg(long)]
        action: Option<String>,
        /// Only since this date or time.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only until this date or time.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
    /// Its bid requests with their quotes.
    Bids {
        #[command(flatten)]
        of: ListOfLoan,
        /// Only in these states, with commas between.
        #[arg(long)]
        status: Option<String>,
    },
    /// Its analyses.
    Analysis {
        #[command(flatten)]
        of: ListOfLoan,
        /// Only of these types, with commas between.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only in these states, with commas between.
        #[arg(long)]
        status: Option<String>,
    },
    /// Its guilds with their channels.
    Guilds(ListOfLoan),
    /// The messages of a channel, oldest first.
    Messages {
        #[command(flatten)]
        of: ListOfLoan,
        /// Id of the channel; needed when the loan request has more than one.
        #[arg(long, value_name = "ID")]
        channel: Option<String>,
        /// Only those behind this number.
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
    },
    /// Comments.
    Comments(ListOfLoan),
    /// Materialised views.
    Views(ListOfLoan),
    /// Worksheets.
    Worksheets(ListOfLoan),
    /// One worksheet with its cells.
    Worksheet {
        #[command(flatten)]
        of: OfLoan,
        /// Id of the worksheet.
        worksheet: String,
    },
    /// Whether everything is here, and what is not, by name.
    Completeness(Pages),
    /// Which loan requests changed.
    Changes(Changes),
}

#[derive(Debug, Args)]
pub(super) struct Loans {
    #[command(flatten)]
    pub(super) pages: Pages,
    /// Only in these states, with commas between, e.g. BID,SANCTION.
    #[arg(long)]
    pub(super) status: Option<String>,
    /// Only in these stages, with commas between.
    #[arg(long)]
    pub(super) stage: Option<String>,
    /// Only of these products, by code.
    #[arg(long, value_name = "CODE")]
    pub(super) product: Option<String>,
    /// Only of these teams.
    #[arg(long)]
    pub(super) team: Option<String>,
    /// Only with this reference.
    #[arg(long)]
    pub(super) reference: Option<String>,
    /// Only created on this date or at this time, or later.
    #[arg(long, value_name = "TIME")]
    pub(super) created_from: Option<String>,
    /// Only created on this date or at this time, or earlier.
    #[arg(long, value_name = "TIME")]
    pub(super) created_to: Option<String>,
    /// Only updated at this time or later.
    #[arg(long, value_name = "TIME")]
    pub(super) updated_since: Option<String>,
    /// Only for so much or more.
    #[arg(long, value_name = "AMOUNT")]
    pub(super) amount_min: Option<String>,
    /// Only for so much or less.
    #[arg(long, value_name = "AMOUNT")]
    pub(super) amount_max: Option<String>,
    /// Only with open tasks.
    #[arg(long)]
    pub(super) open_tasks: bool,
    /// Deleted ones too.
    #[arg(long)]
    pub(super) include_deleted: bool,
    /// createdAt (unless said otherwise), updatedAt, statusChangedAt, requestedAmount, reference, status or position.
    #[arg(long, value_name = "MEMBER")]
    pub(super) sort: Option<String>,
    /// asc or desc (unless said otherwise).
    #[arg(long, value_name = "DIRECTION")]
    pub(super) order: Option<String>,
    /// Leave so many out before the first one.
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub(super) offset: Option<u64>,
}

/// How much of a list.
#[derive(Debug, Args)]
pub(super) struct Pages {
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,
    /// All of them, page after page; as JSON one object a line.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct OfLoan {
    /// Id of the loan request, or its reference.
    pub(super) loan: String,
}

#[derive(Debug, Args)]
pub(super) struct ListOfLoan {
    /// Id of the loan request, or its reference.
    pub(super) loan: String,
    #[command(flatten)]
    pub(super) pages: Pages,
}

#[derive(Debug, Args)]
pub(super) struct Into {
    /// Where to: a file, which is replaced.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Changes {
    /// Go on listening, over restarts of the replica too, until Ctrl-C.
    #[arg(long)]
    pub(super) follow: bool,
    /// Begin behind this log position; 0 tells every loan request. Otherwise at the present.
    #[arg(long, value_name = "POSITION", required_unless_present = "follow")]
    pub(super) since: Option<u64>,
}

impl What {
    /// The loan request that it is about.
    pub(super) fn loan_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Loan(of)
            | Self::Task { of, .. }
            | Self::Worksheet { of, .. }
            | Self::Document { of, .. }
            | Self::Attachment { of, .. } => Some(&mut of.loan),
            Self::Tasks { of, .. }
            | Self::Documents { of, .. }
            | Self::AuditLog { of, .. }
            | Self::Bids { of, .. }
            | Self::Analysis { of, .. }
            | Self::Messages { of, .. }
            | Self::Guilds(of)
            | Self::Comments(of)
            | Self::Views(of)
            | Self::Worksheets(of) => Some(&mut of.loan),
            Self::Loans(_) | Self::Completeness(_) | Self::Changes(_) => None,
        }
    }
}
