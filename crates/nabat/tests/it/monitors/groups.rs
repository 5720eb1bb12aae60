//! Groups: told when their members are down, at once, once, and through restarts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{of, watching};
use crate::world::site::Site;
use crate::world::wait::until;
use crate::world::{OWNER, World};

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

#[tokio::test]
async fn monitors_are_in_a_group_by_their_labels_as_they_come_and_go() {
    let (one, two) = (Site::start().await, Site::start().await);
    let mut world = watching(json!([
        labelled(&one, "web-1", "web"),
        { "name": "web", "group": { "matchers": ["team=\"web\"", "kind=http"], "down_when": "any" },
          "labels": { "team": "web" } },
        { "name": "other", "group": { "matchers": ["team=~\"web|db\""] }, "labels": { "team": "web" } },
    ]))
    .await;
    let words = async |world: &World, wanted: &str| {
        until(&format!("web to say `{wanted}`"), async || {
            let web = world.monitor("web").await;
            (web["words"] == wanted).then_some(())
        })
        .await;
    };
    // Neither itself nor the other group is in it.
    world.monitor_is("web", "up").await;
    words(&world, "1 of 1 up").await;
    world.monitor_is("other", "up").await;

    two.answer(503);
    let path = "/api/v1/monitors/web-2";
    let (status, made) = world
        .api_with(Method::PUT, path, &labelled(&two, "web-2", "web"))
        .await;
    assert_eq!(status, 201, "{made}");
    let down = "1 of 2 down: web-2 (status 503, expected 200–299)";
    world.told(OWNER, &format!("web: {down}")).await;

    world.nabat.kill9();
    world.nabat.restart().await;
    words(&world, down).await;
    let told = json!({ "labels": { "team": "shop" } });
    let (status, _) = world.api_with(Method::PATCH, path, &told).await;
    assert_eq!(status, 200);
    words(&world, "1 of 1 up").await;
    let told = json!({ "labels": { "team": "web" } });
    world.api_with(Method::PATCH, path, &told).await;
    words(&world, down).await;
    let (status, _) = world.api_with(Method::DELETE, path, &json!({})).await;
    assert_eq!(status, 204, "a member by its labels goes without a word");
    words(&world, "1 of 1 up").await;
    world.monitor_is("web", "up").await;

    for (group, says) in [
        (json!({}), "neither `members` nor `matchers`"),
        (
            json!({ "members": [], "matchers": [] }),
            "neither `members` nor `matchers`",
        ),
        (json!({ "matchers": ["team"] }), "group.matchers[0]"),
        (json!({ "matchers": [""] }), "no matcher"),
    ] {
        let wanted = json!({ "name": "a", "group": group });
        let (status, answer) = world
            .api_with(Method::POST, "/api/v1/monitors", &wanted)
            .await;
        assert_eq!(status, 422, "{answer}");
        let said = answer["error"]["message"].as_str().unwrap();
        assert!(said.contains(says), "{says}: {said}");
    }
}

/// A monitor of `site` that belongs to a team.
fn labelled(site: &Site, name: &str, team: &str) -> Value {
    let mut monitor = of(site, name);
    monitor["labels"] = json!({ "team": team });
    monitor
}

#[tokio::test]
async fn a_group_gets_no_more_members_by_labels_than_it_may_have() {
    let world = watching(json!([])).await;
    let heartbeat = |number: usize, team: &str| json!({ "name": format!("job-{number}"), "heartbeat": { "period": "1d" }, "labels": { "team": team } });
    let all: Vec<Value> = (0..1_001).map(|number| heartbeat(number, "a")).collect();
    let apply = "/api/v1/monitors/apply";
    let (status, answer) = world
        .api_with(Method::POST, apply, &json!({ "monitors": all }))
        .await;
    assert_eq!(status, 200, "{answer}");
    let group = |team: &str| json!({ "group": { "matchers": [format!("team={team}")] } });
    let (status, answer) = world
        .api_with(Method::PUT, "/api/v1/monitors/all", &group("a"))
        .await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (409, &json!("too_many_members"))
    );

    let (status, answer) = world
        .api_with(Method::PUT, "/api/v1/monitors/all", &group("b"))
        .await;
    assert_eq!(status, 201, "{answer}");
    let moved: Vec<Value> = (0..1_000).map(|number| heartbeat(number, "b")).collect();
    let (status, answer) = world
        .api_with(Method::POST, apply, &json!({ "monitors": moved }))
        .await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = world
        .api_with(
            Method::PUT,
            "/api/v1/monitors/job-1000",
            &heartbeat(1_000, "b"),
        )
        .await;
    assert_eq!(status, 409, "{answer}");
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(
        said.contains("the group `all` would have more than 1000"),
        "{said}"
    );
}
