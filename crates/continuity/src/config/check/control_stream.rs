//! What the section about other replicas has to be.

use super::{is_stream, is_subject, nats_access, refuse_if, within};
use crate::config::{Auth, SourceUrl, given};

pub(super) fn check(auth: &Auth) -> Result<(), String> {
    let stream = &auth.control_stream;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    refuse_if(
        stream.replica.len() > 64 || !stream.replica.bytes().all(good),
        "auth.control_stream.replica has to be 1 to 64 letters, digits and - . _, or empty",
    )?;
    if !stream.is_on() {
        return Ok(());
    }
    refuse_if(
        !matches!(SourceUrl::parse(&stream.url, "auth.control_stream.url")?, SourceUrl::Nats { .. }),
        "auth.control_stream.url has to be nats://HOST[:PORT][,HOST...] or tls://HOST[:PORT][,HOST...]",
    )?;
    refuse_if(
        given(&auth.fleet_key_file).is_none(),
        "auth.control_stream needs auth.fleet_key_file: a key that all replicas are given, and that none makes for itself",
    )?;
    refuse_if(
        stream.stream.is_empty() || !is_stream(&stream.stream),
        &format!("auth.control_stream.stream is {:?}, which cannot be such a name", stream.stream),
    )?;
    refuse_if(
        !is_subject(&stream.subject) || stream.subject.contains(['*', '>']),
        "auth.control_stream.subject has to be one subject, without wildcards",
    )?;
    refuse_if(![1, 3, 5].contains(&stream.copies), "auth.control_stream.copies has to be 1, 3 or 5")?;
    within("auth.control_stream.reconnect_most_seconds", stream.reconnect_most_seconds, 1, 3_600)?;
    nats_access("auth.control_stream", &stream.access())
}
