//! Versions of migrations as runners compare them.

use std::cmp::Ordering;

/// A version made of numbers: `0012`, `1.2.1`, `20240131120000`.
///
/// Numbers are compared as numbers, of any length, and zeros at the end count for nothing: Flyway takes `1.0` and `1`,
/// and everybody `0012` and `12`, for one version. An underscore in the version stands for a dot, as in Flyway's names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Version {
    /// Each number without leading zeros, empty for zero.
    parts: Vec<String>,
}

impl Version {
    /// Reads a version; `None` where it is not made of numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        for part in text.split(['.', '_', '-']) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            parts.push(part.trim_start_matches('0').to_owned());
        }
        while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        Some(Self { parts })
    }

    /// The version as one small number: a counter, not a date or a time.
    pub fn counter(&self) -> Option<u32> {
        match self.parts.as_slice() {
            [only] if only.is_empty() => Some(0),
            // Five digits and more are dates (`240131`), times, or numbers given out by something else.
            [only] if only.len() < 5 => only.parse().ok(),
            _ => None,
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of numbers without leading zeros the longer one is greater.
        let key = |part: &String| (part.len(), part.clone());
        self.parts.iter().map(key).cmp(other.parts.iter().map(key))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).expect("made of numbers")
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let sorted = ["0", "001", "1.0.1", "1_1", "2", "9", "10", "20240131120000", "99999999999999999999999"];
        for pair in sorted.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn one_version_can_be_written_in_several_ways() {
        assert_eq!(version("1.0"), version("1"));
        assert_eq!(version("0012"), version("12"));
        assert_eq!(version("1_2"), version("1.2"));
        assert_eq!(version("0.0"), version("0"));
        assert_ne!(version("1.1"), version("11"));
    }

    #[test]
    fn what_is_not_made_of_numbers_is_no_version() {
        for text in ["", "a", "1a", "1..2", "-1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn counters_are_small() {
        assert_eq!(version("0012").counter(), Some(12));
        assert_eq!(version("20240131").counter(), None);
        assert_eq!(version("1.2").counter(), None);
    }
}
