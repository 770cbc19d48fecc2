//! People of each role, signed in: some just now, some a while ago.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use continuity_auth::{Account, AccountSettings, Auth, Origin, Role, Scope, SignedIn, Step};
use http::Request;

use super::harness::{Answer, Replica};

pub(super) const PASSWORD: &str = "Trout-Lantern-42-Velvet";

/// A session as its browser has it.
pub(super) struct Browser {
    pub(super) account: Account,
    cookie: String,
    pub(super) csrf: String,
}

impl Browser {
    /// Somebody of that role, signed in.
    pub(super) async fn of(auth: &Auth, email: &str, role: Role) -> Self {
        let settings = AccountSettings {
            email: email.to_owned(),
            name: "Jane Doering".to_owned(),
            roles: vec![role],
            scopes: [Scope::LoansRead, Scope::BidsRead].into_iter().collect(),
            ..AccountSettings::default()
        };
        let account = auth.create_account(settings).unwrap();
        let link = auth.make_link(&account.id).unwrap();
        auth.use_link(&link, PASSWORD, &Origin::default()).await.unwrap();
        let signed_in = Self::sign_in(auth, email).await;
        Self { account, cookie: signed_in.cookie.to_string(), csrf: signed_in.session.csrf }
    }

    pub(super) async fn sign_in(auth: &Auth, email: &str) -> SignedIn {
        match auth.sign_in(email, PASSWORD, &Origin::default()).await.unwrap() {
            Step::SignedIn(signed_in) => *signed_in,
            Step::SecondFactor(_) => panic!("a second factor is asked for"),
        }
    }

    /// What a page of this server sends.
    pub(super) fn request(&self, verb: &str, path: &str) -> http::request::Builder {
        let request = self.bare(verb, path).header("origin", "https://localhost:8083");
        request.header("x-csrf-token", &self.csrf).header("content-type", "application/json")
    }

    /// What the browser sends by itself.
    pub(super) fn bare(&self, verb: &str, path: &str) -> http::request::Builder {
        let request = Request::builder().method(verb.to_ascii_uppercase().as_str()).uri(path);
        request.header("cookie", format!("__Host-continuity={}", self.cookie))
    }

    pub(super) async fn send(&self, replica: &Replica, verb: &str, path: &str, body: &str) -> Answer {
        replica.send(self.request(verb, path).body(Body::from(body.to_owned())).unwrap()).await
    }
}

/// Somebody of each role who has just signed in, and somebody who did long ago.
pub(super) struct People<'a> {
    replica: &'a Replica,
    browsers: BTreeMap<(Role, bool), Browser>,
}

impl<'a> People<'a> {
    pub(super) async fn new(replica: &'a Replica) -> Self {
        let mut browsers = BTreeMap::new();
        for fresh in [false, true] {
            for role in Role::ALL {
                let email = format!("{}-{fresh}@bank.example", role.name());
                browsers.insert((role, fresh), Browser::of(&replica.state.auth, &email, role).await);
            }
            if !fresh {
                replica.clock.advance(Duration::from_mins(11));
            }
        }
        Self { replica, browsers }
    }

    pub(super) async fn ask(&self, verb: &str, path: &str, role: Role, fresh: bool) -> Answer {
        let path = super::scopes::with_ids(path);
        let body = if ["post", "patch"].contains(&verb) { "{}" } else { "" };
        self.browsers[&(role, fresh)].send(self.replica, verb, &path, body).await
    }
}
