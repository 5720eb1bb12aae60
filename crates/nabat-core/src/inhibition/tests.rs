use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::matcher::parse_list;

fn rule(source: &str, target: &str, equal: &str) -> Rule {
    Rule {
        source: parse_list(source).unwrap(),
        target: parse_list(target).unwrap(),
        equal: equal.split_whitespace().map(Into::into).collect(),
    }
}

fn labels(text: &str) -> Labels {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.collect()
}

#[test]
fn an_alert_is_inhibited_as_in_alertmanager() {
    let critical = || rule("severity=critical", "severity=warning", "cluster");
    let cases: Vec<(&str, Rule, &[&str], Option<usize>)> = vec![
        (
            "the same value",
            critical(),
            &["severity=critical cluster=a", "severity=warning cluster=a"],
            Some(0),
        ),
        (
            "another value",
            critical(),
            &["severity=critical cluster=a", "severity=warning cluster=b"],
            None,
        ),
        (
            "missing on both",
            critical(),
            &["severity=critical", "severity=warning"],
            Some(0),
        ),
        (
            "missing and empty",
            critical(),
            &["severity=critical cluster=", "severity=warning"],
            Some(0),
        ),
        (
            "missing on one",
            critical(),
            &["severity=critical cluster=a", "severity=warning"],
            None,
        ),
        (
            "no target",
            critical(),
            &["severity=critical cluster=a", "severity=info cluster=a"],
            None,
        ),
        (
            "no source",
            critical(),
            &["severity=info cluster=a", "severity=warning cluster=a"],
            None,
        ),
        (
            "nothing compared",
            rule("a=1", "b=1", ""),
            &["a=1 x=1", "b=1 x=2"],
            Some(0),
        ),
        (
            "all labels compared count",
            rule("a=1", "b=1", "x y"),
            &["a=1 x=1 y=1", "b=1 x=1 y=2"],
            None,
        ),
        (
            "the oldest of several",
            rule("a=1", "b=1", ""),
            &["a=1 x=1", "a=1 x=2", "b=1"],
            Some(0),
        ),
        ("itself", rule("a=1", "a=1", ""), &["a=1"], None),
        (
            "each other",
            rule("a=1", "a=1", ""),
            &["a=1 x=1", "a=1 x=2"],
            None,
        ),
        (
            "both sides by one of both",
            rule("a=1", "b=1", ""),
            &["a=1 b=1 x=1", "a=1 b=1 x=2"],
            None,
        ),
        (
            "both sides by a mere source",
            rule("a=1", "b=1", ""),
            &["a=1", "a=1 b=1"],
            Some(0),
        ),
        (
            "a mere target by both sides",
            rule("a=1", "b=1", ""),
            &["a=1 b=1", "b=1"],
            Some(0),
        ),
        (
            "a source that is inhibited",
            rule("a=~\"1|2\"", "a=~\"2|3\"", ""),
            &["a=1", "a=2", "a=3"],
            Some(0),
        ),
        (
            "expressions",
            rule("name=~\"Node.*\"", "name!~\"Node.*\",team=db", ""),
            &["name=NodeDown", "name=X team=db"],
            Some(0),
        ),
        ("a rule of nothing", rule("", "", ""), &["a=1", "b=1"], None),
    ];
    for (case, rule, alerts, expected) in cases {
        let mut inhibitions = Inhibitions::new(&[rule]);
        let ids = (0..).map(IncidentId);
        for (id, alert) in ids.zip(alerts) {
            inhibitions.open(id, &labels(alert));
        }
        let last = IncidentId(i64::try_from(alerts.len()).unwrap() - 1);
        let by = inhibitions
            .by(last)
            .map(|id| usize::try_from(id.0).unwrap());
        assert_eq!(by, expected, "{case}");
    }
}

