//! `continuity get` against a running demo: tables for people, the API's own bytes for machines, files, and what goes wrong.

use std::fs;
use std::process::{Command, Output};

use continuity_tests::harness::{Client, Demo, Failure, Running, binary, command};
use continuity_tests::json::Json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::clients::python;

async fn demo() -> Result<Running, Failure> {
    Demo::new().argument("--loans").argument("30").argument("--rate").argument("0").start().await
}

fn command_of(demo: &Running, words: &[&str]) -> Result<Command, Failure> {
    let mut command = command()?;
    command.arg("get").args(words).env("CONTINUITY_PROFILE", demo.told("profile")?).env("COLUMNS", "80");
    Ok(command)
}

/// Runs `continuity get` with these words and the demo's profile; its standard output is no terminal.
async fn get(demo: &Running, words: &[&str]) -> Result<Output, Failure> {
    let mut command = command_of(demo, words)?;
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn good(demo: &Running, words: &[&str]) -> Result<String, Failure> {
    let output = get(demo, words).await?;
    assert!(output.status.success(), "{words:?}: {}", err(&output));
    Ok(out(&output))
}

/// A loan request with documents; its id and its reference.
async fn loan(client: &Client) -> Result<(String, String), Failure> {
    let list = client.get("/api/v1/loan-requests?status=SANCTION,DEED,POST_DEED,CLOSED&limit=1").await?.json()?;
    let loan = list.get("loanRequests").and_then(|all| all.elements().first()).ok_or("no such loan")?;
    let text = |name: &str| loan.text(name).map(str::to_owned).ok_or("a member is missing");
    Ok((text("id")?, text("reference")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_the_bytes_of_the_api() -> Result<(), Failure> {
    let demo = demo().await?;
    let client = Client::of(&demo, "").await?;
    let (id, reference) = loan(&client).await?;
    let of = |tail: &str| format!("/api/v1/loan-requests/{id}{tail}");
    let cases: [(Vec<&str>, String); 9] = [
        (vec!["loans", "--status", "BID,SANCTION", "--limit", "3"], "?status=BID&status=SANCTION&limit=3".to_owned()),
        (
            vec!["loans", "--sort", "reference", "--order", "asc", "--fields", "id,reference"],
            "?sortBy=reference&sortOrder=ASC&fields=id,reference".to_owned(),
        ),
        (vec!["loans", "--amount-min", "1000", "--param", "currency=EUR"], "?amountMin=1000&currency=EUR".to_owned()),
        (vec!["loan", &id], of("")),
        (vec!["loan", &reference], of("")),
        (vec!["tasks", &id, "--status", "COMPLETED"], of("/tasks?status=COMPLETED")),
        (vec!["audit-log", &reference, "--limit", "5"], of("/audit-log?limit=5")),
        (vec!["views", &id], of("/views/")),
        (vec!["bids", &id], of("/bid-requests")),
    ];
    for (words, path) in cases {
        let path = if path.starts_with('/') { path } else { format!("/api/v1/loan-requests{path}") };
        let api = client.get(&path).await?;
        let said = get(&demo, &words).await?;
        assert!(said.status.success(), "{words:?}: {}", err(&said));
        assert_eq!(out(&said), api.text(), "{words:?}");
        assert_eq!(err(&said), "", "{words:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_walks_every_page() -> Result<(), Failure> {
    let demo = demo().await?;
    let client = Client::of(&demo, "").await?;
    let total = client.get("/api/v1/loan-requests?limit=1").await?.json()?;
    let total = total.get("pagination").and_then(|page| page.number("total")).ok_or("no total")?;
    let lines = good(&demo, &["loans", "--all", "--limit", "7"]).await?;
    let ids: std::collections::BTreeSet<String> =
        lines.lines().map(|line| Json::parse(line).unwrap().text("id").unwrap().to_owned()).collect();
    assert_eq!((ids.len() as u64, lines.lines().count() as u64), (total, total));
    let (id, _) = loan(&client).await?;
    let whole = client.get(&format!("/api/v1/loan-requests/{id}/audit-log")).await?.json()?;
    let lines = good(&demo, &["audit-log", &id, "--all", "--limit", "10"]).await?;
    assert_eq!(lines.lines().count(), whole.elements().len());
    let table = good(&demo, &["loans", "--all", "--limit", "7", "--table"]).await?;
    assert_eq!(table.lines().count() as u64, total + 1, "one head over all pages:\n{table}");
    let changes = good(&demo, &["changes", "--since", "0"]).await?;
    let told: std::collections::BTreeSet<&str> =
        changes.lines().filter(|line| line.contains("loanRequestId")).collect();
    assert!(told.len() as u64 >= total && told.len() == changes.lines().count(), "{changes}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_tables() -> Result<(), Failure> {
    let demo = demo().await?;
    let client = Client::of(&demo, "").await?;
    let (id, reference) = loan(&client).await?;
    for words in [
        vec!["loans", "--table"],
        vec!["loan", &id, "--table"],
        vec!["tasks", &id, "--table"],
        vec!["documents", &id, "--table"],
        vec!["audit-log", &id, "--table"],
        vec!["bids", &id, "--table"],
        vec!["analysis", &id, "--table"],
        vec!["guilds", &id, "--table"],
        vec!["comments", &id, "--table"],
        vec!["views", &id, "--table"],
        vec!["worksheets", &id, "--table"],
        vec!["completeness", "--table"],
    ] {
        let said = get(&demo, &words).await?;
        assert!(said.status.success() && !out(&said).is_empty(), "{words:?}: {}", err(&said));
        let wide = out(&said).lines().map(|line| line.chars().count()).max();
        assert!(wide <= Some(80), "{words:?} is {wide:?} wide:\n{}", out(&said));
        assert!(err(&said).contains("as of 20") && err(&said).contains("live"), "{words:?}: {}", err(&said));
    }
    let head = out(&get(&demo, &["loans", "--table"]).await?);
    assert!(head.starts_with("REFERENCE") && head.contains("AMOUNT"), "{head}");
    let one = good(&demo, &["loan", &reference, "--table"]).await?;
    assert!(one.contains(&reference) && one.contains("requestedAmount"), "{one}");
    let fields = good(&demo, &["loans", "--fields", "reference,status", "--table", "--limit", "1"]).await?;
    assert!(fields.starts_with("reference") && fields.lines().count() == 2, "{fields}");
    Ok(())
}

/// On a terminal of its own, where nobody has to ask for tables.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_gets_tables_by_itself() -> Result<(), Failure> {
    let demo = demo().await?;
    let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    for (words, wanted) in
        [(vec!["loans", "--limit", "2"], "REFERENCE"), (vec!["loans", "--limit", "2", "--json"], "{\"loanRequests\":[")]
    {
        let mut terminal = Command::new(python());
        terminal.args(["-c", script]).arg(binary()?).arg("get").args(&words);
        terminal.env("CONTINUITY_PROFILE", demo.told("profile")?).env("COLUMNS", "80");
        let said = tokio::task::spawn_blocking(move || terminal.output()).await??;
        let text = out(&said);
        assert!(said.status.success() && text.starts_with(wanted), "{words:?}: {text}{}", err(&said));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_gone_on_with_and_checked() -> Result<(), Failure> {
    let demo = demo().await?;
    let client = Client::of(&demo, "").await?;
    let (id, _) = loan(&client).await?;
    let documents = client.get(&format!("/api/v1/loan-requests/{id}/documents")).await?.json()?;
    let available = |document: &&Json| document.get("blob").and_then(|blob| blob.text("state")) == Some("AVAILABLE");
    let document = documents.elements().iter().find(available).ok_or("no document with bytes")?;
    let (name, sha256) = (document.text("id").ok_or("no id")?, document.text("sha256").ok_or("no SHA-256")?);
    let directory = TempDir::new()?;
    let path = |name: &str| directory.path().join(name);
    let file = path("file");
    let words = ["document", &id, name, "-o", file.to_str().ok_or("no text")?];

    good(&demo, &words).await?;
    let whole = fs::read(&file)?;
    assert_eq!(hex::encode(Sha256::digest(&whole)), sha256);
    assert!(!path("file.part").exists() && !path("file.part-of").exists(), "something was left behind");

    // Half of it is there from a try that was cut.
    fs::remove_file(&file)?;
    let half = whole.len() / 2;
    fs::write(path("file.part"), &whole[..half])?;
    fs::write(path("file.part-of"), sha256)?;
    good(&demo, &words).await?;
    assert_eq!(fs::read(&file)?, whole);

    // What is there is not what it should be: the replica sends the rest, and the whole does not agree.
    fs::remove_file(&file)?;
    fs::write(path("file.part"), vec![b'x'; half])?;
    fs::write(path("file.part-of"), sha256)?;
    let said = get(&demo, &words).await?;
    assert_eq!(said.status.code(), Some(1));
    assert!(err(&said).contains("SHA-256") && !file.exists() && !path("file.part").exists(), "{}", err(&said));
    good(&demo, &words).await?;
    assert_eq!(fs::read(&file)?, whole);

    let nothing = get(&demo, &["document", &id, "none", "-o", file.to_str().ok_or("no text")?]).await?;
    assert_eq!(nothing.status.code(), Some(1));
    assert!(err(&nothing).contains("404"), "{}", err(&nothing));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_said_in_words() -> Result<(), Failure> {
    let demo = demo().await?;
    let secret = demo.told("clientSecret")?.to_owned();
    let directory = TempDir::new()?;
    let wrong = directory.path().join("wrong.secret");
    fs::write(&wrong, "cs_not_this_one_xyzzy")?;
    let wrong = wrong.to_str().ok_or("no text")?;
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (&["loan", "nobody"], 1, &["There is no loan request \"nobody\"", "(404, request "]),
        (&["loans", "--param", "stauts=BID"], 1, &["Unknown query parameter", "`stauts`", "(400, request "]),
        (&["loans", "--limit", "0"], 1, &["`limit` must be a whole number from 1 to 200"]),
        (&["loans", "--client-secret-file", wrong], 1, &["no token for the client", "invalid_client"]),
        (&["changes", "--since", "99999999"], 1, &["lies ahead of this replica", "409"]),
        (&["loans", "--url", "https://localhost:9"], 1, &["cannot speak to the replica at https://localhost:9"]),
        (&["loans", "--url", "http://localhost"], 2, &["has to be https://"]),
        (&["loans", "--stauts", "BID"], 2, &["unexpected argument"]),
        (&["loans", "--param", "status"], 2, &["NAME=VALUE"]),
    ];
    for (words, code, wanted) in cases {
        let said = get(&demo, words).await?;
        let error = err(&said);
        assert_eq!((said.status.code(), out(&said).as_str()), (Some(code), ""), "{words:?}: {error}");
        assert!(wanted.iter().all(|part| error.contains(part)), "{words:?}: {error}");
        assert!(!error.contains(&secret) && !error.contains("xyzzy"), "a secret in {error}");
    }
    let mut nothing = command()?;
    nothing.args(["get", "loans"]).env("HOME", directory.path()).env_remove("XDG_CONFIG_HOME");
    let said = nothing.output()?;
    assert_eq!(said.status.code(), Some(2));
    assert!(err(&said).contains("--url") && err(&said).contains("CONTINUITY_PROFILE"), "{}", err(&said));
    Ok(())
}

/// The replica's certificate has to come from the authority that is named.
#[tokio::test(flavor = "multi_thread")]
async fn another_authority_is_not_trusted() -> Result<(), Failure> {
    let (demo, other) = (demo().await?, demo().await?);
    let said = get(&demo, &["loans", "--ca-file", other.told("caFile")?]).await?;
    assert_eq!(said.status.code(), Some(1));
    assert!(err(&said).contains("cannot speak to the replica") && err(&said).contains("ertificate"), "{}", err(&said));
    Ok(())
}
