//! How far something is, on one line of a terminal that is drawn over itself: on standard error, so
//! that what a command prints stays what it is. Elsewhere nothing is drawn.

use std::io::{self, IsTerminal as _, Write as _};

use terminal_size::terminal_size_of;

/// Erases from the cursor to the end of the line (ECMA-48).
pub(super) const ERASE_LINE: &str = "\x1b[K";
/// How wide a bar is, in characters.
const WIDTH: usize = 24;

/// A line that is gone when it is dropped.
pub(super) struct Line {
    /// Whether anybody sees it.
    pub(super) is_live: bool,
    is_drawn: bool,
}

impl Line {
    /// One on standard error.
    pub(super) fn new() -> Self {
        Self {
            is_live: io::stderr().is_terminal(),
            is_drawn: false,
        }
    }

    /// Says something else from now on.
    pub(super) fn draw(&mut self, text: &str) {
        if !self.is_live {
            return;
        }
        // One that does not fit would become two.
        let width = terminal_size_of(io::stderr()).map_or(usize::MAX, |(width, _)| width.0.into());
        let text: String = text.chars().take(width.saturating_sub(1)).collect();
        self.write(&text);
        self.is_drawn = true;
    }

    fn write(&self, text: &str) {
        let mut error = io::stderr().lock();
        // Whoever looks at nothing misses nothing.
        let _ = write!(error, "\r{text}{ERASE_LINE}").and_then(|()| error.flush());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_drawn {
            self.write("");
        }
    }
}

/// How much of `all` is done, as a bar.
pub(super) fn bar(done: usize, all: usize) -> String {
    let full = (done * WIDTH).checked_div(all).unwrap_or(WIDTH).min(WIDTH);
    format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_when_all_is_done_and_not_before() {
        let full = |done, all| bar(done, all).chars().filter(|c| *c == '█').count();
        for (done, all, expected) in [
            (0, 40, 0),
            (20, 40, 12),
            (39, 40, 23),
            (40, 40, 24),
            (0, 0, 24),
            (9_999, 10_000, 23),
        ] {
            assert_eq!(full(done, all), expected, "{done} of {all}");
            assert_eq!(bar(done, all).chars().count(), WIDTH);
        }
    }
}
