//! Proofs of keys: what they hold stands in no line that the replica writes, however much it is asked to say.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_tests::harness::{Access, Failure, Replica};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const LOANS: &str = "/api/v1/loan-requests";
const TOKEN: &str = "/api/v1/oauth/token";

/// A key, and the texts of it and of its proofs that nobody else has to see.
struct Prover {
    key: KeyPair,
    x: String,
    said: Vec<String>,
}

impl Prover {
    fn new() -> Result<Self, Failure> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let x = URL_SAFE_NO_PAD.encode(key.der_bytes());
        // The thumbprint (RFC 7638).
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let said = vec![x.clone(), URL_SAFE_NO_PAD.encode(Sha256::digest(members))];
        Ok(Self { key, x, said })
    }

    fn proof(&mut self, method: &str, url: &str, token: &str) -> Result<String, Failure> {
        let text = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": self.x });
        let header = text(&json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk }).to_string());
        let iat = std::time::UNIX_EPOCH.elapsed()?.as_secs();
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let jti = format!("quittenkompott-{}", self.said.len());
        let claims = text(&json!({ "jti": jti, "htm": method, "htu": url, "iat": iat, "ath": ath }).to_string());
        let message = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes())?);
        let proof = format!("{message}.{signature}");
        self.said.extend([header, claims, signature, jti, ath]);
        Ok(proof)
    }
}

/// What a request with a token and a proof is answered with.
async fn read(http: &reqwest::Client, base: &str, token: &str, proof: &str) -> Result<u16, Failure> {
    let request = http.get(format!("{base}{LOANS}")).header("authorization", format!("DPoP {token}"));
    Ok(request.header("dpop", proof).send().await?.status().as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_and_keys_stand_in_no_log_line_and_no_metric() -> Result<(), Failure> {
    let replica = Replica::new().config("[telemetry]\nlog = 'trace'\n").start().await?;
    let Access { base_url: base, ca_file, client_id, client_secret, .. } = replica.access();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(ca_file)?)?;
    let http = reqwest::Client::builder().tls_certs_only([authority]).build()?;
    let mut prover = Prover::new()?;
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    });
    let url = format!("{base}{TOKEN}");
    let proof = prover.proof("POST", &url, "")?;
    let ask = async |proof: &str| -> Result<(u16, Value), Failure> {
        let answer = http.post(&url).header("dpop", proof).json(&body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    };
    let (status, answer) = ask(&proof).await?;
    let token = answer["access_token"].as_str().ok_or_else(|| format!("{status} {answer}"))?;
    assert_eq!(answer["token_type"], "DPoP");
    for refused in [&proof, "quittenkompott-x.quittenkompott-y.quittenkompott-z"] {
        let (status, answer) = ask(refused).await?;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_dpop_proof")));
    }
    let good = prover.proof("GET", &format!("{base}{LOANS}"), token)?;
    let of_another = prover.proof("GET", &format!("{base}{LOANS}"), "another")?;
    let elsewhere = prover.proof("GET", &format!("{base}/oauth/userinfo"), token)?;
    // Nothing was read yet, so a good one is told that the replica is starting, or answered.
    assert_ne!(read(&http, base, token, &good).await?, 401);
    for refused in [&good, &of_another, &elsewhere, "quittenkompott-x"] {
        assert_eq!(read(&http, base, token, refused).await?, 401);
    }
    let metrics = reqwest::get(&replica.access().metrics_url).await?.text().await?;
    let said = replica.log()?;
    assert!(said.contains("a DPoP proof was refused"), "{said}");
    for label in ["bad-proof", "proof-used"] {
        let counted = format!("continuity_auth_tokens_refused_total{{reason=\"{label}\"}}");
        assert!(metrics.lines().any(|line| line.starts_with(&counted) && !line.ends_with(" 0")), "{label}: {metrics}");
    }
    for text in prover.said.iter().map(String::as_str).chain(["quittenkompott", token]) {
        assert!(!said.contains(text) && !metrics.contains(text), "{text}");
    }
    Ok(())
}
