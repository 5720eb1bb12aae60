//! Requests as clients get them wrong, or write them in their own way: the same status from either,
//! and the same words where they are not those of Go's own JSON and expressions.

use reqwest::Method;
use serde_json::{Value, json};

use super::Both;
use crate::world::http;

const ALERTS: &str = "/api/v2/alerts";
const SILENCES: &str = "/api/v2/silences";
const NO_SILENCE: &str = "/api/v2/silence/00000000-0000-4000-8000-000000000000";

impl Both {
    /// The status and the words of Alertmanager and of Nabat.
    async fn ask(&self, method: &Method, path: &str, body: Option<&str>) -> [(u16, String); 2] {
        let mut said = [(0, String::new()), (0, String::new())];
        for (url, said) in self.urls(path).into_iter().zip(&mut said) {
            let mut request = http::client().request(method.clone(), url);
            if let Some(body) = body {
                let json = ("content-type", "application/json");
                request = request.header(json.0, json.1).body(body.to_owned());
            }
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            *said = (status, answer.text().await.unwrap().trim().to_owned());
        }
        said
    }

    async fn all_alike(&self, method: Method, path: &str, bodies: &[&str]) {
        for body in bodies {
            let [alertmanagers, nabats] = self.ask(&method, path, Some(body)).await;
            assert_eq!(nabats, alertmanagers, "{method} {path} {body}");
        }
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_with_alertmanagers_words() {
    let both = Both::start().await;
    let alerts = [
        "",
        "[]",
        "null",
        "[{}]",
        r#"[{"labels":{}}]"#,
        r#"[{"labels":{"a":""}}]"#,
        r#"[{"labels":{"a":null}}]"#,
        r#"[{"annotations":{}}]"#,
        r#"[{"labels":{"a":"b","none":null},"startsAt":""}]"#,
        r#"[{"labels":{"a":"b"},"startsAt":"2021-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:00Z"}]"#,
        r#"[{"labels":{"a":"b"},"generatorURL":"not a url"}]"#,
        r#"[{"labels":{"a":"b"},"generatorURL":"/graph?x"}]"#,
        r#"[{"labels":{"a":"b"},"generatorURL":""}]"#,
        r#"[{"labels":{"a":"b"},"unknown":1}]"#,
        r#"[{"labels":{"":"b"}}]"#,
        r#"[{"labels":{"a":"b"}},{"labels":{"1":"c"}},{}]"#,
    ];
    both.all_alike(Method::POST, ALERTS, &alerts).await;
    both.all_alike(Method::POST, "/api/v2/alerts/", &["[]", "[{}]"])
        .await;
    let silence = |key: &str, value: Value| {
        let mut silence = json!({
            "matchers": [{ "name": "a", "value": "b", "isRegex": false }],
            "startsAt": "2098-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "x",
            "comment": "y",
        });
        silence[key] = value;
        silence.to_string()
    };
    let matchers = |matchers: Value| silence("matchers", json!([matchers]));
    let silences = [
        silence("matchers", json!([])),
        silence("matchers", Value::Null),
        silence("startsAt", Value::Null),
        silence("endsAt", Value::Null),
        silence("createdBy", Value::Null),
        silence("comment", Value::Null),
        silence("endsAt", json!("2097-01-01T00:00:00Z")),
        silence("endsAt", json!("2021-01-01T00:00:00Z")),
        silence("id", json!("00000000-0000-4000-8000-000000000000")),
        matchers(json!({ "name": "a", "value": "", "isRegex": false })),
        matchers(json!({ "name": "a", "value": ".*", "isRegex": true })),
        matchers(json!({ "name": "", "value": "b", "isRegex": false })),
        matchers(json!({ "name": "a" })),
        matchers(json!({ "value": "a", "isRegex": false })),
        matchers(json!({ "name": "a", "value": "b" })),
    ];
    for body in silences
        .iter()
        .map(String::as_str)
        .chain(["", "{}", "null"])
    {
        both.all_alike(Method::POST, SILENCES, &[body]).await;
    }
    for (method, path) in [
        (Method::GET, "/api/v2/nosuch"),
        (Method::GET, "/api/v2/silence/x"),
        (Method::GET, "/api/v2/silences?filter=bad"),
        (Method::GET, "/api/v2/silences/"),
        (Method::GET, "/api/v2/alerts/?filter=nobody%3Dthere"),
        (Method::GET, "/api/v2/receivers/"),
        (Method::GET, NO_SILENCE),
        (Method::DELETE, "/api/v2/silence/x"),
        (Method::DELETE, "/api/v2/status"),
        (Method::GET, "/-/healthy"),
        (Method::GET, "/-/ready"),
    ] {
        let [alertmanagers, nabats] = both.ask(&method, path, None).await;
        assert_eq!(nabats, alertmanagers, "{method} {path}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_has_alertmanagers_status() {
    let both = Both::start().await;
    for (method, path, body) in [
        (Method::POST, ALERTS, Some("{")),
        (Method::POST, ALERTS, Some("{}")),
        (Method::POST, ALERTS, Some("[1]")),
        (Method::POST, ALERTS, Some(r#"[{"labels":{"a":1}}]"#)),
        (Method::POST, ALERTS, Some(r#"[{"labels":[]}]"#)),
        (
            Method::POST,
            ALERTS,
            Some(r#"[{"labels":{"a":"b"},"startsAt":"x"}]"#),
        ),
        (
            Method::POST,
            ALERTS,
            Some(r#"[{"labels":{"a":"b"},"startsAt":"2026-01-01"}]"#),
        ),
        (
            Method::POST,
            ALERTS,
            Some(r#"[{"labels":{"a":"b"},"startsAt":5}]"#),
        ),
        (Method::POST, ALERTS, None),
        (Method::POST, SILENCES, Some("[]")),
        (Method::POST, SILENCES, None),
        (Method::PUT, ALERTS, None),
        (Method::PUT, NO_SILENCE, None),
        (Method::DELETE, SILENCES, None),
        (Method::OPTIONS, ALERTS, None),
        (Method::GET, "/api/v2/alerts?receiver=(", None),
        (Method::GET, "/api/v2/alerts?filter=a%3D~%22(%22", None),
        (Method::GET, "/api/v2/silences?filter=a%3D~%22(%22", None),
        (Method::GET, "/-/reload", None),
        (Method::POST, "/-/reload", None),
        (Method::POST, "/-/healthy", None),
        (Method::GET, "/api/v3/alerts", None),
        (Method::GET, "/alertmanager/api/v2/status", None),
        (Method::GET, "/nosuch", None),
    ] {
        let said = both.ask(&method, path, body).await;
        let [alertmanagers, nabats] = said.map(|(status, _)| status);
        assert_eq!(nabats, alertmanagers, "{method} {path} {body:?}");
    }
}
