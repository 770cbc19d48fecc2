//! What clients and people do in a while, with every secret that comes up in it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use continuity_tests::harness::{Browser, Failure};
use rcgen::KeyPair;

use crate::stage::{JANE, PASSWORD, Registered, Sent, Stage, VERIFIER, asking, parameter, text, totp};

/// No secret: what is written on purpose, by the way of a reason.
pub(crate) const PLANTED: &str = "zwetschgenkuchen";
/// What people and clients type that is not right.
const WRONG: [&str; 4] =
    ["Wrong-Secret-8842-Kestrel", "Wrong-Phrase-9913-Heron", "Wrong-Token-5521-Plover", "wrong-code-7304-dunlin"];
const NEXT: &str = "Gravel-Sextant-77-Marrow";

#[derive(Default)]
pub(crate) struct Life {
    /// By their names.
    pub(crate) secrets: BTreeMap<String, Vec<u8>>,
    /// What was answered where something was refused.
    pub(crate) refusals: Vec<Vec<u8>>,
}

impl Life {
    pub(crate) async fn lead(stage: &mut Stage) -> Result<Self, Failure> {
        let mut life = Self::default();
        for wrong in WRONG {
            life.keep(wrong, wrong);
        }
        life.keep("the mark of any private key", "PRIVATE KEY-----");
        life.private_key("the TLS key", &std::fs::read_to_string(tls_key(stage)?)?)?;
        life.clients(stage).await?;
        life.person(stage).await?;
        life.application(stage).await?;
        life.broken_glass(stage).await?;
        Ok(life)
    }

    fn keep(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        self.secrets.insert(name.to_owned(), secret.as_ref().to_vec());
    }

    /// Its last part too, which proves it: the others may stand elsewhere, as the id of what it belongs to.
    fn keep_token(&mut self, name: &str, token: &str) -> Result<(), Failure> {
        self.keep(name, token);
        let proof = token.rsplit('.').next().ok_or("an empty token")?;
        self.keep(&format!("{name}'s proof"), proof);
        Ok(())
    }

