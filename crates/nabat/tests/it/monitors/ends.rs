//! What is told of monitors comes to an end with them, whenever they go and however full the store is.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{of, watching};
use crate::world::site::Site;
use crate::world::wait::until;
use crate::world::{OWNER, World};

const MONITORS: &str = "/api/v1/monitors";

/// Waits until no alert fires.
async fn nothing_fires(world: &World) {
    until("nothing to fire", async || {
        let firing = world.nabat.metric("nabat_engine_firing").await;
        (firing == Some(0.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_alert_outlives_its_monitor_whenever_that_is_changed_and_removed() {
    let world = watching(json!([])).await;
    let life = async |number: u64| {
        let path = format!("{MONITORS}/m{number}");
        let definition = json!({ "tcp": "127.0.0.1:1", "interval": "1s", "retries": [] });
        world.api_with(Method::PUT, &path, &definition).await;
        // The alarm is raised meanwhile, and may be about to be kept.
        tokio::time::sleep(Duration::from_millis(number * 7 % 31)).await;
        let patch = json!({ "labels": { "team": "web" } });
        world.api_with(Method::PATCH, &path, &patch).await;
        let (status, _) = world.api_with(Method::DELETE, &path, &json!({})).await;
        assert_eq!(status, 204);
    };
    let lives = async |first: u64| {
        for number in first..first + 20 {
            life(number).await;
        }
    };
    tokio::join!(lives(0), lives(20), lives(40), lives(60));
    // What is asked for now is kept after all that was decided before.
    life(99).await;
    nothing_fires(&world).await;
}

#[tokio::test]
async fn ends_are_told_although_there_is_no_room_for_more_alerts() {
    let (shop, mail) = (Site::start().await, Site::start().await);
    let world = World::with_config(|config| {
        config["monitors"] = json!([of(&shop, "shop"), of(&mail, "mail")]);
        config["watch"] = json!({ "witnesses": [] });
        config["limits"] = json!({ "max_open_incidents": 1 });
    })
    .await;
    world.ask("/subscribe alertname=MonitorDown").await;
    shop.answer(503);
    world.told(OWNER, "MonitorDown: shop").await;
    mail.answer(503);
    world.monitor_is("mail", "down").await;
    shop.answer(200);
    world.told(OWNER, "Resolved after").await;
    // There is room now: what found none is raised again.
    world.told(OWNER, "MonitorDown: mail").await;
}

#[tokio::test]
async fn what_is_paused_while_it_is_down_is_not_said_to_be_well() {
    let site = Site::start().await;
    let world = watching(json!([of(&site, "shop")])).await;
    site.answer(503);
    let card = world.told(OWNER, "MonitorDown: shop").await;
    let path = format!("{MONITORS}/shop/pause");
    world.api(Method::POST, &path).await;
    let end = world.told(OWNER, "Closed after").await;
    assert_eq!(end.reply_to, Some(card.id));
    let shown = world.shows(OWNER, card.id, "paused, was down").await;
    assert!(!shown.text.contains('✅'), "{}", shown.text);
}
