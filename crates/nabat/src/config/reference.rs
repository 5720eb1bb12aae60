//! The reference of the configuration for people, written from the schema.

use std::fmt::Write;

use serde_json::Value;

use super::schema::{Shape, describe, json_schema, shapes};

/// What people read before the tables.
const INTRODUCTION: &str = include_str!("reference.md");

/// The whole of `docs/configuration.md`.
pub fn reference_markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    section(&mut page, "", &json_schema());
    page
}

/// The table of the mapping `schema` at `path`, then those of the mappings below it.
fn section(page: &mut String, path: &str, schema: &Value) {
    let has_keys = |shape: &Shape<'_>| shape.is("object") && shape.free().is_none();
    let Some(shape) = shapes(schema).into_iter().find(has_keys) else {
        return;
    };
    let title = if path.is_empty() {
        "Top level".to_owned()
    } else {
        format!("`{path}`")
    };
    let about = if path.is_empty() {
        String::new()
    } else {
        format!("{}\n\n", text(schema, "description"))
    };
    let mut table = format!("\n## {title}\n\n{about}| key | value | default |\n|---|---|---|\n");
    let (required, optional): (Vec<_>, Vec<_>) = shape
        .properties()
        .partition(|(name, _)| shape.requires(name));
    for (name, schema) in required.iter().chain(&optional) {
        let default = default(shape, name, schema);
        let about = text(schema, "description");
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "| `{name}` | {about}<br>*{}* | {default} |",
            kind(schema)
        );
    }
    page.push_str(&table);
    for (name, schema) in required.iter().chain(&optional) {
        let path = if path.is_empty() {
            (*name).to_owned()
        } else {
            format!("{path}.{name}")
        };
        section(page, &path, schema);
        for items in shapes(schema).into_iter().filter_map(Shape::items) {
            let item = shapes(items).into_iter().find(|shape| shape.is("object"));
            if let Some(item) = item {
                section(page, &format!("{path}[]"), &item.to_value());
            }
        }
    }
}

/// What may stand there, in words; what a mapping holds is said in its own section.
fn kind(schema: &Value) -> String {
    let words = |shapes: Vec<Shape<'_>>| {
        let (mappings, rest): (Vec<_>, Vec<_>) = shapes
            .into_iter()
            .partition(|shape| shape.is("object") && shape.free().is_none());
        let words = (!rest.is_empty()).then(|| describe(&rest));
        let mapping = (!mappings.is_empty()).then(|| "a mapping, see below".to_owned());
        words
            .into_iter()
            .chain(mapping)
            .collect::<Vec<_>>()
            .join(" or ")
    };
    let (lists, rest): (Vec<_>, Vec<_>) = shapes(schema)
        .into_iter()
        .partition(|shape| shape.is("array"));
    let single = (!rest.is_empty()).then(|| words(rest));
    let lists = lists
        .into_iter()
        .filter_map(Shape::items)
        .map(|items| format!("a list, each entry {}", words(shapes(items))));
    single
        .into_iter()
        .chain(lists)
        .collect::<Vec<_>>()
        .join(", or ")
        .replace('|', "\\|")
}

fn default(shape: Shape<'_>, name: &str, schema: &Value) -> String {
    match schema.get("default") {
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
        None if shape.requires(name) => "required".to_owned(),
        None => String::new(),
    }
}

/// A text of the schema on one line.
fn text(schema: &Value, keyword: &str) -> String {
    let text = schema
        .get(keyword)
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.replace('\n', " ").replace('|', "\\|")
}
