//! Rules that take more than one request to be seen.

use std::future::Future;
use std::pin::Pin;

use continuity_tests::harness::Failure;
use serde_json::json;

use super::exchange::Words;
use crate::stage::{JANE, PASSWORD, Registered, Sent, Stage, asking, claims, parameter, text};

type Told<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

pub(crate) struct Story {
    pub(crate) section: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) tell: for<'a> fn(&'a Stage, &'a Words) -> Told<'a>,
}

pub(crate) const STORIES: &[Story] = &[
    Story {
        section: "RFC 9700 2.2.2",
        rule: "a refresh token is good once; the one before is answered alike while its successor is unused",
        tell: |stage, words| Box::pin(refresh_turns(stage, words)),
    },
    Story {
        section: "RFC 9700 4.14.2",
        rule: "a refresh token is bound to its client, and gives no more than was granted",
        tell: |stage, words| Box::pin(refresh_is_bound(stage, words)),
    },
    Story {
        section: "RFC 9700 4.14.2",
        rule: "refresh tokens end when the password changes, and when the person signs out",
        tell: |stage, words| Box::pin(refresh_ends_with_the_session(stage, words)),
    },
    Story {
        section: "RFC 7009 2.1",
        rule: "a refresh token that is revoked takes its access tokens along",
        tell: |stage, words| Box::pin(revocation_takes_all(stage, words)),
    },
    Story {
        section: "house cache",
        rule: "what ends a token ends it on the next request, however often it was verified before",
        tell: |stage, _| Box::pin(a_verified_token_ends_at_once(stage)),
    },
    Story {
        section: "house keys",
        rule: "a key that signs no more is published while its tokens are good, and a retired one ends them",
        tell: |stage, _| Box::pin(keys_turn(stage)),
    },
    Story {
        section: "RFC 9700 4.15",
        rule: "a client cannot be taken for a person: sub is its own id, and no account",
        tell: |stage, words| Box::pin(subjects_differ(stage, words)),
    },
    Story {
        section: "RFC 9700 2.3",
        rule: "a token is for one audience and for what was asked for",
        tell: |stage, words| Box::pin(tokens_are_narrow(stage, words)),
    },
    Story {
        section: "RFC 9700 4.7.1",
        rule: "the state comes back as it was, and a nonce stands in the ID token",
        tell: |stage, words| Box::pin(state_and_nonce_come_back(stage, words)),
    },
];

pub(crate) fn application(words: &Words) -> Registered {
    Registered { id: words["app"].clone(), secret: String::new() }
}

async fn refresh_turns(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let app = application(words);
    let (_, first) = stage.redeem(&app, &stage.code(&app, "").await?).await?;
    let zero = text(&first, "refresh_token")?;
    let (status, second) = stage.refresh(&app, &zero).await?;
    let one = text(&second, "refresh_token")?;
    assert!(status == 200 && one != zero, "{second}");
    let (status, again) = stage.refresh(&app, &zero).await?;
    assert_eq!((status, text(&again, "refresh_token")?), (200, one.clone()), "an answer that was lost");
    let (status, third) = stage.refresh(&app, &one).await?;
    assert!(status == 200 && text(&third, "refresh_token")? != one, "{third}");
    let (status, refused) = stage.refresh(&app, &zero).await?;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "its successor was used");
    Ok(())
}

