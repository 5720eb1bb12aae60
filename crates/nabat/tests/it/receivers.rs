//! Receivers: e-mail and webhooks by the routes of the configuration, from the webhook that comes
//! in to the letter or the call that goes out.

use serde_json::{Value, json};
use telegram_emulator::Limits;

use crate::world::alert::Alert;
use crate::world::recorder::Recorder;
use crate::world::smtp::SmtpServer;
use crate::world::{OWNER, World, wait};

/// Routes that tell at once.
fn at_once(receiver: &str) -> Value {
    json!({
        "receiver": receiver,
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
    })
}

fn webhook(url: &str) -> Value {
    json!({ "name": "hook", "webhook_configs": [{ "url": url }] })
}

fn mail(server: &SmtpServer, to: &str) -> Value {
    json!({ "name": "mail", "email_configs": [{
        "to": to,
        "from": "nabat@example.org",
        "smarthost": format!("127.0.0.1:{}", server.port()),
        "require_tls": false,
    }]})
}

fn names(body: &Value) -> Vec<&str> {
    let alerts = body["alerts"].as_array().unwrap();
    let names = alerts.iter().map(|alert| &alert["labels"]["alertname"]);
    names.filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn a_webhook_is_called_when_it_fires_and_when_it_ends() {
    let recorder = Recorder::start().await;
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&recorder.url())]);
    })
    .await;
    let alert = Alert::critical("DiskFull").saying("Disk is full");
    world.post(&alert.firing()).await;
    let firing = recorder.wait_for("it fires", |_| true).await;
    assert_eq!(firing["status"], "firing");
    assert_eq!(firing["receiver"], "hook");
    assert_eq!(firing["groupKey"], "{}:{alertname=\"DiskFull\"}");
    assert_eq!(
        firing["alerts"][0]["annotations"]["summary"],
        "Disk is full"
    );

    // Alertmanager's repeats are no news.
    world.post(&alert.firing()).await;
    world.post(&alert.resolved()).await;
    let ended = |body: &Value| body["status"] == "resolved";
    let resolved = recorder.wait_for("it ends", ended).await;
    assert_eq!(names(&resolved), ["DiskFull"]);
    assert_eq!(recorder.bodies().len(), 2);
    let attempts = r#"nabat_notifications_total{receiver="hook",kind="webhook",outcome="sent"}"#;
    assert_eq!(world.nabat.metric(attempts).await, Some(2.0));
}

#[tokio::test]
async fn a_webhook_that_fails_is_called_again_with_the_same_key() {
    let recorder = Recorder::start().await;
    recorder.answer(503, ("retry-after", "1"), "come back");
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&recorder.url())]);
    })
    .await;
    world.post(&Alert::warning("DiskFull").firing()).await;
    let requests = wait::until("two calls", async || {
        Some(recorder.requests()).filter(|requests| requests.len() == 2)
    })
    .await;
    let keys: Vec<&str> = requests
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_webhook_that_refuses_is_given_up_and_the_operators_are_told() {
    let recorder = Recorder::start().await;
    recorder.answer(400, ("x-none", "1"), "no such team");
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["route"]["routes"] = json!([
            { "matchers": ["alertname=~\"Nabat.*\""], "receiver": "nobody" }
        ]);
        config["receivers"] = json!([webhook(&recorder.url()), { "name": "nobody" }]);
        config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OWNER }]);
    })
    .await;
    world.say("/start");
    world.told(OWNER, "/help").await;
    world.post(&Alert::warning("DiskFull").firing()).await;
    let told = world.told(OWNER, "NabatMessageRefused").await;
    assert!(told.text.contains("no such team"), "{}", told.text);
}

/// As during a deploy: nothing is there, or nobody is let in.
#[tokio::test]
async fn a_webhook_that_is_away_for_a_while_misses_neither_the_alert_nor_its_end() {
    let recorder = Recorder::start().await;
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&recorder.url())]);
    })
    .await;
    let statuses = || -> Vec<u16> {
        let requests = recorder.requests();
        requests.iter().map(|request| request.status).collect()
    };
    let answered = async |expected: &[u16]| {
        wait::until("the calls", async || {
            (statuses().len() == expected.len()).then_some(())
        })
        .await;
        assert_eq!(statuses(), expected);
    };
    let alert = Alert::warning("DiskFull");
    recorder.answer(404, ("x-none", "1"), "page not found");
    recorder.answer(403, ("x-none", "1"), "");
    world.post(&alert.firing()).await;
    answered(&[404, 403, 200]).await;
    recorder.answer(401, ("x-none", "1"), "");
    recorder.answer(302, ("location", "/login"), "");
    world.post(&alert.resolved()).await;
    answered(&[404, 403, 200, 401, 302, 200]).await;
    let last = recorder.bodies().pop().unwrap();
    assert_eq!(last["status"], "resolved");
    let retries = r#"nabat_notifications_total{receiver="hook",kind="webhook",outcome="retry"}"#;
    assert_eq!(world.nabat.metric(retries).await, Some(4.0));
}

#[tokio::test]
async fn an_end_that_a_webhook_refuses_is_told_again() {
    let recorder = Recorder::start().await;
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&recorder.url())]);
    })
    .await;
    let alert = Alert::warning("DiskFull");
    world.post(&alert.firing()).await;
    recorder.wait_for("it fires", |_| true).await;
    recorder.answer(400, ("x-none", "1"), "no such team");
    world.post(&alert.resolved()).await;
    wait::until("the end, twice", async || {
        (recorder.requests().len() == 3).then_some(())
    })
    .await;
    let bodies = recorder.bodies();
    assert_eq!(bodies[1]["status"], "resolved");
    assert_eq!(bodies[2]["status"], "resolved");
}

