//! Conditions on what is seen: told with what was seen, refused where they make no sense.

use reqwest::Method;
use serde_json::json;

use super::{of, watching};
use crate::world::OWNER;
use crate::world::site::Site;

#[tokio::test]
async fn a_condition_that_does_not_hold_is_told_with_what_was_seen_and_so_is_its_end() {
    let service = Site::start().await;
    service.show(r#"{"queue": {"depth": 3}, "token": "hush-hush"}"#);
    let mut monitor = of(&service, "shop");
    monitor["conditions"] = json!(["latency < 30000", "json.queue.depth < 100"]);
    let world = watching(json!([monitor])).await;
    world.monitor_is("shop", "up").await;

    service.show(r#"{"queue": {"depth": 240}, "token": "hush-hush"}"#);
    let card = world.told(OWNER, "MonitorDown").await;
    let words = "json.queue.depth < 100: 240";
    assert!(card.text.contains(words), "{}", card.text);
    assert_eq!(world.monitor("shop").await["words"], words);

    service.show(r#"{"queue": {"depth": 7}}"#);
    world.told(OWNER, "Resolved after").await;
    world.monitor_is("shop", "up").await;
    service.show("<html>");
    let why = "the body is no JSON (line 1, column 1)";
    world.told(OWNER, why).await;
}

#[tokio::test]
async fn conditions_are_made_and_refused_by_the_api_and_on_the_command_line() {
    let service = Site::start().await;
    service.show(r#"{"ok": true}"#);
    let mut world = watching(json!([])).await;
    let path = "/api/v1/monitors/shop";
    let definition = json!({"http": service.url(), "conditions": ["json.ok", "latncy < 3"]});
    let (status, refused) = world.api_with(Method::PUT, path, &definition).await;
    assert_eq!(status, 422);
    let said = refused.to_string();
    assert!(said.contains("conditions[1]"), "{said}");
    assert!(said.contains("did you mean `latency`?"), "{said}");

    let url = service.url();
    let add = |condition: &'static str| {
        let add = ["monitor", "add", &url, "--name", "shop", "--interval", "1s"];
        [
            &add[..],
            &["--condition", "json.ok", "--condition", condition],
        ]
        .concat()
    };
    let wrong = world.run(&add("loss < 3")).await;
    assert!(!wrong.status.success());
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("the unknown word `loss`"), "{said}");
    let made = world.run(&add("latency < 30000")).await;
    assert!(made.status.success(), "{made:?}");
    world.monitor_is("shop", "up").await;

    service.show(r#"{"ok": false}"#);
    let tried = world.run(&["monitor", "test", "shop"]).await;
    let tried = String::from_utf8(tried.stdout).unwrap();
    assert!(tried.contains("json.ok: false"), "{tried}");
    assert!(tried.contains("latency < 30000"), "{tried}");
    world.monitor_is("shop", "down").await;

    // What was kept is read again.
    world.nabat.kill9();
    world.nabat.restart().await;
    service.show(r#"{"ok": true}"#);
    world.monitor_is("shop", "up").await;
    let shown = world.monitor("shop").await;
    let expected = json!(["json.ok", "latency < 30000"]);
    assert_eq!(shown["definition"]["conditions"], expected);
}
