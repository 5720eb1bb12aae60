//! The orders in which Alertmanager lists label sets and the alerts of a group.

use std::cmp::Ordering;

use super::Labels;

/// The order of alerts within a group: by job, by instance, those without one last, then as
/// [`before`] says.
pub fn in_a_group(a: &Labels, b: &Labels) -> Ordering {
    let by = |name| match (a.get(name), b.get(name)) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by("job")
        .then_with(|| by("instance"))
        .then_with(|| before(a, b))
}

/// The order of label sets in Alertmanager (`model.LabelSet.Before`): fewer labels first, then, at
/// the first name that only one of them has, the other one, else by the first value that differs.
pub fn before(a: &Labels, b: &Labels) -> Ordering {
    let pairs = a.iter().zip(b.iter());
    let mut orders = pairs.map(|(a, b)| b.0.cmp(a.0).then_with(|| a.1.cmp(b.1)));
    let differs = orders.find(|order| order.is_ne());
    let count = a.len().cmp(&b.len());
    count.then(differs.unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_sets_are_sorted_as_alertmanager_sorts_them() {
        let labels = |text: &str| -> Labels {
            text.split(' ')
                .filter_map(|pair| pair.split_once('='))
                .collect()
        };
        let sorted = [
            "a=2",
            "z=1",
            "b=9",
            "a=1 b=1",
            "a=1 b=2",
            "a=2 b=1",
            "job=a z=0",
        ];
        let mut read: Vec<Labels> = sorted.iter().map(|text| labels(text)).collect();
        read.sort_by(before);
        let shown: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                r#"{z="1"}"#,
                r#"{b="9"}"#,
                r#"{a="2"}"#,
                r#"{job="a", z="0"}"#,
                r#"{a="1", b="1"}"#,
                r#"{a="1", b="2"}"#,
                r#"{a="2", b="1"}"#,
            ]
        );
        read.sort_by(in_a_group);
        assert_eq!(read.first(), Some(&labels("job=a z=0")));
    }
}
