//! What is said of a condition that does not hold: what was seen, short and without secrets.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelNull, CelString};
use cel::common::value::Val;
use cel::objects::Value;
use cel::parser::Expression;
use cel::{Context, ExecutionError};

use super::value::Values;
use crate::probe::evidence;

/// The most values that are told.
const MAX_VALUES: usize = 3;
/// The most characters of a list that are told.
const MAX_LIST: usize = 80;
/// What a field is never told to hold in whose name a word begins or ends so.
const SECRET: [&str; 6] = [
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "cookie",
];
/// The same for words that end so: not those of an `author` or of a `keyspace`.
const SECRET_END: [&str; 4] = ["key", "auth", "authorization", "session"];

/// What was seen of that which keeps `expression` from being true: `240`, or `a 3, b 4`.
pub(super) fn seen(expression: &Expression, context: &Context<'_, '_>) -> String {
    let mut parts = Vec::new();
    collect(expression, context, &mut parts);
    parts.dedup_by_key(|part| named(part));
    let mut told: Vec<String> = Vec::new();
    for part in parts.iter().take(MAX_VALUES) {
        let shown = match Value::resolve_val(part, context) {
            Ok(value) if !(holds_text(&*value) && is_secret(part)) => shown(&*value),
            Ok(_) => "…".to_owned(),
            Err(_) => "nothing".to_owned(),
        };
        told.push(match named(part) {
            Some(name) if parts.len() > 1 => format!("{name} {shown}"),
            _ => shown,
        });
    }
    if parts.len() > MAX_VALUES {
        told.push("…".to_owned());
    }
    match told.is_empty() {
        true => "it is false".to_owned(),
        false => told.join(", "),
    }
}

/// The parts whose values tell why `of` does not hold.
fn collect<'e>(of: &'e Expression, context: &Context<'_, '_>, parts: &mut Vec<&'e Expression>) {
    match &of.expr {
        Expr::Call(call) => match (call.func_name.as_str(), &call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, both) => {
                for part in both.iter().filter(|part| !holds(part, context)) {
                    collect(part, context, parts);
                }
            }
            (operators::LOGICAL_NOT, [part]) => collect(part, context, parts),
            (operators::CONDITIONAL, [condition, one, other]) => {
                let taken = if holds(condition, context) {
                    one
                } else {
                    other
                };
                collect(taken, context, parts);
            }
            _ => {
                let asked = call.target.as_deref().into_iter().chain(&call.args);
                parts.extend(asked.filter(|part| !is_constant(part)));
            }
        },
        Expr::Comprehension(over) => parts.push(&over.iter_range),
        Expr::Select(select) if select.test => parts.push(&select.operand),
        _ => parts.push(of),
    }
}

fn holds(part: &Expression, context: &Context<'_, '_>) -> bool {
    let given = Value::resolve_val(part, context);
    given.is_ok_and(|given| {
        given
            .downcast_ref::<CelBool>()
            .is_some_and(|is| *is.inner())
    })
}

fn is_constant(part: &Expression) -> bool {
    match &part.expr {
        Expr::Literal(_) => true,
        Expr::List(list) => list.elements.iter().all(is_constant),
        Expr::Call(CallExpr {
            func_name, args, ..
        }) => func_name == operators::NEGATE && args.iter().all(is_constant),
        _ => false,
    }
}

