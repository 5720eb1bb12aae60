//! Lists as people read them at a terminal: columns under each other, no wider than it.

use std::fmt::Write as _;

use nabat_core::time::Timestamp;

/// How narrow a column may become that may be cut.
const NARROWEST: usize = 8;
const GAP: usize = 2;

/// A line for each row below the heads, no wider than `width` if that can be. The columns from
/// `flexible_from` on may be cut.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    flexible_from: usize,
    width: Option<usize>,
) -> String {
    let mut all = vec![head.map(str::to_owned)];
    all.extend(rows);
    let widths = widths(&all, flexible_from, width);
    let mut text = String::new();
    for row in all {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let cell = cut(cell, width);
            format!("{cell:<width$}")
        });
        let line: Vec<String> = cells.collect();
        let _ = writeln!(text, "{}", line.join(&" ".repeat(GAP)).trim_end());
    }
    text
}

/// As wide as what stands in each column; where that is too much, the widest give way.
fn widths<const N: usize>(
    rows: &[[String; N]],
    flexible_from: usize,
    width: Option<usize>,
) -> [usize; N] {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let Some(room) = width else {
        return widths;
    };
    while widths.iter().sum::<usize>() + GAP * N.saturating_sub(1) > room {
        let flexible = widths.iter_mut().skip(flexible_from);
        match flexible.max().filter(|width| **width > NARROWEST) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// What others wrote must not steer the terminal.
pub(super) fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// How long lies between two moments, whichever is first: `5s`, `3m`, `2h`, `4d`.
pub(super) fn distance(one: Timestamp, other: Timestamp) -> String {
    match one.since(other).max(other.since(one)).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}
