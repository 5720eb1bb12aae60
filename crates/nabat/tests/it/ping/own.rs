//! What answers on this machine itself, by an address that others know it by.

use reqwest::Method;
use serde_json::json;

use super::net::{HERE, Net};
use crate::world::World;
use crate::world::wait::until;

#[tokio::test]
async fn what_this_machine_answers_itself_does_not_show_that_there_is_a_network() {
    let _net = Net::new(true);
    // Nobody has the other addresses.
    let world = World::with_config(|config| {
        config["monitors"] = json!([
            {"name": "here", "ping": HERE.to_string(), "interval": "1s"},
            {"name": "far", "ping": "10.7.0.98", "interval": "1s", "timeout": "500ms", "retries": ["4s"]},
        ]);
        config["watch"] = json!({ "witnesses": ["10.7.0.99"] });
    })
    .await;
    let status = async |name: &str| {
        let path = format!("/api/v1/monitors/{name}");
        world.api(Method::GET, &path).await.1["status"].clone()
    };
    let known = until("it to be known how it stands", async || {
        let status = status("far").await;
        ["down", "unknown"]
            .contains(&status.as_str()?)
            .then_some(status)
    });
    assert_eq!(known.await, "unknown");
    assert_eq!(status("here").await, "up");
}