#[test]
fn the_end_of_a_source_hands_its_targets_on_or_sets_them_free() {
    let mut inhibitions = Inhibitions::new(&[rule("a=1", "b=1", "x")]);
    let id = IncidentId;
    let affected = |inhibitions: &mut Inhibitions| inhibitions.take_affected();
    inhibitions.open(id(1), &labels("b=1"));
    assert_eq!(affected(&mut inhibitions), [id(1)]);
    inhibitions.open(id(2), &labels("a=1"));
    assert_eq!(affected(&mut inhibitions), [id(2), id(1)]);
    inhibitions.open(id(3), &labels("a=1 y=1"));
    assert_eq!(affected(&mut inhibitions), [id(3)]);
    inhibitions.open(id(4), &labels("b=1 y=1"));
    assert_eq!(affected(&mut inhibitions), [id(4)]);
    assert_eq!(inhibitions.by(id(4)), Some(id(2)));
    inhibitions.end(id(2));
    assert_eq!(affected(&mut inhibitions), [id(1), id(4)]);
    assert_eq!(inhibitions.by(id(4)), Some(id(3)));
    inhibitions.end(id(3));
    assert_eq!(affected(&mut inhibitions), [id(1), id(4)]);
    assert_eq!(inhibitions.by(id(4)), None);
    for one in [1, 4, 7] {
        inhibitions.end(id(one));
    }
    assert_eq!(affected(&mut inhibitions), []);
    assert!(inhibitions.cells.is_empty() && inhibitions.roles.is_empty());
}

#[test]
fn who_is_affected_is_named_once_however_many_end_together() {
    let mut inhibitions = Inhibitions::new(&[rule("a=1", "b=1", "")]);
    let sources = (0..100).map(IncidentId);
    for id in sources.clone() {
        inhibitions.open(id, &labels("a=1"));
    }
    let target = IncidentId(100);
    inhibitions.open(target, &labels("b=1"));
    inhibitions.take_affected();
    for id in sources.take(99) {
        inhibitions.end(id);
    }
    assert_eq!(inhibitions.take_affected(), [target]);
    let another = IncidentId(101);
    inhibitions.open(another, &labels("a=1"));
    inhibitions.end(another);
    assert_eq!(inhibitions.take_affected(), [another], "all is as it was");
}

/// What Alertmanager would say, asked of all that fires.
fn asked_of_all(
    rules: &[Rule],
    firing: &BTreeMap<IncidentId, Labels>,
    target: &Labels,
) -> Option<IncidentId> {
    let all = |list: &[Matcher], labels: &Labels| list.iter().all(|one| one.matches(labels));
    let inhibits = |rule: &Rule, source: &Labels| {
        let two_sided = all(&rule.source, target) && all(&rule.target, source);
        let equal = |name: &str| source.value(name) == target.value(name);
        all(&rule.target, target)
            && all(&rule.source, source)
            && rule.equal.iter().all(|name| equal(name))
            && !two_sided
    };
    let mut firing = firing.iter();
    let by = firing.find(|(_, source)| rules.iter().any(|rule| inhibits(rule, source)));
    by.map(|(id, _)| *id)
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let side = || proptest::collection::vec("[ab](=|!=|=~)\"([12]|1\\|2|1.*)?\"", 0..3);
    let equal = proptest::collection::vec("[abc]", 0..3);
    let checked = |texts: Vec<String>| parse_list(&texts.join(",")).ok();
    (side(), side(), equal).prop_filter_map("no expression", move |(source, target, equal)| {
        Some(Rule {
            source: checked(source)?,
            target: checked(target)?,
            equal: equal.iter().map(|name| name.as_str().into()).collect(),
        })
    })
}

proptest! {
    #[test]
    fn everyone_is_inhibited_by_whom_asking_all_would_find(
        rules in proptest::collection::vec(any_rule(), 0..6),
        steps in proptest::collection::vec((0_i64..12, "[12]?", "[12]?", "[12]?"), 0..60),
    ) {
        let mut inhibitions = Inhibitions::new(&rules);
        let mut firing: BTreeMap<IncidentId, Labels> = BTreeMap::new();
        for (id, a, b, c) in steps {
            let id = IncidentId(id);
            let answers = |firing: &BTreeMap<IncidentId, Labels>, inhibitions: &Inhibitions| {
                let answers = firing.keys().map(|id| (*id, inhibitions.by(*id)));
                answers.collect::<BTreeMap<_, _>>()
            };
            let before = answers(&firing, &inhibitions);
            if firing.remove(&id).is_some() {
                inhibitions.end(id);
            } else {
                let labels: Labels = [("a", a), ("b", b), ("c", c)]
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect();
                firing.insert(id, labels.clone());
                inhibitions.open(id, &labels);
            }
            let affected = inhibitions.take_affected();
            for (id, labels) in &firing {
                let expected = asked_of_all(&rules, &firing, labels);
                prop_assert_eq!(inhibitions.by(*id), expected, "{:?} {}", id, labels);
            }
            for (id, by) in answers(&firing, &inhibitions) {
                let changed = before.get(&id).copied().flatten() != by;
                prop_assert!(!changed || affected.contains(&id), "{:?} {:?}", id, affected);
            }
        }
    }
}
