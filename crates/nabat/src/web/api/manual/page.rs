//! The API's document as a page for people: one file, without scripts, read in light and in dark.

use std::fmt::{self, Write};

use serde_json::{Map, Value, json};

const HEAD: &str = include_str!("page.html");
/// Stands for the scheme and the host of the address at which the page is asked for.
const HOME: &str = "\u{1}";
/// How deep an example goes into what it shows.
const DEPTH_MAX: u8 = 4;

/// The page that `page` made, for whoever asked for it at `home`, as in `https://nabat.example.org`.
pub(super) fn at(page: &str, home: &str) -> String {
    page.replacen(HOME, &Escaped(home).to_string(), 1)
}

/// The page for a document; where it is asked for is still to be put in by [`at`].
///
/// # Errors
/// Never: a text takes all that is written to it.
pub(super) fn page(document: &Value) -> Result<String, fmt::Error> {
    let mut page = String::from(HEAD);
    writeln!(page, "<h1>Nabat's REST API</h1>")?;
    let about = document["info"]["description"].as_str().unwrap_or_default();
    for paragraph in about.split("\n\n") {
        writeln!(page, "<p>{}</p>", marked(paragraph))?;
    }
    let prefix = document["servers"][0]["url"].as_str().unwrap_or_default();
    writeln!(
        page,
        "<p>For programs: <a href=\"openapi.json\"><code>openapi.json</code></a>. The examples take:</p>\n<pre>NABAT={HOME}{}\nTOKEN=$(cat nabat-data/api-token)</pre>",
        Escaped(prefix.trim_end_matches('/'))
    )?;
    let mut operations = operations(document);
    operations.sort_by_key(|operation| operation.tag);
    let mut parts: Vec<&str> = operations.iter().map(|operation| operation.tag).collect();
    parts.dedup();
    let links = parts.iter().map(|part| {
        let part = Escaped(part);
        format!("<a href=\"#{part}\">{part}</a>")
    });
    writeln!(page, "<p>{}</p>", links.collect::<Vec<_>>().join(" · "))?;
    let mut part = "";
    for operation in operations {
        if operation.tag != part {
            part = operation.tag;
            writeln!(page, "<h2 id=\"{0}\">{0}</h2>", Escaped(part))?;
        }
        operation.write(document, &mut page)?;
    }
    writeln!(page, "</body>\n</html>")?;
    Ok(page)
}

struct Described<'d> {
    tag: &'d str,
    method: String,
    path: &'d str,
    says: &'d Value,
}

fn operations(document: &Value) -> Vec<Described<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, says) in methods.as_object().into_iter().flatten() {
            all.push(Described {
                tag: says["tags"][0].as_str().unwrap_or_default(),
                method: method.to_uppercase(),
                path,
                says,
            });
        }
    }
    all
}

impl Described<'_> {
    fn write(&self, document: &Value, page: &mut String) -> fmt::Result {
        let says = |key: &str| self.says[key].as_str().unwrap_or_default();
        let role = self.says["security"][0]["token"][0].as_str();
        writeln!(
            page,
            "<details id=\"{}\"><summary><code>{} {}</code> {} <span class=\"role\">{}</span></summary>",
            Escaped(says("operationId")),
            self.method,
            Escaped(self.path),
            marked(says("summary")),
            role.unwrap_or("no token"),
        )?;
        writeln!(page, "<p>{}</p>", marked(says("description")))?;
        writeln!(page, "<pre>{}</pre>", Escaped(&self.call(document)))?;
        let parameters = self.says["parameters"].as_array();
        let parameters = parameters.into_iter().flatten().map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let place = parameter["in"].as_str().unwrap_or_default();
            let about = parameter["description"].as_str().unwrap_or_default();
            let limits = limits(&parameter["schema"]);
            (format!("`{name}` ({place})"), format!("{about}{limits}"))
        });
        table("Parameters", parameters, page)?;
        if let Some((media, schema)) = self.body() {
            let schema = resolved(document, schema);
            let required = schema["required"].as_array();
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields = fields.map(|(name, field)| {
                let needed = required.is_some_and(|names| names.iter().any(|one| one == name));
                let needed = if needed { " (needed)" } else { "" };
                let about = field["description"].as_str().unwrap_or_default();
                (
                    format!("`{name}`{needed}"),
                    format!("{about}{}", limits(field)),
                )
            });
            table(&format!("Body: {media}"), fields, page)?;
        }
        let responses = self.says["responses"].as_object().into_iter().flatten();
        let responses = responses.map(|(status, response)| {
            let about = response["description"].as_str().unwrap_or_default();
            (format!("`{status}`"), about.to_owned())
        });
        table("Answers", responses, page)?;
        writeln!(page, "</details>")
    }

    fn body(&self) -> Option<(&str, &Value)> {
        let (media, content) = self.content()?;
        Some((media, &content["schema"]))
    }

    fn content(&self) -> Option<(&str, &Value)> {
        let content = self.says["requestBody"]["content"].as_object()?;
        let (media, content) = content.iter().next()?;
        Some((media, content))
    }

    /// How it is called with curl.
    fn call(&self, document: &Value) -> String {
        let mut call = String::from("curl");
        if self.method != "GET" {
            call.push_str(" -X ");
            call.push_str(&self.method);
        }
        if self.says["security"][0].is_object() {
            call.push_str(" -H \"Authorization: Bearer $TOKEN\"");
        }
        if let Some((media, content)) = self.content() {
            let given = content.get("example").cloned();
            let body = given.unwrap_or_else(|| example(document, &content["schema"], 0));
            call.push_str(&format!(" -H 'Content-Type: {media}' -d '{body}'"));
        }
        let path = self.path.replace("{id}", "1").replace(['{', '}'], "");
        format!("{call} \"$NABAT{path}\"")
    }
}