async fn refresh_is_bound(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let (app, other) = (application(words), stage.application("Another pad", "none").await?);
    let (_, first) = stage.redeem(&app, &stage.code(&app, "&scope=openid+loans:read").await?).await?;
    let token = text(&first, "refresh_token")?;
    let (status, refused) = stage.refresh(&other, &token).await?;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    let more = [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", "documents:read")];
    let (status, refused) = stage.post("/oauth/token", &[&more[..], &app.proof()].concat()).await?;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_scope")), "the person has not agreed to it");
    let less = [("grant_type", "refresh_token"), ("refresh_token", &token), ("scope", "loans:read")];
    let (status, narrowed) = stage.post("/oauth/token", &[&less[..], &app.proof()].concat()).await?;
    assert_eq!((status, &narrowed["scope"]), (200, &json!("loans:read")), "and it was not used up by that");
    Ok(())
}

async fn refresh_ends_with_the_session(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let app = application(words);
    let email = "joe@bank.example";
    stage.person(email).await?;
    let other = "Other-Lantern-43-Velvet";
    for ending in ["password", "sign-out"] {
        let mut browser = stage.browser();
        let known = if ending == "password" { PASSWORD } else { other };
        browser.sign_in(email, known, "").await?.to()?;
        let back = stage.let_in(&mut browser, &asking(&app, "")).await?;
        let (_, tokens) = stage.redeem(&app, &parameter(&back, "code").ok_or("no code")?).await?;
        let (access, refresh) = (text(&tokens, "access_token")?, text(&tokens, "refresh_token")?);
        assert_eq!(stage.reads(&access).await?, 200);
        // Another browser changes the password: sessions elsewhere end, and what hangs on them.
        let mut desk = if ending == "password" { stage.browser() } else { browser };
        if ending == "password" {
            desk.sign_in(email, PASSWORD, "").await?.to()?;
            desk.get("/console/account/password").await?;
            let fields = [("present", PASSWORD), ("new", other), ("repeat", other)];
            desk.post("/console/account/password", &fields).await?.to()?;
        } else {
            desk.get("/console/account").await?;
            desk.post("/console/sign-out", &[]).await?.to()?;
        }
        assert_eq!(stage.reads(&access).await?, 401, "{ending}");
        assert_eq!(stage.refresh(&app, &refresh).await?.0, 400, "{ending}");
    }
    Ok(())
}

async fn revocation_takes_all(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let app = application(words);
    let (_, tokens) = stage.redeem(&app, &stage.code(&app, "").await?).await?;
    let (access, refresh) = (text(&tokens, "access_token")?, text(&tokens, "refresh_token")?);
    assert_eq!(stage.reads(&access).await?, 200);
    let (status, _) = stage.post("/oauth/revoke", &[("client_id", &app.id), ("token", &refresh)]).await?;
    assert_eq!((status, stage.reads(&access).await?, stage.refresh(&app, &refresh).await?.0), (200, 401, 400));
    Ok(())
}

async fn a_verified_token_ends_at_once(stage: &Stage) -> Result<(), Failure> {
    let client = stage.client("short-lived", "loans:read", &[]).await?;
    let (one, two) = (stage.token(&client, &[]).await?, stage.token(&client, &[]).await?);
    for token in [&one, &two, &one, &two] {
        assert_eq!(stage.reads(token).await?, 200);
    }
    stage.post("/oauth/revoke", &[&client.proof()[..], &[("token", &one)]].concat()).await?;
    assert_eq!((stage.reads(&one).await?, stage.reads(&two).await?), (401, 200));
    stage.order(&["client", "disable", &client.id]).await?;
    assert_eq!(stage.reads(&two).await?, 401);
    stage.order(&["client", "enable", &client.id]).await?;
    assert_eq!(stage.reads(&two).await?, 401, "enabling brings no token back");
    let three = stage.token(&client, &[]).await?;
    assert_eq!(stage.reads(&three).await?, 200);
    stage.order(&["client", "change", &client.id, "--scopes", "audit:read"]).await?;
    assert_eq!(stage.reads(&three).await?, 403, "a scope that the client lost");
    stage.order(&["client", "delete", &client.id]).await?;
    assert_eq!(stage.reads(&three).await?, 401);
    Ok(())
}

async fn keys_turn(stage: &Stage) -> Result<(), Failure> {
    let client = stage.client("of every key", "loans:read", &[]).await?;
    let published = async || {
        let reply = stage.send(&Sent::get("/.well-known/jwks.json")).await?;
        Ok::<_, Failure>(reply.text())
    };
    let before = stage.token(&client, &[]).await?;
    let rotate = ["key", "rotate", "--algorithm", "ES256", "--at-once", "--reason", "a drill"];
    let now = text(&stage.order(&rotate).await?, "id")?;
    let after = stage.token(&client, &[]).await?;
    let keys = stage.order(&["key", "list"]).await?;
    let states = keys.as_array().into_iter().flatten().map(|key| (key["id"].clone(), key["state"].clone()));
    let passive = states.filter(|(_, state)| state == "passive").map(|(id, _)| id).next();
    let passive = passive.and_then(|id| id.as_str().map(str::to_owned)).ok_or("no key is passive")?;
    let set = published().await?;
    assert!(set.contains(&now) && set.contains(&passive), "{set}");
    assert_eq!((stage.reads(&before).await?, stage.reads(&after).await?), (200, 200));
    stage.order(&["key", "retire", &passive, "--reason", "a drill"]).await?;
    assert!(!published().await?.contains(&passive));
    assert_eq!((stage.reads(&before).await?, stage.reads(&after).await?), (401, 200));
    Ok(())
}

async fn subjects_differ(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let client = Registered { id: words["id"].clone(), secret: words["secret"].clone() };
    let own = claims(&stage.token(&client, &[]).await?)?;
    assert_eq!((&own["sub"], &own["client_id"]), (&json!(client.id), &json!(client.id)));
    let app = application(words);
    let (_, tokens) = stage.redeem(&app, &stage.code(&app, "").await?).await?;
    let of_jane = claims(&text(&tokens, "access_token")?)?;
    assert_eq!((&of_jane["sub"], &of_jane["client_id"]), (&json!(words["account"]), &json!(app.id)));
    let named = stage.client(&words["account"], "loans:read", &[]).await?;
    assert_ne!(named.id, words["account"], "nobody chooses a client's id");
    Ok(())
}

async fn tokens_are_narrow(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let client = Registered { id: words["id"].clone(), secret: words["secret"].clone() };
    let token = stage.token(&client, &[("scope", "documents:read")]).await?;
    let claims = claims(&token)?;
    assert_eq!(claims["aud"], json!(format!("{}/api/v1", stage.base())));
    assert_eq!((&claims["scope"], stage.reads(&token).await?), (&json!("documents:read"), 403));
    Ok(())
}

async fn state_and_nonce_come_back(stage: &Stage, words: &Words) -> Result<(), Failure> {
    let (app, mut browser) = (application(words), stage.jane().await?);
    let state = "a b&c=d/\u{e9}%";
    let request =
        asking(&app, "&scope=openid+loans:read&nonce=n-7").replace("state=s-1", "state=a%20b%26c%3Dd%2F%C3%A9%25");
    let back = stage.let_in(&mut browser, &request).await?;
    assert_eq!(parameter(&back, "state").as_deref(), Some(state));
    let (_, tokens) = stage.redeem(&app, &parameter(&back, "code").ok_or("no code")?).await?;
    assert_eq!(claims(&text(&tokens, "id_token")?)?["nonce"], json!("n-7"));
    assert_eq!(words["jane"], JANE.replace('@', "%40"));
    Ok(())
}
