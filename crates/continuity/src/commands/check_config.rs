//! `continuity check-config`.

use anyhow::Result;

use serde_json::Value;

use crate::cli::CheckConfig;
use crate::config::{self, Loaded};
use crate::output;

/// Reads the configuration as `serve` would and says whether it can be used.
pub(crate) fn run(options: &CheckConfig) -> Result<()> {
    let Loaded { config, told } = config::load_told(options.of.config.as_deref(), super::serve::environment())?;
    super::serve::check(&config)?;
    if options.show {
        let columns = ["key", "value", "from"];
        let row = |key: &Value| columns.iter().map(|name| output::cell(key, name)).collect();
        let rows: Vec<Vec<String>> = told.as_array().into_iter().flatten().map(row).collect();
        output::text(&output::table(&columns, &rows))?;
    }
    output::text("the configuration can be used")
}
