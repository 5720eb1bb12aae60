//! The OpenAPI document: made of the operations that there are.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use nabat_core::token::Role;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{JSON, Operation};
use super::shape::Failure;

/// Where the schemas of all types stand in the document.
const SCHEMAS: &str = "/components/schemas";
/// The name of the way in which requests prove who asks.
const SECURITY: &str = "token";

const ABOUT: &str = "\
Nabat's REST API, version 1. Within it fields, parameters and operations are added, never taken away.

Every problem is answered in one envelope, `{\"error\": {\"code\", \"message\", \"hint\"}}`: the code is \
stable, the message says what happened, the hint what to do. 400 and 422: the request has to be mended \
(422: it could be read). 401: no accepted token. 403: the token may not. 404: there is none. 409: not in \
its present state. 503: send it again; nothing of the request was taken.

Times are RFC 3339 in UTC, periods are written as Prometheus does (`1h30m`). Lists take `limit` and go on \
with what they gave as `next`.";

/// The document for an API below `prefix`; an empty one is none.
pub(super) fn document<'o>(
    operations: impl IntoIterator<Item = &'o Operation>,
    prefix: &str,
) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let method = operation.method.as_str().to_ascii_lowercase();
        let described = described(operation, &mut schemas);
        paths
            .entry(operation.path)
            .or_default()
            .insert(method, described);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nabat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": if prefix.is_empty() { "/" } else { prefix }}],
        "paths": paths,
        "components": {
            "schemas": schemas.all(),
            "securitySchemes": {SECURITY: {
                "type": "http",
                "scheme": "bearer",
                "description": "A token: `nabat token add` makes one; the file `api-token` in the data folder holds one for everything. An operation names the least role that it takes: viewer, operator or admin.",
            }},
        },
    })
}

/// The schemas of what is sent and of what is answered: in these a field that is always there is
/// said to be.
struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS.into();
                settings.meta_schema = None;
            })
        };
        Self {
            taken: settings().for_deserialize().into_generator(),
            given: settings().for_serialize().into_generator(),
        }
    }

    fn all(&mut self) -> Map<String, Value> {
        let mut all = self.taken.take_definitions(true);
        all.extend(self.given.take_definitions(true));
        all
    }
}

fn described(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [tag(operation.path)],
        "summary": operation.summary,
        "security": match operation.role {
            Some(role) => json!([{SECURITY: [role]}]),
            None => json!([]),
        },
        "parameters": parameters(operation, schemas),
        "responses": responses(operation, schemas),
    });
    let description = match operation.role {
        Some(role) if operation.description.is_empty() => takes(role),
        Some(role) => format!("{} {}", operation.description, takes(role)),
        None => operation.description.to_owned(),
    };
    if !description.is_empty() {
        described["description"] = description.into();
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = json!({
            "required": true,
            "description": body.description,
            "content": {body.media: {"schema": (body.schema)(&mut schemas.taken)}},
        });
        if let Some(example) = &body.example {
            described["requestBody"]["content"][body.media]["example"] = example.clone();
        }
    }
    described
}

fn takes(role: Role) -> String {
    format!("Takes a token of the role {role} or more.")
}

/// `incidents`, of `/api/v1/incidents/{id}`.
fn tag(path: &str) -> &str {
    match path.split('/').nth(3).unwrap_or_default() {
        "docs" | "openapi.json" => "manual",
        part => part,
    }
}

fn parameters(operation: &Operation, schemas: &mut Schemas) -> Vec<Value> {
    let segments = operation.segments.iter().map(|segment| {
        json!({
            "name": segment.name,
            "in": "path",
            "required": true,
            "description": segment.description,
            "schema": segment.schema,
        })
    });
    let mut parameters: Vec<Value> = segments.collect();
    if let Some(query) = operation.query {
        let query = query(&mut schemas.taken).to_value();
        parameters.extend(queried(&query));
    }
    if operation.once {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "With a key of the caller's own the request is done once, however often it comes: within 24 hours the first answer is given again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": super::once::KEY_BYTES_MAX},
        }));
    }
    parameters
}

