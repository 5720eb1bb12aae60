//! What is said to people, as data: blocks of styled text and buttons below them.
//!
//! Nothing here knows a channel: no markup, no escaping, no limits but that of a button's data.
//! A channel renders a message and splits it where it must; the outbox keeps it as JSON.
//!
//! [`words`] holds the texts in every language, [`card`] tells of alerts, [`answer`] answers people.

pub mod answer;
pub mod card;
#[cfg(test)]
mod sketch;
mod text;
pub mod words;

use serde::{Deserialize, Serialize};

/// One message to one chat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Message {
    /// The text, from top to bottom.
    pub blocks: Vec<Block>,
    /// Rows of buttons below the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Vec<Button>>,
    /// Whether it arrives without a sound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}

/// A part of a message that stands on lines of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A line of running text.
    Line(Vec<Span>),
    /// Lines set apart, such as a long annotation.
    Quote {
        /// The lines.
        lines: Vec<Vec<Span>>,
        /// Whether it is shown folded up until someone wants to read it.
        #[serde(default)]
        expandable: bool,
    },
    /// Text in which every column counts.
    Code(String),
    /// An empty line.
    Gap,
}

/// Text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The text as it is to be read; it may hold anything.
    pub text: String,
    /// How it looks.
    #[serde(default, skip_serializing_if = "Style::is_plain")]
    pub style: Style,
}

/// How a text looks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// As running text.
    #[default]
    Plain,
    /// Heavier.
    Bold,
    /// Slanted.
    Italic,
    /// Struck through.
    Strike,
    /// In letters of equal width; a touch copies it.
    Code,
    /// A link to this address.
    Link(String),
}

/// Something to press below a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What is written on it.
    pub text: String,
    /// What pressing it does.
    pub press: Press,
}

/// What pressing a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Press {
    /// The bot is told this text; see [`Button::callback`].
    Callback(String),
    /// This address is opened.
    Url(String),
}

/// The longest text that pressing a button can tell the bot, in bytes.
pub const CALLBACK_MAX_BYTES: usize = 64;

impl Message {
    /// A message of one plain line.
    pub fn of(text: impl Into<String>) -> Self {
        Self::default().line([Span::plain(text)])
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        self.blocks.push(Block::Line(spans.into_iter().collect()));
        self
    }

    /// Adds an empty line.
    #[must_use]
    pub fn gap(mut self) -> Self {
        self.blocks.push(Block::Gap);
        self
    }

    /// Adds text in which every column counts.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Code(text.into()));
        self
    }

    /// Adds plain text set apart, line by line.
    #[must_use]
    pub fn quote(mut self, text: &str, expandable: bool) -> Self {
        let lines = text.lines().map(|line| vec![Span::plain(line)]).collect();
        self.blocks.push(Block::Quote { lines, expandable });
        self
    }

    /// Adds a row of buttons; an empty one adds nothing.
    #[must_use]
    pub fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.buttons.push(row);
        }
        self
    }

    /// The same message, arriving without a sound.
    #[must_use]
    pub fn silently(mut self) -> Self {
        self.silent = true;
        self
    }

    /// The text alone, without styles and addresses: for logs, previews and tests.
    pub fn text(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(Block::text).collect();
        blocks.join("\n")
    }
}

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Line(spans) => text_of(spans),
            Self::Quote { lines, .. } => {
                let lines: Vec<String> = lines.iter().map(|line| text_of(line)).collect();
                lines.join("\n")
            }
            Self::Code(text) => text.clone(),
            Self::Gap => String::new(),
        }
    }
}

fn text_of(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

impl Span {
    fn new(text: impl Into<String>, style: Style) -> Self {
        let text = text.into();
        Self { text, style }
    }

    /// Running text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Style::Plain)
    }

    /// Heavier text.
    pub fn bold(text: impl Into<String>) -> Self {
        Self::new(text, Style::Bold)
    }

    /// Slanted text.
    pub fn italic(text: impl Into<String>) -> Self {
        Self::new(text, Style::Italic)
    }

    /// Text struck through.
    pub fn strike(text: impl Into<String>) -> Self {
        Self::new(text, Style::Strike)
    }

    /// Text in letters of equal width.
    pub fn code(text: impl Into<String>) -> Self {
        Self::new(text, Style::Code)
    }

    /// A link.
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(text, Style::Link(url.into()))
    }
}

impl Style {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

impl Button {
    /// A button that tells the bot `data`: 1 to [`CALLBACK_MAX_BYTES`] bytes, else there is none.
    pub fn callback(text: impl Into<String>, data: impl Into<String>) -> Option<Self> {
        let data = data.into();
        (1..=CALLBACK_MAX_BYTES)
            .contains(&data.len())
            .then(|| Self {
                text: text.into(),
                press: Press::Callback(data),
            })
    }

    /// A button that opens an address.
    pub fn url(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            press: Press::Url(url.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_outbox() {
        let message = Message::of("a")
            .line([Span::bold("b"), Span::link("c", "https://d/")])
            .gap()
            .quote("e\nf", true)
            .code("g")
            .row(Button::callback("h", "u:1"))
            .row([Button::url("i", "https://j/")])
            .silently();
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        assert_eq!(message.text(), "a\nbc\n\ne\nf\ng");
    }

    #[test]
    fn a_button_tells_the_bot_between_1_and_64_bytes() {
        assert!(Button::callback("x", "").is_none());
        assert!(Button::callback("x", "a".repeat(64)).is_some());
        assert!(Button::callback("x", "a".repeat(65)).is_none());
        assert!(Button::callback("x", "я".repeat(33)).is_none());
    }
}
