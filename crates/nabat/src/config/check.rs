//! Checks a tree against the schema and turns it into the value that the settings are made of.
//!
//! Every mistake is noted, and what is wrong is left out of the value. The schema decides what a
//! scalar is: `123` is text where text is wanted. An empty setting counts as absent.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value};

use super::environment::join;
use super::mistake::{Fault, Faults, Spot, quote};
use super::schema::{self, Shape, describe, shapes};
use super::secret::MASK;
use super::yaml::{Entry, Kind, Node, Origin, Scalar};
use super::{certificates, format, secret_file, suggest};

/// Where the settings stand: the spot of every value by its path.
pub(super) type Places = BTreeMap<String, Spot>;

/// The most places that are named where a misplaced key is at home.
const MAX_HOMES: usize = 3;

/// A mapping whose entries have been looked at.
pub(super) struct Mapping<'a> {
    pub(super) spot: &'a Spot,
    pub(super) path: &'a str,
    pub(super) shape: Shape<'a>,
    /// The known keys that unknown ones were probably meant to be.
    misspelled: Vec<&'a str>,
}

impl Mapping<'_> {
    /// Whether the mapping has the key `name`, or one that was probably meant to be it.
    pub(super) fn mentions(&self, check: &Check<'_>, name: &str) -> bool {
        self.misspelled.contains(&name) || check.places.contains_key(&join(self.path, name))
    }
}

/// What is known about a file while it is checked.
pub(super) struct Check<'a> {
    /// The text of the file.
    pub(super) source: &'a str,
    /// The folder from which relative paths are taken; without it no file may be named.
    pub(super) folder: Option<&'a Path>,
    /// The schema of the whole.
    pub(super) schema: &'a Value,
    pub(super) faults: Faults,
    pub(super) places: Places,
}

