//! Guessing, enumeration, forms of other sites, planted sessions.

use std::collections::BTreeMap;

use continuity_tests::harness::{Browser, Failure, Page};
use tokio::task::JoinSet;

use crate::stage::{JANE, PASSWORD, Sent, Stage, asking};

/// Where Jane signed in before, and where the attacker is.
const HOME: &str = "203.0.113.5";
const AWAY: &str = "198.51.100.7";
/// So many of one network wait for their turn at once; docs/people.md.
const OF_NETWORK: usize = 16;

async fn signs_in(stage: &Stage, from: &str, email: &str, password: &str) -> Result<Page, Failure> {
    stage.browser().at(from).sign_in(email, password, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn brute_force_is_slowed_and_locks_nobody_out() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    stage.person("joe@bank.example").await?;
    assert_eq!(signs_in(&stage, HOME, JANE, PASSWORD).await?.to()?, "/console/account");
    for guess in 0..5 {
        let page = signs_in(&stage, AWAY, JANE, &format!("guess number {guess}")).await?;
        assert_eq!(page.status, 422, "{}", page.text);
    }
    for password in ["one guess more", PASSWORD] {
        let page = signs_in(&stage, AWAY, JANE, password).await?;
        let wait: u64 = page.header("retry-after").parse()?;
        assert!(
            page.status == 429 && wait > 0 && !page.headers.contains_key("set-cookie"),
            "{password}: {}",
            page.text
        );
    }
    assert_eq!(signs_in(&stage, HOME, JANE, PASSWORD).await?.to()?, "/console/account", "she is not locked out");
    assert_eq!(signs_in(&stage, AWAY, "joe@bank.example", PASSWORD).await?.to()?, "/console/account", "nor is another");
    // From many networks at once: the account's own counter fills, and only where she never signed in.
    let mut slowed = 0;
    for network in 0..60 {
        let page = signs_in(&stage, &format!("100.64.{network}.1"), JANE, "another guess").await?;
        slowed += u32::from(page.status == 429);
    }
    assert!((1..=59).contains(&slowed), "{slowed} of 60 were slowed");
    assert_eq!(signs_in(&stage, HOME, JANE, PASSWORD).await?.to()?, "/console/account", "still not");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn brute_force_of_a_client_secret_is_slowed() -> Result<(), Failure> {
    let limits = "[limits]\nfailed_authentications_per_minute = 1\nfailed_authentications_burst = 4\n\
                  trusted_proxies = ['127.0.0.1']\n";
    let stage = Stage::start(limits).await?;
    let (guessed, other) =
        (stage.client("one", "loans:read", &[]).await?, stage.client("two", "loans:read", &[]).await?);
    let ask = async |id: &str, secret: &str, from: &str| {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        stage.send(&Sent::form("/oauth/token", body).header("x-forwarded-for", from)).await
    };
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(ask(&guessed.id, "guess", AWAY).await?.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[7]), (401, 429), "{statuses:?}");
    let right = ask(&guessed.id, &guessed.secret, AWAY).await?;
    assert_eq!(right.status, 429, "the right one is not looked at there either: {}", right.text());
    assert!(!right.header("retry-after").is_empty() && right.header("cache-control").contains("no-store"));
    assert!(right.text().contains("temporarily_unavailable"), "{}", right.text());
    assert_eq!(ask(&guessed.id, &guessed.secret, HOME).await?.status, 200, "the client itself goes on");
    assert_eq!(ask(&other.id, &other.secret, AWAY).await?.status, 200, "and so do others behind the address");
    Ok(())
}

/// What differs from reply to reply anyway.
fn comparable(page: &Page, email: &str) -> (u16, BTreeMap<String, String>, String) {
    let own = ["date", "x-request-id"];
    let headers = page.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let token = page.value("token").unwrap_or_default();
    (page.status.as_u16(), headers.collect(), page.text.replace(&token, "").replace(email, ""))
}

/// How many of these sign-ins at once, from one network, were told that too many wait.
async fn told_to_wait(stage: &Stage, from: &str, email: &str) -> Result<usize, Failure> {
    let mut browser = stage.browser().at(from);
    browser.get("/console/sign-in").await?;
    let mut all = JoinSet::new();
    for _ in 0..OF_NETWORK * 2 {
        let (mut browser, email) = (browser.clone(), email.to_owned());
        all.spawn(async move {
            browser.post("/console/sign-in", &[("email", &email), ("password", "a wrong password")]).await
        });
    }
    let mut busy = 0;
    while let Some(page) = all.join_next().await {
        busy += usize::from(page??.status == 503);
    }
    Ok(busy)
}

/// No time is measured here (`cargo xtask bench sign_in` does): what is told is the same, and so is the queue for the work
/// that takes the time. Who is refused without that work would never wait.
#[tokio::test(flavor = "multi_thread")]
async fn enumeration_sees_the_same_answer_after_the_same_work() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    stage.person("gone@bank.example").await?;
    stage.order(&["account", "disable", "gone@bank.example"]).await?;
    let kinds = [JANE, "gone@bank.example", "none@bank.example"];
    let mut seen = Vec::new();
    for email in kinds {
        seen.push(comparable(&signs_in(&stage, AWAY, email, "a wrong password").await?, email));
    }
    assert_eq!(seen[0].0, 422);
    assert!(seen[0] == seen[1] && seen[1] == seen[2], "{seen:#?}");
    for (number, email) in kinds.into_iter().enumerate() {
        let busy = told_to_wait(&stage, &format!("100.64.{number}.1"), email).await?;
        assert!(busy > 0, "of {} sign-ins of {email} at once none waited: no work was done", OF_NETWORK * 2);
    }
    let (off, wrong) = (stage.client("off", "loans:read", &[]).await?, stage.client("on", "loans:read", &[]).await?);
    stage.order(&["client", "disable", &off.id]).await?;
    let ask = async |id: &str, secret: &str| {
        let grant = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        stage.post("/oauth/token", &grant).await
    };
    let unknown = ask("nobody", "wrong").await?;
    assert_eq!(unknown.0, 401);
    for (id, secret) in [(&off.id, &off.secret), (&off.id, &wrong.secret), (&wrong.id, &off.secret)] {
        assert_eq!(ask(id, secret).await?, unknown);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn csrf_does_nothing_for_somebody_who_is_signed_in() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    let app = stage.application("Loan pad", "none").await?;
    let mut jane = stage.jane().await?;
    let mut attacker = stage.browser();
    attacker.get("/console/sign-in").await?;
    jane.get("/console/account").await?;
    let (own, known) = (jane.token.clone(), attacker.token.clone());
    let query = asking(&app, "").replace("/oauth/authorize?", "");
    let forms: [(&str, Vec<(&str, &str)>); 4] = [
        ("/oauth/authorize", vec![("query", &query), ("answer", "allow")]),
        (
            "/console/account/password",
            vec![("present", PASSWORD), ("new", "Of-Evil-99-Example"), ("repeat", "Of-Evil-99-Example")],
        ),
        ("/console/account/recovery-codes", Vec::new()),
        ("/console/sign-out", Vec::new()),
    ];
    for (path, fields) in &forms {
        // With the attacker's own secret, with one that leaked, and the way browsers hide where a form comes from.
        for (token, origin) in [(&known, "https://evil.example"), (&own, "https://evil.example"), (&own, "null")] {
            let page = jane.post_as(path, fields, &[("origin", origin)], token).await?;
            assert_eq!(page.status, 403, "{path} {origin}: {}", page.text);
        }
        let page = jane.post_as(path, fields, &[("origin", stage.base())], &known).await?;
        assert_eq!(page.status, 403, "{path} with another browser's secret: {}", page.text);
    }
    let account = jane.get("/console/account").await?;
    assert!(account.status == 200 && !account.text.contains("Loan pad"), "she let nobody in: {}", account.text);
    assert_eq!(signs_in(&stage, HOME, JANE, PASSWORD).await?.to()?, "/console/account", "her password is what it was");
    // The same forms are taken from where they belong.
    let page = jane.post("/oauth/authorize", &forms[0].1).await?;
    assert!(page.to()?.starts_with("https://app.example/cb?code="), "{:?}", page.headers);
    assert_eq!(jane.post("/console/sign-out", &[]).await?.to()?, "/console/sign-in?said=signed-out");
    Ok(())
}

/// An attacker who has somebody signed in as the attacker would read what is done then.
#[tokio::test(flavor = "multi_thread")]
async fn csrf_signs_nobody_in() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    let mut attacker = stage.browser();
    attacker.get("/console/sign-in").await?;
    let fields = [("email", JANE), ("password", PASSWORD)];
    for visited_before in [false, true] {
        for origin in ["https://evil.example", stage.base()] {
            let mut victim = stage.browser();
            if visited_before {
                victim.get("/console/sign-in").await?;
            }
            let page = victim.post_as("/console/sign-in", &fields, &[("origin", origin)], &attacker.token).await?;
            assert!(page.status == 403 && victim.session().is_none(), "{origin}: {}", page.text);
        }
    }
    assert_eq!(attacker.post("/console/sign-in", &fields).await?.to()?, "/console/account", "it would have been good");
    Ok(())
}

