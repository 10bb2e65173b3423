//! Prompts that change while a picture is drawn: `[from:to:when]` and `[one|other]`.
//!
//! The meaning is that of `get_learned_conditioning_prompt_schedules` in `modules/prompt_parser.py` of AUTOMATIC1111's
//! webui 1.10, which describes it by a grammar:
//!
//! - *prompt*: any number of emphasised, scheduled, alternating and plain parts, where plain is anything but
//!   `[ ] ( ) : | \` and any escaped character;
//! - emphasised: `(prompt)`, `(prompt:prompt)` or `[prompt]`; these stay as they are;
//! - scheduled: `[prompt:prompt:number]` or `[prompt:number]`; alternating: `[prompt|prompt|…]`;
//! - the whole: prompts with brackets and colons that belong to nothing between them.
//!
//! So a bracket that belongs to nothing makes all brackets around it belong to nothing too. A `|` outside of an
//! alternation, or a `\` at the end of a line, fits nowhere: then the whole text has no schedule at all.

use std::ops::Range;

use super::emphasis::too_deep;
use super::{MAX_DEPTH, Steps};
use crate::error::Result;

/// A part of a prompt.
#[derive(Debug)]
enum Node {
    /// These bytes of the text.
    Text(Range<usize>),
    /// `before` up to and including the step `when`, counted from 1, and `after` from then on.
    Switch { before: Vec<Node>, after: Vec<Node>, when: usize },
    /// One a step, from the first on, again and again.
    Alternate(Vec<Vec<Node>>),
}

/// A text and where it changes.
#[derive(Debug)]
pub(super) struct Edited<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Edited<'a> {
    /// Reads `text` for a pass of `steps`.
    ///
    /// # Errors
    /// When more than [`MAX_DEPTH`] brackets are open at once.
    pub(super) fn parse(text: &'a str, steps: Steps) -> Result<Self> {
        let whole = || vec![Node::Text(0..text.len())];
        let nodes = Reader { text, steps, top: Vec::new(), open: Vec::new() }.read()?.unwrap_or_else(whole);
        Ok(Self { text, nodes })
    }

    /// Adds the steps after which the text changes to `boundaries`; between 1 and the number of steps.
    pub(super) fn boundaries(&self, steps: Steps, boundaries: &mut Vec<usize>) {
        if collect(&self.nodes, steps.count, boundaries) {
            boundaries.extend(1..=steps.count);
        }
    }

    /// The text at `step`, counted from 1.
    pub(super) fn at(&self, step: usize) -> String {
        let mut out = String::new();
        write(&self.nodes, self.text, step, &mut out);
        out
    }
}

// These two go as deep as the brackets do, which `MAX_DEPTH` bounds.

/// Adds the steps after which `nodes` change; true when that is every one.
fn collect(nodes: &[Node], steps: usize, boundaries: &mut Vec<usize>) -> bool {
    nodes.iter().any(|node| match node {
        Node::Text(_) => false,
        Node::Switch { before, after, when } => {
            boundaries.extend((1..=steps).contains(when).then_some(*when));
            collect(before, steps, boundaries) || collect(after, steps, boundaries)
        }
        Node::Alternate(_) => true,
    })
}

fn write(nodes: &[Node], text: &str, step: usize, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(range) => out.push_str(&text[range.clone()]),
            Node::Switch { before, after, when } => write(if step <= *when { before } else { after }, text, step, out),
            Node::Alternate(options) => write(&options[(step.max(1) - 1) % options.len()], text, step, out),
        }
    }
}

/// A bracket that is not closed yet.
struct Open {
    bracket: u8,
    /// Where the bracket is, and after it each separator.
    marks: Vec<usize>,
    /// What stands after each of `marks`.
    parts: Vec<Vec<Node>>,
}

struct Reader<'a> {
    text: &'a str,
    steps: Steps,
    top: Vec<Node>,
    open: Vec<Open>,
}