impl Check<'_> {
    /// The value of `node` as `schema` wants it; nothing if there is a mistake in all of it.
    pub(super) fn value(&mut self, node: &Node, path: &str, schema: &Value) -> Option<Value> {
        self.places.insert(path.to_owned(), node.spot.clone());
        let schema = schema::resolved(self.schema, schema);
        let shapes = shapes(schema);
        let secret = schema::is_secret(schema);
        if secret {
            self.hide(node);
        }
        let of = |kind: &str| shapes.iter().copied().find(|shape| shape.is(kind));
        match &node.kind {
            Kind::Broken => None,
            Kind::List(items) => match of("array") {
                Some(shape) => self.list(node, items, path, shape),
                None => self.mismatch(node, path, "a list", &shapes),
            },
            Kind::Map(entries) => match of("object") {
                Some(shape) => Some(self.map(node, entries, path, shape)),
                None => self.mismatch(node, path, "a mapping", &shapes),
            },
            Kind::Scalar(_) if node.is_null() => self.mismatch(node, path, "nothing", &shapes),
            Kind::Scalar(scalar) => {
                let scalars: Vec<_> = shapes
                    .iter()
                    .copied()
                    .filter(|shape| !shape.is("array") && !shape.is("object"))
                    .collect();
                if scalars.is_empty() {
                    return self.mismatch(node, path, "a single value", &shapes);
                }
                match scalar_value(scalar, &scalars) {
                    Ok(value) if certificates::wanted(&scalars) => {
                        certificates::found(self, path, &node.spot, value)
                    }
                    Ok(value) => Some(value),
                    Err(hint) => {
                        let secret = secret || schema::is_secret_if_wrong(schema);
                        if secret {
                            self.hide(node);
                        }
                        let found = self.shown(node, scalar, secret);
                        self.fault(path, &node.spot, found, describe(&shapes), hint);
                        None
                    }
                }
            }
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], path: &str, shape: Shape<'_>) -> Option<Value> {
        let nothing = Value::Null;
        let schema = shape.items().unwrap_or(&nothing);
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            // A wrong entry keeps its place, so that those after it keep their paths.
            values.push(
                self.value(item, &format!("{path}[{i}]"), schema)
                    .unwrap_or_default(),
            );
        }
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let least = shape.number("minItems").unwrap_or(0);
        let most = shape.number("maxItems").unwrap_or(i64::MAX);
        if count < least {
            let expected = format!("a list with at least {least} entry");
            self.fault(path, &node.spot, "an empty list".to_owned(), expected, None);
        } else if count > most {
            self.fault(
                path,
                &node.spot,
                format!("{count} entries"),
                format!("at most {most}"),
                None,
            );
        }
        Some(Value::Array(values))
    }

    /// The mapping, without the entries that are wrong.
    fn map(&mut self, node: &Node, entries: &[Entry], path: &str, shape: Shape<'_>) -> Value {
        let mut object = Map::new();
        let mut mapping = Mapping {
            spot: &node.spot,
            path,
            shape,
            misspelled: Vec::new(),
        };
        for entry in entries {
            let known = shape.property(&entry.key);
            match known.or(shape.free()) {
                None => mapping.misspelled.extend(self.unknown(entry, path, shape)),
                Some(_) if known.is_some() && entry.value.is_null() => {}
                Some(schema) => {
                    if known.is_none() {
                        self.name(entry, path, shape);
                    }
                    let value = self.value(&entry.value, &join(path, &entry.key), schema);
                    object.extend(value.map(|value| (entry.key.clone(), value)));
                }
            }
        }
        for (name, schema) in shape.properties().filter(|(name, _)| shape.requires(name)) {
            if !mapping.mentions(self, name) {
                let expected = format!("`{name}`: {}", describe(&shapes(schema)));
                self.fault(path, &node.spot, format!("no `{name}`"), expected, None);
            }
        }
        secret_file::fill(self, &mapping, &mut object);
        Value::Object(object)
    }

    /// Notes a key that was free to choose, but not so.
    fn name(&mut self, entry: &Entry, path: &str, shape: Shape<'_>) {
        let Some(names) = shape.names() else {
            return;
        };
        let key = Scalar {
            text: entry.key.clone(),
            origin: Origin::Quoted,
        };
        if let Err(hint) = text(&key, names) {
            let (found, expected) = (quote(&entry.key), names.describe());
            self.fault(path, &entry.key_spot, found, expected, hint);
        }
    }

    /// Notes an unknown key and returns the known one that was probably meant.
    fn unknown<'s>(&mut self, entry: &Entry, path: &str, shape: Shape<'s>) -> Option<&'s str> {
        self.places
            .insert(join(path, &entry.key), entry.key_spot.clone());
        // It may be a misspelled secret.
        self.faults.hide_all(&entry.value);
        let keys = || shape.properties().map(|(name, _)| name);
        if let Some(instead) = shape.unsupported(&entry.key) {
            let found = format!("{}, which is not supported yet", quote(&entry.key));
            let hint = (!instead.is_empty()).then(|| instead.to_owned());
            self.refuse(path, entry, found, suggest::one_of(keys()), hint);
            return None;
        }
        let meant = suggest::nearest(&entry.key, keys());
        let has_secrets = || {
            shape
                .properties()
                .any(|(_, schema)| schema::is_secret(schema))
        };
        if meant.is_none() && entry.value.is_null() && has_secrets() {
            // The value of a secret whose key was torn off, as by `{&token: …}`.
            self.faults.hide(&entry.key_spot);
            let found = "an unknown key without a value".to_owned();
            self.refuse(path, entry, found, suggest::one_of(keys()), None);
            return None;
        }
        let hint = match meant {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None => {
                let mut known = Vec::new();
                homes(self.schema, "", &entry.key, &mut known);
                let shown = suggest::one_of(known.iter().take(MAX_HOMES).map(String::as_str));
                (!known.is_empty()).then(|| format!("`{}` belongs in {shown}", entry.key))
            }
        };
        let found = format!("the unknown key {}", quote(&entry.key));
        self.refuse(path, entry, found, suggest::one_of(keys()), hint);
        meant
    }

    /// Notes that the key of `entry` is not known.
    fn refuse(
        &mut self,
        path: &str,
        entry: &Entry,
        found: String,
        expected: String,
        hint: Option<String>,
    ) {
        self.faults.add(Fault {
            path: path.to_owned(),
            spot: entry.key_spot.clone(),
            found,
            expected,
            hint,
            unknown_key: true,
        });
    }

    fn mismatch(
        &mut self,
        node: &Node,
        path: &str,
        found: &str,
        shapes: &[Shape<'_>],
    ) -> Option<Value> {
        // A secret is often written one level too high.
        self.faults.hide_values(node);
        let wants_list = shapes.iter().any(|shape| shape.is("array"));
        let hint = wants_list.then(|| "each entry of a list begins with `- `".to_owned());
        self.fault(path, &node.spot, found.to_owned(), describe(shapes), hint);
        None
    }

    /// The whole path of the file `name`, unless what is checked comes from somebody who must not
    /// have files of this machine read.
    pub(super) fn file(&mut self, path: &str, spot: &Spot, name: &str) -> Option<PathBuf> {
        let folder = self.folder;
        if folder.is_none() {
            let expected = "the value itself; only the configuration may name files".to_owned();
            self.fault(path, spot, "a file".to_owned(), expected, None);
        }
        folder.map(|folder| folder.join(name))
    }

    pub(super) fn fault(
        &mut self,
        path: &str,
        spot: &Spot,
        found: String,
        expected: String,
        hint: Option<String>,
    ) {
        self.faults.add(Fault {
            path: path.to_owned(),
            spot: spot.clone(),
            found,
            expected,
            hint,
            unknown_key: false,
        });
    }

    /// Keeps a secret out of the messages, save where the source only names a variable.
    fn hide(&mut self, node: &Node) {
        if self.variable(node).is_none() {
            self.faults.hide_all(node);
        }
    }

    /// The source of `node`, if that is a `${NAME}` and nothing else.
    fn variable(&self, node: &Node) -> Option<&str> {
        let source = self
            .source
            .get(node.spot.range.clone())?
            .trim_matches(['"', '\'']);
        let name = source.strip_prefix("${")?.strip_suffix('}')?;
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
            .then_some(source)
    }

    /// What the file says at `path`, for settings that are no secret.
    pub(super) fn written(&self, path: &str) -> String {
        let spot = self.places.get(path);
        let source = spot
            .and_then(|spot| self.source.get(spot.range.clone()))
            .unwrap_or_default();
        let inner = ['"', '\''].into_iter().find_map(|sign| {
            let rest = source.strip_prefix(sign)?;
            rest.strip_suffix(sign)
        });
        quote(inner.unwrap_or(source))
    }

    /// Whether the text at `path` stands in the file itself, so that it may be talked about.
    pub(super) fn is_literal(&self, path: &str) -> bool {
        let spot = self.places.get(path);
        let source = spot.and_then(|spot| self.source.get(spot.range.clone()));
        source.is_some_and(|source| !source.contains("${") && !source.starts_with('*'))
    }

    /// The place of byte `at` of the text at `path`, if the text stands in the file as it is; else
    /// of the whole.
    pub(super) fn spot_within(&self, path: &str, text: &str, at: usize) -> Option<Spot> {
        let whole = self.places.get(path)?;
        let source = self.source.get(whole.range.clone()).unwrap_or_default();
        let quote = usize::from(source.starts_with(['"', '\'']));
        let literal = source.get(quote..source.len().saturating_sub(quote)) == Some(text);
        let (Some(before), true) = (text.get(..at), literal && !text.contains('\n')) else {
            return Some(whole.clone());
        };
        Some(Spot {
            line: whole.line,
            column: whole.column + quote + before.chars().count(),
            range: whole.range.start + quote + at..whole.range.end - quote,
        })
    }

    /// The scalar as a message shows it.
    fn shown(&mut self, node: &Node, scalar: &Scalar, secret: bool) -> String {
        if scalar.origin == Origin::Environment || secret {
            return quote(self.variable(node).unwrap_or(MASK));
        }
        // After a forgotten colon or quote, the text goes on into the next setting, maybe a secret.
        let source = self.source.get(node.spot.range.clone()).unwrap_or_default();
        if source.trim_end().contains(['\n', '\r']) {
            self.faults.hide_all(node);
            return "text over several lines".to_owned();
        }
        quote(&scalar.text)
    }
}

