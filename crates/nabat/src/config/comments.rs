//! The comments of a YAML file, for who writes it anew.
//!
//! Each is kept as a line of its own; what it is about is what is written next.

use std::collections::VecDeque;
use std::ops::Range;

use super::yaml::Node;

/// Those that have not been asked for, in the order of the file.
#[derive(Debug)]
pub(super) struct Comments(VecDeque<(usize, String)>);

impl Comments {
    /// The comments of `text`, of which `root` is the tree.
    pub(super) fn of(text: &str, root: &Node) -> Self {
        let mut words: Vec<Range<usize>> = Vec::new();
        root.words(&mut |spot| words.push(spot.range.clone()));
        let word = |at: usize| words.iter().any(|range| range.contains(&at));
        let mut start = 0;
        let mut found = VecDeque::new();
        for (i, line) in text.split_inclusive('\n').enumerate() {
            let signs = line.match_indices('#').map(|(at, _)| at);
            let mut signs = signs.filter(|at| {
                let before = line[..*at].chars().next_back();
                before.is_none_or(char::is_whitespace) && !word(start + at)
            });
            if let Some(at) = signs.next() {
                found.push_back((i + 1, line[at..].trim_end().to_owned()));
            }
            start += line.len();
        }
        Self(found)
    }

    /// Those up to the end of `line` that have not been asked for.
    pub(super) fn until(&mut self, line: usize) -> impl Iterator<Item = String> + '_ {
        let count = self.0.partition_point(|(at, _)| *at <= line);
        self.0.drain(..count).map(|(_, text)| text)
    }
}

/// The last line on which something of `node` begins.
pub(super) fn last_line(node: &Node) -> usize {
    let mut last = node.spot.line;
    node.words(&mut |spot| last = last.max(spot.line));
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mistake::Faults;
    use crate::config::yaml;

    #[test]
    fn comments_are_told_from_text() {
        let text = "\
# head
a: 'b # c' # why
b: x#y
c: |
  # text
d:
  - 1 # one

# end";
        let root = yaml::read(text, &mut Faults::default());
        let mut comments = Comments::of(text, &root);
        let mut until = |line| comments.until(line).collect::<Vec<_>>();
        assert_eq!(until(1), ["# head"]);
        assert_eq!(until(1), [""; 0]);
        assert_eq!(until(6), ["# why"]);
        assert_eq!(until(last_line(&root)), ["# one"]);
        assert_eq!(until(usize::MAX), ["# end"]);
    }
}
