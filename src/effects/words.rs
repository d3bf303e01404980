//! The words of SQL text, as far as the model looks into expressions and statements.

/// One piece of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// A keyword or unquoted name, in lower case.
    Plain(String),
    /// A quoted name.
    Quoted(String),
    /// What stands in a string.
    Text(String),
    /// A number.
    Number(String),
    /// `::`
    Cast,
    /// One character of anything else.
    Sign(char),
}

impl Word {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word == keyword)
    }

    /// Whether it is this sign.
    pub(super) fn is_sign(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }

    /// The name that it is.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// The pieces of `text`, without comments.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (word, length) = next(rest)?;
            rest = rest.get(length..).unwrap_or_default();
            if let Some(word) = word {
                return Some(word);
            }
        }
    })
}

/// The first piece and its length in bytes; no piece for white space and comments. `None` at the end.
fn next(text: &str) -> Option<(Option<Word>, usize)> {
    let first = text.chars().next()?;
    let after = |sign: &str| text.find(sign).map_or(text.len(), |at| at + sign.len());
    Some(if first.is_whitespace() {
        (None, first.len_utf8())
    } else if text.starts_with("--") {
        (None, after("\n"))
    } else if text.starts_with("/*") {
        (None, after("*/"))
    } else if text.starts_with("::") {
        (Some(Word::Cast), 2)
    } else if first == '\'' || first == '"' {
        let (inner, length) = quoted(text, first);
        (Some(if first == '"' { Word::Quoted(inner) } else { Word::Text(inner) }), length)
    } else if let Some((tag, body)) = dollar(text) {
        let end = body.find(tag);
        let inner = body.get(..end.unwrap_or(body.len())).unwrap_or_default();
        (Some(Word::Text(inner.to_owned())), tag.len() + end.map_or(body.len(), |end| end + tag.len()))
    } else if first.is_ascii_digit() {
        let length = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
        (Some(Word::Number(text.get(..length).unwrap_or_default().to_owned())), length)
    } else if first.is_alphabetic() || first == '_' {
        let length = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len());
        (Some(Word::Plain(text.get(..length).unwrap_or_default().to_lowercase())), length)
    } else {
        (Some(Word::Sign(first)), first.len_utf8())
    })
}

/// What stands between quotes, in which a doubled one stands for one, and the length of it all.
pub(crate) fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            if letters.peek().is_none_or(|(_, next)| *next != quote) {
                return (inner, at + 1);
            }
            letters.next();
        }
        inner.push(letter);
    }
    (inner, text.len())
}

/// The tag of a dollar-quoted string, and what follows it.
fn dollar(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('$')?;
    let end =
        inner.find(|c: char| !c.is_alphanumeric() && c != '_').filter(|_| !inner.starts_with(char::is_numeric))?;
    if !inner.get(end..)?.starts_with('$') {
        return None;
    }
    Some(text.split_at(end + 2))
}

/// The terms that AND joins at the top level of `expression`, without their outer parentheses.
pub(super) fn conjuncts(expression: &str) -> Vec<Vec<Word>> {
    // What is longer is not written by hand, and taking it apart piece by piece would take long.
    const LONGEST: usize = 4000;
    let whole: Vec<_> = words(expression).collect();
    if whole.len() > LONGEST {
        return vec![whole];
    }
    let mut found = Vec::new();
    let mut open = vec![whole];
    while let Some(term) = open.pop() {
        let term = bare(term);
        let parts = split(&term);
        if parts.len() < 2 {
            found.push(term);
        } else {
            open.extend(parts.into_iter().rev());
        }
    }
    found
}

/// Without the parentheses around all of it.
pub(super) fn bare(words: Vec<Word>) -> Vec<Word> {
    let open = words.iter().take_while(|word| word.is_sign('(')).count();
    let close = words.iter().rev().take_while(|word| word.is_sign(')')).count();
    // A pair stands around all of it where no piece but the last one closes it.
    let mut depth = 0_usize;
    let mut least = usize::MAX;
    for (at, word) in words.iter().enumerate().take(words.len().saturating_sub(1)) {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        // The closing ones at the end belong to the pairs that are counted.
        if at + 1 >= open && at + close < words.len() {
            least = least.min(depth);
        }
    }
    let pairs = open.min(close).min(least);
    let inner = words.len().saturating_sub(2 * pairs);
    words.into_iter().skip(pairs).take(inner).collect()
}

/// The parts between AND; one where an OR stands beside them, or the AND of a BETWEEN.
fn split(words: &[Word]) -> Vec<Vec<Word>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_usize;
    for word in words {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (word.is("or") || word.is("between") || word.is("case")) {
            return vec![words.to_vec()];
        }
        if depth == 0 && word.is("and") {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(word.clone());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(expression: &str) -> Vec<String> {
        let text = |words: Vec<Word>| {
            let words = words.iter().map(|word| match word {
                Word::Plain(word) | Word::Quoted(word) | Word::Text(word) | Word::Number(word) => word.clone(),
                Word::Cast => "::".to_owned(),
                Word::Sign(sign) => sign.to_string(),
            });
            words.collect::<Vec<_>>().join(" ")
        };
        conjuncts(expression).into_iter().map(text).collect()
    }

    #[test]
    fn a_conjunction_is_taken_apart() {
        assert_eq!(terms("a > 1 AND (b < 2 AND c)"), ["a > 1", "b < 2", "c"]);
        assert_eq!(terms("((a IS NOT NULL) AND (b <> ''::text))"), ["a is not null", "b < >  :: text"]);
        assert_eq!(terms("a AND b OR c"), ["a and b or c"]);
        assert_eq!(terms("a BETWEEN 1 AND 2"), ["a between 1 and 2"]);
        assert_eq!(terms("(a) = (b)"), ["( a ) = ( b )"]);
    }

    #[test]
    fn strings_and_comments_are_whole() {
        let found: Vec<_> = words("a -- b\n 'it''s' /* c */ \"D\" $x$ y $x$ 1.5::int").collect();
        assert_eq!(
            found,
            [
                Word::Plain("a".to_owned()),
                Word::Text("it's".to_owned()),
                Word::Quoted("D".to_owned()),
                Word::Text(" y ".to_owned()),
                Word::Number("1.5".to_owned()),
                Word::Cast,
                Word::Plain("int".to_owned()),
            ]
        );
    }

    #[test]
    fn outer_parentheses_fall() {
        let bare = |text: &str| super::bare(words(text).collect()).len();
        assert_eq!((bare("((a))"), bare("(a) (b)"), bare("((a) (b))"), bare("()"), bare("(")), (1, 6, 6, 0, 1));
    }

    #[test]
    fn deep_nesting_costs_little() {
        let deep = "(".repeat(20_000) + "a" + &")".repeat(20_000);
        assert!(conjuncts(&deep).len() == 1);
    }
}
