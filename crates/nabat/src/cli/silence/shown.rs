//! Silences as people read them at a terminal.

use std::fmt::Write as _;

use nabat_core::time::Timestamp;

use crate::cli::table::{Table, age, clean, left};
use crate::web::alertmanager::silences::shape::{Gettable, RESOLVED, State, UNTIL};

/// A line for each, no wider than `width` if that can be.
pub(super) fn list(silences: &[Gettable], now: Timestamp, width: Option<usize>) -> String {
    let rows = silences.iter().map(|silence| {
        [
            clean(&silence.id),
            state(silence).to_owned(),
            when(silence, now),
            clean(&silence.created_by),
            clean(&matchers(silence)),
            clean(&silence.comment),
        ]
    });
    let table = Table {
        head: ["ID", "STATE", "WHEN", "BY", "MATCHERS", "COMMENT"],
        flexible_from: 3,
        rows: rows.collect(),
    };
    table.text(width)
}

/// Everything about one.
pub(super) fn one(silence: &Gettable, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", clean(value));
    };
    line("silence", &silence.id);
    line(
        "state",
        &format!("{}, {}", state(silence), when(silence, now)),
    );
    line("matchers", &matchers(silence));
    line("from", &silence.starts_at);
    line("until", &silence.ends_at);
    line("by", &silence.created_by);
    line("comment", &silence.comment);
    line("changed", &silence.updated_at);
    if until_resolved(silence) {
        line(
            "ends",
            "when nothing that it covers fires any more, or then",
        );
    }
    let others = silence.annotations.iter();
    for (name, value) in others.filter(|(name, _)| *name != UNTIL) {
        line("noted", &format!("{name}: {value}"));
    }
    text
}

fn state(silence: &Gettable) -> &'static str {
    match silence.status.state {
        State::Active => "active",
        State::Pending => "pending",
        State::Expired => "expired",
    }
}

/// `1h59m left`, `in 3d`, `5m ago`.
fn when(silence: &Gettable, now: Timestamp) -> String {
    let to = |at: &str| match Timestamp::parse_rfc3339(at) {
        Ok(Some(at)) => left(at.since(now)),
        _ => "?".to_owned(),
    };
    let until = match until_resolved(silence) {
        true => "until resolved, ",
        false => "",
    };
    match silence.status.state {
        State::Active => format!("{until}{} left", to(&silence.ends_at)),
        State::Pending => format!("{until}in {}", to(&silence.starts_at)),
        State::Expired => format!("{} ago", age(&silence.ends_at, now)),
    }
}

fn until_resolved(silence: &Gettable) -> bool {
    let until = silence.annotations.get(UNTIL);
    until.is_some_and(|until| until == RESOLVED)
}

fn matchers(silence: &Gettable) -> String {
    let texts: Vec<String> = silence
        .matchers
        .iter()
        .map(|matcher| matcher.text())
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::web::alertmanager::silences::shape::{Matcher, Status};

    fn silence(state: State, comment: &str) -> Gettable {
        Gettable {
            id: "11111111-2222-8333-8444-555555555555".to_owned(),
            status: Status { state },
            updated_at: "2026-11-20T15:00:00.000Z".to_owned(),
            comment: comment.to_owned(),
            created_by: "ann".to_owned(),
            ends_at: "2026-11-20T18:00:00.000Z".to_owned(),
            matchers: vec![Matcher {
                is_equal: true,
                is_regex: true,
                name: "team".to_owned(),
                value: "db|web".to_owned(),
            }],
            starts_at: "2026-11-20T15:00:00.000Z".to_owned(),
            annotations: [("nabat/until".to_owned(), "resolved".to_owned())].into(),
        }
    }

    #[test]
    fn silences_are_listed_and_shown() {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap().unwrap();
        let now = at("2026-11-20T15:30:00Z");
        let silences = [
            silence(State::Active, "the\u{1b}[2J move"),
            Gettable {
                annotations: BTreeMap::new(),
                ..silence(State::Active, "")
            },
            Gettable {
                starts_at: "2026-11-21T15:00:00.000Z".to_owned(),
                ..silence(State::Pending, "")
            },
        ];
        assert_eq!(
            list(&silences, now, None),
            "\
ID                                    STATE    WHEN                        BY   MATCHERS        COMMENT
11111111-2222-8333-8444-555555555555  active   until resolved, 2h30m left  ann  team=~\"db|web\"  the [2J move
11111111-2222-8333-8444-555555555555  active   2h30m left                  ann  team=~\"db|web\"
11111111-2222-8333-8444-555555555555  pending  until resolved, in 23h30m   ann  team=~\"db|web\"
"
        );
        let shown = one(&silence(State::Expired, "why"), at("2026-11-20T18:05:00Z"));
        for line in [
            "state     expired, 5m ago",
            "comment   why",
            "ends      when nothing that it covers fires any more, or then",
        ] {
            assert!(shown.lines().any(|known| known == line), "{line}\n{shown}");
        }
    }
}
