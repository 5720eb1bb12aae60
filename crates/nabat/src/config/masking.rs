//! Definitions of monitors as they are shown, and as they come back.
//!
//! What is secret (`writeOnly` in the schema, and the login in an address) is shown to nobody. What
//! is only for those who administer Nabat (`x-for-admins`, and the values of a query) is shown to
//! them alone. In the place of both stands the mask, and a definition that comes back with it means
//! what was there.

use serde_json::{Map, Value};

use super::environment::join;
use super::schema::{self, Shape};
use super::secret::MASK;
use crate::probe::address;

/// The formats of addresses, in which a part may be secret.
const ADDRESSES: [&str; 2] = ["web-address", "socket-address"];

/// The settings that say where a monitor's secrets are sent to.
const PLACES: [&str; 6] = ["address", "host", "proxy", "rdap", "server", "url"];

/// A definition that has the mask where no secret can be put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// Nothing secret is known there.
    #[error("`{path}` is masked (`…`), and no secret is kept for it")]
    NothingBehind {
        /// Where it stands, such as `http.password`.
        path: String,
    },
    /// The secret would be sent to somebody for whom it was not written.
    #[error(
        "`{path}` is masked (`…`), and what is kept for it is for another place than `{place}` says now"
    )]
    Elsewhere {
        /// Where it stands.
        path: String,
        /// Which setting leads elsewhere, such as `http.url`.
        place: String,
    },
}

/// A definition in which every secret is masked; what is for admins only, too, unless it is `for_admin`.
pub fn masked(definition: &Value, for_admin: bool) -> Value {
    without_secrets(definition, schema::of_monitor(), for_admin)
}

/// The same for a value of `schema`.
pub(super) fn without_secrets(value: &Value, schema: &Value, for_admin: bool) -> Value {
    let mut shown = value.clone();
    hide(&mut shown, schema, for_admin);
    shown
}

/// Whether a definition may have the mask somewhere.
pub fn has_mask(definition: &Value) -> bool {
    match definition {
        Value::String(text) => text.contains(MASK) || address::has_mask(text),
        Value::Object(map) => map.values().any(has_mask),
        Value::Array(list) => list.iter().any(has_mask),
        _ => false,
    }
}

/// Puts what `known` has where `definition` has the mask that stands in its place.
///
/// # Errors
/// Where there is a mask and nothing behind it, or only what is for another host.
pub fn unmask(definition: &mut Value, known: &Value) -> Result<(), MaskError> {
    reveal(definition, Some(known), schema::of_monitor(), "", None)
}

fn hide(value: &mut Value, schema: &Value, for_admin: bool) {
    if schema::is_secret(schema) || !for_admin && schema::is_for_admins(schema) {
        *value = MASK.into();
        return;
    }
    for shape in schema::shapes(schema) {
        match value {
            Value::String(text) if is_address(shape) => *text = address::masked(text, for_admin),
            Value::Object(map) => {
                for (key, value) in map {
                    if let Some(schema) = shape.property(key).or(shape.free()) {
                        hide(value, schema, for_admin);
                    }
                }
            }
            Value::Array(list) => {
                if let Some(schema) = shape.items() {
                    list.iter_mut()
                        .for_each(|value| hide(value, schema, for_admin));
                }
            }
            _ => {}
        }
    }
}

