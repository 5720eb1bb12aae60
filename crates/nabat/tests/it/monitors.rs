//! What Nabat watches by itself: how it is told, how it is defined, what becomes of it at restarts.

mod apply;
mod conditions;
mod defined;
mod ends;
mod groups;
mod heartbeats;
mod own_chats;
mod slugs;
mod uptime;

use serde_json::{Value, json};

use crate::world::site::Site;
use crate::world::wait::until;
use crate::world::{OWNER, World};
use reqwest::Method;

/// A monitor of `service` that is quick.
fn of(service: &Site, name: &str) -> Value {
    json!({
        "name": name,
        "http": service.url(),
        "interval": "1s",
        "retries": ["100ms", "100ms"],
    })
}

/// Nobody answers for addresses that are kept for documentation.
const WITNESS: &str = "198.51.100.7";

/// A monitor of what is far away and answers nothing.
fn far() -> Value {
    json!({
        "name": "far",
        "ping": "198.51.100.8",
        "interval": "1s",
        "timeout": "500ms",
        "retries": ["100ms"],
    })
}

/// Nabat with these monitors, told to the owner.
async fn watching(monitors: Value) -> World {
    let world = World::with_config(|config| {
        config["monitors"] = monitors;
        config["watch"] = json!({ "witnesses": [], "state_log": "states.log" });
    })
    .await;
    world.ask("/subscribe alertname=~\"Monitor.*\"").await;
    world
}

impl World {
    /// A monitor by its name.
    async fn monitor(&self, name: &str) -> Value {
        let (status, monitor) = self
            .api(Method::GET, &format!("/api/v1/monitors/{name}"))
            .await;
        assert!(status.is_success(), "{monitor}");
        monitor
    }

    /// Waits until there is a monitor of this name.
    async fn monitor_is_there(&self, name: &str) {
        until(&format!("{name} to be there"), async || {
            let path = format!("/api/v1/monitors/{name}");
            let (status, _) = self.api(Method::GET, &path).await;
            status.is_success().then_some(())
        })
        .await;
    }

    /// Waits until a monitor has this status.
    pub(crate) async fn monitor_is(&self, name: &str, status: &str) -> Value {
        until(&format!("{name} to be {status}"), async || {
            let monitor = self.monitor(name).await;
            (monitor["status"] == status).then_some(monitor)
        })
        .await
    }
}

#[tokio::test]
async fn what_does_not_answer_as_it_should_is_told_once_and_so_is_its_end() {
    let service = Site::start().await;
    let world = watching(json!([of(&service, "shop")])).await;
    world.monitor_is("shop", "up").await;

    service.answer(503);
    let card = world.told(OWNER, "MonitorDown").await;
    assert!(
        card.text.starts_with(
            "🔥 critical · MonitorDown: shop: status 503, expected 200–299\ninstance="
        ),
        "{}",
        card.text
    );
    let monitor = world.monitor("shop").await;
    assert_eq!(monitor["alarm"]["what"], "down");
    assert_eq!(monitor["words"], "status 503, expected 200–299");

    service.answer(200);
    world.told(OWNER, "Resolved after").await;
    world.monitor_is("shop", "up").await;
    let file = world.nabat.data_dir().join("states.log");
    until("a line for each change", async || {
        let log = std::fs::read_to_string(&file).unwrap();
        let words: Vec<&str> = log
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .collect();
        (words == ["ONLINE", "OFFLINE", "ONLINE"]).then_some(())
    })
    .await;
    let (_, history) = world
        .api(Method::GET, "/api/v1/monitors/shop/history")
        .await;
    let statuses: Vec<&Value> = history["intervals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interval| &interval["status"])
        .collect();
    assert_eq!(statuses, ["up", "down", "up"]);
}

#[tokio::test]
async fn a_single_failure_wakes_nobody() {
    let service = Site::start().await;
    let mut monitor = of(&service, "shop");
    monitor["retries"] = json!(["3s"]);
    let world = watching(json!([monitor])).await;
    world.monitor_is("shop", "up").await;

    service.answer(500);
    world.monitor_is("shop", "suspect").await;
    service.answer(200);
    world.monitor_is("shop", "up").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 1, "the answer to /subscribe");
}

#[tokio::test]
async fn a_restart_tells_nothing_again_and_tells_what_ended_meanwhile() {
    let service = Site::start().await;
    let mut world = watching(json!([of(&service, "shop")])).await;
    service.answer(503);
    let card = world.told(OWNER, "MonitorDown").await;

    world.settled().await;
    world.nabat.kill9();
    world.nabat.restart().await;
    let since = world.monitor("shop").await["since"].clone();
    assert_eq!(world.monitor("shop").await["status"], "down");
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 2, "the answer and the alert");

    world.nabat.kill9();
    service.answer(200);
    world.nabat.restart().await;
    let end = world.told(OWNER, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
    world.monitor_is("shop", "up").await;
    assert_ne!(world.monitor("shop").await["since"], since);
}