impl Reader<'_> {
    /// The parts of the text, or `None` when it does not fit the grammar.
    fn read(mut self) -> Result<Option<Vec<Node>>> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let mut end = at + 1;
            match bytes[at] {
                b'\\' => match self.text[end..].chars().next() {
                    None | Some('\n') => return Ok(None),
                    Some(escaped) => {
                        end += escaped.len_utf8();
                        self.plain(at..end);
                    }
                },
                bracket @ (b'(' | b'[') => {
                    if self.open.len() == MAX_DEPTH {
                        return Err(too_deep());
                    }
                    self.open.push(Open { bracket, marks: vec![at], parts: vec![Vec::new()] });
                }
                b')' | b']' => {
                    if !self.close(at) {
                        if !self.dissolve() {
                            return Ok(None);
                        }
                        self.plain(at..end);
                    }
                }
                separator @ (b':' | b'|') => match self.open.last_mut() {
                    Some(open) => {
                        open.marks.push(at);
                        open.parts.push(Vec::new());
                    }
                    None if separator == b'|' => return Ok(None),
                    None => self.plain(at..end),
                },
                _ => {
                    end = self.text[at..].find(['\\', '(', ')', '[', ']', ':', '|']).map_or(bytes.len(), |n| at + n);
                    self.plain(at..end);
                }
            }
            at = end;
        }
        Ok(self.dissolve().then_some(self.top))
    }

    /// Closes the innermost bracket by the one at `at`, if the two and what is between them are something.
    fn close(&mut self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        let Some(open) = self.open.pop_if(|open| (open.bracket == b'(') == (bytes[at] == b')')) else { return false };
        let separators = &open.marks[1..];
        let all = |separator: u8| separators.iter().all(|&mark| bytes[mark] == separator);
        let square = open.bracket == b'[';
        if separators.is_empty() || (!square && separators.len() == 1 && all(b':')) {
            self.place(open, &[]);
            self.plain(at..at + 1);
        } else if square && all(b'|') {
            self.here().push(Node::Alternate(open.parts));
        } else if let Some(when) =
            (square && separators.len() <= 2 && all(b':')).then(|| self.when(&open, at)).flatten()
        {
            let mut parts = open.parts;
            parts.pop();
            let after = parts.pop().unwrap_or_default();
            let before = parts.pop().unwrap_or_default();
            self.here().push(Node::Switch { before, after, when });
        } else {
            self.open.push(open);
            return false;
        }
        true
    }

    /// The last step before the change, from the number between the last separator and the bracket at `end`.
    ///
    /// A number with a point is a fraction of the steps, another one is a step. In a second pass the first one's steps
    /// are counted too, and its fractions end at 1.
    fn when(&self, open: &Open, end: usize) -> Option<usize> {
        let start = *open.marks.last()? + 1;
        let number = self.text[start..end].trim();
        let form = number.strip_prefix(['+', '-']).unwrap_or(number);
        // Rust reads the same numbers as the grammar, and words like "inf" besides.
        if !form.starts_with(|c: char| c == '.' || c.is_ascii_digit()) {
            return None;
        }
        let value: f64 = number.parse().ok()?;
        let Steps { count, before } = self.steps;
        let step = if number.contains('.') {
            (value - if before > 0 { 1.0 } else { 0.0 }) * count as f64
        } else {
            value - before as f64
        };
        // A cast cuts the fraction off as Python's int() does, and takes what is negative or too large to the ends.
        Some((step as usize).min(count))
    }

    /// Where the next part goes.
    fn here(&mut self) -> &mut Vec<Node> {
        self.open.last_mut().and_then(|open| open.parts.last_mut()).unwrap_or(&mut self.top)
    }

    /// Adds a part that is these bytes.
    fn plain(&mut self, range: Range<usize>) {
        let here = self.here();
        match here.last_mut() {
            Some(Node::Text(before)) if before.end == range.start => before.end = range.end,
            _ => here.push(Node::Text(range)),
        }
    }

    /// Adds what is in `open` with its bracket and separators as text, unless one of these is in `forbidden`.
    fn place(&mut self, open: Open, forbidden: &[u8]) -> bool {
        for (mark, part) in open.marks.into_iter().zip(open.parts) {
            if forbidden.contains(&self.text.as_bytes()[mark]) {
                return false;
            }
            self.plain(mark..mark + 1);
            for node in part {
                match node {
                    Node::Text(range) => self.plain(range),
                    node => self.here().push(node),
                }
            }
        }
        true
    }

    /// Makes all open brackets text; false when that leaves a `|` outside of an alternation.
    fn dissolve(&mut self) -> bool {
        std::mem::take(&mut self.open).into_iter().all(|open| self.place(open, b"|"))
    }
}
