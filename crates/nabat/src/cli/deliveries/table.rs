//! Deliveries as people read them at a terminal.

use std::fmt::Write as _;

use nabat_core::delivery::{Fate, Priority};
use nabat_core::time::Timestamp;

use crate::cli::table::{Table, age, clean};
use crate::web::api::shape::{Delivery, State};

/// A line for each, no wider than `width` if that can be.
pub(super) fn list(deliveries: &[Delivery], now: Timestamp, width: Option<usize>) -> String {
    let table = Table {
        head: ["ID", "STATE", "AGE", "TRIES", "TO", "ABOUT", "LAST ERROR"],
        flexible_from: 4,
        rows: deliveries
            .iter()
            .map(|delivery| row(delivery, now))
            .collect(),
    };
    table.text(width)
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
    line("priority", priority(delivery.priority));
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

fn row(delivery: &Delivery, now: Timestamp) -> [String; 7] {
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

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Answer => "an answer",
        Priority::Critical => "critical",
        Priority::News => "news",
        Priority::Quiet => "a quiet change",
        Priority::Stranger => "an answer to a stranger",
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
