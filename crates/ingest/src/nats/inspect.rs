//! Looks at a stream and judges it.

use super::api::{Api, StreamInfo};
use super::judge::{Found, Remembered, comparable, judge};
use super::trouble::Trouble;

/// What was seen of a stream that has not diverged.
pub(super) struct Inspected {
    pub(super) info: StreamInfo,
    pub(super) found: Found,
}

/// The stream, if it still is what is remembered. A divergence counts only when it is seen twice: between the questions
/// of one look the stream may change.
pub(super) async fn inspect(api: &Api, stream: &str, remembered: &Remembered) -> Result<Inspected, Trouble> {
    let info = api.stream(stream).await?;
    inspect_as(api, stream, remembered, info).await
}

/// The same of a stream that was just asked for.
pub(super) async fn inspect_as(
    api: &Api,
    stream: &str,
    remembered: &Remembered,
    info: Option<StreamInfo>,
) -> Result<Inspected, Trouble> {
    match once(api, stream, remembered, info).await {
        Err(Trouble::Diverged(_)) => once(api, stream, remembered, api.stream(stream).await?).await,
        other => other,
    }
}

async fn once(
    api: &Api,
    stream: &str,
    remembered: &Remembered,
    info: Option<StreamInfo>,
) -> Result<Inspected, Trouble> {
    let mut found = Found::Unknown;
    if let Some(point) = info.as_ref().and_then(|info| comparable(remembered, info)) {
        found = match api.message(stream, point.sequence).await? {
            Some(stored) => Found::Mark(stored.mark),
            None => Found::Nothing,
        };
    }
    judge(stream, remembered, info.as_ref(), found)?;
    let info = info.ok_or_else(|| Trouble::disconnected(format!("{stream} is not there")))?;
    Ok(Inspected { info, found })
}
