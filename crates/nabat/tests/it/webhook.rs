//! The outgoing webhook against real servers.

mod answers;
mod notification;
mod peers;
mod secrecy;
mod way;

use std::num::NonZeroUsize;

use nabat::channel::webhook::{Clients, Sender, Target};
use nabat::config::Secret;
use nabat_core::card::CardId;
use nabat_core::delivery::DeliveryId;
use nabat_core::notification::Notification;

use crate::world::recorder::Recorder;
use notification::{alert, disk_full, notification};

/// From the documentation of Standard Webhooks.
const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EXTERNAL_URL: &str = "https://nabat.example.org";

/// The webhook at `url`, with nothing special about it.
fn target(url: impl Into<String>) -> Target {
    // An error means that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Target::new(Secret::new(url), EXTERNAL_URL.into(), "nabat-1".into())
}

fn sender(target: &Target) -> Sender {
    Sender::new(target, &mut Clients::default()).unwrap()
}

#[tokio::test]
async fn a_webhook_arrives_with_all_that_it_should_carry() {
    let recorder = Recorder::start().await;
    let target = target(format!("{}hook?room=1", recorder.url()));
    sender(&target).send(&disk_full()).await.unwrap();
    let [request] = &recorder.requests()[..] else {
        panic!("{:#?}", recorder.requests());
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.uri, "/hook?room=1");
    assert_eq!(request.header("content-type"), "application/json");
    let agent = concat!("Nabat/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), agent);
    assert!(!request.headers.contains_key("authorization"));
    assert!(!request.headers.contains_key("webhook-signature"));
    let body = request.json();
    assert_eq!(body["externalURL"], EXTERNAL_URL);
    assert_eq!(body["alerts"][0]["labels"]["alertname"], "DiskFull");
}

#[tokio::test]
async fn repeats_of_a_delivery_are_known_by_their_key_and_nothing_else_has_it() {
    let recorder = Recorder::start().await;
    let mut target = target(recorder.url());
    let first = disk_full();
    let later = Notification {
        number: DeliveryId(first.number.0 + 1),
        ..disk_full()
    };
    let elsewhere = Notification {
        thread: CardId(first.thread.0 + 1),
        ..disk_full()
    };
    let mut more = disk_full();
    more.members
        .extend(notification(vec![alert("db-2", &[])]).members);
    for told in [&first, &first, &later, &elsewhere, &more] {
        sender(&target).send(told).await.unwrap();
    }
    target.instance = "nabat-2".into();
    sender(&target).send(&first).await.unwrap();
    let requests = recorder.requests();
    let mut keys: Vec<&str> = requests
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| !key.contains('.')), "{keys:?}");
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 5, "{keys:?}");
}

#[tokio::test]
async fn a_long_annotation_arrives_whole() {
    let recorder = Recorder::start().await;
    let text = "\"диск\" <полон> 🔥\n".repeat(1_600);
    assert!(text.len() > 40_000);
    let told = notification(vec![alert("db-1", &[("description", &text)])]);
    sender(&target(recorder.url())).send(&told).await.unwrap();
    let body = &recorder.bodies()[0];
    assert_eq!(body["alerts"][0]["annotations"]["description"], text);
}

#[tokio::test]
async fn no_more_alerts_are_sent_than_the_target_wants() {
    let recorder = Recorder::start().await;
    let hosts = ["db-1", "db-2", "db-3"];
    let told = notification(hosts.iter().map(|host| alert(host, &[])).collect());
    let mut target = target(recorder.url());
    target.max_alerts = NonZeroUsize::new(2);
    sender(&target).send(&told).await.unwrap();
    let body = &recorder.bodies()[0];
    assert_eq!(body["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(body["truncatedAlerts"], 1);
}