#[tokio::test]
async fn what_stands_behind_something_that_is_down_is_not_told() {
    let (router, host) = (Site::start().await, Site::start().await);
    let mut behind = of(&host, "host");
    behind["parents"] = json!(["router"]);
    let world = watching(json!([of(&router, "router"), behind])).await;
    world.monitor_is("host", "up").await;

    router.answer(503);
    host.answer(503);
    world.told(OWNER, "MonitorDown: router").await;
    world.monitor_is("host", "unreachable").await;
    world.settled().await;
    let said = world.said(OWNER);
    assert!(said.iter().all(|message| !message.text.contains("host: ")));

    router.answer(200);
    world.told(OWNER, "MonitorDown: host").await;
}

#[tokio::test]
async fn what_is_paused_or_worked_on_is_not_told() {
    let service = Site::start().await;
    let world = watching(json!([of(&service, "a"), of(&service, "b")])).await;
    world.monitor_is("b", "up").await;
    let path = "/api/v1/monitors/a/maintenance";
    let hour = json!({ "duration": "1h" });
    let (_, monitor) = world.api_with(Method::POST, path, &hour).await;
    assert_eq!(monitor["status"], "maintenance");
    let (_, monitor) = world.api(Method::POST, "/api/v1/monitors/b/pause").await;
    assert_eq!(monitor["status"], "paused");

    service.answer(503);
    until("a look at what is worked on", async || {
        let monitor = world.monitor("a").await;
        (monitor["last"]["outcome"] == "down").then_some(())
    })
    .await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), 1, "the answer to /subscribe");

    world
        .api_with(Method::POST, path, &json!({ "duration": "0" }))
        .await;
    world.told(OWNER, "MonitorDown: a").await;
    world.api(Method::POST, "/api/v1/monitors/b/resume").await;
    world.monitor_is("b", "down").await;
}

#[tokio::test]
async fn each_has_a_message_of_its_own_and_to_silence_one_holds_back_no_other() {
    let (shop, wiki) = (Site::start().await, Site::start().await);
    let world = watching(json!([of(&shop, "shop"), of(&wiki, "wiki")])).await;
    world.monitor_is("shop", "up").await;
    world.monitor_is("wiki", "up").await;
    shop.answer(503);
    let down = world.told(OWNER, "MonitorDown: shop: ").await;
    world.press(OWNER, down.id, OWNER, "🔕 1 h").await;
    wiki.answer(503);
    let other = world.told(OWNER, "MonitorDown: wiki: ").await;
    assert_ne!(down.id, other.id);
    wiki.answer(200);
    let end = world.told(OWNER, "Resolved after").await;
    assert!(end.text.ends_with(": MonitorDown wiki"), "{}", end.text);
}

#[tokio::test]
async fn nabat_that_reaches_nobody_says_that_it_is_blind_and_nothing_else() {
    let site = Site::start().await;
    site.answer(503);
    let world = World::with_config(|config| {
        config["monitors"] = json!([far(), of(&site, "near")]);
        config["watch"] = json!({ "witnesses": [WITNESS] });
    })
    .await;
    world.ask("/subscribe alertname=~\".*\"").await;
    world.told(OWNER, "NabatBlind").await;
    let unknown = world.monitor_is("far", "unknown").await;
    let words = format!("the witness {WITNESS} does not answer");
    assert_eq!(unknown["words"], words);

    // What is on this machine is reached without a network.
    world.told(OWNER, "MonitorDown: near").await;
    world.settled().await;
    let said = world.said(OWNER);
    let about_far = said.iter().find(|message| message.text.contains("far: "));
    assert!(about_far.is_none(), "{said:?}");
}

#[tokio::test]
async fn nabat_that_is_blind_before_and_after_a_restart_says_so_once() {
    let mut config = Value::Null;
    let mut world = World::with_config(|given| {
        given["monitors"] = json!([far()]);
        given["watch"] = json!({ "witnesses": [WITNESS] });
        config = given.clone();
    })
    .await;
    world.ask("/subscribe alertname=~\".*\"").await;
    let card = world.told(OWNER, "NabatBlind").await;
    world.settled().await;
    world.nabat.kill9();
    world.nabat.restart().await;
    until("it to be looked at again", async || {
        let last = world.monitor("far").await["last"].clone();
        last.is_object().then_some(())
    })
    .await;
    world.settled().await;
    let said = world.said(OWNER).into_iter();
    let blind = said.filter(|message| message.text.contains("NabatBlind"));
    assert_eq!(blind.count(), 1);

    // Without witnesses there is nothing to be blind by.
    config["watch"] = json!({ "witnesses": [] });
    let (status, text) = world.nabat.reload(&config).await;
    assert_eq!(status, 200, "{text}");
    let end = world.told(OWNER, "Resolved after").await;
    assert_eq!(end.reply_to, Some(card.id));
}

#[tokio::test]
async fn figures_show_how_each_monitor_stands() {
    let service = Site::start().await;
    let world = watching(json!([of(&service, "shop")])).await;
    world.monitor_is("shop", "up").await;
    let instance = service.url();
    let up = format!("nabat_monitor_up{{monitor=\"shop\",kind=\"http\",instance=\"{instance}\"}}");
    assert_eq!(world.nabat.metric(&up).await, Some(1.0));
    let counted = world.nabat.metric("nabat_monitors{status=\"up\"}").await;
    assert_eq!(counted, Some(1.0));
    service.answer(503);
    world.monitor_is("shop", "down").await;
    assert_eq!(world.nabat.metric(&up).await, Some(0.0));
}
