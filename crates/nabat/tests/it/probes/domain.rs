//! Registrations of domains.

use nabat::probe::domain::{Domain, probe};
use nabat::probe::{Outcome, Report, Tools};
use serde_json::json;

use super::{MANNER, assert_report, settings};
use crate::world::liar::Liar;

async fn registry(answer: &str) -> Liar {
    let body = answer.len();
    Liar::answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {body}\r\n\r\n{answer}"
    ))
    .await
}

fn until(date: &str) -> String {
    let last = json!({"eventAction": "last changed", "eventDate": "2020-01-01T00:00:00Z"});
    let end = json!({"eventAction": "expiration", "eventDate": date});
    json!({"objectClassName": "domain", "events": [last, end]}).to_string()
}

async fn ask(registry: &Liar, tools: &Tools) -> Report {
    let domain: Domain = settings(json!({"name": "example.org", "rdap": registry.url("/domain/")}));
    probe(&domain, tools, MANNER).await
}

#[tokio::test]
async fn the_end_of_a_registration_is_told_in_time() {
    let tools = Tools::start().unwrap();
    let far = registry(&until("2090-05-06T07:08:09Z")).await;
    let report = ask(&far, &tools).await;
    assert_report(&report, Outcome::Up, &[]);
    assert!(
        report.words().starts_with("registered until 2090-05-06"),
        "{report:?}"
    );
    assert!(far.heard()[0].starts_with("get /domain/example.org http/1.1"));
    let gone = registry(&until("2020-05-06T07:08:09+03:00")).await;
    let report = ask(&gone, &tools).await;
    assert_report(
        &report,
        Outcome::Down,
        &["registration ended on 2020-05-06"],
    );
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9 * 24 + 1);
    let soon = registry(&until(&soon.to_string())).await;
    let report = ask(&soon, &tools).await;
    assert_eq!(report.outcome, Outcome::Degraded);
    let words = report.words();
    assert!(
        words.ends_with("(in 9 days), expected 30 days at least"),
        "{words}"
    );
}

#[tokio::test]
async fn a_registry_is_asked_once_in_a_while() {
    let tools = Tools::start().unwrap();
    let registry = registry(&until("2090-05-06T07:08:09Z")).await;
    ask(&registry, &tools).await;
    let report = ask(&registry, &tools).await;
    assert_report(&report, Outcome::Up, &[]);
    assert_eq!(registry.heard().len(), 1);
}

#[tokio::test]
async fn a_registry_that_does_not_say_is_no_fault_of_the_domain() {
    let tools = Tools::start().unwrap();
    for (answer, told) in [
        (
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "no registry knows the domain (status 404)",
        ),
        (
            "HTTP/1.1 429 Slow Down\r\n\r\n",
            "no answer of the registry: status 429",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "the registry does not say when the registration ends",
        ),
        ("", "connection closed before the answer was complete"),
    ] {
        let registry = Liar::answering(answer).await;
        let report = ask(&registry, &tools).await;
        assert_report(&report, Outcome::Unknown, &[told]);
    }
}
