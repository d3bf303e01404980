//! Sizes of tables as a server measured them: what the query of `ddlint init --stats-query` prints.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// From which size on a table is large, and up to which it is small. What is neither is of middling size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// A table of so many rows is large.
    pub large_rows: u64,
    /// A table of so many bytes is large.
    pub large_bytes: u64,
    /// A table of at most so many rows is small, where it has no more bytes either.
    pub small_rows: u64,
    /// A table of at most so many bytes is small, where it has no more rows either.
    pub small_bytes: u64,
}

impl Default for Sizes {
    /// A scan of a small table takes milliseconds, one of a large table seconds and more.
    fn default() -> Self {
        Self { large_rows: 1_000_000, large_bytes: 1 << 30, small_rows: 10_000, small_bytes: 10 << 20 }
    }
}

/// What was measured of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct Measured {
    /// Rows, as the planner estimates them; `None` where the table was never analysed.
    pub rows: Option<u64>,
    /// Bytes of the table and its TOAST table.
    pub bytes: u64,
    /// Bytes with all indexes.
    pub total_bytes: u64,
    /// Scans since the counters were reset.
    #[serde(default)]
    pub reads: Option<u64>,
    /// Rows written since the counters were reset.
    #[serde(default)]
    pub writes: Option<u64>,
}

impl Measured {
    /// Whether it is large.
    pub fn is_large(&self, sizes: Sizes) -> bool {
        self.rows.is_some_and(|rows| rows >= sizes.large_rows) || self.bytes >= sizes.large_bytes
    }

    /// Whether it is small: in bytes, and in rows where those are known.
    pub fn is_small(&self, sizes: Sizes) -> bool {
        !self.is_large(sizes)
            && self.rows.is_none_or(|rows| rows <= sizes.small_rows)
            && self.bytes <= sizes.small_bytes
    }
}

impl fmt::Display for Measured {
    /// About 12.3 million rows, 8.1 GB.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rows {
            Some(1) => f.write_str("1 row, ")?,
            Some(rows) if rows < 10_000 => write!(f, "{rows} rows, ")?,
            Some(rows) => {
                write!(f, "about {} rows, ", rounded(rows, &[" thousand", " million", " thousand million"], 1000))?;
            }
            None => {}
        }
        match self.bytes {
            bytes if bytes < 1024 => write!(f, "{bytes} bytes"),
            bytes => f.write_str(&rounded(bytes, &[" kB", " MB", " GB", " TB"], 1024)),
        }
    }
}

/// A number in the largest unit of which there is one at least, with a decimal where it has one digit before it.
fn rounded(number: u64, units: &[&str], step: u64) -> String {
    let mut divisor = step;
    let mut unit = units.first().copied().unwrap_or_default();
    for next in units.iter().skip(1) {
        if number / step < divisor {
            break;
        }
        divisor = divisor.saturating_mul(step);
        unit = next;
    }
    let tenths = number.saturating_mul(10) / divisor;
    match (tenths / 10, tenths % 10) {
        (whole, tenth) if whole < 10 && tenth > 0 => format!("{whole}.{tenth}{unit}"),
        (whole, _) => format!("{whole}{unit}"),
    }
}

/// What was measured of all tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// By name, then by schema.
    tables: BTreeMap<String, BTreeMap<String, Measured>>,
}

/// The file.
#[derive(Deserialize)]
struct File {
    schema: u64,
    tables: Vec<Table>,
}

#[derive(Deserialize)]
struct Table {
    schema: String,
    name: String,
    #[serde(flatten)]
    measured: Measured,
}

impl Statistics {
    /// Reads the file. An error says what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let sort = if error.is_data() { "not what the query prints" } else { "no JSON" };
            format!("{sort}: {error}")
        })?;
        if file.schema != 1 {
            return Err(format!("of version {}, and this ddlint reads version 1", file.schema));
        }
        let mut statistics = Self::default();
        for table in file.tables {
            statistics.tables.entry(table.name).or_default().insert(table.schema, table.measured);
        }
        Ok(statistics)
    }

    /// What was measured of a table. Without a schema that of `public` is meant, else the only one of that name.
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Measured> {
        let named = self.tables.get(name)?;
        match schema {
            Some(schema) => named.get(schema),
            None => named.get("public").or_else(|| named.values().next().filter(|_| named.len() == 1)),
        }
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"schema": 1, "server": 16, "tables": [
        {"schema": "public", "name": "orders", "rows": 12345678, "bytes": 9663676416, "total_bytes": 11811160064},
        {"schema": "shop", "name": "orders", "rows": 12, "bytes": 8192, "total_bytes": 24576, "reads": 4, "writes": 0},
        {"schema": "shop", "name": "lines", "rows": null, "bytes": 0, "total_bytes": 8192}]}"#;

    #[test]
    fn a_table_is_found_with_and_without_its_schema() {
        let all = Statistics::parse(FILE).expect("fine");
        let rows = |schema, name| all.table(schema, name).map(|table| table.rows);
        assert_eq!(rows(None, "orders"), Some(Some(12_345_678)));
        assert_eq!(rows(Some("shop"), "orders"), Some(Some(12)));
        assert_eq!(rows(None, "lines"), Some(None));
        assert_eq!(rows(Some("public"), "lines"), None);
    }

    #[test]
    fn a_size_reads_well() {
        let size = |rows, bytes| Measured { rows, bytes, total_bytes: bytes, reads: None, writes: None }.to_string();
        assert_eq!(size(Some(12_345_678), 9_663_676_416), "about 12 million rows, 9 GB");
        assert_eq!(size(Some(1_234_567), 1_572_864), "about 1.2 million rows, 1.5 MB");
        assert_eq!(size(Some(1), 512), "1 row, 512 bytes");
        assert_eq!(size(Some(9_999), 8192), "9999 rows, 8 kB");
        assert_eq!(size(None, 0), "0 bytes");
        assert!(!size(Some(u64::MAX), u64::MAX).is_empty());
    }

    #[test]
    fn what_was_never_analysed_is_judged_by_its_bytes() {
        let sizes = Sizes::default();
        let of = |rows, bytes| Measured { rows, bytes, total_bytes: bytes, reads: None, writes: None };
        assert!(of(None, 8192).is_small(sizes) && !of(Some(20_000), 8192).is_small(sizes));
        assert!(of(None, 2 << 30).is_large(sizes) && of(Some(1_000_000), 0).is_large(sizes));
    }

    #[test]
    fn another_file_is_refused() {
        let error = |text: &str| Statistics::parse(text).expect_err("refused");
        assert!(error("").starts_with("no JSON"), "{}", error(""));
        assert!(error("json_build_object\n{}").starts_with("no JSON"));
        assert!(error("[]").starts_with("not what the query prints"));
        assert!(error(r#"{"schema": 1, "tables": [{"schema": "public", "name": 1}]}"#).contains("line 1"));
        assert!(error(r#"{"schema": 2, "tables": []}"#).contains("version 2"));
    }
}