fn table(
    name: &str,
    rows: impl Iterator<Item = (String, String)>,
    page: &mut String,
) -> fmt::Result {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    writeln!(page, "<h4>{}</h4>\n<table>", Escaped(name))?;
    for (head, text) in rows {
        writeln!(
            page,
            "<tr><th>{}</th><td>{}</td></tr>",
            marked(&head),
            marked(&text)
        )?;
    }
    writeln!(page, "</table>")
}

/// What a schema allows, in words that follow a description.
fn limits(schema: &Value) -> String {
    let mut limits = String::new();
    let words = schema["enum"].as_array().into_iter().flatten();
    let words: Vec<String> = words.map(|word| format!("`{}`", plain(word))).collect();
    if !words.is_empty() {
        limits.push_str(&format!(" One of {}.", words.join(", ")));
    }
    for (key, says) in [
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("maxLength", "At most so many characters:"),
        ("pattern", "As"),
    ] {
        if let Some(value) = schema.get(key) {
            limits.push_str(&format!(" {says} `{}`.", plain(value)));
        }
    }
    limits
}

fn plain(value: &Value) -> String {
    value.as_str().map_or(value.to_string(), str::to_owned)
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema["$ref"].as_str();
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(schema)
}

/// A value as the schema wants it, with what is needed and nothing else.
fn example(document: &Value, schema: &Value, depth: u8) -> Value {
    let schema = resolved(document, schema);
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") if depth < DEPTH_MAX => {
            let needed = schema["required"].as_array().into_iter().flatten();
            let needed = needed.filter_map(Value::as_str);
            let fields = needed.map(|name| {
                let field = &schema["properties"][name];
                (name.to_owned(), example(document, field, depth + 1))
            });
            Value::Object(Map::from_iter(fields))
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => json!("example"),
    }
}

/// A text in which only what stands in backticks is more than text.
fn marked(text: &str) -> String {
    let mut marked = String::new();
    for (place, part) in text.split('`').enumerate() {
        let part = Escaped(part);
        // A text takes all that is written to it.
        let _ = match place % 2 {
            0 => write!(marked, "{part}"),
            _ => write!(marked, "<code>{part}</code>"),
        };
    }
    marked
}

/// A text that means nothing to a browser.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            letter => f.write_char(letter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::document;

    #[test]
    fn the_page_shows_every_operation_with_an_example() {
        let document = document("/below");
        let page = at(&page(&document).unwrap(), "https://a.example.org");
        for operation in operations(&document) {
            let call = Escaped(&operation.call(&document)).to_string();
            assert!(page.contains(&call), "{call}");
            assert!(!call.contains("-d '&quot;"), "no object: {call}");
            let part = operation.tag;
            assert!(page.contains(&format!("<a href=\"#{part}\">{part}</a>")));
            assert_eq!(page.matches(&format!("<h2 id=\"{part}\">")).count(), 1);
        }
        assert!(
            page.contains("NABAT=https://a.example.org/below\n"),
            "{page}"
        );
        let add = "-d '{&quot;name&quot;:&quot;example&quot;,&quot;role&quot;:&quot;viewer&quot;}'";
        assert!(page.contains(add), "{page}");
        assert!(!page.contains("<script"));
    }

    #[test]
    fn texts_mean_nothing_to_a_browser() {
        assert_eq!(marked("a<b `c&\"d`"), "a&lt;b <code>c&amp;&quot;d</code>");
    }
}
