//! Finds which of many lists of matchers an alert fulfils.
//!
//! A list that asks for certain values of a label (`name="value"`, `name=~"one|another"`) is found
//! by the pairs of the alert, each such list by the matcher whose values the fewest others ask for.
//! Only those that ask for no value are tried one by one.

use std::collections::HashMap;

use super::pairs::ByPair;
use super::{Matcher, Operator};
use crate::alert::Labels;

/// Lists of matchers, arranged so that those of an alert are found quickly.
#[derive(Debug, Default)]
pub struct Index {
    lists: Vec<Vec<Matcher>>,
    by_pair: ByPair<usize>,
    /// Lists that ask for no value.
    unfiltered: Vec<usize>,
}

impl Index {
    /// An index of these lists, which are numbered from 0. An empty list is fulfilled by all.
    pub fn new(lists: Vec<Vec<Matcher>>) -> Self {
        let mut wanted: HashMap<(&str, &str), usize> = HashMap::new();
        for matcher in lists.iter().flatten() {
            for value in values(matcher).unwrap_or_default() {
                *wanted.entry((&matcher.name, value)).or_default() += 1;
            }
        }
        let rarity = |(matcher, values): &(&Matcher, Vec<&str>)| -> usize {
            let wanted = |value: &&str| wanted.get(&(&*matcher.name, *value)).copied();
            values.iter().filter_map(wanted).sum()
        };
        let mut by_pair = ByPair::default();
        let mut unfiltered = Vec::new();
        for (number, list) in lists.iter().enumerate() {
            let asking = list.iter().filter_map(|one| Some((one, values(one)?)));
            let Some((matcher, values)) = asking.min_by_key(rarity) else {
                unfiltered.push(number);
                continue;
            };
            for value in values {
                by_pair.add(&matcher.name, value, number);
            }
        }
        Self {
            by_pair,
            unfiltered,
            lists,
        }
    }

    /// The numbers of the lists that these labels fulfil, in order.
    pub fn find(&self, labels: &Labels) -> Vec<usize> {
        let candidates = self.by_pair.of(labels).chain(&self.unfiltered);
        let mut found: Vec<usize> = candidates
            .copied()
            .filter(|number| {
                let list = self.lists.get(*number).into_iter().flatten();
                list.into_iter().all(|matcher| matcher.matches(labels))
            })
            .collect();
        found.sort_unstable();
        found
    }
}

/// The values one of which the label must have, each once, if the matcher asks for any.
fn values(matcher: &Matcher) -> Option<Vec<&str>> {
    let literal = |text: &&str| {
        let plain = |c: char| c.is_alphanumeric() || "_-/:@ ".contains(c);
        !text.is_empty() && text.chars().all(plain)
    };
    match matcher.operator {
        Operator::Equal => Some(vec![matcher.only_value()?]),
        Operator::Matches => {
            let mut values: Vec<&str> = matcher.value.split('|').collect();
            values.sort_unstable();
            values.dedup();
            values.iter().all(literal).then_some(values)
        }
        Operator::NotEqual | Operator::MatchesNot => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matcher::parse_list;

    #[test]
    fn a_list_is_found_by_the_rarest_value_it_asks_for() {
        let texts = [
            r#"severity="critical",alertname="A""#,
            r#"severity="critical",alertname=~"B|C""#,
            r#"severity!="critical",team="""#,
            r#"severity=~"crit.*""#,
            "",
            r#"severity="critical",alertname="D""#,
        ];
        let lists = texts.map(|text| parse_list(text).unwrap());
        let index = Index::new(lists.to_vec());
        assert_eq!(index.by_pair.0.len(), 1);
        assert!(index.by_pair.0.contains_key("alertname"));
        assert_eq!(index.unfiltered, [2, 3, 4]);
        for (alert, expected) in [
            (["critical", "A"], vec![0, 3, 4]),
            (["critical", "C"], vec![1, 3, 4]),
            (["warning", "B"], vec![2, 4]),
        ] {
            let labels: Labels = ["severity", "alertname"].into_iter().zip(alert).collect();
            assert_eq!(index.find(&labels), expected, "{labels}");
        }
    }

    proptest! {
        #[test]
        fn the_index_finds_what_asking_each_would(
            texts in proptest::collection::vec(
                proptest::collection::vec("[ab](=|!=|=~|!~)\"([xy|.]|\\|x){0,3}\"", 0..3), 0..20),
            a in "[xy]{0,2}", b in "[xy]{0,2}",
        ) {
            let lists = texts.iter().filter_map(|list| parse_list(&list.join(",")).ok());
            let lists: Vec<Vec<Matcher>> = lists.collect();
            let labels: Labels = [("a", a), ("b", b)].into_iter().collect();
            let fulfilled = |list: &Vec<Matcher>| list.iter().all(|one| one.matches(&labels));
            let numbered = lists.iter().enumerate().filter(|(_, list)| fulfilled(list));
            let expected: Vec<usize> = numbered.map(|(number, _)| number).collect();
            prop_assert_eq!(Index::new(lists.clone()).find(&labels), expected);
        }
    }
}
