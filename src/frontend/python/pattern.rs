//! Regular expressions over names: what a program makes of a class's name is often made by `re.sub` or `re.split`.
//!
//! The crate at hand knows no lookaround, which is what most of these patterns are made of. Where it stands at the
//! beginning or the end of an alternative, it is asked for by itself; elsewhere a pattern is not followed.

use regex::Regex;

/// Longest text that is matched, in bytes: names are short.
const MAX_TEXT: usize = 200;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 300;

/// A pattern of Python.
#[derive(Debug)]
pub(super) struct Pattern {
    ways: Vec<Way>,
    /// Groups that can be named.
    groups: usize,
}

/// One alternative.
#[derive(Debug)]
struct Way {
    /// What stands before the match, or does not.
    behind: Vec<Look>,
    /// What stands where the match begins.
    front: Vec<Look>,
    core: Regex,
    /// The same, up to the end of a text.
    to_end: Regex,
    /// What stands behind the match.
    ahead: Vec<Look>,
    /// Groups of the alternatives before.
    offset: usize,
}

/// A lookaround.
#[derive(Debug)]
struct Look {
    wanted: bool,
    pattern: Regex,
}

/// A match, with the places of its groups.
struct Found {
    start: usize,
    end: usize,
    groups: Vec<Option<(usize, usize)>>,
}

impl Pattern {
    /// Reads a pattern; `None` where it is not followed.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        if pattern.len() > MAX_PATTERN {
            return None;
        }
        // `((?<=[a-z])[A-Z]|…)`: the first group is all of it.
        let inner = pattern.strip_prefix('(').filter(|rest| !rest.starts_with('?'));
        let inner = inner.and_then(|rest| rest.strip_suffix(')')).filter(|inner| pieces(inner).is_some());
        let (body, wrapped) = inner.map_or((pattern, 0), |inner| (inner, 1));
        let (mut ways, mut groups) = (Vec::new(), wrapped);
        for part in alternatives(&pieces(body)?) {
            let way = Way::new(&part, groups)?;
            groups += way.core.captures_len() - 1;
            ways.push(way);
        }
        Some(Self { ways, groups })
    }

    /// The text with each match replaced by a template as Python writes them; `None` where one is not known.
    pub(super) fn sub(&self, text: &str, template: &str) -> Option<String> {
        let (mut out, mut from) = (String::new(), 0);
        for found in self.matches(text)? {
            out.push_str(text.get(from..found.start)?);
            self.expand(&mut out, text, template, &found)?;
            from = found.end;
        }
        out.push_str(text.get(from..)?);
        Some(out)
    }

    /// What stands between the matches, and what their groups hold.
    pub(super) fn split(&self, text: &str) -> Option<Vec<String>> {
        let (mut out, mut from) = (Vec::new(), 0);
        for found in self.matches(text)? {
            out.push(text.get(from..found.start)?.to_owned());
            for group in 1..=self.groups {
                out.push(self.group(text, group, &found)?.to_owned());
            }
            from = found.end;
        }
        out.push(text.get(from..)?.to_owned());
        Some(out)
    }

    /// The matches, or what their only group holds.
    pub(super) fn find_all(&self, text: &str) -> Option<Vec<String>> {
        let group = if self.groups < 2 { self.groups } else { return None };
        self.matches(text)?.iter().map(|found| Some(self.group(text, group, found)?.to_owned())).collect()
    }

    fn matches(&self, text: &str) -> Option<Vec<Found>> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(rest) = text.get(at..) {
            let next = rest.chars().next().map_or(text.len() + 1, |c| at + c.len_utf8());
            at = match self.ways.iter().find_map(|way| way.at(text, at)) {
                Some(one) => {
                    let end = one.end;
                    found.push(one);
                    if end > at { end } else { next }
                }
                None => next,
            };
        }
        Some(found)
    }

    fn group<'t>(&self, text: &'t str, number: usize, found: &Found) -> Option<&'t str> {
        let whole = number == 0 || (number == 1 && self.ways.first().is_some_and(|way| way.offset == 1));
        if whole {
            return text.get(found.start..found.end);
        }
        match found.groups.get(number).copied().flatten() {
            Some((start, end)) => text.get(start..end),
            // A group of an alternative that was not taken.
            None => (number <= self.groups).then_some(""),
        }
    }

    fn expand(&self, out: &mut String, text: &str, template: &str, found: &Found) -> Option<()> {
        let mut rest = template;
        while let Some(at) = rest.find('\\') {
            out.push_str(rest.get(..at)?);
            rest = rest.get(at + 1..)?;
            let (number, end) = match rest.strip_prefix("g<") {
                Some(named) => {
                    let end = named.find('>')?;
                    (named.get(..end)?.parse().ok()?, end + 3)
                }
                None => (rest.get(..1)?.parse().ok()?, 1),
            };
            out.push_str(self.group(text, number, found)?);
            rest = rest.get(end..)?;
        }
        out.push_str(rest);
        Some(())
    }
}

