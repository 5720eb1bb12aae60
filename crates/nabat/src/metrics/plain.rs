//! The older text format of Prometheus, made of OpenMetrics.
//!
//! It knows no names of counters without `_total`, and no end.

use std::collections::HashSet;

/// The media type of it.
pub(crate) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An exposition in OpenMetrics' format in the older one.
pub(crate) fn plain(openmetrics: &str) -> String {
    let counter = |line: &str| {
        let name = line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?;
        Some(name.to_owned())
    };
    let counters: HashSet<String> = openmetrics.lines().filter_map(counter).collect();
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(kind @ ("HELP" | "TYPE")), Some(name), Some(rest)) =
            (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let total = if counters.contains(name) {
            "_total"
        } else {
            ""
        };
        text.push_str(&format!("# {kind} {name}{total} {rest}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_their_whole_names() {
        let openmetrics = "\
# HELP a_b What there is.
# TYPE a_b counter
a_b_total{x=\"y # z\"} 3
# HELP c How much.
# TYPE c gauge
# UNIT c seconds
c 1
# EOF
";
        let expected = "\
# HELP a_b_total What there is.
# TYPE a_b_total counter
a_b_total{x=\"y # z\"} 3
# HELP c How much.
# TYPE c gauge
c 1
";
        assert_eq!(plain(openmetrics), expected);
    }
}
