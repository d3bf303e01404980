//! The file with the sizes of tables.

use std::path::Path;

use crate::config::Statistics;
use crate::source;

/// Reads the file at `path`; an error says what is wrong with it and what to do.
pub fn statistics(path: &Path) -> Result<Statistics, String> {
    let text = source::read_text(path).map_err(|error| error.to_string())?;
    Statistics::parse(&text).map_err(|error| {
        let help = "`ddlint init --stats-query | psql -XAtq` writes one that is";
        format!("`{}` is {error}\n  = help: {help}", path.display())
    })
}
