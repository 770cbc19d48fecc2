//! When there was a backup, and when one was found to be good.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::Builder;

use metrics::{describe_gauge, gauge};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::directory::Directory;

const MADE: &str = "continuity_backup_made_timestamp_seconds";
const VERIFIED: &str = "continuity_backup_verified_timestamp_seconds";

/// Tells the recorder what the metrics mean. Call it once, after the recorder is installed.
pub(crate) fn describe() {
    describe_gauge!(MADE, "When the backup in backup.directory was made; NaN while there is none");
    describe_gauge!(
        VERIFIED,
        "When a backup in backup.directory was last verified and good; NaN where the last one was not, or none was"
    );
}

/// Shows it beside the start: the directory may be on a share that does not answer, which must not keep the replica from serving.
pub(crate) fn begin(directory: Option<PathBuf>) -> io::Result<()> {
    Builder::new().name("backup".to_owned()).spawn(move || show(directory.as_deref())).map(drop)
}

/// Shows what is in the configured directory. What cannot be read is not known.
pub(crate) fn show(directory: Option<&Path>) {
    let directory = directory.map(Directory::new);
    let made = directory.as_ref().and_then(|directory| directory.manifest().ok().flatten());
    let verified = directory.as_ref().and_then(|directory| directory.verification().ok().flatten());
    gauge!(MADE).set(seconds(made.map(|made| made.made_at)));
    gauge!(VERIFIED).set(seconds(verified.filter(super::Verification::is_good).map(|found| found.verified_at)));
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact")]
fn seconds(text: Option<String>) -> f64 {
    let time = text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
    time.map_or(f64::NAN, |time| time.unix_timestamp() as f64)
}
