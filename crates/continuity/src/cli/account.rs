//! `continuity account`, as people type it.

use clap::{Args, Subcommand};

use super::OnData;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Make an account and print a one-time link with which its person sets a password.
    Create {
        #[command(flatten)]
        on: OnData,
        /// What the person signs in with.
        #[arg(long)]
        email: String,
        /// What people call the person.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        flags: AccountFlags,
    },
    /// All accounts.
    List(OnData),
    /// One account, with its sessions and the applications that it let in.
    Show(AccountName),
    /// Give an account other settings: those that are named here. What they take away ends at once.
    Change {
        #[command(flatten)]
        account: AccountName,
        /// What the person signs in with.
        #[arg(long)]
        email: Option<String>,
        /// What people call the person.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        flags: AccountFlags,
    },
    /// Let a disabled person in again.
    Enable(AccountName),
    /// Refuse a person from now on; sessions and tokens end at once.
    Disable(AccountName),
    /// Delete an account for good.
    Delete(AccountName),
    /// Print a one-time link with which its person sets a password; one made before is no good any more.
    Link(AccountName),
    /// Let somebody at the bank's provider sign in as this account: the one with this subject there, and nobody else.
    LinkProvider {
        #[command(flatten)]
        account: AccountName,
        /// Who it is at the provider: its `sub`.
        #[arg(long)]
        subject: String,
        /// The provider's `iss`; the one of the configuration unless said.
        #[arg(long)]
        issuer: Option<String>,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
    /// Let nobody at a provider sign in as this account any more; its sessions end.
    UnlinkProvider {
        #[command(flatten)]
        account: AccountName,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
    /// Set a temporary password, print it, and end all sessions: the way in when there is no other.
    ResetPassword {
        #[command(flatten)]
        account: AccountName,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
    /// Take authenticator app, passkeys and recovery codes away from somebody who lost them.
    ResetFactors {
        #[command(flatten)]
        account: AccountName,
        /// Why; it is recorded.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AccountName {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// The account's e-mail address or id.
    pub(crate) account: String,
}

/// Settings of an account that may be left out. A list that is given is the whole list; an empty text makes it empty.
#[derive(Debug, Default, Args)]
pub(crate) struct AccountFlags {
    /// Roles, separated by spaces or commas: admin, operator, auditor, developer, viewer.
    #[arg(long)]
    pub(crate) roles: Option<String>,
    /// What the person may read of loans: scopes, separated by spaces or commas.
    #[arg(long)]
    pub(crate) scopes: Option<String>,
    /// A team whose loans the person may see; without any, those of all teams. May be repeated.
    #[arg(long = "team", value_name = "TEAM")]
    pub(crate) teams: Vec<String>,
    /// A kind of channels that the person may see; without any, all. May be repeated.
    #[arg(long = "channel-kind", value_name = "KIND")]
    pub(crate) channel_kinds: Vec<String>,
}
