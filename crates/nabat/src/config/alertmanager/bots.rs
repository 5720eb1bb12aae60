//! The bots of an `alertmanager.yml`: those of `telegram_configs` go to `telegram.bots`, where Nabat's
//! own settings of some of them may stand already.

use super::{child, child_or_new, items, scalar_entry, text};
use crate::config::mistake::Spot;
use crate::config::yaml::{Entry, Kind, Node};

/// A bot that some `telegram_configs` name by its token.
pub(super) struct Bot {
    pub(super) name: String,
    /// What makes it the one it is: where its token stands or what it is, and how it is reached.
    pub(super) identity: Vec<(String, String)>,
    pub(super) spot: Spot,
    pub(super) entries: Vec<Entry>,
}

/// A bot of `telegram.bots`, where Nabat's own settings of it stand.
pub(super) struct Own {
    pub(super) name: String,
    /// The key and the value by which its token is known.
    pub(super) token: (String, String),
    /// How `telegram_configs` say that it is reached.
    pub(super) entries: Vec<Entry>,
}

/// The bots of `telegram.bots` that have a name and a token.
pub(super) fn own(root: &mut Node) -> Vec<Own> {
    let Some(telegram) = child(root, "telegram") else {
        return Vec::new();
    };
    let bots = items(telegram, "telegram", "bots").filter_map(|(_, bot)| {
        let mut said = |key: &str| {
            child(bot, key)
                .and_then(|value| text(value))
                .map(str::to_owned)
        };
        let name = said("name")?;
        let token = ["token", "token_file"].into_iter().find_map(|key| {
            let value = said(key)?;
            Some((key.to_owned(), value))
        })?;
        Some(Own {
            name,
            token,
            entries: Vec::new(),
        })
    });
    bots.collect()
}

/// Adds to the bots of `telegram.bots` what they do not say themselves.
pub(super) fn complete(root: &mut Node, own: &[Own]) {
    let Some(telegram) = child(root, "telegram") else {
        return;
    };
    for (_, bot) in items(telegram, "telegram", "bots") {
        let name = child(bot, "name")
            .and_then(|name| text(name))
            .map(str::to_owned);
        let known = own.iter().find(|own| Some(&own.name) == name.as_ref());
        for entry in known.map_or(&[][..], |own| &own.entries) {
            let said = child(bot, &entry.key).is_some();
            if let (false, Kind::Map(settings)) = (said, &mut bot.kind) {
                settings.push(entry.clone());
            }
        }
    }
}

/// Adds the bots to `telegram.bots`, beside those that stand there.
pub(super) fn add(root: &mut Node, bots: Vec<Bot>) {
    let nodes = bots.into_iter().map(|bot| {
        let mut entries = vec![scalar_entry("name", &bot.name, &bot.spot)];
        entries.extend(bot.entries);
        Node {
            spot: bot.spot,
            kind: Kind::Map(entries),
        }
    });
    let telegram = child_or_new(root, "telegram", Kind::Map(Vec::new()));
    let list = telegram.map(|telegram| child_or_new(telegram, "bots", Kind::List(Vec::new())));
    if let Some(Some(Node {
        kind: Kind::List(list),
        ..
    })) = list
    {
        list.extend(nodes);
    }
}
