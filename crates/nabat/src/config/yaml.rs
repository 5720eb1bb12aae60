//! Reads YAML into a tree that knows where every key and value stands.
//!
//! Scalars keep their text: what a plain `no` or `010` means is decided by the schema, not guessed
//! here. Aliases are copied, within [`MAX_NODES`], so that no file grows beyond measure. A mistake
//! of the notation ends the reading; a key given twice does not.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use super::mistake::{Fault, Faults, Spot};

/// The most values in one file, each alias counted as often as it is used.
const MAX_NODES: usize = 200_000;

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

    /// Calls `visit` for every scalar at and below this node.
    pub(super) fn scalars<'a>(&'a self, visit: &mut impl FnMut(&'a Node)) {
        match &self.kind {
            Kind::Scalar(_) => visit(self),
            Kind::List(items) => items.iter().for_each(|item| item.scalars(visit)),
            Kind::Map(entries) => entries.iter().for_each(|entry| entry.value.scalars(visit)),
            Kind::Broken => {}
        }
    }
}

/// Reads the one document of `text`. An empty text is a null.
pub(super) fn read(text: &str, faults: &mut Faults) -> Node {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        faults,
    };
    match reader.document() {
        Ok(node) => node,
        Err(Stop::Noted) => Node {
            spot: Spot::START,
            kind: Kind::Broken,
        },
        Err(Stop::Syntax(error)) => {
            faults.add(Fault {
                path: String::new(),
                spot: spot(*error.marker(), *error.marker()),
                found: format!("YAML that cannot be read ({})", error.kind()),
                expected: "correct indentation, `key: value` pairs and closed quotes".to_owned(),
                hint: Some("a value with special characters needs quotes".to_owned()),
            });
            faults.unread = true;
            Node {
                spot: Spot::START,
                kind: Kind::Broken,
            }
        }
    }
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

struct Reader<'t, 'f> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    /// Finished values by anchor, with their number of nodes.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    faults: &'f mut Faults,
}

impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Spot)>, Stop> {
        match self.parser.next() {
            None => Ok(None),
            Some(next) => {
                let (event, span) = next?;
                Ok(Some((event, spot(span.start, span.end))))
            }
        }
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        while let Some((event, spot)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.stop(spot, "a second document", "one document", None));
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
        let before = self.nodes;
        let (anchor, tagged, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let origin = if style == ScalarStyle::Plain {
                    Origin::Plain
                } else {
                    Origin::Quoted
                };
                let kind = Kind::Scalar(Scalar {
                    text: text.into_owned(),
                    origin,
                });
                (anchor, tag.is_some(), Node { spot, kind })
            }
            Event::SequenceStart(_, anchor, tag) => (anchor, tag.is_some(), self.list(spot)?),
            Event::MappingStart(_, anchor, tag) => (anchor, tag.is_some(), self.map(spot)?),
            Event::Alias(anchor) => return self.alias(anchor, spot),
            _ => return Err(self.stop(spot, "something unreadable", "a value", None)),
        };
        if tagged {
            self.fault(
                node.spot.clone(),
                "a tag (`!…`)",
                "a value without a tag",
                Some("text that begins with `!` needs quotes"),
            );
            return Ok(Node {
                kind: Kind::Broken,
                ..node
            });
        }
        if anchor != 0 {
            self.anchors
                .insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn list(&mut self, start: Spot) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None | Some((Event::SequenceEnd, _)) => break,
                Some((event, spot)) => items.push(self.node(event, spot)?),
            }
        }
        Ok(Node {
            spot: start,
            kind: Kind::List(items),
        })
    }

    fn map(&mut self, start: Spot) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let (event, spot) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => break,
                Some(next) => next,
            };
            let key = self.node(event, spot)?;
            let Some((event, spot)) = self.next()? else {
                break;
            };
            let value = self.node(event, spot)?;
            let Kind::Scalar(Scalar { text, .. }) = key.kind else {
                if !matches!(key.kind, Kind::Broken) {
                    self.fault(
                        key.spot,
                        "a list or a mapping as a key",
                        "a word as a key",
                        None,
                    );
                }
                continue;
            };
            if let Some(line) = lines.insert(text.clone(), key.spot.line) {
                value.scalars(&mut |scalar| self.faults.hide(&scalar.spot));
                let found = format!("the key `{text}` a second time");
                let hint = format!("it stands first on line {line}");
                self.fault(key.spot, &found, "each key once", Some(&hint));
                lines.insert(text, line);
                continue;
            }
            entries.push(Entry {
                key: text,
                key_spot: key.spot,
                value,
            });
        }
        Ok(Node {
            spot: start,
            kind: Kind::Map(entries),
        })
    }

    fn alias(&mut self, anchor: usize, spot: Spot) -> Result<Node, Stop> {
        let Some((node, nodes)) = self.anchors.get(&anchor).cloned() else {
            return Err(self.stop(
                spot,
                "an alias (`*…`) within its own anchor",
                "an alias of a finished value",
                None,
            ));
        };
        self.count(nodes, &spot)?;
        Ok(node)
    }

    fn count(&mut self, nodes: usize, spot: &Spot) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let expected = format!(
                "at most {MAX_NODES} values, with aliases counted as often as they are used"
            );
            return Err(self.stop(spot.clone(), "too many values", &expected, None));
        }
        Ok(())
    }

    fn stop(&mut self, spot: Spot, found: &str, expected: &str, hint: Option<&str>) -> Stop {
        self.fault(spot, found, expected, hint);
        self.faults.unread = true;
        Stop::Noted
    }

    fn fault(&mut self, spot: Spot, found: &str, expected: &str, hint: Option<&str>) {
        self.faults.add(Fault {
            path: String::new(),
            spot,
            found: found.to_owned(),
            expected: expected.to_owned(),
            hint: hint.map(str::to_owned),
        });
    }
}

fn spot(start: Marker, end: Marker) -> Spot {
    let from = start.byte_offset().unwrap_or(0);
    let range: Range<usize> = from..end.byte_offset().unwrap_or(from).max(from);
    Spot {
        line: start.line(),
        column: start.col() + 1,
        range,
    }
}
