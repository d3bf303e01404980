//! From the addresses of documents to paths.

use std::path::PathBuf;

use lsp_types::Uri;

/// The path of a `file:` address; `None` for what is not on disk (`untitled:Untitled-1`).
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // An authority is a host on Windows, and nothing that can be opened elsewhere.
    let slash = rest.find('/')?;
    let (host, path) = rest.split_at(slash);
    let path = decode(path.split(['?', '#']).next().unwrap_or_default())?;
    let drive = path.as_bytes().get(2) == Some(&b':');
    match (host, cfg!(windows)) {
        ("" | "localhost", true) if drive => Some(PathBuf::from(path.trim_start_matches('/'))),
        ("" | "localhost", _) => Some(PathBuf::from(path)),
        (host, true) => Some(PathBuf::from(format!("//{host}{path}"))),
        _ => None,
    }
}

/// `text` with its percent escapes undone; `None` where that gives no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// The name that a document is judged by, so that its language is the one the editor says; `None` for a document of
/// another language.
pub(super) fn judged_as(path: &str, language: &str) -> Option<String> {
    let extension = path.rsplit('/').next().and_then(|name| Some(name.rsplit_once('.')?.1.to_ascii_lowercase()));
    let extension = extension.as_deref().unwrap_or_default();
    let python = matches!(extension, "py" | "pyi");
    // Editors have a language for each dialect: `pgsql`, `mysql`, `plsql`.
    let wanted = if language.contains("sql") {
        "sql"
    } else if language == "python" {
        "py"
    } else if python || matches!(extension, "sql" | "psql" | "pgsql" | "ddl") {
        return Some(path.to_owned());
    } else {
        return None;
    };
    // What has no extension of Python's is read as SQL.
    let fits = if wanted == "py" { python } else { !python && !extension.is_empty() };
    Some(if fits { path.to_owned() } else { format!("{path}.{wanted}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_paths() {
        let path = |text: &str| path(&text.parse().expect("an address"));
        if cfg!(not(windows)) {
            assert_eq!(path("file:///db/a%20b/%C3%A9.sql"), Some(PathBuf::from("/db/a b/é.sql")));
            assert_eq!(path("file://server/share/a.sql"), None);
        }
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("file:///a%FF"), None);
    }

    #[test]
    fn the_editor_says_the_language() {
        assert_eq!(judged_as("db/1.sql", "sql").as_deref(), Some("db/1.sql"));
        assert_eq!(judged_as("untitled", "pgsql").as_deref(), Some("untitled.sql"));
        assert_eq!(judged_as("tool", "python").as_deref(), Some("tool.py"));
        assert_eq!(judged_as("a.py", "").as_deref(), Some("a.py"));
        assert_eq!(judged_as("README.md", "markdown"), None);
    }
}
