//! Conditions: which are taken, what they come to, what is said of them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use proptest::prelude::*;

use super::*;
use crate::probe::{Finding, Outcome, Reach, Report};

/// An answer of a web server with this body.
fn answer(body: &str) -> Report {
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/json".parse().unwrap());
    headers.append("set-cookie", "id=hunter2".parse().unwrap());
    let mut facts = Facts::default();
    facts.add("status", Fact::Number(200));
    facts.add("headers", Fact::Headers(headers));
    facts.add(
        "body",
        Fact::Body {
            bytes: body.into(),
            is_cut: false,
        },
    );
    facts.hide(vec!["s3cret".to_owned()]);
    Report {
        outcome: Outcome::Up,
        latency: Some(Duration::from_micros(42_500)),
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        replied: true,
        phases: vec![("first byte", Duration::from_millis(40))],
        loss_percent: None,
        findings: vec![Finding::up("status 200")],
        figures: None,
        facts,
    }
}

async fn judged(report: Report, texts: &[&str]) -> Report {
    let conditions: Vec<Condition> = texts
        .iter()
        .map(|text| Condition::read(text, "http").unwrap())
        .collect();
    judge(
        &conditions.into(),
        report,
        &Evaluations::default(),
        Reach::Anywhere,
    )
    .await
}

/// What is said of one condition on an answer with this body.
async fn said(body: &str, text: &str) -> (Outcome, String) {
    let report = judged(answer(body), &[text]).await;
    let last = report.findings.last().unwrap().clone();
    (last.outcome, last.words)
}

const BODY: &str = r#"{
    "status": "ok", "ready": true, "queue": {"depth": 240, "limit": 500.5}, "none": null,
    "items": [{"name": "a", "size": 1}, {"name": "b", "size": 7}], "access_token": "abc",
    "echo": "s3cret", "disks": [10, 20.5, 30, 40]
}"#;