/// The properties of an object as parameters; where any name will do, one that stands for all.
fn queried(query: &Value) -> Vec<Value> {
    if let Some(free) = query
        .get("additionalProperties")
        .filter(|free| free.is_object())
    {
        return vec![json!({
            "name": "labels",
            "in": "query",
            "required": false,
            "description": "Names and values.",
            "style": "form",
            "explode": true,
            "schema": {"type": "object", "additionalProperties": free},
        })];
    }
    let required = query["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let properties = query["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let description = schema["description"].take();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
            // What is not there is left out of an address, not sent as nothing.
            if let Some(Value::Array(kinds)) = schema.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    schema.insert("type".to_owned(), kind);
                }
            }
        }
        json!({
            "name": name,
            "in": "query",
            "required": is_required(name),
            "description": description,
            "schema": schema,
        })
    };
    properties.map(parameter).collect()
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    let own = operation
        .answers
        .iter()
        .map(|answer| answer.status.as_u16());
    let own: Vec<u16> = own.collect();
    let implied = implied(operation).into_iter();
    for (status, description) in implied.filter(|(status, _)| !own.contains(&status.as_u16())) {
        let schema = schemas.given.subschema_for::<Failure>();
        let content = json!({JSON: {"schema": schema}});
        let response = json!({"description": description, "content": content});
        responses.insert(status.as_u16().to_string(), response);
    }
    for answer in &operation.answers {
        let mut response = json!({"description": answer.description});
        if let Some((media, schema)) = answer.content {
            response["content"] = json!({media: {"schema": schema(&mut schemas.given)}});
        }
        responses.insert(answer.status.as_u16().to_string(), response);
    }
    responses.sort_keys();
    responses
}

/// The problems that follow from what an operation takes.
fn implied(operation: &Operation) -> Vec<(StatusCode, &'static str)> {
    let mut implied = vec![(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not at the moment; nothing of the request was taken.",
    )];
    if operation.role.is_some() {
        implied.push((StatusCode::UNAUTHORIZED, "There is no accepted token."));
        implied.push((StatusCode::FORBIDDEN, "The token may not do this."));
    }
    let is_read = operation.query.is_some() || operation.body.is_some();
    if is_read || !operation.segments.is_empty() || operation.once {
        implied.push((StatusCode::BAD_REQUEST, "The request can't be read."));
    }
    if !operation.segments.is_empty() {
        implied.push((StatusCode::NOT_FOUND, "There is none."));
    }
    if operation.body.is_some() || operation.once {
        implied.extend([
            (
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time.",
            ),
            (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
        ]);
    }
    if operation.body.is_some() {
        implied.extend([
            (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is of another type.",
            ),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                "What the body says can't be.",
            ),
        ]);
    }
    if operation.once {
        implied.extend([
            (
                StatusCode::CONFLICT,
                "A request with this `Idempotency-Key` is being done.",
            ),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Another request had this `Idempotency-Key`, or what the body says can't be.",
            ),
        ]);
    }
    implied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::operations;
    use std::collections::BTreeSet;

    /// Every place in `value` where `key` stands, with what it says.
    fn all<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get(key));
                map.values().for_each(|value| all(value, key, found));
            }
            Value::Array(list) => list.iter().for_each(|value| all(value, key, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_is_described_in_full() {
        let operations = operations();
        let mut ids = BTreeSet::new();
        for operation in &operations {
            let Operation { path, id, .. } = operation;
            assert!(ids.insert(id), "{path}: another one is called `{id}`");
            assert!(path.starts_with("/api/v1/"), "{path}");
            assert!(!operation.summary.is_empty(), "{path}");
            let segments = operation.segments.iter().map(|segment| segment.name);
            let variable = path.split('/').filter_map(|part| part.strip_prefix('{'));
            let variable = variable.map(|part| part.trim_end_matches('}'));
            assert!(segments.eq(variable), "{path}: its variable parts");
            let succeeds = |answer: &super::super::operation::Answer| answer.status.is_success();
            assert!(operation.answers.iter().any(succeeds), "{path}");
        }
    }

    #[test]
    fn what_is_sent_and_what_is_answered_are_not_called_the_same() {
        let mut schemas = Schemas::new();
        for operation in &operations() {
            described(operation, &mut schemas);
        }
        let taken = schemas.taken.take_definitions(true);
        let given = schemas.given.take_definitions(true);
        for (name, schema) in taken {
            let other = given.get(&name).unwrap_or(&schema);
            assert_eq!(*other, schema, "two types are called `{name}`: rename one");
        }
    }

    #[test]
    fn what_the_document_refers_to_is_in_it() {
        let document = document(&operations(), "/below");
        assert_eq!(document["servers"][0]["url"], "/below");
        let mut references = Vec::new();
        all(&document, "$ref", &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
            assert!(document.pointer(pointer.unwrap()).is_some(), "{reference}");
        }
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for name in schemas.keys() {
            let numbered = name.ends_with(|last: char| last.is_ascii_digit());
            assert!(
                !numbered,
                "two types are called `{name}`: rename one of them"
            );
        }
    }
}
