//! The orders in which Alertmanager shows and tells what has no order of its own.

use std::cmp::Ordering;

use super::Labels;

/// The places of label sets in the order of alerts within a group: by job, by instance, those
/// without one last, then as [`before`] says.
pub fn in_a_group<'l>(all: impl Iterator<Item = &'l Labels>) -> Vec<usize> {
    // Looked up once each, not for every comparison.
    let mut order: Vec<_> = all
        .enumerate()
        .map(|(place, labels)| {
            let [job, instance] = ["job", "instance"].map(|name| labels.get(name));
            let key = (job.is_none(), job, instance.is_none(), instance);
            (key, labels, place)
        })
        .collect();
    order.sort_unstable_by(|(a, one, _), (b, other, _)| a.cmp(b).then_with(|| before(one, other)));
    order.into_iter().map(|(_, _, place)| place).collect()
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
        let of_jobs = ["job=b", "z=0", "instance=1 job=b", "instance=2 job=a"].map(labels);
        let order = in_a_group(of_jobs.iter());
        assert_eq!(order, [3, 2, 0, 1]);
    }
}
