//! Tables and what stands in them, as people read them at a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use nabat_core::time::{Timestamp, format_period};

use crate::channel::readable::turns_direction;

/// How narrow a column may become that is cut.
const NARROWEST: usize = 8;
/// How wide a column becomes where there is no terminal.
const WIDEST: usize = 60;
const GAP: usize = 2;

/// The rows of a table below its head; columns from `flexible_from` on may be cut.
pub(super) struct Table<const COLUMNS: usize> {
    pub(super) head: [&'static str; COLUMNS],
    pub(super) flexible_from: usize,
    pub(super) rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// A line for each row, no wider than `width` if that can be.
    pub(super) fn text(self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let head = self.head.map(str::to_owned);
        let mut text = String::new();
        for row in std::iter::once(head).chain(self.rows) {
            let mut line = String::new();
            for (column, (cell, wide)) in row.iter().zip(widths).enumerate() {
                let may_be_cut = width.is_some() && column >= self.flexible_from;
                let cell = if may_be_cut { &cut(cell, wide) } else { cell };
                let padding = wide.saturating_sub(cell.chars().count()) + GAP;
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', padding));
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// As wide as what stands in each column; where that is too much, the widest give way. Without a
    /// width nothing is cut, so a cell that is long beyond measure may stand out of its column.
    fn widths(&self, width: Option<usize>) -> [usize; COLUMNS] {
        let most = width.unwrap_or(WIDEST);
        let mut widths = self.head.map(|name| name.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().take(most).count().max(*width);
            }
        }
        let Some(room) = width else {
            return widths;
        };
        while widths.iter().sum::<usize>() + GAP * (COLUMNS - 1) > room {
            let flexible = widths.iter_mut().skip(self.flexible_from);
            match flexible.max().filter(|width| **width > NARROWEST) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        widths
    }
}

/// The beginning of a text, no wider than `width`.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// What others wrote, on one line: it must not steer the terminal.
pub(super) fn clean(text: &str) -> String {
    let odd =
        |c: char| c.is_control() || turns_direction(c) || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace(odd, " ")
}

/// How long ago it was: `5s`, `3m`, `2h`, `4d`.
pub(super) fn age(at: &str, now: Timestamp) -> String {
    match Timestamp::parse_rfc3339(at) {
        Ok(Some(at)) => span(now.since(at)),
        _ => "?".to_owned(),
    }
}

/// `5s`, `3m`, `2h`, `4d`.
pub(super) fn span(period: Duration) -> String {
    match period.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// How much time is left: `59s`, `1h59m`, `1d12h`. Rounded up, so that what was just given two hours
/// has them.
pub(super) fn left(period: Duration) -> String {
    let step = match period.as_secs() {
        0..60 => 1,
        60..86_400 => 60,
        _ => 3_600,
    };
    let steps = period.as_millis().div_ceil(step * 1_000);
    let seconds = u64::try_from(steps * step).unwrap_or(u64::MAX);
    format_period(Duration::from_secs(seconds))
}

/// How wide the terminal is in characters; `None` if there is none, so that nothing is cut.
pub(super) fn width() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(out)?;
    Some(usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(said: &str) -> Table<3> {
        let row = |said: &str| ["X".to_owned(), said.to_owned(), "end".to_owned()];
        Table {
            head: ["A", "SAID", "Z"],
            flexible_from: 1,
            rows: vec![row(said), row("short")],
        }
    }

    #[test]
    fn a_cell_of_any_length_is_shown_and_moves_no_other_row_far() {
        let long = "x".repeat(100_000);
        let text = table(&long).text(None);
        assert!(
            text.contains(&format!("X  {long}  end\n")),
            "nothing is cut"
        );
        let short = text.lines().last().unwrap();
        assert_eq!(short, format!("X  short{}end", " ".repeat(57)));
        for line in table(&long).text(Some(40)).lines() {
            assert!(line.chars().count() <= 40, "{line}");
        }
    }

    #[test]
    fn what_others_wrote_does_not_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}"), "a [2Jb c d ");
    }

    #[test]
    fn what_is_left_is_never_said_to_be_less() {
        for (millis, said) in [
            (0, "0s"),
            (58_001, "59s"),
            (7_199_990, "2h"),
            (6_840_000, "1h54m"),
            (129_599_000, "1d12h"),
            (86_400_000, "1d"),
        ] {
            assert_eq!(left(Duration::from_millis(millis)), said, "{millis}");
        }
    }
}
