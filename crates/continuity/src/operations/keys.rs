//! Signing keys: list, rotate, retire.

use anyhow::{Context, Result, anyhow, bail};
use continuity_auth::{Auth, By, SigningAlgorithm, SigningKey};
use serde_json::Value;

use crate::control::Command;

/// Carries out one of the key commands.
pub(super) fn execute(auth: &Auth, actor: &str, command: &Command) -> Result<Value> {
    let by = |reason: Option<&str>| auth.acting(By { reason: reason.map(str::to_owned), ..By::actor(actor) });
    match command {
        Command::KeyList => Ok(Value::Array(auth.signing_keys().iter().map(shown).collect::<Result<_>>()?)),
        Command::KeyRotate { algorithm, at_once, reason } => {
            let algorithm = algorithm.as_deref().map(parse).transpose()?;
            shown(&by(reason.as_deref()).rotate_key(algorithm, *at_once)?)
        }
        Command::KeyRetire { id, reason } => shown(&by(Some(reason)).retire_key(id, reason)?),
        other => bail!("{other:?} is not a command on keys"),
    }
}

fn parse(name: &str) -> Result<SigningAlgorithm> {
    let known = || SigningAlgorithm::ALL.map(SigningAlgorithm::name).join(", ");
    SigningAlgorithm::parse(name)
        .ok_or_else(|| anyhow!("there is no signing algorithm {name:?}; there are {}", known()))
}

fn shown(key: &SigningKey) -> Result<Value> {
    serde_json::to_value(key).context("a key cannot be written as JSON")
}
