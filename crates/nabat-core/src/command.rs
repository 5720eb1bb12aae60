//! What people write to a bot, read as commands.

/// Something a person asks a bot for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// `/start`, with the code of the link that was followed, if any.
    Start(&'a str),
    /// `/help`
    Help,
    /// `/regexp EXPR`
    Regexp(&'a str),
    /// `/subscribe MATCHERS`
    Subscribe(&'a str),
    /// `/list`
    List,
    /// `/unsubscribe`, with an expression or nothing.
    Unsubscribe(&'a str),
    /// `/alerts`, with an expression, matchers or nothing.
    Alerts(&'a str),
    /// `/status`
    Status,
    /// `/silence MATCHERS PERIOD REASON`, or nothing.
    Silence(&'a str),
    /// `/history`, with an expression, matchers or nothing.
    History(&'a str),
    /// `/silences`
    Silences,
    /// `/mute PERIOD`
    Mute(&'a str),
    /// `/unmute`
    Unmute,
    /// `/lang`, with a language or nothing.
    Lang(&'a str),
    /// `/tz`, with a zone or nothing.
    Tz(&'a str),
    /// `/invite`
    Invite,
    /// `/people`
    People,
    /// `/watch TARGET every PERIOD as NAME` with what has to hold, or nothing.
    Watch(&'a str),
    /// `/unwatch`, with the name of a monitor or nothing.
    Unwatch(&'a str),
    /// `/monitors`, with a name, a part of some or nothing.
    Monitors(&'a str),
    /// `/check`, with a target, the name of a monitor or nothing.
    Check(&'a str),
    /// A command that there is not, without its slash.
    Unknown(&'a str),
    /// No command at all.
    Text,
}

const NAMES: [&str; 21] = [
    "start",
    "help",
    "regexp",
    "subscribe",
    "list",
    "unsubscribe",
    "alerts",
    "history",
    "status",
    "silence",
    "silences",
    "mute",
    "unmute",
    "lang",
    "tz",
    "invite",
    "people",
    "watch",
    "unwatch",
    "monitors",
    "check",
];

impl<'a> Command<'a> {
    /// Reads what was written to the bot called `bot_name` (without `@`). `None` if it is
    /// addressed to another bot.
    pub fn parse(text: &'a str, bot_name: &str) -> Option<Self> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix('/') else {
            return Some(Self::Text);
        };
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, argument) = rest.split_at(end);
        let argument = argument.trim();
        let name = match word.split_once('@') {
            Some((name, bot)) if bot.eq_ignore_ascii_case(bot_name) => name,
            Some(_) => return None,
            None => word,
        };
        Some(match name.to_ascii_lowercase().as_str() {
            "start" => Self::Start(argument),
            "help" => Self::Help,
            "regexp" | "regex" => Self::Regexp(argument),
            "subscribe" | "sub" => Self::Subscribe(argument),
            "list" => Self::List,
            "unsubscribe" | "unsub" => Self::Unsubscribe(argument),
            "alerts" => Self::Alerts(argument),
            "status" => Self::Status,
            "silence" => Self::Silence(argument),
            "history" => Self::History(argument),
            "silences" => Self::Silences,
            "mute" => Self::Mute(argument),
            "unmute" => Self::Unmute,
            "lang" | "language" => Self::Lang(argument),
            "tz" | "timezone" => Self::Tz(argument),
            "invite" => Self::Invite,
            "people" => Self::People,
            "watch" => Self::Watch(argument),
            "unwatch" => Self::Unwatch(argument),
            "monitors" => Self::Monitors(argument),
            "check" => Self::Check(argument),
            _ => Self::Unknown(name),
        })
    }

    /// Whether it changes what a chat is told, or has something looked at, so that in a group its
    /// administrators decide.
    pub fn changes_the_chat(&self) -> bool {
        match self {
            Self::Regexp(text)
            | Self::Subscribe(text)
            | Self::Unsubscribe(text)
            | Self::Mute(text)
            | Self::Silence(text)
            | Self::Lang(text)
            | Self::Watch(text)
            | Self::Unwatch(text)
            | Self::Check(text)
            | Self::Tz(text) => {
                !text.is_empty() || matches!(self, Self::Mute(_) | Self::Unsubscribe(_))
            }
            Self::Unmute => true,
            Self::Start(code) => !code.is_empty(),
            _ => false,
        }
    }
}

/// Whether a button with this data changes what a chat is told, or has something looked at.
pub fn button_changes_the_chat(data: &str) -> bool {
    let of_monitor = data.strip_prefix("m:");
    data.starts_with("u:")
        || data.starts_with("l:")
        || button_silences(data)
        || of_monitor.is_some_and(button_about_monitors_changes)
}

/// Whether a button below monitors, with this data behind its `m:`, does more than show them.
pub fn button_about_monitors_changes(data: &str) -> bool {
    !data.starts_with("p:") && !data.starts_with("o:")
}

/// Whether a button with this data hushes alerts for everyone, or ends that.
pub fn button_silences(data: &str) -> bool {
    ["s:", "e:", "x:", "X:", "y:", "Y:", "n:", "t:", "z:"]
        .iter()
        .any(|kind| data.starts_with(kind))
}

/// The command that was probably meant by a name that is none: one that begins so, else one that is
/// written nearly so.
pub fn similar(name: &str) -> Option<&'static str> {
    const BEGINNING_MIN: usize = 3;
    let beginning = name.to_ascii_lowercase();
    let begins = |known: &&str| name.len() >= BEGINNING_MIN && known.starts_with(&beginning);
    NAMES.into_iter().find(begins).or_else(|| {
        NAMES
            .into_iter()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .filter(|(distance, known)| *distance <= 2.min(known.len() / 2))
            .min()
            .map(|(_, known)| known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_people_write_them() {
        let cases: &[(&str, Option<Command<'_>>)] = &[
            ("/regexp mem|cpu", Some(Command::Regexp("mem|cpu"))),
            ("/regexp@nabat_bot  mem ", Some(Command::Regexp("mem"))),
            ("/REGEXP mem", Some(Command::Regexp("mem"))),
            ("/regexp\nmem", Some(Command::Regexp("mem"))),
            ("/regexp@other_bot mem", None),
            ("  /list", Some(Command::List)),
            ("/start abc", Some(Command::Start("abc"))),
            ("/lst", Some(Command::Unknown("lst"))),
            ("/", Some(Command::Unknown(""))),
            ("hello", Some(Command::Text)),
            ("", Some(Command::Text)),
        ];
        for (text, expected) in cases {
            assert_eq!(Command::parse(text, "nabat_bot"), *expected, "{text}");
        }
    }

    #[test]
    fn typing_errors_are_understood() {
        for (text, expected) in [
            ("lst", Some("list")),
            ("regxp", Some("regexp")),
            ("statsu", Some("status")),
            ("hist", Some("history")),
            ("stat", Some("status")),
            ("unsubscrib", Some("unsubscribe")),
            ("banana", None),
            ("", None),
        ] {
            assert_eq!(similar(text), expected, "{text}");
        }
    }
}