#[tokio::test]
async fn what_holds_is_said_as_it_is_written() {
    for text in [
        "latency < 300",
        "latency < 42.6 && latency > 42",
        "status == 200",
        "status in [200, 204]",
        "status / 100 == 2",
        "latency * 2 < 86",
        "phases['first byte'] < 41",
        "address.startsWith('127.')",
        "headers['content-type'].contains('json')",
        "'x-none' in headers == false",
        "has(json.queue) && !has(json.nothing)",
        "json.status == 'ok'",
        "json.ready",
        "json.none == null",
        "json.queue.depth < json.queue.limit",
        "json.queue.depth == 240",
        "json.queue.depth + 1 == 241",
        "json.queue.depth * 100 / json.queue.limit < 50",
        "int(json.queue.depth) % 7 == 2",
        "json.items.all(item, item.size < 10)",
        "json.items.exists(item, item.name == 'b')",
        "json.items.exists_one(item, item.size > 5)",
        "json.items.filter(item, item.size > 5).size() == 1",
        "size(json.items) == 2 && json.items[0].name == 'a'",
        "json.items.all(item, json.disks.exists(disk, disk > item.size))",
        "json.items[size(json.items) - 1].size == 7",
        "body.matches('\"status\": *\"ok\"')",
        "body.size() > 10 ? json.ready : false",
        "string(status) == '200'",
        "json.status.startsWith('o') || json.missing > 3",
        "-latency < 0",
        "(((latency < 300)))",
        "((((((((((((((((((((((((latency < 300))))))))))))))))))))))))",
    ] {
        let expected = (Outcome::Up, text.to_owned());
        assert_eq!(said(BODY, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn what_does_not_hold_is_said_with_what_was_seen() {
    for (text, seen) in [
        ("json.queue.depth < 100", "240"),
        ("json.queue.depth < 100 && json.ready", "240"),
        (
            "json.queue.depth < 100 || status == 500",
            "json.queue.depth 240, status 200",
        ),
        ("json.status != 'ok'", "“ok”"),
        ("!json.ready", "true"),
        ("status == 503", "200"),
        ("status in [500, 503]", "200"),
        ("latency < 10", "42.5"),
        (
            "json.queue.depth > json.queue.limit",
            "json.queue.depth 240, json.queue.limit 500.5",
        ),
        ("size(json.items) > 5", "2"),
        ("json.items.all(item, item.size < 5)", "a list of 2"),
        ("json.disks.all(disk, disk < 5)", "[10, 20.5, 30, …]"),
        ("has(json.nothing)", "a map of 8"),
        (
            "body.contains('down')",
            "“{ \"status\": \"ok\", \"ready\": true, \"queue\": {\"depth\": 240, \"limit\": 500.5}, \"none…”",
        ),
        ("json.access_token == ''", "…"),
        ("headers['set-cookie'] == ''", "…"),
        ("json.echo == ''", "“…”"),
        ("json.none != null", "null"),
    ] {
        let expected = (Outcome::Down, format!("{text}: {seen}"));
        assert_eq!(said(BODY, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_held_against_the_answer_is_down_and_says_why() {
    for (body, text, why) in [
        (BODY, "json.queue.deep < 100", "there is no `deep`"),
        (
            BODY,
            "json.status < 100",
            "`<` does not go with a text and a number",
        ),
        (
            BODY,
            "json.status + 1 > 2",
            "`+` does not go with a text and a number",
        ),
        (BODY, "json.status.ok", "a text has no fields"),
        (BODY, "json.status", "neither true nor false"),
        (BODY, "json.items[7].size < 3", "there are fewer items"),
        (BODY, "json.ready.all(x, x)", "what was seen is no list"),
        (
            BODY,
            "int(json.status) > 3",
            "`int` cannot be made of what was seen",
        ),
        (BODY, "status / (status - 200) > 1", "division by zero"),
        (BODY, "certificate.days > 7", "no certificate was seen"),
        (
            BODY,
            "json.queue.matches('a')",
            "`matches` cannot be made of what was seen",
        ),
        ("", "json.ok", "the body is empty"),
        (
            "<html>",
            "json.ok",
            "the body is no JSON (line 1, column 1)",
        ),
        (
            "[1, 2",
            "json[0] == 1",
            "the body is no JSON (line 1, column 5)",
        ),
    ] {
        let expected = (Outcome::Down, format!("{text}: {why}"));
        assert_eq!(said(body, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn of_what_gave_no_answer_nothing_more_is_said() {
    let mut report = answer(BODY);
    report.latency = None;
    report.outcome = Outcome::Down;
    report.findings = vec![Finding::down("connection refused")];
    let judged = judged(report.clone(), &["latency < 1"]).await;
    report.facts = Facts::default();
    assert_eq!(judged, report);
}

#[tokio::test]
async fn the_worst_of_all_counts() {
    let report = judged(
        answer(BODY),
        &["latency < 300", "status == 503", "json.ready"],
    )
    .await;
    assert_eq!(report.outcome, Outcome::Down);
    assert_eq!(report.words(), "status == 503: 200");
    assert_eq!(report.findings.len(), 4);
}

#[tokio::test]
async fn long_conditions_leave_room_for_what_was_seen() {
    let text = format!("json.queue.depth < 100 && '{}' != ''", "x".repeat(400));
    let (_, words) = said(BODY, &text).await;
    assert!(words.ends_with("…: 240"), "{words}");
}

#[test]
fn what_is_no_condition_is_refused_with_its_place() {
    for (text, at, told) in [
        (
            "",
            0,
            "found the end, too soon, expected a condition in CEL such as `latency < 300`",
        ),
        (
            "latency <",
            9,
            "found the end, too soon, expected a condition in CEL such as `latency < 300`",
        ),
        (
            "latency < 300 ms",
            14,
            "found `ms`, expected a condition in CEL such as `latency < 300`",
        ),
        (
            "latency = 300",
            8,
            "found `=`, expected a condition in CEL such as `latency < 300`",
        ),
        (
            "latncy < 300",
            0,
            "found the unknown word `latncy`, expected `latency`, `address`, `phases`, `status`, `headers`, `body`, `json` or `certificate`",
        ),
        (
            "'ж' == body && loss < 3",
            17,
            "found the unknown word `loss`, expected `latency`, `address`, `phases`, `status`, `headers`, `body`, `json` or `certificate`",
        ),
        (
            "certificate.dais > 7",
            11,
            "found the unknown field `dais`, expected `days`, `expires`, `issuer` or `names`",
        ),
        (
            "status.code == 200",
            6,
            "found `.code` of a whole number, expected a map, such as `json`",
        ),
        (
            "latency",
            0,
            "found a number, expected what is true or false, such as `latency < 300`",
        ),
        (
            "latency + 1",
            0,
            "found a number, expected what is true or false, such as `latency < 300`",
        ),
        (
            "latency < '300'",
            8,
            "found a number beside a text, expected two numbers or two texts",
        ),
        (
            "status == '200'",
            7,
            "found a whole number beside a text, expected two numbers or two texts",
        ),
        (
            "status && true",
            0,
            "found a whole number, expected true or false",
        ),
        (
            "'ok' in body",
            5,
            "found `in` a text, expected a list after `in`",
        ),
        (
            "status in 200",
            7,
            "found `in` a whole number, expected a list after `in`",
        ),
        (
            "json.n % 2 == 0",
            7,
            "found `%` between a value and a whole number, expected whole numbers",
        ),
        (
            "body.has('ok')",
            8,
            "found the unknown function `has`, expected `contains`, `startsWith`, `endsWith`, `matches`, `size`, `string`, `int`, `double`, `bool`, `all`, `exists`, `exists_one`, `filter` or `has`",
        ),
        (
            "body.matches('(')",
            13,
            "found `(`, expected a regular expression such as `^OK`",
        ),
        (
            "body.matches(json.x)",
            17,
            "found a regular expression that only the answer tells, expected one in quotation marks",
        ),
        (
            "json.a.map(x, x.n).size() > 1",
            10,
            "found `map`, expected `all`, `exists`, `exists_one`, `filter` or `has`",
        ),
        (
            "json.a.all(x, x.all(y, y.all(z, z)))",
            28,
            "found more than 2 loops within one another, expected fewer",
        ),
        (
            "status.all(x, x)",
            10,
            "found each of a whole number, expected a list or a map",
        ),
        (
            "1 < 2",
            0,
            "found a condition on nothing that is seen, expected one on `latency`, `address`, `phases`, `status`, `headers`, `body`, `json` or `certificate`",
        ),
        (
            "{'a': 1}.a == status",
            0,
            "found a map, expected a number, a text or a list",
        ),
        (
            "status == 1u",
            10,
            "found bytes, or a number with `u`, expected a text in quotation marks, or a number alone",
        ),
        (
            "json.?a == 1",
            4,
            "found what is not taken here (unsupported syntax '.?'), expected a condition in CEL such as `latency < 300`",
        ),
    ] {
        let error = Condition::read(text, "http").unwrap_err();
        assert_eq!((error.at, &*error.to_string()), (at, told), "{text}");
    }
    let long = format!("status == {}", "1".repeat(500));
    let error = Condition::read(&long, "http").unwrap_err();
    assert_eq!(
        error.to_string(),
        "found 510 characters, expected at most 500"
    );
    let parentheses = format!("{}status == 1{}", "(".repeat(240), ")".repeat(240));
    let error = Condition::read(&parentheses, "http").unwrap_err();
    assert_eq!(error.found, "too many parentheses");
    let choices = format!("{}json.ok", "json.a?1==1:".repeat(40));
    let error = Condition::read(&choices, "http").unwrap_err();
    assert_eq!(error.found, "too much within one another");
    let lists = format!("{}{} == json", "[".repeat(240), "]".repeat(240));
    let error = Condition::read(&lists, "http").unwrap_err();
    assert_eq!(error.found, "too many parentheses");
    let fields = format!("json{} == 1", ".a".repeat(240));
    let error = Condition::read(&fields, "http").unwrap_err();
    assert_eq!(error.found, "too much within one another");
    let sums = format!("body{} == ''", " + body".repeat(11));
    let error = Condition::read(&sums, "http").unwrap_err();
    assert_eq!(error.found, "more than 10 times `+`");
}

#[test]
fn each_kind_knows_what_it_sees() {
    for (kind, text, fits) in [
        ("ping", "loss < 10", true),
        ("ping", "status == 200", false),
        (
            "dns",
            "answers.exists(a, a == '192.0.2.1') && rcode == 'NOERROR'",
            true,
        ),
        ("command", "exit_code == 0 && output.contains('OK')", true),
        (
            "tls",
            "certificate.days > 30 && 'a.example' in certificate.names",
            true,
        ),
        ("domain", "days > 60 && expires > '2026-01-01'", true),
        ("postgres", "int(value) > 3", true),
        ("mysql", "int(value) > 3", true),
        ("ssh", "banner.contains('OpenSSH')", true),
        ("heartbeat", "latency < 3", false),
    ] {
        assert_eq!(Condition::read(text, kind).is_ok(), fits, "{kind}: {text}");
    }
}

#[tokio::test]
async fn what_would_take_long_is_not_looked_at_to_its_end() {
    let items = vec!["0"; 20_000].join(",");
    let body = format!("{{\"a\": [{items}]}}");
    let begun = Instant::now();
    let (outcome, words) = said(&body, "json.a.all(x, json.a.all(y, x == y))").await;
    assert_eq!(outcome, Outcome::Unknown);
    assert!(
        words.ends_with("not looked at to its end within 250 ms"),
        "{words}"
    );
    // Many times that, for slow machines; to its end it would take minutes.
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

proptest! {
    #[test]
    fn no_text_brings_the_reader_down(text in "[a-z0-9 .()\\[\\]{}'\"<>=!&|?:+*/%,_@`\\\\\n\u{416}-]{0,60}") {
        let _ = Condition::read(&text, "http");
    }

    #[test]
    fn no_words_bring_it_down(words in proptest::collection::vec(proptest::sample::select(vec![
        "json", "status", "body", ".", "(", ")", "[", "]", "all", "exists", "filter", "map", "x", ",",
        "<", "==", "&&", "||", "!", "?", ":", "+", "-", "%", "in", "'a'", "1", "2.5", "null", "true",
        "matches", "size", "has", "int", "{", "}", ".a", ".b.c", "latency",
    ]), 0..25)) {
        let text = words.join(" ");
        if let Ok(condition) = Condition::read(&text, "http") {
            let conditions: Arc<[Condition]> = vec![condition].into();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let report = runtime.block_on(judge(&conditions, answer(BODY), &Evaluations::default(), Reach::Anywhere));
            prop_assert!(report.findings.len() == 2);
            prop_assert!(!report.findings[1].words.contains("please report"), "{}", text);
        }
    }
}

#[tokio::test]
async fn what_a_name_calls_secret_is_not_told() {
    for (name, is_secret) in [
        ("api_key", true),
        ("apiKeys", true),
        ("accessToken", true),
        ("token_value", true),
        ("oauth", true),
        ("passwords", true),
        ("author", false),
        ("keyspace_hits", false),
        ("monkeys", true),
        ("sessions_open", true),
        ("depth", false),
    ] {
        let body = format!("{{\"{name}\": \"seen\"}}");
        let (_, words) = said(&body, &format!("json.{name} == ''")).await;
        assert_eq!(words.ends_with(": …"), is_secret, "{words}");
        let body = format!("{{\"{name}\": 7}}");
        let (_, words) = said(&body, &format!("json.{name} > 9")).await;
        assert!(words.ends_with("> 9: 7"), "{words}");
    }
}

#[tokio::test]
async fn no_way_round_leads_to_what_a_name_calls_secret() {
    for text in [
        "string(json.access_token) == ''",
        "(json.access_token + '') == ''",
        "('' + headers['set-cookie']).contains('?')",
        "[json.access_token] == ['']",
        "[json.access_token].all(one, one == '')",
        "(json.ready ? json.access_token : '') == ''",
        "json['access_' + 'token'] == ''",
        "json[json.access_token] == 1",
        "headers[headers['set-cookie']] == ''",
    ] {
        let (outcome, words) = said(BODY, text).await;
        assert_eq!(outcome, Outcome::Down, "{words}");
        let is_told = ["abc", "hunter2"]
            .iter()
            .any(|secret| words.contains(secret));
        assert!(!is_told, "{words}");
    }
}

#[test]
fn what_looks_through_a_long_body_is_not_begun_when_time_is_over() {
    let mut report = answer(BODY);
    let facts = std::mem::take(&mut report.facts);
    let conditions = [Condition::read("body.matches('down$')", "http").unwrap()];
    for (time, outcome) in [
        (Duration::ZERO, Outcome::Unknown),
        (Duration::from_secs(60), Outcome::Down),
    ] {
        let time = judge::Time::until(Instant::now() + time);
        let found = judge::findings(&conditions, &report, &facts, time);
        assert_eq!(found[0].outcome, outcome, "{found:?}");
    }
}

#[tokio::test]
async fn conditions_of_people_with_little_trust_keep_no_others_waiting() {
    let loops = "phases.all(phase, phases[phase] > 0.0)";
    let conditions: Arc<[Condition]> = [Condition::read(loops, "http").unwrap()].into();
    let room = Evaluations::default();
    let _all = room.of(Reach::PublicOnly).acquire().await.unwrap();
    let judged = judge(&conditions, answer(BODY), &room, Reach::Anywhere).await;
    assert_eq!(judged.outcome, Outcome::Up);
    let waits = judge(&conditions, answer(BODY), &room, Reach::PublicOnly);
    assert!(at_once(waits).is_none());
}

/// What a future gives at once; nothing if it waits.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(given) => Some(given),
        std::task::Poll::Pending => None,
    }
}
