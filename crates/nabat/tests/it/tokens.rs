//! Tokens of the API: what each admits to, on the real program.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::alert::Alert;
use crate::world::{World, http};

const PATH: &str = "/api/v1/tokens";
const INCIDENTS: &str = "/api/v1/incidents";
const MONITORS: &str = "/api/v1/monitors";

/// Makes a token; returns it.
async fn made(world: &World, wanted: Value) -> String {
    let (status, made) = asked(world, Method::POST, PATH, &wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["token"].as_str().unwrap().to_owned()
}

async fn asked(world: &World, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let token = world.token();
    world.api_as(&token, method, path, Some(body)).await
}

async fn status(world: &World, token: &str, method: Method, path: &str) -> StatusCode {
    world.api_as(token, method, path, None).await.0
}

#[tokio::test]
async fn a_token_admits_to_what_its_role_may_and_to_no_more() {
    let world = World::start().await;
    let mut tokens = Vec::new();
    for role in ["viewer", "operator", "admin"] {
        tokens.push(made(&world, json!({"name": role, "role": role})).await);
    }
    let document = world.document().await;
    let mut refused = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Some(needed) = operation["security"][0]["token"][0].as_str() else {
                continue;
            };
            // Nothing is done for a test of who may: no number and no name is there.
            let path = path.replace("{id}", "0").replace("{name}", "nobody");
            let method: Method = method.to_uppercase().parse().unwrap();
            let nobody = status(&world, "nbt_wrong", method.clone(), &path).await;
            assert_eq!(nobody, StatusCode::UNAUTHORIZED, "{method} {path}");
            let needed = ["viewer", "operator", "admin"]
                .iter()
                .position(|role| *role == needed)
                .unwrap();
            for (role, token) in tokens.iter().enumerate() {
                let answer = status(&world, token, method.clone(), &path).await;
                let forbidden = answer == StatusCode::FORBIDDEN;
                assert_eq!(forbidden, role < needed, "{method} {path}: {answer}");
                refused += u32::from(forbidden);
            }
        }
    }
    assert!(refused > 5, "{refused}");
}

#[tokio::test]
async fn a_token_with_a_scope_sees_what_is_in_it() {
    let world = World::start().await;
    let limited = json!({"name": "duty", "role": "viewer", "scope": "severity=critical"});
    let token = made(&world, limited).await;
    world.post(&Alert::critical("DiskFull").firing()).await;
    world.post(&Alert::warning("CpuHot").firing()).await;
    let (_, all) = world.api(Method::GET, INCIDENTS).await;
    assert_eq!(all["incidents"].as_array().unwrap().len(), 2, "{all}");
    let (_, seen) = world.api_as(&token, Method::GET, INCIDENTS, None).await;
    let seen = seen["incidents"].as_array().unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["labels"]["alertname"], "DiskFull");
    for incident in all["incidents"].as_array().unwrap() {
        let path = format!("{INCIDENTS}/{}", incident["id"]);
        let expected = match incident["id"] == seen[0]["id"] {
            true => StatusCode::OK,
            false => StatusCode::NOT_FOUND,
        };
        assert_eq!(status(&world, &token, Method::GET, &path).await, expected);
    }
    // What concerns more than some alerts is not for it.
    let path = "/api/v1/deliveries";
    let (status, refused) = world.api_as(&token, Method::GET, path, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(refused["error"]["code"], "out_of_scope");
}

