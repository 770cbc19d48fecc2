//! Live updates: a listener is told of loans that it may read at that moment.

use continuity_auth::ClientSettings;

use super::super::changes::{Listener, changes, events};
use super::*;

async fn told(rig: &Rig, since: u64) -> Vec<String> {
    let query = format!("?since={since}&once=true");
    let events = Listener::with(&rig.replica, &rig.token, &query, &[]).await.all().await;
    changes(&events).into_iter().map(|(_, loan)| loan.to_owned()).collect()
}

#[tokio::test]
async fn only_what_is_seen_is_told_and_the_end_is_reached() {
    assert_eq!(told(&NORTH, 0).await, SEEN, "no purged one either: it is of no team any more");
    let position = NORTH.replica.state.engine.view().position;
    let events = Listener::with(&NORTH.replica, &NORTH.token, "?since=0&once=true", &[]).await.all().await;
    let caught_up = events.iter().find(|told| told.0 == "position").unwrap();
    assert_eq!(caught_up.1, position.to_string(), "whatever else there is, everything was told up to there");
}

#[tokio::test]
async fn kinds_of_channels_limit_no_loans() {
    let rig = Rig::new(feed(), &[], &["LEGAL"]);
    let (_, everybody) = rig.replica.client(limited(&[], &[]));
    let all = Listener::with(&rig.replica, &everybody, "?since=0&once=true", &[]).await.all().await;
    assert_eq!(told(&rig, 0).await.len(), changes(&all).len());
}

#[tokio::test]
async fn a_loan_is_told_once_it_comes_in_and_not_once_it_left() {
    let mut rig = Rig::new(feed(), &["north"], &[]);
    let mut listener = Listener::with(&rig.replica, &rig.token, "", &[]).await;
    listener.until("event: state").await;
    let before = rig.replica.state.engine.view().position;
    rig.replica.tell(|feed| {
        feed.loan("loan-e", "\"team\":\"south\"")
            .put("loan-e", "comment", "after", "", "{\"id\":\"after\"}")
            .loan("loan-b", "\"team\":\"north\"")
            .put("loan-a", "loanRequest", "loan-a", "", "null")
            .loan("loan-g", "\"team\":\"north\"");
    });
    let text = listener.until("loan-g").await;
    let loans: Vec<_> = changes(&events(text)).into_iter().map(|(_, loan)| loan.to_owned()).collect();
    assert_eq!(loans, ["loan-b", "loan-g"], "{text}");
    assert_eq!(told(&rig, before).await, ["loan-b", "loan-g"]);
}

#[tokio::test]
async fn a_changed_limit_holds_within_a_stream() {
    let mut rig = Rig::new(feed(), &["north"], &[]);
    let mut listener = Listener::with(&rig.replica, &rig.token, "", &[]).await;
    listener.until("event: state").await;
    rig.replica.tell(|feed| {
        feed.loan("loan-b", "\"team\":\"south\",\"n\":1").loan("loan-e", "\"team\":\"north\",\"n\":1");
    });
    listener.until("loan-e").await;
    let south = |settings: &ClientSettings| Ok(ClientSettings { teams: vec!["south".to_owned()], ..settings.clone() });
    rig.replica.state.auth.change_client_with(&rig.id, south).unwrap();
    rig.replica.tell(|feed| {
        feed.loan("loan-e", "\"team\":\"north\",\"n\":2").loan("loan-b", "\"team\":\"south\",\"n\":2");
    });
    let text = listener.until("loan-b").await;
    assert_eq!(text.matches("loan-e").count(), 1, "{text}");
}
