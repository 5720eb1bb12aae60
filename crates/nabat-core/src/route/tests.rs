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

fn tree() -> Route {
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
        ..tree
    };
    assert_eq!(each.group(&alert).1, alert);
}
