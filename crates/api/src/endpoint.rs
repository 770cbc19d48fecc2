//! What an endpoint is: the one description that routing, checks, metrics and the OpenAPI document are made from.

use std::future::Future;
use std::pin::Pin;

use continuity_auth::{MAX_TOKEN_REQUEST_BYTES, Role, Scope};

use crate::call::Call;
use crate::filter::By;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::routes::admin::MAX_SETTINGS_BYTES;

/// One operation of the API.
pub(crate) struct Endpoint {
    /// Its method; GET answers HEAD too.
    pub(crate) verb: Verb,
    /// The path as documented, parameters in braces; it answers with and without its last slash.
    pub(crate) path: &'static str,
    /// The OpenAPI `operationId`.
    pub(crate) id: &'static str,
    /// The heading it is documented under.
    pub(crate) tag: Tag,
    /// One line.
    pub(crate) summary: &'static str,
    /// What is not obvious; Markdown.
    pub(crate) description: &'static str,
    /// Who may call it.
    pub(crate) access: Access,
    /// Its query parameters; any other is refused.
    pub(crate) params: &'static [Param],
    /// What a good answer holds.
    pub(crate) answer: Answer,
    /// What makes the answer.
    pub(crate) handler: Handler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    /// GET and, for the same answer, POST.
    GetOrPost,
    Patch,
    Delete,
}

impl Verb {
    /// The value of `Allow`.
    pub(crate) const fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::GetOrPost => "GET, HEAD, POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether that method has a body that is read.
    pub(crate) fn reads_body(self, method: &http::Method) -> bool {
        matches!(self, Self::Post | Self::Patch) || (self == Self::GetOrPost && method == http::Method::POST)
    }

    pub(crate) fn admits(self, method: &http::Method) -> bool {
        match self {
            Self::Get => method == http::Method::GET || method == http::Method::HEAD,
            Self::Post => method == http::Method::POST,
            Self::GetOrPost => Self::Get.admits(method) || Self::Post.admits(method),
            Self::Patch => method == http::Method::PATCH,
            Self::Delete => method == http::Method::DELETE,
        }
    }
}

/// Headings of the documentation, in the order of the vendor's guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Token,
    LoanRequests,
    Tasks,
    BidsAndAnalysis,
    Documents,
    Communication,
    Views,
    Worksheets,
    Changes,
    Health,
    Administration,
    Documentation,
}

impl Tag {
    pub(crate) const ALL: [Self; 12] = [
        Self::Token,
        Self::LoanRequests,
        Self::Tasks,
        Self::BidsAndAnalysis,
        Self::Documents,
        Self::Communication,
        Self::Views,
        Self::Worksheets,
        Self::Changes,
        Self::Health,
        Self::Administration,
        Self::Documentation,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "OAuth 2.0",
            Self::LoanRequests => "Loan requests",
            Self::Tasks => "Tasks",
            Self::BidsAndAnalysis => "Bids and analysis",
            Self::Documents => "Documents",
            Self::Communication => "Communication",
            Self::Views => "Materialised views",
            Self::Worksheets => "Worksheets",
            Self::Changes => "Live updates",
            Self::Health => "Health",
            Self::Administration => "Administration",
            Self::Documentation => "Documentation",
        }
    }

    /// What stands under the heading, in a sentence or two.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Token => "Access tokens, and the keys that they are signed with.",
            Self::LoanRequests => "Loan requests, and what happened to them.",
            Self::Tasks => "What somebody has to do for a loan request: forms with their data, and attachments.",
            Self::BidsAndAnalysis => "Bids of the bank, and calculations about loan requests and their participants.",
            Self::Documents => "Documents, the spaces that they lie in, and their bytes.",
            Self::Communication => "Guilds with channels of messages, and comments.",
            Self::Views => "Reports that the platform made of a loan request.",
            Self::Worksheets => "Calculation sheets of a loan request.",
            Self::Changes => "Which loan requests change, told as it happens.",
            Self::Health => {
                "How the replica is, and whether everything is here. Balancers ask `/ready`, people `/health`."
            }
            Self::Administration => {
                "Clients, people, keys and applications. For people alone: the session of somebody who is signed in at `/console/`, with `X-CSRF-Token` at every change, or an access token that a person granted with the scope `admin`. What somebody may do follows from the roles. What shows a secret, or lets somebody in, wants a proof of who it is that is no older than 10 minutes (RFC 9470)."
            }
            Self::Documentation => "This document and its pages.",
        }
    }
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// Anybody; the answer is not replica data and carries no staleness headers.
    Open,
    /// Whoever has a token with at least one of these.
    AnyOf(&'static [Scope]),
    /// Whoever has a token of a person who lets know who it is (`openid`). The answer is not replica data.
    OpenId,
    /// Whoever is signed in, or let an application administer, and has one of these roles. The answer is not replica data.
    Roles { of: &'static [Role], proof: bool },
}

/// One query parameter.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: ParamKind,
    pub(crate) description: &'static str,
}

/// What a query parameter may hold.
#[derive(Debug)]
pub(crate) enum ParamKind {
    /// Several values, each of which may match: repeated, with commas between, or as `name[]`. Unknown ones match nothing.
    AnyOf(&'static [&'static str]),
    /// One of these, exactly.
    OneOf { values: &'static [&'static str], default: &'static str },
    /// One of these in any case.
    OneOfAnyCase { values: &'static [&'static str], default: &'static str },
    /// A whole number.
    Integer { min: u64, max: u64, default: Option<u64> },
    /// Some words, of at most so many characters.
    Text { most: usize, is_needed: bool },
    /// `true` or `false`.
    Flag,
    /// A cursor that an earlier answer gave.
    Cursor,
    /// A point in the past: a log position, or a time.
    AsOf,
    /// Names of members: repeated, with commas between, or as `name[]`.
    Names,
    /// What the member at the end of the path has to be for a row to come.
    Filter(By, &'static [&'static str]),
}

impl ParamKind {
    /// Whether it may be given more than once, with commas and as `name[]`.
    pub(crate) const fn is_repeatable(&self) -> bool {
        matches!(self, Self::AnyOf(_) | Self::Names | Self::Filter(By::AnyOf(_), _))
    }
}

/// What a good answer holds, for the OpenAPI document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// One object of that schema.
    Object(&'static str),
    /// A new object of that schema: 201.
    Created(&'static str),
    /// Nothing: 204.
    Nothing,
    /// A bare array of objects of that schema.
    Array(&'static str),
    /// A bare array that other formats exist of too.
    Export(&'static str),
    /// The bytes of a file.
    File,
    /// Server-sent events, without an end of their own.
    Events,
    /// Something of that media type.
    Media(&'static str),
}

/// What a handler that waits for something returns.
pub(crate) type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send + 'a>>;

impl Endpoint {
    /// The most bytes of a body that are read, but for one that shows that there are more.
    pub(crate) fn longest_body(&self) -> usize {
        if matches!(self.access, Access::Roles { .. }) { MAX_SETTINGS_BYTES } else { MAX_TOKEN_REQUEST_BYTES }
    }
}

/// What makes an answer.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Reads the stores inline: they answer in microseconds, a hop to another thread would cost more.
    Read(fn(&Call) -> Result<Reply, Problem>),
    /// Waits for the disk or another thread.
    Wait(for<'a> fn(&'a Call) -> Waiting<'a>),
}
