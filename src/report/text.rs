//! Text of a stranger's file, made fit for a terminal.

use std::borrow::Cow;

/// `text` on one line and without characters that move the cursor, colour the screen or turn the reading direction:
/// a file under judgement must not be able to rewrite what is said about it.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(hidden) { Cow::Owned(text.chars().map(replacement).collect()) } else { Cow::Borrowed(text) }
}

/// Whether `c` is a control or a bidirectional formatting character.
pub(super) fn hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is shown for `c`: as many bytes of UTF-8 as `c` has, so that offsets stay.
pub(super) fn replacement(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => ' ',
        c if !hidden(c) => c,
        c => match c.len_utf8() {
            1 => '?',
            2 => '·',
            _ => char::REPLACEMENT_CHARACTER,
        },
    }
}

/// `value` as indented JSON with a line break at its end.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // The reports are structs of strings and numbers, and such cannot fail to serialise.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_not_sent() {
        assert_eq!(printable("drop \u{1b}[2J\u{202e}x\ny"), "drop ?[2J\u{fffd}x y");
        assert!(matches!(printable("plain, naïve"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_replacement_is_as_long_as_what_it_replaces() {
        for c in ['\0', '\u{1b}', '\u{85}', '\u{202e}', '\u{2066}', 'é', '\t'] {
            assert_eq!(replacement(c).len_utf8(), c.len_utf8(), "{c:?}");
        }
    }
}
