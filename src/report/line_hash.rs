//! `primaryLocationLineHash`, the fingerprint by which GitHub code scanning finds an alert again.
//!
//! GitHub computes it itself where a file has none, and warns where ours differs, so it is theirs to the bit: a
//! polynomial of base 37 in wrapping 64-bit arithmetic over the first 100 UTF-16 code units from the start of the line
//! that are neither space nor tab, line breaks of every kind counted as one LF, then one unit 0xFFFF for the end of the
//! text, then zeros.

use std::collections::BTreeMap;
use std::collections::VecDeque;

/// Units that a hash covers.
const WINDOW: usize = 100;
/// Base of the polynomial.
const BASE: u64 = 37;
/// The unit that stands for the end of the text.
const END: u16 = 0xFFFF;

/// The hash of each line of a text, in order: lower-case hexadecimal without leading zeros, then `:` and how many
/// lines up to this one have it.
#[derive(Debug)]
pub(super) struct LineHashes {
    /// Hash, and how often it had come up.
    lines: Vec<(u64, u32)>,
}

impl LineHashes {
    /// Hashes every line of `text` in one pass.
    pub(super) fn new(text: &str) -> Self {
        let mut rolling = Rolling::default();
        let (mut fresh, mut after_cr) = (true, false);
        for unit in text.encode_utf16() {
            let skipped = unit == u16::from(b' ') || unit == u16::from(b'\t') || (after_cr && unit == u16::from(b'\n'));
            after_cr = !skipped && unit == u16::from(b'\r');
            if skipped {
                continue;
            }
            let unit = if after_cr { u16::from(b'\n') } else { unit };
            if fresh {
                rolling.start();
            }
            fresh = unit == u16::from(b'\n');
            rolling.push(unit);
        }
        if fresh {
            rolling.start();
        }
        rolling.push(END);
        for _ in 0..WINDOW {
            rolling.push(0);
        }
        let mut seen = BTreeMap::new();
        let count = |hash: u64| {
            let times = seen.entry(hash).or_insert(0_u32);
            *times += 1;
            (hash, *times)
        };
        Self { lines: rolling.hashes.into_iter().map(count).collect() }
    }

    /// The hash of the 1-based `line`; of a line the text does not have, nothing.
    pub(super) fn line(&self, line: usize) -> Option<String> {
        self.lines.get(line.checked_sub(1)?).map(|(hash, times)| format!("{hash:x}:{times}"))
    }
}

/// The hash of the last [`WINDOW`] units, and the lines that wait for theirs to be complete.
#[derive(Default)]
struct Rolling {
    hash: u64,
    window: VecDeque<u16>,
    /// Number of units so far.
    units: usize,
    /// Numbers of the units that lines start with.
    starts: VecDeque<usize>,
    hashes: Vec<u64>,
}

impl Rolling {
    /// A line starts with the next unit.
    fn start(&mut self) {
        self.starts.push_back(self.units);
    }

    fn push(&mut self, unit: u16) {
        /// The weight of a unit when it leaves the window: `BASE` to the power of [`WINDOW`].
        const LEAVING: u64 = BASE.wrapping_pow(100);
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(unit));
        self.window.push_back(unit);
        if self.window.len() > WINDOW {
            let leaving = self.window.pop_front().unwrap_or_default();
            self.hash = self.hash.wrapping_sub(u64::from(leaving).wrapping_mul(LEAVING));
        }
        self.units += 1;
        if self.starts.front().is_some_and(|start| start + WINDOW == self.units) {
            self.starts.pop_front();
            self.hashes.push(self.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<String> {
        let hashes = LineHashes::new(text);
        (1..=hashes.lines.len()).filter_map(|line| hashes.line(line)).collect()
    }

    #[test]
    fn published_vectors() {
        assert_eq!(hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            hashes(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
    }

    #[test]
    fn line_breaks_of_every_kind_are_one() {
        assert_eq!(hashes("a\r\nb\rc\nd"), hashes("a\nb\nc\nd"));
    }

    #[test]
    fn equal_lines_are_counted() {
        let hashes = hashes(&"x;\n".repeat(300));
        assert_eq!(hashes[0].split(':').next(), hashes[1].split(':').next());
        assert!(hashes[1].ends_with(":2"), "{}", hashes[1]);
    }
}