fn reveal(
    value: &mut Value,
    known: Option<&Value>,
    schema: &Value,
    path: &str,
    elsewhere: Option<&str>,
) -> Result<(), MaskError> {
    let path = || path.to_owned();
    let nothing = || MaskError::NothingBehind { path: path() };
    let is_masked = schema::is_secret(schema) || schema::is_for_admins(schema);
    if is_masked && value == MASK {
        let known = known.filter(|known| *known != MASK);
        let known = known.ok_or_else(nothing)?;
        if let Some(place) = elsewhere {
            let (path, place) = (path(), place.to_owned());
            return Err(MaskError::Elsewhere { path, place });
        }
        *value = known.clone();
        return Ok(());
    }
    for shape in schema::shapes(schema) {
        match value {
            Value::String(text) if is_address(shape) && address::has_mask(text) => {
                let known = known.and_then(Value::as_str);
                let known = known.and_then(|known| address::unmasked(text, known));
                *text = known.ok_or_else(nothing)?;
            }
            Value::Object(map) => {
                let moved = known.and_then(|known| moved(map, known));
                let moved = moved.map(|place| join(&path(), place));
                let elsewhere = moved.as_deref().or(elsewhere);
                for (key, value) in map {
                    if let Some(schema) = shape.property(key).or(shape.free()) {
                        let known = known.and_then(|known| known.get(key));
                        reveal(value, known, schema, &join(&path(), key), elsewhere)?;
                    }
                }
            }
            Value::Array(list) => {
                if let Some(schema) = shape.items() {
                    let known = known.and_then(Value::as_array);
                    let known = known.map(Vec::as_slice).unwrap_or_default();
                    reveal_list(list, known, schema, &path(), elsewhere)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Items may have been added, taken away and moved: one is the known one that looks like it, else the
/// one at its place.
fn reveal_list(
    list: &mut [Value],
    known: &[Value],
    schema: &Value,
    path: &str,
    elsewhere: Option<&str>,
) -> Result<(), MaskError> {
    let looks =
        |known: &Value| [true, false].map(|for_admin| without_secrets(known, schema, for_admin));
    let looks: Vec<[Value; 2]> = known.iter().map(looks).collect();
    let mut taken = vec![false; known.len()];
    let mut behind = vec![None; list.len()];
    for (i, item) in list.iter().enumerate() {
        let is_it = |at: &usize| !taken[*at] && looks[*at].contains(item);
        let same = Some(i).filter(|i| *i < known.len()).filter(is_it);
        let found = same.or_else(|| (0..known.len()).find(is_it));
        if let Some(at) = found {
            taken[at] = true;
            behind[i] = Some(at);
        }
    }
    for (i, item) in list.iter_mut().enumerate() {
        let at = behind[i].or_else(|| taken.get(i).is_some_and(|taken| !taken).then_some(i));
        let known = at.map(|at| &known[at]);
        reveal(item, known, schema, &format!("{path}[{i}]"), elsewhere)?;
    }
    Ok(())
}

/// The setting that leads to another host than the one of `known` does, if any.
fn moved(map: &Map<String, Value>, known: &Value) -> Option<&'static str> {
    let leads_to = |value: Option<&Value>| value.and_then(Value::as_str).map(address::place);
    let same = |place: &str| {
        let value = map.get(place);
        value.is_some_and(|value| value == MASK) || leads_to(value) == leads_to(known.get(place))
    };
    PLACES.into_iter().find(|place| !same(place))
}

fn is_address(shape: Shape<'_>) -> bool {
    shape
        .text("format")
        .is_some_and(|format| ADDRESSES.contains(&format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn back(mut definition: Value, known: &Value) -> Result<Value, String> {
        unmask(&mut definition, known)
            .map(|()| definition)
            .map_err(|error| match error {
                MaskError::NothingBehind { path } => path,
                MaskError::Elsewhere { path, place } => format!("{path} by {place}"),
            })
    }

    #[test]
    fn what_is_shown_has_no_secret_and_comes_back_as_it_was() {
        for known in [
            json!({"name": "a", "http": "http://usr:PWD@h/?key=KEY"}),
            json!({"name": "a", "http": {"url": "http://usr:PWD@h/", "password": "PWD", "body": "KEY",
                   "headers": {"X-Key": "PWD"}, "proxy": "http://u:PWD@p:1"}}),
            json!({"name": "a", "websocket": "wss://h/?key=KEY"}),
            json!({"name": "a", "domain": {"name": "h.org", "rdap": "https://usr:PWD@r/"}}),
            json!({"name": "a", "command": "check -p KEY"}),
            json!({"name": "a", "postgres": {"address": "h", "password": "PWD", "query": "KEY"}}),
            json!({"name": "a", "mysql": {"address": "h", "password": "PWD", "query": "KEY"}}),
            json!({"name": "a", "heartbeat": {"period": "1d", "key": "KEY-of-it"}}),
            json!({"name": "a", "tcp": {"address": "h:1", "steps": [{"send": "PWD"}, {"expect": "x"}]}}),
        ] {
            for for_admin in [true, false] {
                let shown = masked(&known, for_admin);
                let text = shown.to_string();
                assert!(!text.contains("PWD"), "{text}");
                assert!(for_admin || !text.contains("KEY"), "{text}");
                assert_eq!(back(shown, &known), Ok(known.clone()));
            }
        }
    }

    #[test]
    fn a_secret_is_not_sent_to_another_host_than_it_was_written_for() {
        let http = |url: &str, password: &str| json!({"http": {"url": url, "password": password}});
        let known = http("https://h/a", "PWD");
        for stays in ["https://h/b?c=d", "https://h:443/", "https://H/"] {
            assert_eq!(back(http(stays, "…"), &known), Ok(http(stays, "PWD")));
        }
        for moved in ["https://evil/a", "http://h/a", "https://h:8443/a"] {
            let refused = Err("http.password by http.url".to_owned());
            assert_eq!(back(http(moved, "…"), &known), refused);
            let given = http(moved, "PWD");
            assert_eq!(back(given.clone(), &known), Ok(given));
        }
        let known = json!({"http": {"url": "http://h/", "headers": {"X-Key": "PWD"}}});
        let by_proxy = json!({"http": {"url": "http://h/", "headers": {"X-Key": "…"}, "proxy": "http://evil:1"}});
        let refused = Err("http.headers.X-Key by http.proxy".to_owned());
        assert_eq!(back(by_proxy, &known), refused);
        let known = json!({"postgres": {"address": "db:5432", "password": "PWD"}});
        let moved = json!({"postgres": {"address": "evil:5432", "password": "…"}});
        let refused = Err("postgres.password by postgres.address".to_owned());
        assert_eq!(back(moved, &known), refused);
    }

    #[test]
    fn a_mask_with_nothing_behind_it_is_a_mistake() {
        let known = json!({"http": {"url": "http://h/"}});
        for (definition, path) in [
            (
                json!({"http": {"url": "http://h/", "password": "…"}}),
                "http.password",
            ),
            (json!({"http": "http://…@h/"}), "http"),
            (json!({"http": {"url": "http://…@h/"}}), "http.url"),
            (
                json!({"http": {"url": "http://h/", "headers": {"A": "…"}}}),
                "http.headers.A",
            ),
            (
                json!({"tcp": {"address": "h:1", "steps": [{"send": "…"}]}}),
                "tcp.steps[0].send",
            ),
        ] {
            assert_eq!(back(definition, &known), Err(path.to_owned()));
        }
        let label = json!({"labels": {"a": "…"}, "http": {"url": "http://h/", "contains": "…"}});
        assert_eq!(back(label.clone(), &known), Ok(label));
    }

    #[test]
    fn secrets_in_a_list_stay_with_their_items() {
        let step = |send: &str, expect: &str| json!({"send": send, "expect": expect});
        let of = |steps: Value| json!({"tcp": {"address": "h:1", "steps": steps}});
        let known = of(json!([step("A", "a"), step("B", "b")]));
        for (steps, expected) in [
            (
                json!([step("…", "b"), step("…", "a")]),
                Ok(json!([step("B", "b"), step("A", "a")])),
            ),
            (json!([step("…", "b")]), Ok(json!([step("B", "b")]))),
            (
                json!([step("…", "x"), step("…", "b")]),
                Ok(json!([step("A", "x"), step("B", "b")])),
            ),
            (
                json!([step("N", "n"), step("…", "a"), step("…", "b")]),
                Ok(json!([step("N", "n"), step("A", "a"), step("B", "b")])),
            ),
            (
                json!([step("…", "a"), step("…", "b"), step("…", "c")]),
                Err("tcp.steps[2].send"),
            ),
        ] {
            let expected = expected.map(of).map_err(str::to_owned);
            assert_eq!(back(of(steps), &known), expected);
        }
    }
}
