//! Finds what Telegram marks in a text by itself: commands, web addresses and mentions.

use crate::html::{Entity, units};

/// The commands, addresses and mentions in a text, in order.
pub(crate) fn entities(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut from = 0;
    for word in text.split(char::is_whitespace) {
        let start = from;
        from += word.len()
            + text[from + word.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        if let Some((kind, length)) = classify(word) {
            let (offset, length) = (units(&text[..start]), units(&word[..length]));
            found.push(Entity {
                kind,
                offset,
                length,
                argument: None,
            });
        }
    }
    found
}

/// What a word starts with, and how many bytes of it belong to that.
fn classify(word: &str) -> Option<(&'static str, usize)> {
    let name_end = |from: usize| {
        from + word[from..]
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count()
    };
    if word.starts_with('/') {
        let command = name_end(1);
        if !(2..=65).contains(&command) {
            return None;
        }
        let with_bot = if word[command..].starts_with('@') {
            name_end(command + 1)
        } else {
            command
        };
        let end = if with_bot > command + 1 {
            with_bot
        } else {
            command
        };
        // `/usr/bin` is a path, not a command.
        return (!word[end..].starts_with('/')).then_some(("bot_command", end));
    }
    if word.starts_with('@') {
        let end = name_end(1);
        return (end >= 4).then_some(("mention", end));
    }
    if word.starts_with("https://") || word.starts_with("http://") {
        return Some((
            "url",
            word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\''])
                .len(),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_addresses_and_mentions_are_found() {
        let kinds = |text| {
            entities(text)
                .iter()
                .map(|e| (e.kind, e.offset, e.length))
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds("/start abc"), [("bot_command", 0, 6)]);
        assert_eq!(kinds("/list@ops_bot x"), [("bot_command", 0, 13)]);
        assert_eq!(kinds("/db-1.* x"), [("bot_command", 0, 3)]);
        assert_eq!(
            kinds("ü🔥 @anna, see https://a.example/x."),
            [("mention", 4, 5), ("url", 15, 19)]
        );
        assert_eq!(kinds("/usr/bin / 1/2"), []);
        assert_eq!(kinds(""), []);
    }
}