/// As it is written: `json.queue.depth`; nothing for what is more than a way to a value.
fn named(part: &Expression) -> Option<String> {
    match &part.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", named(&select.operand)?, select.field)),
        Expr::Call(call) => match (call.func_name.as_str(), &call.target, &call.args[..]) {
            (operators::INDEX, None, [of, index]) => {
                let index = match &index.expr {
                    Expr::Literal(index) => shown(&*index.to_val()),
                    _ => "…".to_owned(),
                };
                Some(format!("{}[{index}]", named(of)?))
            }
            ("size", None, [of]) => Some(format!("size({})", named(of)?)),
            ("size", Some(of), []) => Some(format!("size({})", named(of)?)),
            ("double", None, [of]) => named(of),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it may hold more than a number.
fn holds_text(value: &dyn Val) -> bool {
    value.downcast_ref::<CelString>().is_some() || value.downcast_ref::<CelList>().is_some()
}

/// Whether the way to a value says that it is one of those that nobody should see, or does not say
/// which one it is.
fn is_secret(part: &Expression) -> bool {
    match &part.expr {
        Expr::Ident(name) => is_secret_name(name),
        Expr::Literal(LiteralValue::String(text)) => is_secret_name(text.inner()),
        Expr::Select(select) => is_secret_name(&select.field) || is_secret(&select.operand),
        Expr::Call(call) => {
            let index = call
                .args
                .get(1)
                .filter(|_| call.func_name == operators::INDEX);
            let mut parts = call.target.as_deref().into_iter().chain(&call.args);
            index.is_some_and(|index| !is_constant(index)) || parts.any(is_secret)
        }
        Expr::List(list) => list.elements.iter().any(is_secret),
        Expr::Comprehension(over) => is_secret(&over.iter_range),
        _ => false,
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        let word = word.trim_end_matches('s');
        let both = |known: &str| word.starts_with(known) || word.ends_with(known);
        SECRET.iter().any(|known| both(known)) || SECRET_END.iter().any(|end| word.ends_with(end))
    })
}

fn shown(value: &dyn Val) -> String {
    if let Some(text) = value.downcast_ref::<CelString>() {
        evidence::quote(text.inner().as_bytes())
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        number.inner().to_string()
    } else if let Some(number) = value.downcast_ref::<CelInt>() {
        number.inner().to_string()
    } else if let Some(is) = value.downcast_ref::<CelBool>() {
        is.inner().to_string()
    } else if value.downcast_ref::<CelNull>().is_some() {
        "null".to_owned()
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        let items = list.inner();
        let first = || items.iter().take(MAX_VALUES).map(|item| &**item);
        let plain = |item: &dyn Val| {
            item.downcast_ref::<CelMap>().is_none() && item.downcast_ref::<CelList>().is_none()
        };
        if items.is_empty() || !first().all(plain) {
            return format!("a list of {}", items.len());
        }
        let told = first().map(shown).collect::<Vec<_>>().join(", ");
        let more = (items.len() > MAX_VALUES).then_some(", …");
        let told = evidence::shortened(&told, MAX_LIST);
        format!("[{told}{}]", more.unwrap_or_default())
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        format!("a map of {}", map.inner().len())
    } else {
        "something else".to_owned()
    }
}

/// Why a condition could not be held against what was seen. CEL's own words repeat whole values.
pub(super) fn trouble(error: &ExecutionError, condition: &str, values: &Values<'_>) -> String {
    match error {
        // What is looked for may have been seen itself.
        ExecutionError::NoSuchKey(name) if !condition.contains(name.as_str()) => {
            "there is no such field".to_owned()
        }
        ExecutionError::NoSuchKey(name) => format!("there is no `{name}`"),
        ExecutionError::UndeclaredReference(name) => values.missing(name),
        ExecutionError::IndexOutOfBounds(_) => "there are fewer items".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::NoSuchOverload(overload) => {
            let types: Vec<&str> = overload
                .argument_types()
                .iter()
                .map(|of| said(of))
                .collect();
            let sign = overload.function().trim_matches(['_', '@']);
            match (sign, &types[..]) {
                (".", [of, _]) => format!("{of} has no fields"),
                ("[_]", [of, index]) => format!("{of} has nothing at {index}"),
                (name @ ("int" | "double" | "bool" | "string" | "size"), [of]) => {
                    format!("`{name}` cannot be made of {of}")
                }
                _ => format!("`{sign}` does not go with {}", types.join(" and ")),
            }
        }
        ExecutionError::UnsupportedBinaryOperator(name, one, other) => {
            let sign = match *name {
                "add" => "+",
                "sub" => "-",
                "mul" => "*",
                "div" => "/",
                name => name,
            };
            let types = [one, other].map(|of| said(kind(of))).join(" and ");
            format!("`{sign}` does not go with {types}")
        }
        ExecutionError::FunctionError { function, .. } => {
            format!("`{function}` cannot be made of what was seen")
        }
        ExecutionError::UnexpectedType { want, .. } => match want.as_str() {
            "bool" => "what was seen is neither true nor false".to_owned(),
            "iterable" => "what was seen is no list".to_owned(),
            _ => "what was seen is of another type".to_owned(),
        },
        ExecutionError::Overflow(..) => "the numbers are too large".to_owned(),
        _ => "it does not go with what was seen".to_owned(),
    }
}

/// The name of CEL for the type of `value`.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Null => "null_type",
        _ => "",
    }
}

/// A type of CEL as people call it.
fn said(of: &str) -> &'static str {
    match of {
        "int" | "uint" | "double" => "a number",
        "string" => "a text",
        "bool" => "true or false",
        "list" => "a list",
        "map" => "a map",
        "null_type" => "null",
        _ => "something else",
    }
}
