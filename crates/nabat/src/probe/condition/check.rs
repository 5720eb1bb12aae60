//! Reads a condition: its grammar, what it speaks of, whether that fits together, and what it may
//! cost.
//!
//! The tree is made ready on the way. In CEL whole numbers and others do not add up, so those that
//! are met by another are made one. Regular expressions are compiled. What looks at each item asks
//! before each whether there is time left.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SourceInfo, operators};
use cel::parser::Expression;
use cel::{Env, ParseErrors};

use super::language::{FUNCTIONS, Function, LOOPS, Type};
use super::{Compiled, MAX_CHARS, NoCondition};
use crate::config::suggest;

/// The function that says whether there is time left; no condition can name it.
pub(super) const TIME_LEFT: &str = "@time_left";
/// The function that finds the regular expression of an index.
pub(super) const FINDS: &str = "@finds";

/// How deep a condition may be nested.
const MAX_DEPTH: usize = 32;
/// How many signs a condition may have, and how many brackets within one another, to be parsed with
/// the stack that there is. Each bracket takes some 150 kB of it.
const FEW_SIGNS: usize = 30;
const FEW_BRACKETS: usize = 3;
/// How much of a stack the others are given, in bytes.
const STACK: usize = 64 * 1024 * 1024;
/// How many loops may be within one another.
const MAX_LOOPS: usize = 2;
/// How many texts may be put together.
const MAX_SUMS: usize = 10;

/// CEL's own functions.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// Reads `text`, in which `known` may be spoken of.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn compile(text: &str, known: &[(&'static str, Type)]) -> Result<Compiled, NoCondition> {
    let count = text.chars().count();
    if count > MAX_CHARS {
        let found = format!("{count} characters");
        return Err(wrong(MAX_CHARS, found, &format!("at most {MAX_CHARS}")));
    }
    let (mut expression, info) = parse(text)?;
    let mut reader = Reader {
        known,
        info: &info,
        scopes: Vec::new(),
        compiled: Compiled {
            source: text.to_owned(),
            expression: Expression::default(),
            patterns: Vec::new(),
            variables: BTreeSet::new(),
            loops: false,
        },
        depth: 0,
        sums: 0,
    };
    let given = reader.read(&mut expression)?;
    if !given.may_be(Type::Bool) {
        return Err(wrong(0, given.words().to_owned(), EXPECTED));
    }
    if reader.compiled.variables.is_empty() {
        let found = "a condition on nothing that is seen".to_owned();
        let expected = format!("one on {}", names(known));
        return Err(wrong(0, found, &expected));
    }
    Ok(Compiled {
        expression,
        ..reader.compiled
    })
}

const CEL: &str = "a condition in CEL such as `latency < 300`";
const EXPECTED: &str = "what is true or false, such as `latency < 300`";

/// Has `text` parsed. The parser is recursive many times over: what is not simple is parsed by a thread
/// with stack enough. Both may break down without harm.
fn parse(text: &str) -> Result<(Expression, SourceInfo), NoCondition> {
    let source = text.to_owned();
    let read = move || {
        let parsed = ENVIRONMENT.parser().parse_with_source_info(&source);
        parsed.map_err(|errors| misread(&source, &errors))
    };
    let parsed = if is_simple(text) {
        std::panic::catch_unwind(read).ok()
    } else {
        let thread = thread::Builder::new().stack_size(STACK).spawn(read).ok();
        thread.and_then(|thread| thread.join().ok())
    };
    parsed.unwrap_or_else(|| Err(wrong(0, "what cannot be read".to_owned(), CEL)))
}

