//! Lists for people, which end before they are too long to read.

use std::borrow::Borrow;

/// The first `most` of `all` with commas between them, and how many more there are:
/// `a, b and 3 more`.
pub fn listed<T: Borrow<str>>(all: impl ExactSizeIterator<Item = T>, most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let first = all.take(most).collect::<Vec<T>>().join(", ");
    match more {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        for (all, expected) in [
            (&[][..], ""),
            (&["a"], "a"),
            (&["a", "b"], "a, b"),
            (&["a", "b", "c"], "a, b and 1 more"),
            (&["a", "b", "c", "d"], "a, b and 2 more"),
        ] {
            assert_eq!(listed(all.iter().copied(), 2), expected);
        }
    }
}