/// Reads a scalar as the first of `shapes` that takes it; a failure carries a hint.
pub(super) fn scalar_value(scalar: &Scalar, shapes: &[Shape<'_>]) -> Result<Value, Option<String>> {
    let words: Vec<&str> = shapes.iter().flat_map(|shape| shape.words()).collect();
    if !words.is_empty() {
        let known = words.contains(&scalar.text.as_str());
        // What came from the environment may not be guessed at aloud.
        return if known {
            Ok(Value::from(scalar.text.as_str()))
        } else if scalar.origin == Origin::Environment {
            Err(None)
        } else {
            Err(suggest::did_you_mean(&scalar.text, words))
        };
    }
    let mut hint = None;
    for shape in shapes {
        let result = if shape.is("integer") {
            number(scalar, *shape)
        } else if shape.is("boolean") {
            boolean(scalar)
        } else {
            text(scalar, *shape)
        };
        match result {
            Ok(value) => return Ok(value),
            Err(reason) => hint = hint.or(reason),
        }
    }
    Err(hint)
}

fn number(scalar: &Scalar, shape: Shape<'_>) -> Result<Value, Option<String>> {
    let number: i64 = scalar.text.parse().map_err(|_| None)?;
    if scalar.origin == Origin::Quoted {
        return Err(Some("write the number without quotes".to_owned()));
    }
    let within = shape.number("minimum").is_none_or(|least| number >= least)
        && shape.number("maximum").is_none_or(|most| number <= most)
        && shape.excluded() != Some(number);
    if within {
        Ok(Value::from(number))
    } else {
        Err(None)
    }
}

fn boolean(scalar: &Scalar) -> Result<Value, Option<String>> {
    if scalar.origin == Origin::Quoted {
        return Err(Some("write it without quotes".to_owned()));
    }
    let value = scalar.text.parse::<bool>().map_err(|_| None)?;
    Ok(Value::from(value))
}

fn text(scalar: &Scalar, shape: Shape<'_>) -> Result<Value, Option<String>> {
    if let Some(format) = shape.text("format") {
        format::check(format, &scalar.text)?;
    }
    let most = shape
        .number("maxLength")
        .and_then(|most| usize::try_from(most).ok());
    if most.is_some_and(|most| scalar.text.chars().count() > most) {
        return Err(None);
    }
    let least = shape
        .number("minLength")
        .and_then(|least| usize::try_from(least).ok());
    if least.is_some_and(|least| scalar.text.chars().count() < least) {
        return Err(None);
    }
    match shape.text("pattern").and_then(compiled) {
        Some(pattern) if !pattern.is_match(&scalar.text) => Err(None),
        _ => Ok(Value::from(scalar.text.as_str())),
    }
}

/// A pattern of the schema, compiled once: that takes longer than all else about a value. They are ours and
/// few, and a test sees to it that all of them compile.
fn compiled(pattern: &str) -> Option<Regex> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return regex.clone();
    }
    let regex = Regex::new(pattern).ok();
    known.insert(pattern.to_owned(), regex.clone());
    regex
}

/// Adds the places in the schema, from the second level on, that know `key`, such as
/// `telegram.bots[]`.
fn homes(schema: &Value, path: &str, key: &str, found: &mut Vec<String>) {
    for shape in shapes(schema) {
        if !path.is_empty() && shape.property(key).is_some() {
            found.push(path.to_owned());
        }
        for (name, schema) in shape.properties() {
            homes(schema, &join(path, name), key, found);
        }
        if let Some(items) = shape.items() {
            homes(items, &format!("{path}[]"), key, found);
        }
    }
}
