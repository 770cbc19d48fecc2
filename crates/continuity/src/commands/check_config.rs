//! `continuity check-config`.

use anyhow::Result;

use crate::cli::Configured;
use crate::{config, output};

/// Reads the configuration as `serve` would and says whether it can be used.
pub(crate) fn run(options: &Configured) -> Result<()> {
    let config = config::load(options.config.as_deref(), super::serve::environment())?;
    super::serve::check(&config)?;
    output::text("the configuration can be used")
}
