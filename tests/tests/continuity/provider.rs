//! People sign in through the bank's own OpenID provider, which may be away, and may lie.

use std::net::TcpListener;
use std::process::Command;

use continuity_tests::harness::{Failure, Replica, binary};

use super::open_api::{succeeds, workshop};

const SECRET: &str = "a secret of the client: + % and more";

#[tokio::test(flavor = "multi_thread")]
async fn people_of_the_bank_sign_in_at_its_provider() -> Result<(), Failure> {
    let folder = workshop()?;
    let (secret, feed) = (folder.path().join("secret"), folder.path().join("feed"));
    std::fs::write(&secret, format!("{SECRET}\n"))?;
    std::fs::create_dir(&feed)?;
    // Nobody listens there when the replica starts.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let issuer = format!("http://127.0.0.1:{port}");
    let configuration = format!(
        "[source]\nurl = 'file:{}'\n[auth.provider]\nissuer = '{issuer}'\nname = 'Sign in with Example Bank'\n\
         client_id = 'continuity'\nclient_secret_file = '{}'\n",
        feed.display(),
        secret.display()
    );
    let replica = Replica::new().config(&configuration).start().await?;
    let mut people = Command::new("node");
    people.current_dir(folder.path()).arg("provider.mjs").env("NODE_EXTRA_CA_CERTS", &replica.access().ca_file);
    people.args([&replica.access().base_url, &issuer, SECRET]).arg(binary()?).arg(replica.data_dir());
    let said = succeeds(people).await.map_err(|error| format!("{error}\n{}", replica.errors()))?;
    assert!(said.ends_with("all of it was done\n"), "{said}");
    for (outcome, least) in [("ok", 8.0), ("lost", 4.0), ("no-group", 2.0), ("not-linked", 2.0), ("invalid", 18.0)] {
        let series = format!("continuity_auth_provider_sign_ins_total{{outcome=\"{outcome}\"}}");
        let counted = replica.metric(&series).await?.unwrap_or_default();
        assert!(counted >= least, "{outcome}: {counted}");
    }
    Ok(())
}