impl Way {
    /// An alternative of these pieces, which has the groups after `offset`.
    fn new(pieces: &[&str], offset: usize) -> Option<Self> {
        let look = |piece: &str, openings: [(&str, bool); 2], end: &str| {
            openings.iter().find_map(|(opening, wanted)| {
                let inner = piece.strip_prefix(opening)?.strip_suffix(')')?;
                let pattern = Regex::new(&format!("(?:{inner}){end}")).ok()?;
                Some(Look { wanted: *wanted, pattern })
            })
        };
        let before = |piece: &str| look(piece, [("(?<=", true), ("(?<!", false)], "$");
        let after = |piece: &str| look(piece, [("(?=", true), ("(?!", false)], "");
        let (mut behind, mut front, mut ahead) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = pieces;
        while let Some((first, more)) = rest.split_first() {
            if let Some(look) = before(first) {
                behind.push(look);
            } else if let Some(look) = after(first) {
                front.push(look);
            } else {
                break;
            }
            rest = more;
        }
        while let Some((last, less)) = rest.split_last() {
            let Some(look) = after(last) else { break };
            ahead.push(look);
            rest = less;
        }
        let core = rest.concat();
        let to_end = Regex::new(&format!("(?:{core})$")).ok()?;
        Some(Self { behind, front, core: Regex::new(&core).ok()?, to_end, ahead, offset })
    }

    /// The match that begins at `at`.
    fn at(&self, text: &str, at: usize) -> Option<Found> {
        let holds = |look: &Look, at: usize| {
            look.wanted == look.pattern.find_at(text, at).is_some_and(|found| found.start() == at)
        };
        let before = text.get(..at)?;
        let fits = self.behind.iter().all(|look| look.wanted == look.pattern.is_match(before))
            && self.front.iter().all(|look| holds(look, at));
        if !fits {
            return None;
        }
        let found = |regex: &Regex, text: &str| {
            let captures = regex.captures_at(text, at)?;
            let whole = captures.get(0).filter(|whole| whole.start() == at)?;
            let mut groups = vec![None; self.offset + 1];
            groups.extend(captures.iter().skip(1).map(|group| group.map(|group| (group.start(), group.end()))));
            Some(Found { start: at, end: whole.end(), groups })
        };
        if self.ahead.is_empty() {
            return found(&self.core, text);
        }
        // The longest that has behind it what is asked for.
        let ends = (at..=text.len()).rev().filter(|end| text.is_char_boundary(*end));
        let mut ends = ends.filter(|end| self.ahead.iter().all(|look| holds(look, *end)));
        ends.find_map(|end| found(&self.to_end, text.get(..end)?))
    }
}

/// A pattern cut into its groups, what stands between them, and the bars between alternatives; `None` where its brackets
/// do not match.
fn pieces(pattern: &str) -> Option<Vec<&str>> {
    let (mut found, mut from, mut depth, mut class, mut escaped) = (Vec::new(), 0, 0_usize, false, false);
    for (at, c) in pattern.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => {
                if depth == 0 {
                    found.push(pattern.get(from..at)?);
                    from = at;
                }
                depth += 1;
            }
            ')' if !class => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push(pattern.get(from..=at)?);
                    from = at + 1;
                }
            }
            '|' if !class && depth == 0 => {
                found.extend([pattern.get(from..at)?, "|"]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(pattern.get(from..)?);
    found.retain(|piece| !piece.is_empty());
    (depth == 0 && !class).then_some(found)
}

/// The pieces between the bars.
fn alternatives<'p>(pieces: &[&'p str]) -> Vec<Vec<&'p str>> {
    pieces.split(|piece| *piece == "|").map(<[&str]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn sub(pattern: &str, template: &str, text: &str) -> Option<String> {
        Pattern::new(pattern)?.sub(text, template)
    }

    #[test]
    fn patterns_that_make_snakes_of_camels() {
        // What Python 3.11 gives.
        for (pattern, template, text, given) in [
            (r"(?<!^)(?=[A-Z])", "_", "FlowRunState", "Flow_Run_State"),
            (r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", "HTTPLogV2Entry", "HTTP_Log_V2_Entry"),
            (r"(.)([A-Z][a-z]+)", r"\1_\2", "HTTPLog", "HTTP_Log"),
            (r"([a-z0-9])([A-Z])", r"\1_\2", "OrderLine", "Order_Line"),
            (r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", "HTTPLogEntry", "HTTP_Log_Entry"),
            (r"([A-Z])", r"_\g<1>", "OrderLine", "_Order_Line"),
            (r"[A-Z]+(?=[A-Z][a-z])", "<\\g<0>>", "HTTPLog", "<HTTP>Log"),
            (r"Model$", "", "OrderModel", "Order"),
            (r"[()|]", "", "a(b|c)", "abc"),
        ] {
            assert_eq!(sub(pattern, template, text).as_deref(), Some(given), "{pattern} on {text}");
        }
    }

    #[test]
    fn parts_of_names() {
        let split = Pattern::new("(?=[A-Z])").and_then(|pattern| pattern.split("CaseType"));
        assert_eq!(split, Some(["", "Case", "Type"].map(str::to_owned).to_vec()));
        let found = Pattern::new("[A-Z][^A-Z]*").and_then(|pattern| pattern.find_all("CaseType"));
        assert_eq!(found, Some(["Case", "Type"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_is_not_followed() {
        for pattern in [r"(a)\1", "(?P<x>a)(?P=x)", "a(?=b)c", "(", "[", ")", "(?"] {
            assert_eq!(sub(pattern, "", "abc"), None, "{pattern}");
        }
        assert_eq!(sub("a", r"\7", "abc"), None);
    }
}
