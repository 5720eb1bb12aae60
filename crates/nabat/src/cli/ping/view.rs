//! How hosts are shown: as a table, which at a terminal is drawn over itself again and again.

use std::fmt::Write as _;
use std::time::Duration;

use terminal_size::terminal_size_of;

use super::tally::Tally;
use crate::cli::bar::ERASE_LINE;
use crate::cli::print;
use crate::cli::table::{Table, clean, width};

/// How high an answer stands in the row of the last ones.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What stands there for one that did not come.
const LOST: char = '×';
/// Up so many lines, to the first column; and erases from there to the end of the screen (ECMA-48).
const UP: [&str; 2] = ["\x1b[", "F"];
const ERASE_REST: &str = "\x1b[J";

/// What stands on the terminal.
#[derive(Default)]
pub(super) struct View {
    lines: usize,
}

impl View {
    /// Draws the hosts over what was drawn before, as many as there is room for.
    pub(super) fn draw(&mut self, tallies: &[Tally]) {
        let room = terminal_size_of(std::io::stdout()).map_or(usize::MAX, |(_, height)| {
            usize::from(height.0).saturating_sub(3).max(1)
        });
        let (shown, rest) = tallies.split_at(room.min(tallies.len()));
        let mut text = table(shown, width());
        if !rest.is_empty() {
            let silent = rest.iter().filter(|tally| tally.trouble.is_some()).count();
            let _ = writeln!(text, "and {} more; {silent} do not answer", rest.len());
        }
        self.replace(&text);
    }

    /// Draws all hosts for the last time.
    pub(super) fn finish(&mut self, tallies: &[Tally]) {
        self.replace(&table(tallies, width()));
    }

    fn replace(&mut self, text: &str) {
        let mut drawn = String::new();
        if self.lines > 0 {
            let [before, after] = UP;
            let _ = write!(drawn, "{before}{}{after}", self.lines);
        }
        // A line that does not fit would become two.
        let width = width().unwrap_or(usize::MAX);
        for line in text.lines() {
            drawn.extend(line.chars().take(width));
            let _ = writeln!(drawn, "{ERASE_LINE}");
        }
        drawn.push_str(ERASE_REST);
        print(&drawn);
        self.lines = text.lines().count();
    }
}

/// The hosts with what was seen of them, no wider than `width` if that can be. Times in milliseconds.
pub(super) fn table(tallies: &[Tally], width: Option<usize>) -> String {
    let table = Table {
        head: [
            "HOST", "SENT", "LOST", "LAST ms", "AVG", "BEST", "WORST", "JITTER", "RECENT",
        ],
        flexible_from: 8,
        rows: tallies.iter().map(row).collect(),
    };
    table.text(width)
}

fn row(tally: &Tally) -> [String; 9] {
    let loss = tally.loss().map(|loss| format!("{loss:.0} %"));
    let trouble = tally.trouble.iter().map(|trouble| clean(trouble));
    let recent = [recent(tally)].into_iter().chain(trouble);
    let recent: Vec<String> = recent.filter(|text| !text.is_empty()).collect();
    [
        clean(&tally.name()),
        tally.sent.to_string(),
        loss.unwrap_or_else(|| "-".to_owned()),
        millis(tally.last),
        millis(tally.average()),
        millis(tally.best),
        millis(tally.worst),
        millis(tally.jitter()),
        recent.join("  "),
    ]
}

/// A time in milliseconds, with three digits that matter.
fn millis(time: Option<Duration>) -> String {
    let millis = time.map(|time| time.as_secs_f64() * 1e3);
    match millis {
        None => "-".to_owned(),
        Some(millis @ ..0.9995) => format!("{millis:.3}"),
        Some(millis @ ..9.995) => format!("{millis:.2}"),
        Some(millis @ ..99.95) => format!("{millis:.1}"),
        Some(millis) => format!("{millis:.0}"),
    }
}

/// A bar for each of the last answers, between the quickest and the slowest of them.
fn recent(tally: &Tally) -> String {
    let came = || tally.recent.iter().flatten();
    let best = came().min().copied().unwrap_or_default();
    let range = came().max().copied().unwrap_or_default() - best;
    let bar = |rtt: &Option<Duration>| {
        let Some(rtt) = rtt else {
            return LOST;
        };
        let eighths = (*rtt - best).as_nanos() * 8 / range.as_nanos().max(1);
        let place = usize::try_from(eighths).unwrap_or(usize::MAX);
        BARS[place.min(BARS.len() - 1)]
    };
    tally.recent.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::super::tally::Answer;
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally::of("web-1");
        for millis in [1, 9, 5] {
            let came = Answer::Came(Duration::from_millis(millis));
            tally.note(Event::Answer(came));
        }
        tally.note(Event::Answer(Answer::Lost("no answer".to_owned())));
        tally
    }

    #[test]
    fn bars_stand_between_the_quickest_and_the_slowest() {
        assert_eq!(recent(&tally()), "▁█▅×");
        assert_eq!(recent(&Tally::default()), "");
        let mut one = Tally::default();
        one.note(Event::Answer(Answer::Came(Duration::from_millis(3))));
        assert_eq!(recent(&one), "▁");
    }

    #[test]
    fn a_host_is_a_line_with_all_that_was_seen() {
        let text = table(&[tally(), Tally::of("web-2")], None);
        let cells = |line: &str| {
            let cells = line.split("  ").map(str::trim);
            let cells: Vec<String> = cells
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned)
                .collect();
            cells.join("|")
        };
        let lines: Vec<String> = text.lines().map(cells).collect();
        assert_eq!(
            lines[1],
            "web-1|4|25 %|5.00|5.00|1.00|9.00|6.00|▁█▅×|no answer"
        );
        assert_eq!(lines[2], "web-2|0|-|-|-|-|-|-");
    }
}
