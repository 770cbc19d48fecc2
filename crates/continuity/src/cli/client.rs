//! `continuity client`, as people type it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OnData;

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Create a client and print its secret, this once.
    Create {
        #[command(flatten)]
        on: OnData,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// Scopes, separated by spaces or commas, e.g. "loans:read documents:read".
        #[arg(long)]
        scopes: String,
        #[command(flatten)]
        settings: ClientFlags,
    },
    /// All clients, without secrets.
    List {
        #[command(flatten)]
        on: OnData,
        /// Only those that got no token for so many days.
        #[arg(long, value_name = "DAYS")]
        unused_days: Option<u32>,
    },
    /// One client with all its settings.
    Show(ClientId),
    /// Give a client other settings: those that are named here. What they take away ends at once.
    Change {
        #[command(flatten)]
        client: ClientId,
        /// What people call it.
        #[arg(long)]
        name: Option<String>,
        /// Scopes, separated by spaces or commas: all that it has from now on.
        #[arg(long)]
        scopes: Option<String>,
        #[command(flatten)]
        settings: ClientFlags,
    },
    /// Let a disabled client in again.
    Enable(ClientId),
    /// Refuse a client from now on, tokens that it holds included.
    Disable(ClientId),
    /// Delete a client for good, tokens that it holds included.
    Delete(ClientId),
    /// Lists changes of clients and keys that do not count, as another replica made others at the same time.
    Conflicts(OnData),
    /// Give a client a new secret and print it, this once.
    Rotate {
        #[command(flatten)]
        client: ClientId,
        /// How long the old secret works beside the new one, in seconds. 0 after a leak.
        #[arg(long, default_value_t = 0)]
        overlap_seconds: u64,
    },
    /// Print the definitions of all clients, a JSON line each, without secrets.
    Export(OnData),
    /// Make clients what definitions say, as `client export` prints them. New ones have no secret: rotate them.
    Import {
        #[command(flatten)]
        on: OnData,
        /// The file; `-` for standard input.
        file: PathBuf,
    },
}

/// Settings of a client that may be left out. A list that is given is the whole list; an empty text makes it empty.
#[derive(Debug, Default, Args)]
pub(crate) struct ClientFlags {
    /// What it is for.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Lifetime of its tokens in seconds, 60 to 86400.
    #[arg(long)]
    pub(crate) token_seconds: Option<u32>,
    /// How it proves who it is: `client_secret`, `private_key_jwt` or `none`.
    #[arg(long, value_name = "METHOD")]
    pub(crate) authentication: Option<String>,
    /// Its public keys for `private_key_jwt`: a file with a JWK Set.
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: Option<PathBuf>,
    /// A way to a token: `client_credentials`, `authorization_code` or `refresh_token`. May be repeated.
    #[arg(long = "grant", value_name = "TYPE")]
    pub(crate) grants: Vec<String>,
    /// Where people are sent back to with a code. May be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub(crate) redirect_uris: Vec<String>,
    /// A network that its requests may come from, such as 10.1.0.0/16. May be repeated.
    #[arg(long = "network", value_name = "CIDR")]
    pub(crate) networks: Vec<String>,
    /// A team whose loans it may see, and no others. May be repeated.
    #[arg(long = "team", value_name = "NAME")]
    pub(crate) teams: Vec<String>,
    /// A kind of channels that it may see, and no others: GENERAL, DIRECT, LEGAL, ARCHITECT or CUSTOM. May be repeated.
    #[arg(long = "channel-kind", value_name = "KIND")]
    pub(crate) channel_kinds: Vec<String>,
    /// Requests a second that it may send, instead of the configuration's; 0: the configuration's again.
    #[arg(long, value_name = "COUNT")]
    pub(crate) requests_per_second: Option<u32>,
    /// Requests at once after a pause; twice the former unless given.
    #[arg(long, value_name = "COUNT", requires = "requests_per_second")]
    pub(crate) burst: Option<u32>,
    /// Whether people may let it administer this replica as they may (scope admin).
    #[arg(long, value_name = "BOOL")]
    pub(crate) may_administer: Option<bool>,
    /// Whether it may ask about tokens of other clients (introspection).
    #[arg(long, value_name = "BOOL")]
    pub(crate) may_introspect: Option<bool>,
    /// Whether its tokens are bound to a key of its own (DPoP, RFC 9449): without a proof it gets none.
    #[arg(long, value_name = "BOOL")]
    pub(crate) dpop_bound: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct ClientId {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Client id as `client list` prints it.
    #[arg(allow_hyphen_values = true)]
    pub(crate) id: String,
}
