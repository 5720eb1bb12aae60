//! Greeting, help and the command menu, all from one table of commands.

use crate::message::text::cut;
use crate::message::words::{Language, Locale};
use crate::message::{Message, Span};

struct Command {
    name: &'static str,
    /// An example of what follows it.
    argument: &'static str,
    owner: bool,
}

const fn command(name: &'static str, argument: &'static str) -> Command {
    Command {
        name,
        argument,
        owner: false,
    }
}

const COMMANDS: [Command; 21] = [
    command("regexp", "mem|cpu"),
    command("subscribe", "severity=critical"),
    command("watch", "https://shop.example.org every 30s"),
    command("monitors", ""),
    command("check", "db-1:5432"),
    command("unwatch", ""),
    command("list", ""),
    command("unsubscribe", ""),
    command("alerts", ""),
    command("history", ""),
    command("status", ""),
    command("silence", "team=db 2h"),
    command("silences", ""),
    command("mute", "2h"),
    command("unmute", ""),
    command("lang", ""),
    command("tz", "Europe/Moscow"),
    Command {
        name: "invite",
        argument: "",
        owner: true,
    },
    Command {
        name: "people",
        argument: "",
        owner: true,
    },
    command("start", ""),
    command("help", ""),
];

/// Names and descriptions of the commands as a chat's menu shows them.
pub fn command_menu(language: Language, owner: bool) -> Vec<(&'static str, String)> {
    let locale = Locale {
        language,
        ..Locale::english()
    };
    commands(owner)
        .map(|command| (command.name, description(command, &locale)))
        .collect()
}

fn commands(owner: bool) -> impl Iterator<Item = &'static Command> {
    COMMANDS
        .iter()
        .filter(move |command| owner || !command.owner)
}

fn description(command: &Command, locale: &Locale) -> String {
    locale.text(&format!("command-{}", command.name), [])
}

/// The answer to `/start`.
pub(super) fn greeting(bot_name: &str, locale: &Locale) -> Message {
    let name = Span::bold(cut(bot_name, 64));
    let message = Message::default().line(locale.spans("greeting", [("name", name.into())]));
    next_steps(message, locale)
}

/// What to do first, behind what there was to say.
pub(super) fn next_steps(message: Message, locale: &Locale) -> Message {
    message
        .line(locale.spans(
            "try-subscribe",
            [
                ("example", Span::code("/regexp mem|cpu").into()),
                ("all", Span::code("/regexp all").into()),
            ],
        ))
        .line(locale.spans(
            "try-watch",
            [
                ("host", Span::code("/watch 10.0.0.1").into()),
                ("page", Span::code("/watch https://example.org").into()),
            ],
        ))
        .line([Span::plain(locale.text("try-help", []))])
}

/// The answer to `/help`.
pub(super) fn help(in_group: bool, owner: bool, locale: &Locale) -> Message {
    let mut message = Message::default().line([Span::bold(locale.text("help", []))]);
    for command in commands(owner) {
        let description = description(command, locale);
        // Without an argument a touch runs the command, with one it copies the example.
        let example = if command.argument.is_empty() {
            Span::plain(format!("/{}", command.name))
        } else {
            Span::code(format!("/{} {}", command.name, command.argument))
        };
        message = message.line([example, Span::plain(format!(" — {description}"))]);
    }
    message = message
        .gap()
        .line([Span::plain(locale.text("help-expression", []))]);
    if in_group {
        message = message.line([Span::plain(locale.text("help-group", []))]);
    }
    message
}

/// The answer to a command that does not exist.
pub(super) fn unknown_command(command: &str, like: Option<&str>, locale: &Locale) -> Message {
    let command = Span::code(format!("/{}", cut(command, 60)));
    let message =
        Message::default().line(locale.spans("unknown-command", [("command", command.into())]));
    match like {
        Some(like) => message.line([Span::plain(format!(
            "{} /{like}",
            locale.text("did-you-mean", [])
        ))]),
        None => message.line([Span::plain(locale.text("try-help", []))]),
    }
}
