//! Deliveries as people read them at a terminal.

use std::fmt::Write as _;

use nabat_core::delivery::{Fate, Priority};
use nabat_core::time::Timestamp;

use crate::web::api::shape::{Delivery, State};

const COLUMNS: usize = 7;
const HEAD: [&str; COLUMNS] = ["ID", "STATE", "AGE", "TRIES", "TO", "ABOUT", "LAST ERROR"];
/// The first of the columns that may be cut, and how narrow they may become.
const FLEXIBLE_FROM: usize = 4;
const NARROWEST: usize = 8;
const GAP: usize = 2;

/// A line for each, no wider than `width` if that can be.
pub(super) fn list(deliveries: &[Delivery], now: Timestamp, width: Option<usize>) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(deliveries.iter().map(|delivery| row(delivery, now)));
    let widths = widths(&rows, width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let cell = cut(cell, width);
            format!("{cell:<width$}")
        });
        let line: Vec<String> = cells.collect();
        let _ = writeln!(text, "{}", line.join(&" ".repeat(GAP)).trim_end());
    }
    text
}

/// Everything about one.
pub(super) fn one(delivery: &Delivery, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", clean(value));
    };
    line("delivery", &delivery.id.to_string());
    line("state", &delivery.state.to_string());
    let to = format!("{} ({})", delivery.destination_name, delivery.destination);
    line("to", &to);
    line("about", &delivery.subject);
    line("urgency", urgency(delivery.priority));
    let since = format!(
        "{} ({} ago)",
        delivery.created_at,
        age(&delivery.created_at, now)
    );
    line("since", &since);
    if let Some(at) = &delivery.done_at {
        line("ended", &format!("{at} ({} ago)", age(at, now)));
    }
    line("attempts", &delivery.attempts.to_string());
    for tried in delivery.history.iter().flatten() {
        let fate = match tried.fate {
            Fate::Retry => "not taken".to_owned(),
            fate => State::from(fate).to_string(),
        };
        let (number, at, words) = (tried.number, clean(&tried.at), clean(&tried.words));
        let _ = writeln!(text, "{number:>8}  {at}  {fate}  {words}");
    }
    text
}

fn row(delivery: &Delivery, now: Timestamp) -> [String; COLUMNS] {
    [
        delivery.id.to_string(),
        delivery.state.to_string(),
        age(&delivery.created_at, now),
        delivery.attempts.to_string(),
        clean(&delivery.destination_name),
        clean(&delivery.subject),
        clean(delivery.last_error.as_deref().unwrap_or_default()),
    ]
}

fn urgency(priority: Priority) -> &'static str {
    match priority {
        Priority::Answer => "an answer",
        Priority::Critical => "critical",
        Priority::News => "news",
        Priority::Quiet => "a quiet change",
        Priority::Stranger => "an answer to a stranger",
    }
}

/// As wide as what stands in each column; where that is too much, the widest give way.
fn widths(rows: &[[String; COLUMNS]], width: Option<usize>) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let Some(room) = width else {
        return widths;
    };
    while widths.iter().sum::<usize>() + GAP * (COLUMNS - 1) > room {
        let flexible = widths.iter_mut().skip(FLEXIBLE_FROM);
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
fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// `5s`, `3m`, `2h`, `4d`.
fn age(at: &str, now: Timestamp) -> String {
    let Ok(Some(at)) = Timestamp::parse_rfc3339(at) else {
        return "?".to_owned();
    };
    match now.since(at).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::shape::Tried;

    fn delivery(id: i64, subject: &str, last_error: Option<&str>) -> Delivery {
        Delivery {
            id,
            destination: "chat/7/-100".to_owned(),
            destination_name: "Дежурные".to_owned(),
            subject: subject.to_owned(),
            priority: Priority::Critical,
            state: State::Waiting,
            attempts: 2,
            created_at: "2026-11-20T15:00:00.000Z".to_owned(),
            done_at: None,
            last_error: last_error.map(str::to_owned),
            history: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-20T15:03:20Z")
            .unwrap()
            .unwrap()
    }

    #[test]
    fn columns_stand_under_each_other_and_fit() {
        let deliveries = [
            delivery(
                7,
                "DiskFull: /var is full",
                Some("Bad Gateway: nginx says so and more"),
            ),
            delivery(1012, "Cpu\u{1b}[2J", None),
        ];
        assert_eq!(
            list(&deliveries, now(), None),
            "\
ID    STATE    AGE  TRIES  TO        ABOUT                   LAST ERROR
7     waiting  3m   2      Дежурные  DiskFull: /var is full  Bad Gateway: nginx says so and more
1012  waiting  3m   2      Дежурные  Cpu [2J
"
        );
        let narrow = list(&deliveries, now(), Some(70));
        assert!(
            narrow.lines().all(|line| line.chars().count() <= 70),
            "{narrow}"
        );
        assert!(narrow.contains('…'), "{narrow}");
    }

    #[test]
    fn one_is_shown_with_its_attempts() {
        let mut delivery = delivery(7, "DiskFull", Some("Bad Gateway"));
        delivery.history = Some(vec![Tried {
            number: 1,
            at: "2026-11-20T15:00:01.000Z".to_owned(),
            fate: Fate::Retry,
            words: "Bad\nGateway".to_owned(),
        }]);
        let shown = one(&delivery, now());
        for line in [
            "to        Дежурные (chat/7/-100)",
            "since     2026-11-20T15:00:00.000Z (3m ago)",
            "       1  2026-11-20T15:00:01.000Z  not taken  Bad Gateway",
        ] {
            assert!(shown.lines().any(|known| known == line), "{line}\n{shown}");
        }
    }
}
