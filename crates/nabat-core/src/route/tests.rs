use proptest::prelude::*;

use super::*;
use crate::matcher::parse_list;

fn labels(text: &str) -> Labels {
    text.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .collect()
}

fn spec(receiver: &str, matchers: &str, routes: Vec<Spec>) -> Spec {
    Spec {
        receiver: (!receiver.is_empty()).then(|| receiver.into()),
        matchers: parse_list(matchers).unwrap(),
        routes,
        ..Spec::default()
    }
}

fn tree() -> Arc<Route> {
    let deep = vec![spec("db-oncall", "severity=\"critical\"", Vec::new())];
    let copy = Spec {
        continues: true,
        ..spec("archive", "team=~\"db|web\"", Vec::new())
    };
    let db = Spec {
        group_by: Some(GroupBy::Labels(vec!["alertname".into()])),
        group_wait: Some(Duration::ZERO),
        ..spec("db", "team=\"db\"", deep)
    };
    let last = spec("", "team=\"web\"", Vec::new());
    Route::root(spec("all", "", vec![copy, db, last]))
}

#[test]
fn group_keys_are_written_as_in_go() {
    let all = Route::root(Spec {
        group_by: Some(GroupBy::All),
        ..Spec::default()
    });
    let alert = [("a", "e\u{301}\t"), ("a1", "\"'"), ("a_", "\u{200b}")];
    let (key, _) = all.group(&alert.into_iter().collect());
    assert_eq!(
        &*key,
        "{}:{a1=\"\\\"'\", a=\"e\u{301}\\t\", a_=\"\\u200b\"}"
    );
}

#[test]
fn an_alert_goes_to_the_deepest_routes_that_take_it() {
    let tree = tree();
    for (alert, expected) in [
        ("a=b", "all"),
        ("team=db", "archive db"),
        ("team=db severity=critical", "archive db-oncall"),
        ("team=web", "archive all"),
    ] {
        let found = tree.find(&labels(alert));
        let names: Vec<&str> = found.iter().map(|route| &*route.receiver).collect();
        assert_eq!(names.join(" "), expected, "{alert}");
    }
}

#[test]
fn children_inherit_grouping_and_timing() {
    let tree = tree();
    let found = tree.find(&labels("team=db severity=critical"));
    let deepest = found[1];
    assert_eq!(deepest.timing.group_wait, Duration::ZERO);
    assert_eq!(deepest.timing.group_interval, Duration::from_secs(300));
    assert_eq!(deepest.group_by, GroupBy::Labels(vec!["alertname".into()]));
}

#[test]
fn a_group_is_named_as_alertmanager_names_it() {
    let tree = tree();
    let alert = labels("alertname=X team=db severity=critical");
    let found = tree.find(&alert);
    let (key, common) = found[1].group(&alert);
    assert_eq!(
        &*key,
        "{}/{team=\"db\"}/{severity=\"critical\"}:{alertname=\"X\"}"
    );
    assert_eq!(common, labels("alertname=X"));
    let (key, common) = tree.group(&alert);
    assert_eq!((&*key, common.len()), ("{}:{}", 0));
    let each = Route {
        group_by: GroupBy::All,
        ..tree.as_ref().clone()
    };
    assert_eq!(each.group(&alert).1, alert);
}

/// A tree of which each route has a receiver of its own, in order: `0`, `1`, …
fn any_tree() -> impl Strategy<Value = Spec> {
    let matchers = || proptest::collection::vec("[ab](=|!=|=~)\"(x|y|x\\|y)?\"", 0..3);
    let names = || proptest::option::of(proptest::collection::vec("[abc]", 0..3));
    let route = move |below: BoxedStrategy<Vec<Spec>>| {
        (matchers(), names(), any::<bool>(), below).prop_map(|(texts, names, continues, routes)| {
            let names = names.map(|names| names.iter().map(|name| name.as_str().into()).collect());
            Spec {
                matchers: parse_list(&texts.join(",")).unwrap_or_default(),
                group_by: names.map(GroupBy::Labels),
                continues,
                routes,
                ..Spec::default()
            }
        })
    };
    let leaf = route(Just(Vec::new()).boxed());
    let tree = leaf.prop_recursive(4, 20, 4, move |inner| {
        route(proptest::collection::vec(inner, 0..4).boxed())
    });
    tree.prop_map(|mut root| {
        root.matchers.clear();
        number(&mut root, &mut 0);
        root
    })
}

fn number(spec: &mut Spec, next: &mut usize) {
    spec.receiver = Some(next.to_string().into());
    *next += 1;
    for spec in &mut spec.routes {
        number(spec, next);
    }
}

/// All routes of a tree, the root first.
fn count(spec: &Spec) -> usize {
    1 + spec.routes.iter().map(count).sum::<usize>()
}

/// Lets the route with this receiver continue.
fn let_continue(spec: &mut Spec, receiver: &str) {
    spec.continues |= spec.receiver.as_deref() == Some(receiver);
    for spec in &mut spec.routes {
        let_continue(spec, receiver);
    }
}

fn any_labels() -> impl Strategy<Value = Labels> {
    let value = || "[xy\", ={}]{0,2}";
    (value(), value(), value()).prop_map(|(a, b, c)| {
        let pairs = [("a", a), ("b", b), ("c", c)];
        pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    })
}

fn receivers(root: &Arc<Route>, labels: &Labels) -> Vec<String> {
    let found = root.find(labels);
    found
        .iter()
        .map(|route| route.receiver.to_string())
        .collect()
}

proptest! {
    #[test]
    fn every_alert_has_a_route_and_none_twice(spec in any_tree(), labels in any_labels()) {
        let mut found = receivers(&Route::root(spec), &labels);
        prop_assert!(!found.is_empty());
        let all = found.len();
        found.sort_unstable();
        found.dedup();
        prop_assert_eq!(found.len(), all);
    }

    #[test]
    fn who_is_told_is_told_too_when_a_route_continues(
        spec in any_tree(), labels in any_labels(), which in any::<proptest::sample::Index>(),
    ) {
        let before = receivers(&Route::root(spec.clone()), &labels);
        let mut continuing = spec;
        let which = which.index(count(&continuing));
        let_continue(&mut continuing, &which.to_string());
        let after = receivers(&Route::root(continuing), &labels);
        for receiver in before {
            prop_assert!(after.contains(&receiver), "{} is lost by `continue` in {}", receiver, which);
        }
    }

    #[test]
    fn two_alerts_share_a_group_when_what_they_are_grouped_by_is_equal(
        spec in any_tree(), one in any_labels(), other in any_labels(),
    ) {
        let root = Route::root(spec);
        for route in root.find(&one) {
            let (key, common) = route.group(&one);
            let (other_key, other_common) = route.group(&other);
            prop_assert_eq!(key == other_key, common == other_common);
            if let GroupBy::Labels(names) = &route.group_by {
                let equal = names.iter().all(|name| one.value(name) == other.value(name));
                prop_assert_eq!(key == other_key, equal);
            }
        }
    }
}
