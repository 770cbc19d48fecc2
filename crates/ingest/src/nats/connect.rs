//! Connecting to a server, and saying why it cannot be done.

use std::path::Path;
use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use zeroize::Zeroizing;

use super::options::{NatsAuth, NatsOptions, without_secrets};
use super::shared::Shared;
use super::trouble::{Trouble, chain};
use crate::SourceError;

/// Messages that may wait in the client for one subscription, beyond what was asked for.
const SPARE: usize = 1_024;

/// A new connection. When it is lost, `shared` is told: nothing is resumed on it.
pub(super) async fn connect(options: &NatsOptions, shared: &Arc<Shared>) -> Result<Client, Trouble> {
    let addresses = addresses(&options.servers)?;
    let limit = options.probe_timeout * u32::try_from(addresses.len() + 1).unwrap_or(u32::MAX);
    let told = Arc::clone(shared);
    let client = client_options(options)?.event_callback(move |event| {
        happened(&told, &event);
        std::future::ready(())
    });
    let connecting = client.connect(addresses);
    match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected.map_err(|error| unconnected(&error)),
        Err(_) => Err(Trouble::disconnected(format!("no server let the replica in within {limit:?}"))),
    }
}

/// A lasting connection beside the source's, for what is kept in `JetStream` and no stream of events. It connects in the
/// background, and again whenever it is lost.
pub async fn nats_jetstream(options: &NatsOptions) -> Result<Context, SourceError> {
    let connected = async {
        let addresses = addresses(&options.servers)?;
        let client = client_options(options)?.retry_on_initial_connect();
        client.connect(addresses).await.map_err(|error| unconnected(&error))
    };
    let client = connected.await.map_err(|trouble| trouble.of("nats"))?;
    Ok(match &options.domain {
        Some(domain) => async_nats::jetstream::with_domain(client, domain),
        None => async_nats::jetstream::new(client),
    })
}

fn addresses(servers: &[String]) -> Result<Vec<ServerAddr>, Trouble> {
    if servers.is_empty() {
        return Err(Trouble::refused("no server is configured"));
    }
    let parsed = servers.iter().map(|server| {
        let shown = without_secrets(server);
        let address: ServerAddr = server
            .parse()
            .map_err(|_| Trouble::refused(format!("`{shown}` is no address of a server: write nats://host:port")))?;
        if shown == *server {
            return Ok(address);
        }
        Err(Trouble::refused(format!(
            "the address {shown} holds credentials: configure user, password or token instead"
        )))
    });
    parsed.collect()
}

fn client_options(options: &NatsOptions) -> Result<ConnectOptions, Trouble> {
    let mut client = authenticated(ConnectOptions::new(), &options.auth)?
        .name(&options.client_name)
        .connection_timeout(options.probe_timeout)
        .request_timeout(Some(options.probe_timeout))
        .ping_interval(options.probe_every)
        .subscription_capacity(2 * options.fetch_messages + SPARE);
    let tls = &options.tls;
    client = client.require_tls(tls.required);
    if let Some(ca) = &tls.ca {
        readable(ca)?;
        client = client.add_root_certificates(ca.clone());
    }
    match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            readable(certificate)?;
            readable(key)?;
            Ok(client.add_client_certificate(certificate.clone(), key.clone()))
        }
        (None, None) => Ok(client),
        _ => Err(Trouble::refused("a client certificate needs its key, and a key its certificate")),
    }
}

fn authenticated(client: ConnectOptions, auth: &NatsAuth) -> Result<ConnectOptions, Trouble> {
    match auth {
        NatsAuth::None => Ok(client),
        NatsAuth::User { user, password } => Ok(client.user_and_password(user.clone(), password.expose().to_owned())),
        NatsAuth::Token(token) => Ok(client.token(token.expose().to_owned())),
        NatsAuth::Credentials(file) => client.credentials(&secret(file)?).map_err(|_| {
            Trouble::refused(format!("{} is no credentials file: it needs a user JWT and an nkey seed", file.display()))
        }),
        NatsAuth::Nkey(file) => {
            let text = secret(file)?;
            let lines = text.lines().map(str::trim);
            let seed = lines.into_iter().find(|line| line.starts_with('S') && line.len() > 50);
            let seed = seed.ok_or_else(|| Trouble::refused(format!("{} holds no nkey seed", file.display())))?;
            Ok(client.nkey(seed.to_owned()))
        }
    }
}

/// The content of a small file that is a secret.
fn secret(file: &Path) -> Result<Zeroizing<String>, Trouble> {
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| unreadable(file, &error))
}

fn readable(file: &Path) -> Result<(), Trouble> {
    std::fs::File::open(file).map(drop).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Trouble {
    Trouble::refused(format!("{} cannot be read: {error}", file.display()))
}

fn unconnected(error: &ConnectError) -> Trouble {
    let detail = chain(error);
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            Trouble::refused(format!("the server does not accept the replica's credentials ({detail})"))
        }
        _ if detail.to_ascii_lowercase().contains("certificate") => {
            Trouble::refused(format!("the encrypted connection cannot be trusted or is not trusted ({detail})"))
        }
        _ => Trouble::disconnected(detail),
    }
}

/// What the connection tells of itself.
fn happened(shared: &Shared, event: &Event) {
    match event {
        Event::Disconnected | Event::Closed => shared.fail(Trouble::disconnected("the connection was lost")),
        Event::ServerError(error) => {
            let complaint = error.to_string();
            tracing::warn!(complaint, "the server complains");
            shared.complain(complaint);
        }
        Event::LameDuckMode => tracing::info!("the server is about to be stopped; another one will be looked for"),
        Event::SlowConsumer(_) => {
            tracing::warn!("messages came faster than they were asked for; they are asked for again");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nats::options::{NatsSecret, StreamFilter};

    fn refusal(options: &NatsOptions) -> String {
        match addresses(&options.servers).and_then(|_| client_options(options).map(drop)) {
            Err(Trouble::Refused(detail)) => detail,
            other => panic!("{other:?}"),
        }
    }

    fn options(server: &str) -> NatsOptions {
        NatsOptions::new(vec![server.to_owned()], vec![StreamFilter::all("S")])
    }

    #[test]
    fn what_cannot_work_is_refused_before_connecting() {
        assert!(refusal(&options("nats://me:hunter2@host")).contains("nats://***@host"));
        assert!(!refusal(&options("nats://me:hunter2@host")).contains("hunter2"));
        assert!(refusal(&options("nats://host:port:9")).contains("no address"));
        let mut half = options("nats://host");
        half.tls.key = Some("/dev/null".into());
        assert!(refusal(&half).contains("needs its key"));
        let mut absent = options("nats://host");
        absent.tls.ca = Some("/does/not/exist.pem".into());
        assert!(refusal(&absent).contains("/does/not/exist.pem"));
    }

    #[test]
    fn what_is_no_secret_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, "hunter2").unwrap();
        for auth in [NatsAuth::Credentials(file.clone()), NatsAuth::Nkey(file)] {
            let refused = refusal(&NatsOptions { auth, ..options("nats://host") });
            assert!(refused.contains("secret") && !refused.contains("hunter2"), "{refused}");
        }
        let user = NatsAuth::User { user: "me".to_owned(), password: NatsSecret::new("x") };
        assert!(authenticated(ConnectOptions::new(), &user).is_ok());
    }
}
