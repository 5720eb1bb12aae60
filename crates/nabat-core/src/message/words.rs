//! The texts in every language, and how a reader's language writes moments and spans of time.
//!
//! Texts live in one Fluent file per language, built into the program. What comes from outside
//! never passes through Fluent: [`Locale::spans`] sets it into the finished text, styled. A text
//! missing in a language falls back to English; tests keep that from happening.

mod when;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

use super::Span;

/// A language that Nabat speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Russian.
    #[serde(rename = "ru")]
    Ru,
    /// Portuguese as in Brazil.
    #[serde(rename = "pt-BR")]
    PtBr,
}

impl Language {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::En, Self::Ru, Self::PtBr];

    /// The language that an IETF tag such as `ru`, `pt-br`, `pt` or `en-GB` asks for, if Nabat
    /// speaks it.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "ru" => Some(Self::Ru),
            "pt" => Some(Self::PtBr),
            _ => None,
        }
    }

    /// Its IETF tag: `en`, `ru`, `pt-BR`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::PtBr => "pt-BR",
        }
    }

    /// Its name in itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
            Self::PtBr => "Português (Brasil)",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("words/en.ftl"),
            Self::Ru => include_str!("words/ru.ftl"),
            Self::PtBr => include_str!("words/pt-BR.ftl"),
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| build(Language::En));
        static RU: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| build(Language::Ru));
        static PT_BR: LazyLock<FluentBundle<FluentResource>> =
            LazyLock::new(|| build(Language::PtBr));
        match self {
            Self::En => &EN,
            Self::Ru => &RU,
            Self::PtBr => &PT_BR,
        }
    }
}

fn build(language: Language) -> FluentBundle<FluentResource> {
    let resource = FluentResource::try_new(language.source().to_owned())
        .unwrap_or_else(|(what_could_be_read, _)| what_could_be_read);
    let tag: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // The isolation marks would end up in what people copy, and none of the languages needs them.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

/// How a reader reads: in which language, by which clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    /// The language.
    pub language: Language,
    /// The reader's time zone.
    pub zone: TimeZone,
}

/// What is set into a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A number, which also chooses the plural.
    Count(usize),
    /// A text, which keeps its style.
    Span(Span),
}

impl From<usize> for Arg {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Span> for Arg {
    fn from(span: Span) -> Self {
        Self::Span(span)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Span(Span::plain(text))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Span(Span::plain(text))
    }
}

/// The first of the 32 noncharacters that hold the places of spans while Fluent formats.
const PLACE: u32 = 0xFDD0;

impl Locale {
    /// English by UTC.
    pub const fn english() -> Self {
        Self {
            language: Language::En,
            zone: TimeZone::UTC,
        }
    }

    /// The text called `key`, with `args` set in, as one plain string.
    pub fn text<const N: usize>(&self, key: &str, args: [(&str, Arg); N]) -> String {
        self.spans(key, args)
            .into_iter()
            .map(|span| span.text)
            .collect()
    }

    /// The text called `key`, with `args` (at most 32) set in, each in its own style.
    pub fn spans<const N: usize>(&self, key: &str, args: [(&str, Arg); N]) -> Vec<Span> {
        let mut values = FluentArgs::with_capacity(N);
        let mut places = Vec::new();
        for (name, arg) in args {
            match arg {
                Arg::Count(count) => values.set(name, count),
                Arg::Span(span) => {
                    let place = char::from_u32(PLACE + places.len() as u32);
                    values.set(name, place.map(String::from).unwrap_or_default());
                    places.push(span);
                }
            }
        }
        let text = format(self.language, key, &values)
            .or_else(|| format(Language::En, key, &values))
            .unwrap_or_else(|| key.to_owned());
        set_in(&text, &places)
    }
}

fn format(language: Language, key: &str, args: &FluentArgs<'_>) -> Option<String> {
    let bundle = language.bundle();
    let pattern = bundle.get_message(key)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(args), &mut errors);
    Some(text.into_owned())
}

fn set_in(text: &str, places: &[Span]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    for c in text.chars() {
        let place = u32::from(c)
            .checked_sub(PLACE)
            .and_then(|index| places.get(index as usize));
        match place {
            Some(span) => {
                if !plain.is_empty() {
                    spans.push(Span::plain(std::mem::take(&mut plain)));
                }
                spans.push(span.clone());
            }
            None => plain.push(c),
        }
    }
    if !plain.is_empty() {
        spans.push(Span::plain(plain));
    }
    spans
}

#[cfg(test)]
mod tests;
