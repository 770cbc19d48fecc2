//! What rows name in braces: clients, people, and tokens, good and forged.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use continuity_tests::harness::Failure;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::exchange::Words;
use crate::stage::{BACK, JANE, PASSWORD, Registered, Sent, Stage, VERIFIER, asking, encoded, parameter, text};

/// How many codes rows use up.
const CODES: [&str; 9] = ["code_0", "code_1", "code_2", "code_3", "code_4", "code_5", "code_6", "code_7", "code_8"];

pub(crate) async fn gather(stage: &Stage) -> Result<Words, Failure> {
    let mut words = Words::from([
        ("base", stage.base().to_owned()),
        ("base_encoded", encoded(stage.base())),
        ("back", encoded(BACK)),
        ("verifier", VERIFIER.to_owned()),
        ("challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
        ("jane", encoded(JANE)),
        ("password", encoded(PASSWORD)),
    ]);
    let plain = clients(stage, &mut words).await?;
    let token = stage.token(&plain, &[]).await?;
    forged(stage, &token, &mut words).await?;
    words.insert("spare", stage.token(&plain, &[]).await?);
    words.insert("token", token);
    words.insert("account", stage.person(JANE).await?);
    let app = stage.application("Loan pad", "none").await?;
    people(stage, &app, &mut words).await?;
    words.insert("app", app.id);
    Ok(words)
}

/// Clients of every kind; the one that most rows use.
async fn clients(stage: &Stage, words: &mut Words) -> Result<Registered, Failure> {
    let plain = stage.client("plain", "loans:read documents:read", &[]).await?;
    let narrow = stage.client("narrow", "audit:read", &[]).await?;
    let asker = stage.client("asker", "loans:read", &["--may-introspect", "true"]).await?;
    let bound = stage.client("bound", "loans:read", &["--network", "10.1.0.0/16"]).await?;
    let off = stage.client("off", "loans:read", &[]).await?;
    let web = stage.application("On a server", "client_secret").await?;
    let grants = ["--authentication", "none", "--grant", "authorization_code"];
    let uris = ["--redirect-uri", "http://127.0.0.1/cb", "--redirect-uri", "example.bank.loans:/cb"];
    let device = stage.client("On a device", "loans:read", &[&grants[..], &uris].concat()).await?;
    words.insert("narrow_token", stage.token(&narrow, &[]).await?);
    words.insert("off_token", stage.token(&off, &[]).await?);
    stage.order(&["client", "disable", &off.id]).await?;
    let basic = |secret: &str| STANDARD.encode(format!("{}:{secret}", plain.id));
    words.insert("basic", basic(&plain.secret));
    words.insert("basic_wrong", basic("wrong"));
    // Letters may be escaped as well as signs: whoever reads the halves as they are does not know them.
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    words.insert("basic_encoded", STANDARD.encode(format!("{}:{}", escaped(&plain.id), escaped(&plain.secret))));
    for (id, secret, client) in [
        ("id", "secret", &plain),
        ("narrow_id", "narrow_secret", &narrow),
        ("asker_id", "asker_secret", &asker),
        ("bound_id", "bound_secret", &bound),
        ("off_id", "off_secret", &off),
        ("web", "web_secret", &web),
        ("device", "device_secret", &device),
    ] {
        words.insert(id, client.id.clone());
        words.insert(secret, client.secret.clone());
    }
    Ok(plain)
}

/// Tokens, codes, cookies and form secrets of a person.
async fn people(stage: &Stage, app: &Registered, words: &mut Words) -> Result<(), Failure> {
    let mut browser = stage.jane().await?;
    for name in CODES {
        let back = stage.let_in(&mut browser, &asking(app, "&scope=loans:read")).await?;
        words.insert(name, parameter(&back, "code").ok_or_else(|| format!("no code in {back}"))?);
    }
    let back = stage.let_in(&mut browser, &asking(app, "&scope=openid+loans:read")).await?;
    let (_, tokens) = stage.redeem(app, &parameter(&back, "code").ok_or("no code")?).await?;
    words.insert("person_token", text(&tokens, "access_token")?);
    words.insert("refresh_token", text(&tokens, "refresh_token")?);
    words.insert("id_token", text(&tokens, "id_token")?);
    browser.get("/console/account").await?;
    let cookies = |browser: &continuity_tests::harness::Browser| {
        let each: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        each.join("; ")
    };
    words.insert("cookies", cookies(&browser));
    words.insert("csrf", browser.token.clone());
    let (mut other, mut third) = (stage.browser(), stage.browser());
    other.get("/console/sign-in").await?;
    third.get("/console/sign-in").await?;
    words.insert("form_cookies", cookies(&other));
    words.insert("form_csrf", other.token);
    words.insert("other_csrf", third.token);
    Ok(())
}

/// Made from a good token by somebody who has no key but the public ones.
async fn forged(stage: &Stage, token: &str, words: &mut Words) -> Result<(), Failure> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err("a token has three parts".into()) };
    let read = |part: &str| Ok::<Value, Failure>(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?);
    let write = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (plain_header, mut claims) = (read(header)?, read(payload)?);
    let with = |name: &str, value: &str| {
        let mut header = plain_header.clone();
        header[name] = json!(value);
        write(&header)
    };
    let keys: Value = serde_json::from_slice(&stage.send(&Sent::get("/.well-known/jwks.json")).await?.bytes)?;
    let key = keys["keys"].as_array().into_iter().flatten().find(|key| key["kid"] == plain_header["kid"]);
    let key = key.ok_or("the key of the token is not published")?;
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().ok_or("no RSA key")?)?;
    let symmetric = |secret: &[u8]| {
        let signed = format!("{}.{payload}", with("alg", "HS256"));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_sha256(secret, signed.as_bytes())))
    };
    words.insert("hs256_modulus", symmetric(&modulus));
    words.insert("hs256_jwk", symmetric(key.to_string().as_bytes()));
    words.insert("alg_none", format!("{}.{payload}.", with("alg", "none")));
    words.insert("foreign_kid", format!("{}.{payload}.{signature}", with("kid", "another")));
    words.insert("unsigned", format!("{header}.{payload}."));
    let (first, rest) = signature.split_at(1);
    words.insert("tampered", format!("{header}.{payload}.{}{rest}", if first == "A" { "B" } else { "A" }));
    claims["scope"] = json!("loans:read audit:read");
    words.insert("widened", format!("{header}.{}.{signature}", write(&claims)));
    words.insert("long", format!("{header}.{}.{signature}", "A".repeat(8 * 1024)));
    Ok(())
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let short = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block[..short.len()].copy_from_slice(&short);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&padded(0x36)[..], message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner].concat()).to_vec()
}

/// RFC 4231 section 4.3: a forgery that is badly made would prove nothing.
#[test]
fn forgeries_are_well_made() {
    let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
