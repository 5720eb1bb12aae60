//! A few bits of each label, so that who looks for one alert among many passes over most of them
//! without looking at their labels.

use crate::alert::{Fingerprint, Labels};
use crate::matcher::Matcher;

/// Two bits of sixty-four for each pair of name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sieve(u64);

impl Sieve {
    /// The bits of all of them.
    pub(crate) fn of(labels: &Labels) -> Self {
        labels.iter().map(bits).fold(Self::default(), Self::and)
    }

    /// The bits that whatever fulfils all of these has.
    pub(crate) fn needed(matchers: &[Matcher]) -> Self {
        let matchers = matchers.iter();
        matchers
            .filter_map(|matcher| Some(bits((&matcher.name, matcher.only_value()?))))
            .fold(Self::default(), Self::and)
    }

    /// Whether it has all bits of `needed`; if not, it does not fulfil what needs them.
    pub(crate) fn lets_through(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn bits(pair: (&str, &str)) -> Sieve {
    let hash = Fingerprint::of(std::iter::once(pair)).to_bits();
    Sieve(1 << (hash & 63) | 1 << (hash >> 6 & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::parse_list;
    use proptest::prelude::*;

    #[test]
    fn most_of_what_is_not_looked_for_is_passed_over() {
        let needed = Sieve::needed(&parse_list("host=h500,absent=").unwrap());
        let through = (0..1_000).filter(|host| {
            let labels: Labels = [("alertname", "Up".to_owned()), ("host", format!("h{host}"))]
                .into_iter()
                .collect();
            Sieve::of(&labels).lets_through(needed)
        });
        assert!(through.count() < 50);
    }

    proptest! {
        #[test]
        fn what_fulfils_matchers_is_let_through(
            pairs in proptest::collection::btree_map("[a-c]", "[x-z]?", 0..4),
            matchers in proptest::collection::vec(("[a-d]", "(=|!=|=~|!~)", "[x-z]?"), 0..4),
        ) {
            let labels: Labels = pairs.iter().collect();
            let texts: Vec<String> = matchers.iter().map(|(n, o, v)| format!("{n}{o}\"{v}\"")).collect();
            let matchers = parse_list(&texts.join(",")).unwrap();
            if matchers.iter().all(|matcher| matcher.matches(&labels)) {
                prop_assert!(Sieve::of(&labels).lets_through(Sieve::needed(&matchers)));
            }
        }
    }
}