/// Whether `text` has few signs, and few of them within one another.
fn is_simple(text: &str) -> bool {
    let (mut signs, mut depth, mut deepest) = (0, 0_usize, 0);
    for c in text.chars() {
        signs += usize::from(c.is_ascii_punctuation());
        match c {
            '(' | '[' | '{' | '?' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = depth.max(deepest);
    }
    signs <= FEW_SIGNS && deepest <= FEW_BRACKETS
}

/// What the parser says, without what only those understand who know its grammar.
fn misread(text: &str, errors: &ParseErrors) -> NoCondition {
    let Some(error) = errors.errors.first() else {
        return wrong(0, "what is no condition".to_owned(), CEL);
    };
    if error.msg.contains("Recursion limit") {
        return wrong(0, "too many parentheses".to_owned(), "fewer");
    }
    let column = usize::try_from(error.pos.1).unwrap_or(1).saturating_sub(1);
    let lines_before = usize::try_from(error.pos.0).unwrap_or(1).saturating_sub(1);
    let lines = text.split_inclusive('\n').take(lines_before);
    let before: usize = lines.map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let character = rest.char_indices().nth(column);
    let at = before + character.map_or(rest.len(), |(at, _)| at);
    let message = error.msg.lines().next().unwrap_or_default();
    let token = message.split('\'').nth(1).map(str::trim);
    let found = match token {
        Some("<EOF>") => "the end, too soon".to_owned(),
        Some(token) if message.starts_with("Syntax error") => format!("`{token}`"),
        _ => format!("what is not taken here ({message})"),
    };
    let hint = token.filter(|token| *token == "=");
    NoCondition {
        hint: hint.map(|_| "`==` compares".to_owned()),
        ..wrong(at, found, CEL)
    }
}

fn wrong(at: usize, found: String, expected: &str) -> NoCondition {
    NoCondition {
        at,
        found,
        expected: expected.to_owned(),
        hint: None,
    }
}

fn names(known: &[(&'static str, Type)]) -> String {
    suggest::one_of(known.iter().map(|(name, _)| *name))
}

struct Reader<'a> {
    known: &'a [(&'static str, Type)],
    info: &'a SourceInfo,
    /// What the loops around call their items.
    scopes: Vec<(String, Type)>,
    compiled: Compiled,
    depth: usize,
    sums: usize,
}

