//! Which spans lie around or within another, answered without looking at all of them.

use crate::span::Span;

/// How many spans that start earlier are looked at: records, functions and statements hardly nest.
const LOOK_BACK: usize = 16;

/// Numbered spans.
pub(super) struct Places {
    /// In order of file, start and number.
    spans: Vec<(Span, usize)>,
}

impl Places {
    pub(super) fn new(spans: impl Iterator<Item = (Span, usize)>) -> Self {
        let mut spans: Vec<_> = spans.collect();
        spans.sort_unstable_by_key(|(span, number)| (span.file, span.start, *number));
        // One place can belong to many records (a shared constant): the first of them.
        spans.dedup_by_key(|(span, _)| *span);
        Self { spans }
    }

    /// Whether one of them lies around or within `span`.
    pub(super) fn covers(&self, span: Span) -> bool {
        self.around(span).is_some() || self.within(span).is_some()
    }

    /// The number of the innermost that contains `span`.
    pub(super) fn around(&self, span: Span) -> Option<usize> {
        let after = self.spans.partition_point(|(other, _)| (other.file, other.start) <= (span.file, span.start));
        let before = self.spans.get(..after).unwrap_or_default().iter().rev().take(LOOK_BACK);
        before.filter(|(other, _)| other.contains(span)).map(|(_, number)| *number).next()
    }

    /// The number of the first that lies within `span`.
    pub(super) fn within(&self, span: Span) -> Option<usize> {
        let from = self.spans.partition_point(|(other, _)| (other.file, other.start) < (span.file, span.start));
        let after = self.spans.get(from..).unwrap_or_default().iter().take(LOOK_BACK);
        after.filter(|(other, _)| span.contains(*other)).map(|(_, number)| *number).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn span(start: usize, end: usize) -> Span {
        Span::new(FileId(0), start, end)
    }

    #[test]
    fn spans_around_and_within_are_found() {
        let places = Places::new([(span(10, 20), 1), (span(12, 14), 2), (span(30, 40), 3)].into_iter());
        assert_eq!(places.around(span(12, 13)), Some(2));
        assert_eq!(places.around(span(15, 16)), Some(1));
        assert_eq!(places.within(span(25, 50)), Some(3));
        assert!(!places.covers(span(20, 30)));
    }
}
