//! Reads YAML into a tree that knows where every key and value stands.
//!
//! Scalars keep their text: what a plain `no` or `010` means is decided by the schema, not guessed
//! here. Aliases are copied, within [`MAX_NODES`], so that no file grows beyond measure, and what
//! `<<` names is merged. A mistake of the notation ends the reading; a key given twice or an unset variable does not.

use std::collections::{HashMap, hash_map};

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, options};

use super::mistake::{Fault, Faults, Spot, quote};

/// The most values in one file, each alias counted as often as it is used.
const MAX_NODES: usize = 200_000;

/// The most levels of lists and mappings, aliases followed; bounds every recursion over the tree.
const MAX_DEPTH: usize = 80;

/// The key whose value is merged into the mapping in which it stands.
const MERGE: &str = "<<";

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A value about which a fault has been noted already.
    Broken,
}

#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What the notation says about a scalar's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Without quotes: a number or nothing, if it looks so and the schema wants one.
    Plain,
    /// In quotes or as a block: always text.
    Quoted,
    /// From the environment: whatever the schema wants; never shown.
    Environment,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_spot: Spot,
    pub(super) value: Node,
}

impl Node {
    /// Nothing written, or one of YAML's words for it.
    pub(super) fn is_null(&self) -> bool {
        let Kind::Scalar(scalar) = &self.kind else {
            return false;
        };
        scalar.origin == Origin::Plain
            && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The number of levels, this one included.
    fn height(&self) -> usize {
        let below = match &self.kind {
            Kind::List(items) => items.iter().map(Self::height).max(),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.height()).max(),
            Kind::Scalar(_) | Kind::Broken => None,
        };
        below.unwrap_or(0) + 1
    }

    /// Calls `visit` for the spot of every scalar, and of every key, at and below this node.
    pub(super) fn words(&self, visit: &mut impl FnMut(&Spot)) {
        match &self.kind {
            Kind::Scalar(_) | Kind::Broken => visit(&self.spot),
            Kind::List(items) => items.iter().for_each(|item| item.words(visit)),
            Kind::Map(entries) => {
                for entry in entries {
                    visit(&entry.key_spot);
                    entry.value.words(visit);
                }
            }
        }
    }
}

/// Reads the one document of `text`. An empty text is a null.
pub(super) fn read(text: &str, faults: &mut Faults) -> Node {
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options! { emit_anchor_events: true }),
        anchors: HashMap::new(),
        nodes: 0,
        depth: 0,
        faults,
    };
    match reader.document() {
        Ok(node) => node,
        Err(Stop::Noted) => Node {
            spot: Spot::START,
            kind: Kind::Broken,
        },
        Err(Stop::Syntax(error)) => {
            let (found, expected) = explain(error.kind());
            let at = spot(*error.marker(), *error.marker());
            faults.add(Fault {
                path: String::new(),
                spot: at,
                found,
                expected: expected.to_owned(),
                hint: None,
                unknown_key: false,
            });
            faults.unread = true;
            Node {
                spot: Spot::START,
                kind: Kind::Broken,
            }
        }
    }
}

/// The usual slips in words for people, the rest in the parser's.
fn explain(kind: &ErrorKind) -> (String, &'static str) {
    let (found, expected) = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => ("a tab in the indentation", "spaces"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            ("the end of a section within quotes", "a closing quote")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "a line that is neither a key nor a value",
            "`key: value`, with a space behind the colon",
        ),
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey => (
            "a line that does not fit those above",
            "a key, indented like those beside it",
        ),
        ErrorKind::MappingValueNotAllowed => (
            "a second `key: value` on one line",
            "quotes around a value with a colon",
        ),
        ErrorKind::UnknownAnchor => (
            "an alias (`*…`) of nothing",
            "quotes around a value that begins with `*`",
        ),
        kind => {
            return (
                format!("YAML that cannot be read ({kind})"),
                "well-formed YAML",
            );
        }
    };
    (found.to_owned(), expected)
}

/// Why the reading ended early.
enum Stop {
    Syntax(ScanError),
    Noted,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Syntax(error)
    }
}

#[derive(Clone)]
struct Anchored {
    node: Node,
    nodes: usize,
}

struct Reader<'t, 'f> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// Finished values by anchor.
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    depth: usize,
    faults: &'f mut Faults,
}

impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Spot)>, Stop> {
        for next in self.parser.by_ref() {
            let (event, span) = next?;
            let spot = spot(span.start, span.end);
            match event {
                // A password that begins with `&` is read as the name of an anchor.
                Event::Anchor(..) => self.faults.hide(&spot),
                event => return Ok(Some((event, spot))),
            }
        }
        Ok(None)
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        while let Some((event, spot)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.stop(&spot, "a second document", "one document"));
                }
                Event::DocumentStart(..) => {}
                event => root = Some(self.node(event, spot)?),
            }
        }
        let nothing = Scalar {
            text: String::new(),
            origin: Origin::Plain,
        };
        Ok(root.unwrap_or(Node {
            spot: Spot::START,
            kind: Kind::Scalar(nothing),
        }))
    }

    fn node(&mut self, event: Event<'t>, spot: Spot) -> Result<Node, Stop> {
        self.count(1, &spot)?;
        self.reach(1, &spot)?;
        let before = self.nodes;
        self.depth += 1;
        let (anchor, tag, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let origin = if plain { Origin::Plain } else { Origin::Quoted };
                let text = text.into_owned();
                (anchor, tag, Kind::Scalar(Scalar { text, origin }))
            }
            Event::SequenceStart(_, anchor, tag) => (anchor, tag, self.list()?),
            Event::MappingStart(_, anchor, tag) => (anchor, tag, self.map()?),
            Event::Alias(anchor) => {
                self.depth -= 1;
                return self.alias(anchor, &spot);
            }
            _ => return Err(self.stop(&spot, "something unreadable", "a value")),
        };
        self.depth -= 1;
        if tag.is_some() {
            let expected = "no tag; text that begins with `!` needs quotes";
            return Err(self.stop(&spot, "a tag (`!…`)", expected));
        }
        let node = Node { spot, kind };
        if anchor != 0 {
            let copy = Anchored {
                node: node.clone(),
                nodes: self.nodes - before + 1,
            };
            self.anchors.insert(anchor, copy);
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Kind, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => return Ok(Kind::List(items)),
                Some((event, spot)) => items.push(self.node(event, spot)?),
            }
        }
    }

    fn map(&mut self) -> Result<Kind, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines = HashMap::new();
        let mut merged = Vec::new();
        loop {
            let (event, spot) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => break,
                Some(next) => next,
            };
            let key = self.node(event, spot)?;
            let Kind::Scalar(Scalar { text, origin }) = key.kind else {
                return Err(self.stop(&key.spot, "a list or a mapping as a key", "a word"));
            };
            let Some((event, spot)) = self.next()? else {
                break;
            };
            let value = self.node(event, spot)?;
            if text == MERGE && origin == Origin::Plain && is_mergeable(&value) {
                merged.push(value);
                continue;
            }
            match lines.entry(text.clone()) {
                hash_map::Entry::Occupied(line) => {
                    self.faults.hide_all(&value);
                    self.faults.add(Fault {
                        path: String::new(),
                        spot: key.spot,
                        found: format!("the key {} a second time", quote(&text)),
                        expected: "each key once".to_owned(),
                        hint: Some(format!("it stands first on line {}", line.get())),
                        unknown_key: false,
                    });
                }
                hash_map::Entry::Vacant(line) => {
                    line.insert(key.spot.line);
                    entries.push(Entry {
                        key: text,
                        key_spot: key.spot,
                        value,
                    });
                }
            }
        }
        for entry in merged.into_iter().flat_map(mergeable) {
            // What stands in the mapping itself goes before, and then what was named first.
            if let hash_map::Entry::Vacant(line) = lines.entry(entry.key.clone()) {
                line.insert(entry.key_spot.line);
                entries.push(entry);
            }
        }
        Ok(Kind::Map(entries))
    }

    fn alias(&mut self, anchor: usize, spot: &Spot) -> Result<Node, Stop> {
        let Some(Anchored { node, nodes }) = self.anchors.get(&anchor).cloned() else {
            return Err(self.stop(spot, "an alias within its own anchor", "a finished value"));
        };
        self.count(nodes, spot)?;
        self.reach(node.height(), spot)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, spot: &Spot) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let expected = format!("at most {MAX_NODES}, aliases counted as often as they are used");
        Err(self.stop(spot, "too many values", &expected))
    }

    /// Checks that `levels` more levels fit below the present one.
    fn reach(&mut self, levels: usize, spot: &Spot) -> Result<(), Stop> {
        if self.depth + levels <= MAX_DEPTH {
            return Ok(());
        }
        let expected = format!("at most {MAX_DEPTH} levels");
        Err(self.stop(spot, "values nested too deeply", &expected))
    }

    fn stop(&mut self, spot: &Spot, found: &str, expected: &str) -> Stop {
        self.faults.add(Fault {
            path: String::new(),
            spot: spot.clone(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            hint: None,
            unknown_key: false,
        });
        self.faults.unread = true;
        Stop::Noted
    }
}

/// Whether a mapping can take it in: another one, or a list of them.
fn is_mergeable(node: &Node) -> bool {
    let is_map = |node: &Node| matches!(node.kind, Kind::Map(_));
    match &node.kind {
        Kind::List(items) => items.iter().all(is_map),
        _ => is_map(node),
    }
}

/// The entries that it brings, in their order.
fn mergeable(node: Node) -> Vec<Entry> {
    match node.kind {
        Kind::Map(entries) => entries,
        Kind::List(items) => items.into_iter().flat_map(mergeable).collect(),
        Kind::Scalar(_) | Kind::Broken => Vec::new(),
    }
}

fn spot(start: Marker, end: Marker) -> Spot {
    let from = start.byte_offset().unwrap_or(0);
    let range = from..end.byte_offset().unwrap_or(from).max(from);
    Spot {
        line: start.line(),
        column: start.col() + 1,
        range,
    }
}
