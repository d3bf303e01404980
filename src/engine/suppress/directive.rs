//! What a suppression comment says.

use std::ops::Range;

/// What every suppression comment starts with.
pub(super) const MARK: &str = "ddlint:";

/// How far a suppression reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// `ignore`: the statement.
    Statement,
    /// `ignore-block`: the migration block or function.
    Block,
    /// `ignore-file`: the file.
    File,
}

impl Reach {
    /// The word in the comment.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "ignore",
            Self::Block => "ignore-block",
            Self::File => "ignore-file",
        }
    }
}

/// A suppression comment, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Directive {
    /// How far it reaches.
    pub(super) reach: Reach,
    /// The rules it names, with their bytes in the file; `None` where it names none and means all.
    pub(super) rules: Option<Vec<(String, Range<usize>)>>,
    /// The reason it gives.
    pub(super) reason: Option<String>,
}

/// A comment that starts like a suppression and is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Malformed(pub(super) String);

/// Reads the comment `text`, whose first byte is byte `base` of the file. `None` where it is another comment.
pub(super) fn parse(text: &str, base: usize) -> Option<Result<Directive, Malformed>> {
    let mark = text.match_indices(MARK).find(|(at, _)| starts_a_comment(text.get(..*at).unwrap_or_default()))?.0;
    let after = mark + MARK.len();
    let body = text.get(after..).unwrap_or_default();
    let body = body.strip_suffix("*/").unwrap_or(body);
    let word_at = body.len() - body.trim_start().len();
    let rest = body.get(word_at..).unwrap_or_default();
    let word = rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).next().unwrap_or_default();
    let Some(reach) = [Reach::Statement, Reach::Block, Reach::File].into_iter().find(|reach| reach.as_str() == word)
    else {
        return Some(Err(Malformed(format!("`{MARK} {word}` is no suppression"))));
    };
    let tail = rest.get(word.len()..).unwrap_or_default();
    let Some(list) = tail.strip_prefix('[') else {
        return Some(Ok(Directive { reach, rules: None, reason: reason(tail) }));
    };
    let Some((list, tail)) = list.split_once(']') else {
        return Some(Err(Malformed(format!("the list of `{MARK} {word}[` has no `]`"))));
    };
    let list_at = base + after + word_at + word.len() + 1;
    let rules = names(list, list_at);
    if rules.is_empty() {
        return Some(Err(Malformed(format!("`{MARK} {word}[]` names no rule"))));
    }
    Some(Ok(Directive { reach, rules: Some(rules), reason: reason(tail) }))
}

/// Whether `before` holds nothing but what a comment starts with, or ends with the start of another comment, as in
/// `# noqa: E501  # ddlint: ignore[…]`.
fn starts_a_comment(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || ["#", "--", "/*", "/**"].iter().any(|start| before.ends_with(start))
}

/// The names in `list`, separated by commas; its first byte is byte `base` of the file.
fn names(list: &str, base: usize) -> Vec<(String, Range<usize>)> {
    let mut at = base;
    let mut names = Vec::new();
    for part in list.split(',') {
        let name = part.trim();
        let start = at + part.len() - part.trim_start().len();
        if !name.is_empty() {
            names.push((name.to_owned(), start..start + name.len()));
        }
        at += part.len() + 1;
    }
    names
}

/// The words after the list as one line; `None` where there are none.
fn reason(tail: &str) -> Option<String> {
    let tail = tail.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '–' | '—'));
    let words: Vec<&str> = tail.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive(text: &str) -> Directive {
        parse(text, 0).expect("a suppression").expect("well formed")
    }

    #[test]
    fn a_suppression_names_its_rules_and_its_reason() {
        let read = directive("-- ddlint: ignore[index-not-concurrent, table-rewrite]  small table, see OPS-12 ");
        assert_eq!(read.reach, Reach::Statement);
        let rules = read.rules.unwrap();
        assert_eq!(rules[0], ("index-not-concurrent".to_owned(), 18..38));
        assert_eq!(rules[1], ("table-rewrite".to_owned(), 40..53));
        assert_eq!(read.reason.as_deref(), Some("small table, see OPS-12"));
    }

    #[test]
    fn every_comment_style_and_reach() {
        assert_eq!(directive("/* ddlint: ignore-block[x] why */").reason.as_deref(), Some("why"));
        assert_eq!(directive("# noqa: E501  # ddlint:ignore-file[x]: why").reason.as_deref(), Some("why"));
        assert_eq!(directive("#ddlint: ignore").rules, None);
        assert_eq!(directive("# ddlint: ignore[x]").reason, None);
    }

    #[test]
    fn prose_about_suppressions_is_none() {
        assert_eq!(parse("# see `ddlint: ignore[x]` in the handbook", 0), None);
        assert_eq!(parse("-- lint: ignore[x]", 0), None);
    }

    #[test]
    fn a_misspelt_one_is_said() {
        for text in ["-- ddlint: ignroe[x]", "-- ddlint: ignore[x why", "-- ddlint: ignore[ , ] why"] {
            assert!(matches!(parse(text, 0), Some(Err(_))), "{text}");
        }
    }
}