impl Reader<'_> {
    /// What a part holds.
    fn read(&mut self, part: &mut Expression) -> Result<Type, NoCondition> {
        let at = self.at(part);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(wrong(at, "too much within one another".to_owned(), "less"));
        }
        let given = self.within(at, part);
        self.depth -= 1;
        given
    }

    fn within(&mut self, at: usize, part: &mut Expression) -> Result<Type, NoCondition> {
        match &mut part.expr {
            Expr::Ident(name) => self.variable(at, name),
            Expr::Literal(literal) => literal_type(literal).ok_or_else(|| {
                let found = "bytes, or a number with `u`".to_owned();
                wrong(at, found, "a text in quotation marks, or a number alone")
            }),
            Expr::Select(select) => {
                let of = self.read(&mut select.operand)?;
                let field = self.field(at, of, &select.field)?;
                Ok(if select.test { Type::Bool } else { field })
            }
            Expr::Call(call) => self.call(at, call),
            Expr::List(list) => {
                let mut of = None;
                for item in &mut list.elements {
                    let item = self.read(item)?;
                    of = Some(match of {
                        None => item,
                        Some(of) if of == item => of,
                        Some(_) => Type::Any,
                    });
                }
                Ok(of.unwrap_or(Type::Any).listed())
            }
            Expr::Comprehension(over) => self.each(at, over),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err(wrong(at, "a map".to_owned(), "a number, a text or a list"))
            }
        }
    }

    fn at(&self, part: &Expression) -> usize {
        let start = self.info.offset_for(part.id).map_or(0, |(start, _)| start);
        let start = usize::try_from(start).unwrap_or_default();
        let text = &self.info.source;
        text.char_indices()
            .nth(start)
            .map_or(text.len(), |(at, _)| at)
    }

    fn variable(&mut self, at: usize, name: &str) -> Result<Type, NoCondition> {
        let scopes = self.scopes.iter().rev();
        if let Some((_, of)) = scopes.clone().find(|(scoped, _)| scoped == name) {
            return Ok(*of);
        }
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some((known, of)) = self.known.iter().find(|(known, _)| *known == name) {
            self.compiled.variables.insert(known);
            return Ok(*of);
        }
        Err(NoCondition {
            at,
            found: format!("the unknown word `{name}`"),
            expected: names(self.known),
            hint: suggest::did_you_mean(name, self.known.iter().map(|(known, _)| *known)),
        })
    }

    fn field(&self, at: usize, of: Type, name: &str) -> Result<Type, NoCondition> {
        match of {
            Type::Any => Ok(Type::Any),
            Type::Map(of) => Ok(*of),
            Type::Fields(fields) => match fields.iter().find(|(known, _)| *known == name) {
                Some((_, of)) => Ok(*of),
                None => Err(NoCondition {
                    at,
                    found: format!("the unknown field `{name}`"),
                    expected: names(fields),
                    hint: suggest::did_you_mean(name, fields.iter().map(|(known, _)| *known)),
                }),
            },
            other => {
                let found = format!("`.{name}` of {}", other.words());
                Err(wrong(at, found, "a map, such as `json`"))
            }
        }
    }

    fn call(&mut self, at: usize, call: &mut CallExpr) -> Result<Type, NoCondition> {
        match (call.func_name.as_str(), &mut call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, parts) => {
                for part in parts {
                    self.must_be(part, Type::Bool)?;
                }
                Ok(Type::Bool)
            }
            (operators::CONDITIONAL, [condition, one, other]) => {
                self.must_be(condition, Type::Bool)?;
                let (one, other) = (self.read(one)?, self.read(other)?);
                Ok(if one == other { one } else { Type::Any })
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                let (one, other) = (self.read(left)?, self.read(right)?);
                let fits = one.may_be(other) || one == Type::Null || other == Type::Null;
                fits.then_some(Type::Bool)
                    .ok_or_else(|| never_equal(at, one, other))
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [left, right],
            ) => {
                let (one, other) = (self.read(left)?, self.read(right)?);
                let ordered = |of: Type| of.is_number() || matches!(of, Type::Text | Type::Any);
                let fits = one.may_be(other) && ordered(one) && ordered(other);
                fits.then_some(Type::Bool)
                    .ok_or_else(|| never_equal(at, one, other))
            }
            (operators::IN, [item, list]) => {
                self.read(item)?;
                match self.read(list)? {
                    Type::Text => Err(NoCondition {
                        hint: Some("`body.contains(\"ok\")` looks for one text in another".into()),
                        ..wrong(at, "`in` a text".to_owned(), "a list after `in`")
                    }),
                    Type::Any | Type::List(_) | Type::Map(_) | Type::Fields(_) => Ok(Type::Bool),
                    other => {
                        let found = format!("`in` {}", other.words());
                        Err(wrong(at, found, "a list after `in`"))
                    }
                }
            }
            (operators::INDEX, [of, index]) => {
                let given = self.read(index)?;
                match (self.read(of)?, given, &index.expr) {
                    (Type::List(of), Type::Int | Type::Any, _) => Ok(*of),
                    (Type::Map(of), Type::Text | Type::Any, _) => Ok(*of),
                    (
                        of @ Type::Fields(_),
                        Type::Text,
                        Expr::Literal(LiteralValue::String(name)),
                    ) => self.field(at, of, name.inner()),
                    (Type::Any, ..) => Ok(Type::Any),
                    (of, given, _) => {
                        let found =
                            format!("{} in the brackets after {}", given.words(), of.words());
                        let expected = "a whole number for a list, a text for a map";
                        Err(wrong(at, found, expected))
                    }
                }
            }
            (
                name @ (operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO),
                [left, right],
            ) => {
                let sign = name.trim_matches('_').to_owned();
                self.sum(at, &sign, left, right)
            }
            (operators::NEGATE, [part]) => {
                let of = self.read(part)?;
                let fits = of.is_number() || of == Type::Any;
                fits.then_some(of)
                    .ok_or_else(|| wrong(at, format!("`-` before {}", of.words()), "a number"))
            }
            _ => self.function(at, call),
        }
    }

    fn must_be(&mut self, part: &mut Expression, wanted: Type) -> Result<(), NoCondition> {
        let at = self.at(part);
        let given = self.read(part)?;
        let expected = wanted.words();
        given
            .may_be(wanted)
            .then_some(())
            .ok_or_else(|| wrong(at, given.words().to_owned(), expected))
    }

    fn sum(
        &mut self,
        at: usize,
        sign: &str,
        left: &mut Expression,
        right: &mut Expression,
    ) -> Result<Type, NoCondition> {
        self.sums += usize::from(sign == "+");
        if self.sums > MAX_SUMS {
            let found = format!("more than {MAX_SUMS} times `+`");
            return Err(wrong(at, found, "fewer"));
        }
        let (one, other) = (self.read(left)?, self.read(right)?);
        let part = match sign {
            "%" if one == Type::Int && other == Type::Int => return Ok(Type::Int),
            "%" => {
                return Err(NoCondition {
                    hint: Some("`int(…)` makes a whole number".to_owned()),
                    ..wrong(
                        at,
                        format!("`%` between {} and {}", one.words(), other.words()),
                        "whole numbers",
                    )
                });
            }
            "+" if one == Type::Text || other == Type::Text => Type::Text,
            _ => Type::Double,
        };
        if !one.may_be(part) || !other.may_be(part) {
            let found = format!("`{sign}` between {} and {}", one.words(), other.words());
            return Err(wrong(at, found, "numbers"));
        }
        match (one, other) {
            (Type::Int, Type::Int) => Ok(Type::Int),
            (Type::Int, _) => {
                to_double(left);
                Ok(Type::Double)
            }
            (_, Type::Int) => {
                to_double(right);
                Ok(Type::Double)
            }
            (Type::Any, Type::Any) => Ok(Type::Any),
            _ => Ok(part),
        }
    }

    fn function(&mut self, at: usize, call: &mut CallExpr) -> Result<Type, NoCondition> {
        let name = call.func_name.clone();
        let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
        let Some((_, function)) = known else {
            let known = || FUNCTIONS.iter().map(|(name, _)| *name).chain(LOOPS);
            return Err(NoCondition {
                at,
                found: format!("the unknown function `{name}`"),
                expected: suggest::one_of(known()),
                hint: suggest::did_you_mean(&name, known()),
            });
        };
        let of_one = |call: &CallExpr| call.args.len() + usize::from(call.target.is_some()) == 1;
        match function {
            Function::OfTexts => {
                let (Some(of), [text]) = (&mut call.target, &mut call.args[..]) else {
                    let expected = format!("`body.{name}(\"…\")`");
                    return Err(wrong(at, format!("`{name}` otherwise"), &expected));
                };
                self.must_be(of, Type::Text)?;
                self.must_be(text, Type::Text)?;
                if name == "matches" {
                    self.pattern(text)?;
                    FINDS.clone_into(&mut call.func_name);
                }
                Ok(Type::Bool)
            }
            Function::Size if of_one(call) => {
                let part = call.target.as_deref_mut().or(call.args.first_mut());
                let of = part.map_or(Ok(Type::Any), |part| self.read(part))?;
                let measured = !of.is_number() && !matches!(of, Type::Bool | Type::Null);
                measured.then_some(Type::Int).ok_or_else(|| {
                    let found = format!("the size of {}", of.words());
                    wrong(at, found, "that of a text, a list or a map")
                })
            }
            Function::To(to) if of_one(call) && call.target.is_none() => {
                for part in &mut call.args {
                    self.read(part)?;
                }
                Ok(*to)
            }
            Function::Size | Function::To(_) => Err(wrong(
                at,
                format!("`{name}` otherwise"),
                &format!("`{name}(…)`"),
            )),
        }
    }

    /// Compiles the regular expression in `part`, which is its index from here on.
    fn pattern(&mut self, part: &mut Expression) -> Result<(), NoCondition> {
        let at = self.at(part);
        let Expr::Literal(LiteralValue::String(text)) = &part.expr else {
            let found = "a regular expression that only the answer tells".to_owned();
            return Err(wrong(at, found, "one in quotation marks"));
        };
        let pattern = text.inner().parse().map_err(|error| NoCondition {
            hint: Some(format!("{error}")),
            ..wrong(
                at,
                format!("`{}`", text.inner()),
                "a regular expression such as `^OK`",
            )
        })?;
        let index = i64::try_from(self.compiled.patterns.len()).unwrap_or(i64::MAX);
        self.compiled.patterns.push(pattern);
        part.expr = Expr::Literal(LiteralValue::Int(index.into()));
        Ok(())
    }

    /// A look at each item: `all`, `exists`, `exists_one`, `filter`.
    fn each(&mut self, at: usize, over: &mut ComprehensionExpr) -> Result<Type, NoCondition> {
        let range = self.read(&mut over.iter_range)?;
        let item = match range {
            Type::List(of) => *of,
            Type::Map(_) | Type::Fields(_) => Type::Text,
            Type::Any => Type::Any,
            other => {
                let found = format!("each of {}", other.words());
                return Err(wrong(at, found, "a list or a map"));
            }
        };
        if self.scopes.len() >= MAX_LOOPS {
            let found = format!("more than {MAX_LOOPS} loops within one another");
            return Err(wrong(at, found, "fewer"));
        }
        let name = over.iter_var.clone();
        let is_known = tested(over);
        let (Some((index, filters)), Expr::Call(step)) = (is_known, &mut over.loop_step.expr)
        else {
            return Err(wrong(at, "`map`".to_owned(), &suggest::one_of(LOOPS)));
        };
        let test = &mut step.args[index];
        self.scopes.push((name, item));
        let tested = self.must_be(test, Type::Bool);
        self.scopes.pop();
        tested?;
        ask_for_time(test);
        self.compiled.loops = true;
        Ok(if filters { item.listed() } else { Type::Bool })
    }
}