    /// Every line of a PEM, and what it encodes.
    fn private_key(&mut self, name: &str, pem: &str) -> Result<(), Failure> {
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.len() > 40) {
            self.keep(&format!("{name}, line {number}"), line);
        }
        let der = STANDARD.decode(lines.concat())?;
        self.keep(&format!("{name}'s bytes"), &der[der.len() / 2..]);
        Ok(())
    }

    async fn refused(&mut self, stage: &Stage, sent: &Sent, status: u16) -> Result<(), Failure> {
        let reply = stage.send(sent).await?;
        assert_eq!(reply.status.as_u16(), status, "{sent:?}: {}", reply.text());
        self.refusals.push([format!("{:?}", reply.headers).into_bytes(), reply.bytes].concat());
        Ok(())
    }

    /// Creation, rotation, tokens, wrong secrets, introspection, revocation.
    async fn clients(&mut self, stage: &Stage) -> Result<(), Failure> {
        let mut client = stage.client("a warehouse", "loans:read", &[]).await?;
        let Registered { id, .. } = client.clone();
        self.keep("a client's first secret", &client.secret);
        let first = stage.token(&client, &[]).await?;
        self.keep_token("a client's token", &first)?;
        let rotate = ["client", "rotate", &id, "--overlap-seconds", "60"];
        client.secret = text(&stage.order(&rotate).await?, "secret")?;
        self.keep("a client's second secret", &client.secret);
        let basic = STANDARD.encode(format!("{id}:{}", client.secret));
        self.keep("what HTTP Basic sends", &basic);
        let grant = "grant_type=client_credentials";
        let reply =
            stage.send(&Sent::form("/oauth/token", grant).header("authorization", format!("Basic {basic}"))).await?;
        let second = text(&serde_json::from_slice(&reply.bytes)?, "access_token")?;
        self.keep_token("another token", &second)?;
        for body in [
            format!("{grant}&client_id={id}&client_secret={}", WRONG[0]),
            format!("{grant}&client_id={}&client_secret={}", WRONG[0], client.secret),
        ] {
            self.refused(stage, &Sent::form("/oauth/token", body), 401).await?;
        }
        let wrong = STANDARD.encode(format!("{id}:{}", WRONG[0]));
        self.refused(stage, &Sent::form("/oauth/token", grant).header("authorization", format!("Basic {wrong}")), 401)
            .await?;
        let secret = &client.secret;
        // Bodies that cannot be read, of which a parser would say where.
        self.refused(stage, &Sent::json("/oauth/token", format!(r#"{{"client_secret":"{secret}",}}"#)), 400).await?;
        self.refused(stage, &Sent::json("/oauth/token", format!(r#"{{"client_secret":["{secret}"]}}"#)), 400).await?;
        self.refused(
            stage,
            &Sent::form("/oauth/token", format!("{grant}&client_secret={secret}&client_secret={secret}")),
            400,
        )
        .await?;
        self.refused(stage, &Sent::form(format!("/oauth/token?client_secret={secret}"), grant), 400).await?;
        self.refused(stage, &Sent::get(format!("/api/v1/loan-requests?access_token={first}")), 400).await?;
        self.refused(stage, &Sent::get(format!("/api/v1/loan-requests?q={}&x=1", WRONG[2])), 401).await?;
        for bearer in [WRONG[2].to_owned(), format!("{second}x"), first.replace('.', "")] {
            self.refused(
                stage,
                &Sent::get("/api/v1/loan-requests").header("authorization", format!("Bearer {bearer}")),
                401,
            )
            .await?;
        }
        for token in [&first, &second] {
            assert_eq!(stage.reads(token).await?, 200);
            let fields = [&client.proof()[..], &[("token", token)]].concat();
            assert_eq!(stage.post("/oauth/introspect", &fields).await?.1["active"], true);
            assert_eq!(stage.post("/oauth/revoke", &fields).await?.0, 200);
            assert_eq!(stage.reads(token).await?, 401);
        }
        stage.post("/oauth/introspect", &[&client.proof()[..], &[("token", WRONG[2])]].concat()).await?;
        self.assertions(stage).await
    }

    /// A client with a key of its own: the public half is kept, and the other was never here.
    async fn assertions(&mut self, stage: &Stage) -> Result<(), Failure> {
        let pem = KeyPair::generate()?.serialize_pem();
        self.private_key("a client's own key", &pem)?;
        let assertion =
            format!("{}.{}.{}", STANDARD.encode(r#"{"alg":"ES256"}"#), STANDARD.encode(r#"{"iss":"x"}"#), WRONG[2]);
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let body = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}");
        self.refused(stage, &Sent::form("/oauth/token", body), 401).await?;
        // A key where a public one is asked for, and in a body where none is.
        let body = format!("grant_type=client_credentials&client_secret={}", crate::stage::encoded(&pem));
        self.refused(stage, &Sent::form("/oauth/token", body), 401).await
    }

    fn keep_browser(&mut self, what: &str, browser: &Browser) {
        for (name, value) in &browser.cookies {
            let secret = value.split_once('.').map_or(&**value, |(id, rest)| if rest.len() > 8 { rest } else { id });
            self.keep(&format!("{what}: cookie {name}"), secret);
        }
        self.keep(&format!("{what}: what forms repeat"), &browser.token);
    }

    /// A link, a password, an app, recovery codes, wrong ones of each.
    async fn person(&mut self, stage: &Stage) -> Result<(), Failure> {
        let words = ["account", "create", "--email", JANE, "--name", "Jane Doering", "--scopes", "loans:read"];
        let link = text(&stage.order(&words).await?, "link")?;
        self.keep("a one-time link", link.rsplit('/').next().ok_or("no link")?);
        self.keep("a password", PASSWORD);
        let mut browser = stage.browser();
        browser.choose_password(&link, PASSWORD).await?;
        browser.get(&link).await?;
        for (email, password) in [(JANE, WRONG[1]), (WRONG[1], PASSWORD), ("nobody@bank.example", WRONG[1])] {
            let page = stage.browser().sign_in(email, password, "").await?;
            assert!(page.status == 422 && !page.text.contains(password), "{}", page.text);
        }
        browser.sign_in(JANE, PASSWORD, "").await?.to()?;
        self.keep_browser("a session of the password", &browser);
        let page = browser.get("/console/account/authenticator").await?;
        let secret = page.between("<p class=\"secret\"><code>", "</code>").ok_or("no secret")?.replace(' ', "");
        let handle = page.value("handle").ok_or("no handle")?;
        self.keep("the secret of an app", &secret);
        self.keep("the handle of an offer", &handle);
        let wrong = browser.post("/console/account/authenticator", &[("handle", &handle), ("code", WRONG[3])]).await?;
        assert_eq!(wrong.status, 422);
        let fields = [("handle", handle.as_str()), ("code", &totp(&secret, 0)?)];
        let page = browser.post("/console/account/authenticator", &fields).await?;
        let codes: Vec<String> =
            page.text.split("<li><code>").skip(1).filter_map(|rest| Some(rest.split('<').next()?.to_owned())).collect();
        assert_eq!(codes.len(), 10, "{}", page.text);
        for (number, code) in codes.iter().enumerate() {
            self.keep(&format!("recovery code {number}"), code);
            self.keep(&format!("recovery code {number}, plain"), code.replace('-', ""));
        }
        for (field, code) in [("code", totp(&secret, 30)?), ("recovery", codes[0].clone())] {
            let mut browser = stage.browser();
            assert!(browser.sign_in(JANE, PASSWORD, "").await?.to()?.starts_with("/console/sign-in/second"));
            browser.get("/console/sign-in/second").await?;
            self.keep_browser(&format!("a step, {field}"), &browser);
            assert_eq!(browser.post("/console/sign-in/second", &[(field, WRONG[3])]).await?.status, 422);
            browser.post("/console/sign-in/second", &[(field, &code)]).await?.to()?;
            browser.get("/console/account").await?;
            self.keep_browser(&format!("a session, {field}"), &browser);
        }
        self.other_password(stage, &codes[1]).await
    }

    async fn other_password(&mut self, stage: &Stage, code: &str) -> Result<(), Failure> {
        let mut browser = stage.browser();
        browser.sign_in(JANE, PASSWORD, "").await?.to()?;
        browser.get("/console/sign-in/second").await?;
        browser.post("/console/sign-in/second", &[("recovery", code)]).await?.to()?;
        browser.get("/console/account/password").await?;
        let fields = |present, new| [("present", present), ("new", new), ("repeat", new)];
        assert_eq!(browser.post("/console/account/password", &fields(WRONG[1], NEXT)).await?.status, 422);
        browser.post("/console/account/password", &fields(PASSWORD, NEXT)).await?.to()?;
        self.keep("another password", NEXT);
        browser.get("/console/account").await?;
        browser.post("/console/sign-out", &[]).await?.to()?;
        Ok(())
    }

    /// A code, an ID token, access and refresh tokens, used, used twice, revoked.
    async fn application(&mut self, stage: &Stage) -> Result<(), Failure> {
        let app = stage.application("Loan pad", "client_secret").await?;
        self.keep("an application's secret", &app.secret);
        self.keep("a code's verifier", VERIFIER);
        let joe = "joe@bank.example";
        stage.person(joe).await?;
        let mut browser = stage.browser();
        browser.sign_in(joe, PASSWORD, "").await?.to()?;
        self.keep_browser("the session of an application's person", &browser);
        let request = asking(&app, "&scope=openid+email+offline_access+loans:read&nonce=n-1");
        for round in 0..2 {
            let back = stage.let_in(&mut browser, &request).await?;
            let code = parameter(&back, "code").ok_or("no code")?;
            self.keep(&format!("code {round}"), &code);
            let (_, tokens) = stage.redeem(&app, &code).await?;
            self.tokens(&format!("grant {round}"), &tokens)?;
            let refresh = text(&tokens, "refresh_token")?;
            let (_, next) = stage.refresh(&app, &refresh).await?;
            self.tokens(&format!("grant {round}, refreshed"), &next)?;
            assert_eq!(stage.reads(&text(&next, "access_token")?).await?, 200);
            let next = text(&next, "refresh_token")?;
            if round == 0 {
                let (_, last) = stage.refresh(&app, &next).await?;
                self.tokens("the last of grant 0", &last)?;
                assert_eq!(stage.refresh(&app, &refresh).await?.0, 400, "stolen");
            } else {
                stage.post("/oauth/introspect", &[&app.proof()[..], &[("token", &next)]].concat()).await?;
                stage.post("/oauth/revoke", &[&app.proof()[..], &[("token", &next)]].concat()).await?;
                assert_eq!(stage.redeem(&app, &code).await?.0, 400, "a code that came again");
            }
        }
        Ok(())
    }

    fn tokens(&mut self, name: &str, answer: &serde_json::Value) -> Result<(), Failure> {
        for member in ["access_token", "refresh_token", "id_token"] {
            self.keep_token(&format!("{name}: {member}"), &text(answer, member)?)?;
        }
        Ok(())
    }

    /// What an administrator does on the command line, with what was planted as the reason.
    async fn broken_glass(&mut self, stage: &Stage) -> Result<(), Failure> {
        let link = text(&stage.order(&["account", "link", JANE]).await?, "link")?;
        self.keep("another link", link.rsplit('/').next().ok_or("no link")?);
        let reset = stage.order(&["account", "reset-password", JANE, "--reason", PLANTED]).await?;
        self.keep("a temporary password", text(&reset, "temporaryPassword")?);
        stage.order(&["account", "reset-factors", JANE, "--reason", PLANTED]).await?;
        stage.order(&["account", "change", JANE, "--name", &format!("Jane {PLANTED}")]).await?;
        let mut browser = stage.browser();
        browser.sign_in(JANE, &text(&reset, "temporaryPassword")?, "").await?.to()?;
        self.keep_browser("a session of a temporary password", &browser);
        stage.order(&["key", "rotate", "--at-once", "--reason", PLANTED]).await?;
        Ok(())
    }
}

fn tls_key(stage: &Stage) -> Result<std::path::PathBuf, Failure> {
    Ok(stage.access().ca_file.parent().ok_or("a file without a folder")?.join("key.pem"))
}
