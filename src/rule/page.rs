//! The little of Markdown that a rule's page is made of: headings, paragraphs, fenced blocks. Anything else is prose.

use std::ops::Range;

use super::error::Fault;

/// Largest page, in bytes.
pub(super) const MAX_PAGE: usize = 256 * 1024;

/// A part of a page.
#[derive(Debug)]
pub(super) enum Block<'p> {
    /// `## Text`.
    Heading { level: usize, text: &'p str },
    /// Lines of prose up to an empty line.
    Paragraph(&'p str),
    /// Lines between fences.
    Fence(Fence<'p>),
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Fence<'p> {
    /// What stands after the opening fence, and its bytes.
    pub(super) info: &'p str,
    pub(super) info_range: Range<usize>,
    /// The lines between, each with its end.
    pub(super) text: &'p str,
    pub(super) text_start: usize,
    /// Both fences and what is between, with the last line's end.
    pub(super) range: Range<usize>,
    /// 1-based line of the opening fence.
    pub(super) line: usize,
}

/// Reads the blocks of a page in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, Fault> {
    let mut blocks = Vec::new();
    let mut lines = Lines { text, at: 0, line: 0 };
    // The bytes of the paragraph being read.
    let mut paragraph: Option<Range<usize>> = None;
    while let Some((start, line)) = lines.next() {
        let content = line.trim();
        let fence = fence_of(line);
        let heading = heading_of(content);
        if content.is_empty() || fence.is_some() || heading.is_some() {
            blocks.extend(paragraph.take().and_then(|range| text.get(range)).map(Block::Paragraph));
        } else {
            let begin = paragraph.take().map_or(start, |range| range.start);
            paragraph = Some(begin..start + line.trim_end().len());
        }
        if let Some((level, text)) = heading {
            blocks.push(Block::Heading { level, text });
        }
        if let Some((mark, length)) = fence {
            blocks.push(Block::Fence(read_fence(&mut lines, start, line, mark, length)?));
        }
    }
    blocks.extend(paragraph.and_then(|range| text.get(range)).map(Block::Paragraph));
    Ok(blocks)
}

/// Lines with their ends, and where each starts.
struct Lines<'p> {
    text: &'p str,
    at: usize,
    /// 1-based line of the last one given.
    line: usize,
}

impl<'p> Iterator for Lines<'p> {
    type Item = (usize, &'p str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        self.line += 1;
        Some((start, line))
    }
}

/// The character and length of the fence that a line is, if it is one. Four spaces make it code, not a fence.
fn fence_of(line: &str) -> Option<(char, usize)> {
    let content = line.trim_start_matches(' ');
    let mark = content.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = content.chars().take_while(|character| *character == mark).count();
    // A backtick in the rest makes it inline code; both marks are one byte, so the slice is whole.
    let inline = mark == '`' && content[length..].contains('`');
    (length >= 3 && line.len() - content.len() < 4 && !inline).then_some((mark, length))
}

fn heading_of(content: &str) -> Option<(usize, &str)> {
    let text = content.trim_start_matches('#');
    let level = content.len() - text.len();
    let spaced = text.is_empty() || text.starts_with([' ', '\t']);
    ((1..=6).contains(&level) && spaced).then(|| (level, text.trim().trim_end_matches('#').trim_end()))
}

fn read_fence<'p>(
    lines: &mut Lines<'p>,
    start: usize,
    opening: &'p str,
    mark: char,
    length: usize,
) -> Result<Fence<'p>, Fault> {
    let line = lines.line;
    let after_fence = opening.trim_start_matches(' ').trim_start_matches(mark);
    let info = after_fence.trim();
    let info_start = start + opening.len() - after_fence.trim_start().len();
    let text_start = lines.at;
    let page = lines.text;
    for (at, candidate) in lines.by_ref() {
        let closes = fence_of(candidate).is_some_and(|(found, width)| found == mark && width >= length)
            && candidate.trim().trim_start_matches(mark).is_empty();
        if closes {
            return Ok(Fence {
                info,
                info_range: info_start..info_start + info.len(),
                text: page.get(text_start..at).unwrap_or_default(),
                text_start,
                range: start..at + candidate.len(),
                line,
            });
        }
    }
    let range = start..start + opening.trim_end().len();
    let fence = mark.to_string().repeat(length);
    Err(Fault::new(range, "this block is never closed").help(format!("end it with a line `{fence}`")))
}