fn with_cookies(mut browser: Browser, cookies: &BTreeMap<String, String>) -> Browser {
    browser.cookies.clone_from(cookies);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn session_fixation_gains_nothing() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    // The attacker plants whatever cookies there are: of an own visit, and made up.
    let mut attacker = stage.browser();
    attacker.get("/console/sign-in").await?;
    attacker.cookies.insert("__Host-continuity".to_owned(), "planted.secret".to_owned());
    let planted = attacker.cookies.clone();
    let mut victim = with_cookies(stage.browser(), &planted);
    let page = victim.sign_in(JANE, PASSWORD, "").await?;
    assert_eq!(page.to()?, "/console/account");
    let session = victim.session().unwrap_or_default().to_owned();
    assert!(session.len() > 40 && session != "planted.secret");
    assert!(page.headers.get_all("set-cookie").iter().any(|set| set.as_bytes().starts_with(b"__Host-continuity=")));
    assert_eq!(victim.get("/console/account").await?.status, 200);
    let page = with_cookies(attacker.fresh(), &planted).get("/console/account").await?;
    assert!(page.to()?.starts_with("/console/sign-in"), "what was planted opens nothing");
    // The secret that forms of the attacker's visit repeat is not the one of the session.
    let page = victim.post_as("/console/sign-out", &[], &[("origin", stage.base())], &attacker.token).await?;
    assert_eq!(page.status, 403);
    // Another sign-in is another session, and the one that is signed out opens nothing any more.
    let before = victim.cookies.clone();
    victim.get("/console/sign-in?next=/console/account").await?;
    victim.post("/console/sign-in", &[("email", JANE), ("password", PASSWORD)]).await?.to()?;
    assert_ne!(victim.session().unwrap_or_default(), session);
    let mut earlier = with_cookies(stage.browser(), &before);
    assert_eq!(earlier.get("/console/account").await?.status, 200);
    earlier.post("/console/sign-out", &[]).await?.to()?;
    let page = with_cookies(stage.browser(), &before).get("/console/account").await?;
    assert!(page.to()?.starts_with("/console/sign-in"), "out is out");
    Ok(())
}