fn never_equal(at: usize, one: Type, other: Type) -> NoCondition {
    let found = format!("{} beside {}", one.words(), other.words());
    wrong(at, found, "two numbers or two texts")
}

const fn literal_type(literal: &LiteralValue) -> Option<Type> {
    Some(match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Null => Type::Null,
        LiteralValue::UInt(_) | LiteralValue::Bytes(_) => return None,
    })
}

/// Which part of a step is the test of each item, and whether those are kept that pass. Nothing for
/// `map`, by which few bytes could become many.
fn tested(over: &ComprehensionExpr) -> Option<(usize, bool)> {
    let step = called(&over.loop_step)?;
    let is = |part: &Expression, name: &str| matches!(&part.expr, Expr::Ident(is) if is == name);
    match (step.func_name.as_str(), &step.args[..]) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [all, _]) if is(all, &over.accu_var) => {
            Some((1, false))
        }
        (operators::CONDITIONAL, [_, sum, _]) => match &called(sum)?.args.get(1)?.expr {
            Expr::Literal(_) => Some((0, false)),
            Expr::List(kept) if kept.elements.iter().all(|kept| is(kept, &over.iter_var)) => {
                Some((0, true))
            }
            _ => None,
        },
        _ => None,
    }
}

const fn called(part: &Expression) -> Option<&CallExpr> {
    match &part.expr {
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// When time is over, nothing more is tested.
fn ask_for_time(test: &mut Expression) {
    let time_left = Expression {
        id: test.id,
        expr: Expr::Call(CallExpr {
            func_name: TIME_LEFT.to_owned(),
            target: None,
            args: Vec::new(),
        }),
    };
    call_of(test, operators::LOGICAL_AND, Some(time_left));
}

/// Makes a whole number one that goes with all others.
fn to_double(part: &mut Expression) {
    if let Expr::Literal(LiteralValue::Int(number)) = &part.expr {
        // Whole numbers beyond 2^53 lose their last digits, as everywhere in JSON.
        let number = *number.inner() as f64;
        part.expr = Expr::Literal(LiteralValue::Double(number.into()));
    } else {
        call_of(part, "double", None);
    }
}

/// Puts a call of `name` around `part`, which comes after `first`.
fn call_of(part: &mut Expression, name: &str, first: Option<Expression>) {
    let id = part.id;
    let inner = std::mem::take(part);
    let args = first.into_iter().chain([inner]).collect();
    *part = Expression {
        id,
        expr: Expr::Call(CallExpr {
            func_name: name.to_owned(),
            target: None,
            args,
        }),
    };
}
