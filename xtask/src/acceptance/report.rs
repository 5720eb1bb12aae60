//! What became of each test: read from what Go prints, shown as a table.

/// One test.
pub(super) struct Row {
    pub(super) suite: &'static str,
    pub(super) test: String,
    pub(super) seconds: f64,
    pub(super) verdict: Verdict,
}

/// How a test ended.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Passed,
    /// At the second attempt, by itself.
    PassedAlone,
    /// With what it printed.
    Failed(String),
    /// With the reason.
    Skipped(String),
    /// Nabat does something else on purpose; with the reason.
    Otherwise(String),
}

/// The most lines of a failed test that are shown.
const LINES_MAX: usize = 60;

/// The tests that Go reports in `text`; those of `tests` that it does not mention have failed.
pub(super) fn rows(suite: &'static str, tests: &[String], text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for test in tests {
        let (seconds, verdict) = verdict(test, text);
        let test = test.clone();
        rows.push(Row {
            suite,
            test,
            seconds,
            verdict,
        });
    }
    rows
}

fn verdict(test: &str, text: &str) -> (f64, Verdict) {
    let end = |line: &str| {
        let (word, rest) = line.strip_prefix("--- ")?.split_once(": ")?;
        let (name, rest) = rest.split_once(" (")?;
        let seconds = rest.strip_suffix("s)")?.parse().ok()?;
        (name == test).then(|| (word.to_owned(), seconds))
    };
    match text.lines().find_map(end) {
        Some((word, seconds)) if word == "PASS" => (seconds, Verdict::Passed),
        Some((word, seconds)) if word == "SKIP" => {
            (seconds, Verdict::Skipped("it skips itself".to_owned()))
        }
        Some((_, seconds)) => (seconds, Verdict::Failed(words_of(test, text))),
        None => (0.0, Verdict::Failed(tail(text.lines().collect()))),
    }
}

/// What a test has printed: Go says whose turn it is.
fn words_of(test: &str, text: &str) -> String {
    let mut own = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(turn) = line.strip_prefix("=== ") {
            own = turn.ends_with(&format!(" {test}"));
        } else if line.starts_with("--- ") {
            own = false;
        } else if own {
            lines.push(line);
        }
    }
    tail(lines)
}

fn tail(lines: Vec<&str>) -> String {
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}

/// One line for each test, below those that failed what they printed, and the sum.
pub(super) fn table(subject: &str, rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.test.len()).max().unwrap_or(0);
    let mut text = format!("\nAlertmanager's own acceptance tests against {subject}\n\n");
    let count =
        |wanted: fn(&Verdict) -> bool| rows.iter().filter(|row| wanted(&row.verdict)).count();
    for row in rows {
        let Row {
            suite,
            test,
            seconds,
            verdict,
        } = row;
        let verdict = match verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::PassedAlone => "passed by itself, failed beside the others".to_owned(),
            Verdict::Failed(words) => format!("FAILED\n{words}"),
            Verdict::Skipped(why) => format!("skipped: {why}"),
            Verdict::Otherwise(why) => format!("otherwise on purpose: {why}"),
        };
        text.push_str(&format!(
            "{suite:<7} {test:<width$} {seconds:>6.1} s  {verdict}\n"
        ));
    }
    text.push_str(&format!(
        "\n{} passed, {} failed, {} otherwise on purpose, {} skipped\n",
        count(|verdict| matches!(verdict, Verdict::Passed | Verdict::PassedAlone)),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::Otherwise(_))),
        count(|verdict| matches!(verdict, Verdict::Skipped(_))),
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_prints_is_read() {
        let text = "=== RUN   TestA\n=== RUN   TestB\n=== CONT  TestB\n    b says\n--- FAIL: TestB (1.50s)\n\
                    === CONT  TestA\n    a says\n--- PASS: TestA (0.20s)\nFAIL\n";
        let tests = ["TestA", "TestB", "TestC"].map(str::to_owned);
        let rows = rows("suite", &tests, text);
        assert_eq!(rows[0].verdict, Verdict::Passed);
        assert_eq!(rows[0].seconds, 0.2);
        assert_eq!(rows[1].verdict, Verdict::Failed("    b says".to_owned()));
        assert!(
            matches!(&rows[2].verdict, Verdict::Failed(_)),
            "it never ran"
        );
        let table = table("Nabat", &rows);
        assert!(
            table.contains("1 passed, 2 failed, 0 otherwise on purpose, 0 skipped"),
            "{table}"
        );
    }
}
