//! Groups: told when their members are down, at once, once, and through restarts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{of, watching};
use crate::world::OWNER;
use crate::world::site::Site;

#[tokio::test]
async fn a_group_is_down_when_enough_of_its_members_are() {
    let (one, two) = (Site::start().await, Site::start().await);
    let mut world = watching(json!([
        { "name": "web", "group": { "members": ["web-1", "web-2"], "down_when": "all" } },
        { "name": "some", "group": "web-1, web-2" },
        of(&one, "web-1"),
        of(&two, "web-2"),
    ]))
    .await;
    world.monitor_is("web", "up").await;
    assert_eq!(world.monitor("web").await["kind"], "group");
    one.answer(503);
    let words = "1 of 2 down: web-1 (status 503, expected 200–299)";
    world.told(OWNER, &format!("some: {words}")).await;
    let web = world.monitor("web").await;
    assert_eq!(
        (&web["status"], &web["words"]),
        (&json!("up"), &json!(words))
    );

    two.answer(500);
    world.told(OWNER, "web: 2 of 2 down: web-1").await;
    let since = world.monitor_is("web", "down").await["since"].clone();
    let listed = world.ask("/monitors web").await.text;
    assert!(listed.contains("2 of 2 down"), "{listed}");
    let listed = world.run(&["monitor", "list", "--kind", "group"]).await;
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("2 of 2 down"), "{listed}");
    let shown = world.run(&["monitor", "show", "some"]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("\nmembers     web-1, web-2\n"), "{shown}");
    let tried = world.run(&["monitor", "test", "some"]).await;
    let said = String::from_utf8(tried.stderr).unwrap();
    assert!(said.contains("there is nothing to look at"), "{said}");
    assert_eq!(
        tried.status.code(),
        Some(1),
        "no host of that name is asked"
    );
    let metrics = world.nabat.metrics().await;
    assert!(
        metrics.contains("nabat_monitor_up{monitor=\"web\""),
        "{metrics}"
    );

    world.settled().await;
    let said = world.said(OWNER).len();
    world.nabat.kill9();
    world.nabat.restart().await;
    world.monitor_is("web", "down").await;
    world.settled().await;
    assert_eq!(world.said(OWNER).len(), said, "nothing is told again");
    assert_eq!(world.monitor("web").await["since"], since);

    two.answer(200);
    world.monitor_is("web", "up").await;
    one.answer(200);
    world.monitor_is("some", "up").await;
    let (_, history) = world.api(Method::GET, "/api/v1/monitors/web/history").await;
    let mut statuses: Vec<&Value> = history["intervals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interval| &interval["status"])
        .filter(|status| *status != "unknown")
        .collect();
    // A busy machine may come late to a look at a member.
    statuses.dedup();
    assert_eq!(statuses, ["up", "down", "up"]);
}

#[tokio::test]
async fn groups_are_made_and_refused_by_the_api_and_on_the_command_line() {
    let site = Site::start().await;
    let world = watching(json!([of(&site, "web-1")])).await;
    let path = |name: &str| format!("/api/v1/monitors/{name}");
    let group = |members: Value| json!({ "group": { "members": members } });
    let own = |key: &str, value: Value| {
        let mut group = group(json!(["web-1"]));
        group[key] = value;
        group
    };
    let (status, _) = world
        .api_with(Method::PUT, &path("mine"), &json!({ "http": site.url() }))
        .await;
    assert_eq!(status, 201);
    let added = world
        .run(&["monitor", "add", "group://web-1,mine", "--name", "all"])
        .await;
    assert!(added.status.success(), "{added:?}");
    world.monitor_is("all", "up").await;
    for (name, body, code) in [
        ("a", group(json!(["nobody"])), (422, "invalid_members")),
        ("a", group(json!(["a"])), (422, "invalid_members")),
        ("a", group(json!([])), (422, "invalid_monitor")),
        ("a", own("interval", json!("1s")), (422, "invalid_monitor")),
        (
            "a",
            own("conditions", json!(["latency < 1"])),
            (422, "invalid_monitor"),
        ),
        (
            "a",
            json!({ "ping": "::1", "parents": ["all"] }),
            (422, "invalid_parents"),
        ),
        ("mine", group(json!(["all"])), (422, "invalid_members")),
    ] {
        let (status, answer) = world.api_with(Method::PUT, &path(name), &body).await;
        let found = (status.as_u16(), answer["error"]["code"].as_str().unwrap());
        assert_eq!(found, code, "{answer}");
    }
    let (status, answer) = world.api(Method::DELETE, &path("mine")).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("in_group"))
    );
    let (status, answer) = world.api(Method::POST, "/api/v1/monitors/all/probe").await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("nothing_to_probe"))
    );

    // A monitor becomes a group, and is no monitor of its own any more.
    let (status, _) = world
        .api_with(Method::PUT, &path("mine"), &group(json!(["web-1"])))
        .await;
    assert_eq!(status, 200);
    world.monitor_is("mine", "up").await;
    for name in ["all", "mine"] {
        let (status, _) = world
            .api_with(Method::DELETE, &path(name), &json!({}))
            .await;
        assert_eq!(status, 204, "{name}");
    }
}