#[tokio::test]
async fn a_token_with_a_scope_makes_no_group_of_what_it_may_not_know_of() {
    let world = World::start().await;
    for (name, team) in [("mine", "web"), ("theirs", "db")] {
        let monitor = json!({"heartbeat": {"period": "1d"}, "labels": {"team": team}});
        let path = format!("/api/v1/monitors/{name}");
        let (status, made) = asked(&world, Method::PUT, &path, &monitor).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    let limited = json!({"name": "web", "role": "admin", "scope": "team=web"});
    let token = made(&world, limited).await;
    let spy = json!({"name": "spy", "group": ["theirs"], "labels": {"team": "web"}});
    let group = json!({"group": {"members": ["theirs"]}});
    for (method, path, body) in [
        (Method::POST, "/api/v1/monitors", &spy),
        (Method::PUT, "/api/v1/monitors/spy", &spy),
        (Method::PATCH, "/api/v1/monitors/mine", &group),
        (
            Method::POST,
            "/api/v1/monitors/apply",
            &json!({"monitors": [spy]}),
        ),
    ] {
        let asked = world.api_as(&token, method.clone(), path, Some(body)).await;
        let (status, refused) = asked;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {refused}");
        assert_eq!(refused["error"]["code"], "out_of_scope");
        let words = refused["error"]["message"].as_str().unwrap();
        assert!(words.contains("`web` is limited to a scope"), "{words}");
    }
    let (_, seen) = world
        .api_as(&token, Method::GET, "/api/v1/monitors", None)
        .await;
    let names: Vec<&Value> = seen["monitors"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 1, "{seen}");
    assert_eq!(names[0]["name"], "mine");
}

#[tokio::test]
async fn a_token_with_a_scope_counts_the_monitors_in_it_alone() {
    let world = World::start().await;
    for (name, team) in [("a", "db"), ("b", "web"), ("c", "web")] {
        let monitor = json!({"heartbeat": {"period": "1d"}, "labels": {"team": team}});
        let path = format!("{MONITORS}/{name}");
        let (status, made) = asked(&world, Method::PUT, &path, &monitor).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    let limited = json!({"name": "duty", "role": "viewer", "scope": "team=db"});
    let token = made(&world, limited).await;
    let (_, seen) = world.api_as(&token, Method::GET, MONITORS, None).await;
    assert_eq!(seen["monitors"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["counts"], json!({"pending": 1}));
    let (_, all) = world.api(Method::GET, MONITORS).await;
    assert_eq!(all["counts"], json!({"pending": 3}));
}

#[tokio::test]
async fn a_token_outlives_a_restart_until_it_is_changed_removed_or_over() {
    let mut world = World::start().await;
    let token = made(&world, json!({"name": "ci", "role": "operator"})).await;
    let over = json!({"name": "old", "role": "admin", "expires_at": "2020-01-01T00:00:00Z"});
    let over = made(&world, over).await;
    assert_eq!(
        status(&world, &over, Method::GET, PATH).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        status(&world, &token, Method::GET, INCIDENTS).await,
        StatusCode::OK
    );
    world.nabat.restart().await;
    assert_eq!(
        status(&world, &token, Method::GET, INCIDENTS).await,
        StatusCode::OK
    );
    let (_, shown) = world.api(Method::GET, &format!("{PATH}/ci")).await;
    assert!(
        shown["used_at"].is_string() && shown["token"].is_null(),
        "{shown}"
    );

    let drop = "/api/v1/deliveries/0";
    assert_eq!(
        status(&world, &token, Method::DELETE, drop).await,
        StatusCode::NOT_FOUND
    );
    let changes = json!({"role": "viewer", "scope": "team=db"});
    let (_, changed) = asked(&world, Method::PATCH, &format!("{PATH}/ci"), &changes).await;
    assert_eq!(
        (&changed["role"], &changed["scope"]),
        (&json!("viewer"), &json!("{team=\"db\"}"))
    );
    assert_eq!(
        status(&world, &token, Method::DELETE, drop).await,
        StatusCode::FORBIDDEN
    );

    let (removed, _) = world.api(Method::DELETE, &format!("{PATH}/ci")).await;
    assert_eq!(removed, StatusCode::OK);
    assert_eq!(
        status(&world, &token, Method::GET, INCIDENTS).await,
        StatusCode::UNAUTHORIZED
    );
    world.nabat.restart().await;
    assert_eq!(
        status(&world, &token, Method::GET, INCIDENTS).await,
        StatusCode::UNAUTHORIZED
    );
    // No token is found in what is kept.
    let kept = std::fs::read_dir(world.nabat.data_dir()).unwrap();
    for file in kept.map(|file| std::fs::read(file.unwrap().path()).unwrap()) {
        assert!(
            !file
                .windows(token.len())
                .any(|part| part == token.as_bytes())
        );
    }
    assert!(!world.nabat.log().contains(&token));
}

#[tokio::test]
async fn what_makes_no_token_is_refused() {
    let world = World::start().await;
    made(&world, json!({"name": "ci", "role": "viewer"})).await;
    for (wanted, expected) in [
        (json!({"name": "ci", "role": "viewer"}), 409),
        (json!({"name": "a/b", "role": "viewer"}), 422),
        (json!({"name": "x", "role": "root"}), 422),
        (json!({"name": "x"}), 422),
        (json!({"name": "x", "role": "viewer", "scope": ""}), 422),
        (json!({"name": "x", "role": "viewer", "scope": "team"}), 422),
        (
            json!({"name": "x", "role": "viewer", "expires_at": "soon"}),
            422,
        ),
        (json!({"name": "x", "role": "viewer", "admin": true}), 422),
        (json!(["x", "admin"]), 422),
    ] {
        let (status, answer) = asked(&world, Method::POST, PATH, &wanted).await;
        assert_eq!(status.as_u16(), expected, "{wanted}: {answer}");
    }
    let changes = json!({"role": null});
    let (status, answer) = asked(&world, Method::PATCH, &format!("{PATH}/ci"), &changes).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let (_, first) = world.api(Method::GET, &format!("{PATH}?limit=1")).await;
    assert_eq!(first["next"], Value::Null, "{first}");
}

#[tokio::test]
async fn a_token_is_given_no_answers_of_an_earlier_one_of_its_name() {
    let world = World::start().await;
    let admin = made(&world, json!({"name": "ci", "role": "admin"})).await;
    let wanted = json!({"name": "backup", "heartbeat": {"period": "1d"}});
    let add = async |token: &str| {
        let request = http::client().post(world.nabat.url("/api/v1/monitors"));
        let request = request.header("Idempotency-Key", "one").bearer_auth(token);
        request.json(&wanted).send().await.unwrap().status()
    };
    assert_eq!(add(&admin).await, 201);
    assert_eq!(add(&admin).await, 201);
    let path = format!("{PATH}/ci");
    world.api(Method::DELETE, &path).await;
    let viewer = made(&world, json!({"name": "ci", "role": "viewer"})).await;
    assert_eq!(add(&viewer).await, 403);
    let reserved = json!({"name": "api-token", "role": "viewer"});
    let (status, answer) = asked(&world, Method::POST, PATH, &reserved).await;
    assert_eq!(status, 422, "{answer}");
}

#[tokio::test]
async fn the_command_line_makes_lists_and_removes_tokens() {
    let world = World::start().await;
    let add = ["token", "add", "grafana", "--role", "viewer"];
    let limits = ["--scope", "team=db", "--expires", "30d"];
    let output = world.run(&[&add[..], &limits].concat()).await;
    assert!(output.status.success(), "{output:?}");
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(token.starts_with("nbt_"), "{token}");
    let file = world.nabat.data_dir().join("grafana-token");
    std::fs::write(&file, &token).unwrap();
    let file = ["--token-file", file.to_str().unwrap()];
    let seen = world.run(&[&["incidents"], &file[..]].concat()).await;
    assert!(seen.status.success(), "{seen:?}");
    let refused = world.run(&[&["deliveries"], &file[..]].concat()).await;
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && words.contains("scope"),
        "{words}"
    );

    let again = world.run(&add).await;
    assert!(!again.status.success(), "{again:?}");
    let list = world.run(&["token", "list"]).await;
    let list = String::from_utf8(list.stdout).unwrap();
    let line = list
        .lines()
        .find(|line| line.starts_with("grafana"))
        .unwrap();
    for word in ["viewer", "team=\"db\"", "in 30d"] {
        assert!(line.contains(word), "{word}: {list}");
    }
    let removed = world.run(&["token", "remove", "grafana"]).await;
    assert!(removed.status.success(), "{removed:?}");
    let unknown = world.run(&["token", "remove", "grafana"]).await;
    assert!(!unknown.status.success(), "{unknown:?}");
}