#[tokio::test]
async fn letters_of_one_group_are_one_thread() {
    let server = SmtpServer::start().await;
    let world = World::with_config(|config| {
        config["route"] = at_once("mail");
        config["receivers"] = json!([mail(&server, "a@example.org, b@example.org")]);
    })
    .await;
    let alert = Alert::critical("DiskFull").saying("Диск <полон> & горит");
    world.post(&alert.firing()).await;
    server.letters(2).await;
    world.post(&alert.resolved()).await;
    let letters = server.letters(4).await;
    let of_a: Vec<&String> = letters
        .iter()
        .filter(|letter| letter.contains("To: a@example.org"))
        .collect();
    assert_eq!(of_a.len(), 2, "{letters:#?}");
    let header = |letter: &str, name: &str| {
        let line = letter.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().to_owned())
    };
    let threads: Vec<_> = of_a.iter().map(|one| header(one, "References:")).collect();
    assert!(threads[0].is_some(), "{letters:#?}");
    assert_eq!(threads[0], threads[1]);
    let ids: Vec<_> = of_a.iter().map(|one| header(one, "Message-ID:")).collect();
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_receiver_is_told_instead_of_a_telegram_that_is_away() {
    let server = SmtpServer::start().await;
    let world = World::with(Limits::off(), |config| {
        config["receivers"] = json!([mail(&server, "a@example.org")]);
        config["telegram"]["bots"][0]["fallback"] = json!({ "receiver": "mail", "after": "2s" });
    })
    .await;
    world.subscribe(OWNER, OWNER).await;
    world.telegram.vanish().await;
    let alert = Alert::critical("DiskFull");
    world.post(&alert.firing()).await;
    let letters = server.letters(1).await;
    assert!(letters[0].contains("DiskFull"), "{letters:#?}");
    world.telegram.resume().await.unwrap();
    world.told(OWNER, "DiskFull").await;
    world.post(&alert.resolved()).await;
    world.told(OWNER, "Resolved after").await;
}

#[tokio::test]
async fn a_restart_neither_repeats_nor_forgets_what_a_receiver_was_told() {
    let recorder = Recorder::start().await;
    let mut world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&recorder.url())]);
    })
    .await;
    let alert = Alert::warning("DiskFull");
    world.post(&alert.firing()).await;
    recorder.wait_for("it fires", |_| true).await;
    world.silence().await;
    world.nabat.kill9();
    world.nabat.restart().await;
    world.post(&alert.firing()).await;
    world.post(&alert.resolved()).await;
    let ended = |body: &Value| body["status"] == "resolved";
    recorder.wait_for("it ends", ended).await;
    assert_eq!(recorder.bodies().len(), 2);
}

#[tokio::test]
async fn a_slow_webhook_delays_nobody_else() {
    let (slow, quick) = (Recorder::start().await, Recorder::start().await);
    for _ in 0..3 {
        slow.answer(503, ("retry-after", "3600"), "");
    }
    let world = World::with_config(|config| {
        config["route"] = at_once("both");
        let urls = [slow.url(), quick.url()].map(|url| json!({ "url": url }));
        config["receivers"] = json!([{ "name": "both", "webhook_configs": urls }]);
    })
    .await;
    world.subscribe(OWNER, OWNER).await;
    for name in ["One", "Two", "Three"] {
        world.post(&Alert::warning(name).firing()).await;
        quick.wait_for(name, |body| names(body) == [name]).await;
        world.told(OWNER, name).await;
    }
}

#[tokio::test]
async fn a_reload_changes_who_is_told() {
    let (before, after) = (Recorder::start().await, Recorder::start().await);
    let mut configured = Value::Null;
    let world = World::with_config(|config| {
        config["route"] = at_once("hook");
        config["receivers"] = json!([webhook(&before.url())]);
        configured = config.clone();
    })
    .await;
    world.post(&Alert::warning("One").firing()).await;
    before.wait_for("One", |body| names(body) == ["One"]).await;
    configured["receivers"] = json!([webhook(&after.url())]);
    world.nabat.configure(&configured);
    world.nabat.signal("HUP");
    wait::until("the new configuration", async || {
        world.nabat.log().contains("was read again").then_some(())
    })
    .await;
    world.post(&Alert::warning("Two").firing()).await;
    after.wait_for("Two", |body| names(body) == ["Two"]).await;
    assert_eq!(before.bodies().len(), 1);
}

#[tokio::test]
async fn operators_are_told_of_a_receiver_to_which_nothing_can_be_sent() {
    let mut configured = Value::Null;
    let world = World::with_config(|config| {
        // A password in the clear to another machine.
        config["receivers"] = json!([{ "name": "mail", "email_configs": [{
            "to": "a@example.org",
            "from": "nabat@example.org",
            "smarthost": "192.0.2.1:25",
            "require_tls": false,
            "auth_username": "nabat",
            "auth_password": "correct horse",
        }]}]);
        config["telegram"]["operators"] = json!([{ "bot": "ops", "chat": OWNER }]);
        configured = config.clone();
    })
    .await;
    world.say("/start");
    let told = world.told(OWNER, "NabatReceiverInvalid").await;
    assert!(!told.text.contains("correct horse"), "{}", told.text);
    configured["receivers"] = json!([]);
    world.nabat.configure(&configured);
    world.nabat.signal("HUP");
    world
        .told(OWNER, "✅ Resolved · NabatReceiverInvalid")
        .await;
}
