//! How much of a time a monitor was up, and of how long that is said.

use reqwest::Method;
use serde_json::json;

use super::{of, watching};
use crate::world::site::Site;

#[tokio::test]
async fn the_uptime_of_a_young_monitor_says_everywhere_of_how_long_it_is() {
    let shop = Site::start().await;
    let world = watching(json!([of(&shop, "shop")])).await;
    world.monitor_is("shop", "up").await;
    let (_, history) = world
        .api(Method::GET, "/api/v1/monitors/shop/history")
        .await;
    let periods = history["uptime"].as_array().unwrap();
    assert_eq!(periods.len(), 5);
    for uptime in periods {
        let watched_ms = uptime["watched_ms"].as_u64().unwrap();
        assert!(watched_ms < 600_000, "{uptime}");
    }

    let shown = world.run(&["monitor", "show", "shop"]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    let uptimes: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with("uptime"))
        .collect();
    assert_eq!(uptimes.len(), 1, "longer periods say the same: {shown}");
    assert!(uptimes[0].contains(" % of the "), "{shown}");
    assert!(uptimes[0].ends_with(" watched in 1d"), "{shown}");

    let said = world.ask("/monitors shop").await.text;
    let uptime = said
        .lines()
        .find(|line| line.starts_with("Uptime: "))
        .unwrap();
    assert!(uptime.starts_with("Uptime: 1 d "), "{said}");
    assert!(uptime.contains(" % of the "), "{said}");
    assert!(uptime.ends_with(" watched"), "{said}");
}
