//! What the bot answers people, each answer with the facts it needs.
//!
//! Every answer says what is so and, where something is left to do, how to do it.

mod expression;
mod help;
mod history;
mod lists;
mod monitors;
mod silences;
mod status;

pub use expression::Selecting;
pub use help::command_menu;
pub use monitors::OfMonitor;
pub use silences::{Preview, Question};
pub use status::{ChatStatus, Queue};

use std::sync::Arc;
use std::time::Duration;

use super::text::cut;
use super::words::{Language, Locale};
use super::{Button, Message, Span};
use crate::incident::Incident;
use crate::matcher::Matcher;
use crate::silence::Silence;
use crate::time::Timestamp;

/// The longest text shown when a button was pressed, in UTF-16 units.
const TOAST_MAX: usize = 200;

/// An alert that fires, as `/alerts` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Its life.
    pub incident: Arc<Incident>,
    /// Until when a silence covers it.
    pub silenced_until: Option<Timestamp>,
    /// The name of the alert that explains it, so that nobody new is told.
    pub explained_by: Option<String>,
}

/// Everything the bot can answer.
///
/// `what` is always a subscription as its owner wrote it; `all` and `*` are everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To `/start`.
    Greeting {
        /// What the bot is called.
        bot_name: String,
    },
    /// To `/help`.
    Help {
        /// Whether it was asked in a group.
        in_group: bool,
        /// Whether an owner asked.
        owner: bool,
    },
    /// A link was followed and the person is known from now on.
    Paired {
        /// Whether as an owner.
        owner: bool,
    },
    /// A link was followed by someone known already; it can still be used.
    AlreadyKnown,
    /// A link was followed and the group is known from now on.
    GroupPaired,
    /// A link's code is unknown, used or too old.
    CodeNotValid,
    /// Someone unknown wrote.
    Stranger {
        /// Who.
        user_id: i64,
        /// In which group, if in one.
        chat_id: Option<i64>,
    },
    /// Someone wrote in a group that is not known.
    GroupNotKnown {
        /// The group.
        chat_id: i64,
    },
    /// Only owners may do that.
    OwnersOnly,
    /// That is answered in a private chat only.
    InPrivateOnly,
    /// Only administrators of the group may do that.
    GroupAdminsOnly,
    /// Who wrote cannot be seen.
    AnonymousAdmin,
    /// Alerts were acknowledged.
    Acknowledged {
        /// Until when.
        until: Timestamp,
    },
    /// Somebody has acknowledged all of the alerts before.
    AlreadyAcknowledged {
        /// Who; at least one.
        by: Vec<String>,
        /// Until when.
        until: Timestamp,
    },
    /// Alerts are acknowledged no more.
    Released,
    /// Alerts were silenced.
    Silenced {
        /// Until when, at the latest.
        until: Timestamp,
        /// Whether only until all of them are resolved.
        until_resolved: bool,
        /// Which: those that fulfil all.
        matchers: Vec<Matcher>,
        /// Why.
        comment: String,
    },
    /// A silence that would cover every alert without certain labels.
    SilenceMatchesAll,
    /// To `/silence` alone, or where it can't be told what is meant.
    SilenceHow,
    /// What a silence would hush: buttons `y:<number>` (after the first question) or `Y:<number>`
    /// (after the second), and `n:<number>`.
    SilenceProposed(Question, Preview),
    /// A silence was not wanted after all.
    SilenceDeclined,
    /// A silence is near its end: buttons `t:<number>:<period>`, `z:<number>`.
    SilenceEndsSoon {
        /// Which.
        silence: Arc<Silence>,
        /// How many alerts that it covers fire.
        firing: usize,
    },
    /// Alerts are silenced no more.
    SilenceEnded,
    /// A button on a card of which nothing fires any more.
    NothingFires,
    /// A silence of alerts that share too little.
    NothingInCommon,
    /// There are as many silences as there may be.
    TooManySilences,
    /// To `/silences`: two buttons for each, `x:<number>` (end) and `X:<number>` (extend).
    Silences {
        /// How many there are.
        total: usize,
        /// The first of them.
        items: Vec<Arc<Silence>>,
    },
    /// There is no such silence (any more).
    SilenceUnknown,
    /// What was asked for follows in a message of its own.
    DetailsFollow,
    /// The chat subscribed.
    Subscribed {
        /// To what.
        what: String,
        /// How many alerts of it fire.
        firing_now: usize,
    },
    /// The chat had subscribed before.
    AlreadySubscribed {
        /// To what.
        what: String,
    },
    /// The expression cannot be read.
    BadExpression {
        /// What for.
        selecting: Selecting,
        /// As it was written.
        expression: String,
        /// Where the mistake is.
        at_byte: usize,
        /// What the mistake is.
        problem: String,
    },
    /// `/regexp` or `/subscribe` alone.
    ExpressionMissing(Selecting),
    /// The expression is longer or costs more than is allowed.
    ExpressionTooLong {
        /// How many characters it may have.
        limit: usize,
    },
    /// The chat has as many subscriptions as it may have.
    TooManySubscriptions {
        /// How many that is.
        limit: usize,
    },
    /// To `/list`.
    Subscriptions {
        /// Numbers and expressions.
        items: Vec<(i64, String)>,
        /// By which receivers the configuration tells the chat, and the matchers of the routes.
        routed: Vec<(String, String)>,
        /// Until when the chat is muted.
        muted_until: Option<Timestamp>,
    },
    /// To `/unsubscribe`: a button for each, `u:<number>`, and `u:all`.
    ChooseUnsubscribe {
        /// Numbers and expressions; at least one.
        items: Vec<(i64, String)>,
    },
    /// `/unsubscribe` from what the chat is not subscribed to: the buttons of
    /// [`Answer::ChooseUnsubscribe`].
    UnknownSubscription {
        /// As it was written.
        text: String,
        /// Numbers and expressions; at least one.
        items: Vec<(i64, String)>,
    },
    /// A subscription is gone.
    Unsubscribed {
        /// From what.
        what: String,
    },
    /// All subscriptions of the chat are gone.
    UnsubscribedAll {
        /// How many there were.
        count: usize,
    },
    /// There is no such subscription (any more).
    NoSuchSubscription,
    /// The chat has no subscription.
    NoSubscriptions,
    /// To `/alerts`: a page of what fires; buttons `a:<page>` or `a:<page>:<selected>` turn the
    /// pages.
    Alerts {
        /// Which page, from 1.
        page: usize,
        /// Of how many.
        pages: usize,
        /// How many alerts fire, of those that are selected.
        total: usize,
        /// What selects some of them; empty for all.
        selected: String,
        /// Those of this page.
        items: Vec<Firing>,
    },
    /// To `/history`.
    History {
        /// What fired, the last one first.
        items: Vec<Arc<Incident>>,
    },
    /// To `/history`, when it can't be looked up.
    HistoryUnreadable,
    /// To `/status`.
    Status(Box<ChatStatus>),
    /// The chat is muted.
    Muted {
        /// Until then.
        until: Timestamp,
    },
    /// `/unmute` where nothing was muted.
    NotMuted,
    /// The chat is not muted any more.
    Unmuted,
    /// Not a span of time; empty if there was none.
    BadPeriod {
        /// As it was written.
        text: String,
        /// How it is done.
        example: &'static str,
    },
    /// A span of time that is longer than may be.
    PeriodTooLong {
        /// As it was written.
        text: String,
        /// The longest.
        longest: Duration,
    },
    /// To `/lang`: buttons `l:<tag>`.
    ChooseLanguage {
        /// What was written and is none; empty if nothing was.
        instead_of: String,
    },
    /// The language is the reader's from now on.
    LanguageChosen,
    /// To `/tz`: the reader's zone.
    Zone,
    /// The zone is the reader's from now on.
    ZoneChosen,
    /// There is no such zone.
    ZoneUnknown {
        /// As it was written.
        text: String,
        /// Zones called similarly.
        like: Vec<String>,
    },
    /// To `/invite`.
    Invite {
        /// The link for a person.
        link: String,
        /// The link for a group.
        group_link: String,
        /// How long they can be used.
        valid_for: Duration,
    },
    /// To `/people`: a button for each who was let in by link, `p:<id>`.
    People {
        /// Numbers and names.
        items: Vec<(i64, String)>,
    },
    /// Somebody may use the bots no more.
    PersonGone {
        /// Who.
        name: String,
    },
    /// Nobody known has that number.
    PersonUnknown,
    /// About monitors.
    Monitor(OfMonitor),
    /// No such command.
    UnknownCommand {
        /// As it was written, without the slash.
        command: String,
        /// A command called similarly, without the slash.
        like: Option<String>,
    },
    /// Something that is no command.
    PlainTextHint,
    /// A button whose meaning is gone.
    OldButton,
    /// A button of a message about alerts that is not kept up to date any more.
    OldCard,
    /// What was asked could not be stored; nothing has changed.
    NotSaved,
}

impl Answer {
    /// The message.
    pub fn message(&self, locale: &Locale, now: Timestamp) -> Message {
        let say = |key| Message::of(locale.text(key, []));
        let moment = |at| Span::bold(locale.moment_in_zone(at, now));
        match self {
            Self::Greeting { bot_name } => help::greeting(bot_name, locale),
            Self::Help { in_group, owner } => help::help(*in_group, *owner, locale),
            Self::Paired { owner: true } => help::next_steps(say("paired-owner"), locale),
            Self::Paired { owner: false } => help::next_steps(say("paired"), locale),
            Self::AlreadyKnown => help::next_steps(say("already-known"), locale),
            Self::GroupPaired => help::next_steps(say("group-paired"), locale),
            Self::CodeNotValid => say("code-not-valid"),
            Self::Stranger { user_id, chat_id } => stranger(*user_id, *chat_id, locale),
            Self::GroupNotKnown { chat_id } => {
                let id = Span::code(chat_id.to_string());
                Message::default().line(locale.spans("group-not-known", [("id", id.into())]))
            }
            Self::OwnersOnly => say("owners-only"),
            Self::InPrivateOnly => say("in-private-only"),
            Self::GroupAdminsOnly => say("group-admins-only"),
            Self::AnonymousAdmin => say("anonymous-admin"),
            Self::Acknowledged { until } => about("acknowledged", moment(*until), locale),
            Self::AlreadyAcknowledged { by, until } => {
                silences::already_acknowledged(by, *until, locale, now)
            }
            Self::Released => say("released"),
            Self::Silenced {
                until,
                until_resolved,
                matchers,
                comment,
            } => {
                let message = silences::silenced(matchers, *until, *until_resolved, locale, now);
                silences::why(message, "", comment)
            }
            Self::SilenceMatchesAll => silences::matches_all(locale),
            Self::SilenceHow => silences::how(locale),
            Self::SilenceProposed(question, preview) => preview.message(*question, locale),
            Self::SilenceDeclined => say("silence-declined"),
            Self::SilenceEndsSoon { silence, firing } => {
                silences::ends_soon(silence, *firing, locale, now)
            }
            Self::SilenceEnded => say("silence-ended"),
            Self::NothingFires => say("nothing-fires"),
            Self::NothingInCommon => say("nothing-in-common"),
            Self::TooManySilences => say("too-many-silences"),
            Self::Silences { total, items } => silences::list(items, *total, locale, now),
            Self::SilenceUnknown => say("silence-unknown"),
            Self::DetailsFollow => say("details-follow"),
            Self::Subscribed { what, firing_now } => Message::default()
                .line(locale.spans("subscribed", [("what", lists::what(what, locale).into())]))
                .line([Span::plain(match firing_now {
                    0 => locale.text("firing-now-none-of-these", []),
                    n => locale.text("firing-now", [("n", (*n).into())]),
                })]),
            Self::AlreadySubscribed { what } => {
                about("already-subscribed", lists::what(what, locale), locale)
            }
            Self::BadExpression {
                selecting,
                expression,
                at_byte,
                problem,
            } => expression::mistake(*selecting, expression, *at_byte, problem, locale),
            Self::ExpressionMissing(selecting) => expression::missing(*selecting, locale),
            Self::ExpressionTooLong { limit } => {
                Message::of(locale.text("expression-too-long", [("n", (*limit).into())]))
            }
            Self::TooManySubscriptions { limit } => {
                Message::of(locale.text("too-many-subscriptions", [("n", (*limit).into())]))
            }
            Self::Subscriptions {
                items,
                routed,
                muted_until,
            } => lists::subscriptions(items, routed, *muted_until, locale, now),
            Self::ChooseUnsubscribe { items } => lists::choose_unsubscribe(items, locale),
            Self::UnknownSubscription { text, items } => {
                lists::unknown_subscription(text, items, locale)
            }
            Self::Unsubscribed { what } => about("unsubscribed", lists::what(what, locale), locale),
            Self::UnsubscribedAll { count } => {
                Message::of(locale.text("unsubscribed-all", [("n", (*count).into())]))
            }
            Self::NoSuchSubscription => say("no-such-subscription"),
            Self::NoSubscriptions => lists::none(locale),
            Self::Alerts {
                page,
                pages,
                total,
                selected,
                items,
            } => lists::alerts((*page, *pages), *total, selected, items, locale, now),
            Self::History { items } => history::history(items, locale, now),
            Self::HistoryUnreadable => say("history-unreadable"),
            Self::Status(status) => status.message(locale, now),
            Self::Muted { until } => about("muted", moment(*until), locale),
            Self::NotMuted => say("not-muted"),
            Self::Unmuted => say("unmuted"),
            Self::BadPeriod { text, example } => bad_period(text, example, locale),
            Self::PeriodTooLong { text, longest } => {
                let text = Span::code(cut(text, 60));
                let span = locale.span(*longest);
                let args = [("text", text.into()), ("span", span.into())];
                Message::default().line(locale.spans("period-too-long", args))
            }
            Self::ChooseLanguage { instead_of } => choose_language(instead_of, locale),
            Self::LanguageChosen => say("language-chosen"),
            Self::Zone => zone("zone", locale, now),
            Self::ZoneChosen => zone("zone-chosen", locale, now),
            Self::ZoneUnknown { text, like } => zone_unknown(text, like, locale),
            Self::Invite {
                link,
                group_link,
                valid_for,
            } => invite(link, group_link, *valid_for, locale),
            Self::People { items } => lists::people(items, locale),
            Self::PersonGone { name } => about("person-gone", Span::bold(cut(name, 100)), locale),
            Self::PersonUnknown => say("person-unknown"),
            Self::Monitor(of_monitor) => of_monitor.message(locale, now),
            Self::UnknownCommand { command, like } => {
                help::unknown_command(command, like.as_deref(), locale)
            }
            Self::PlainTextHint => help::next_steps(say("plain-text"), locale),
            Self::OldButton => say("old-button"),
            Self::OldCard => say("old-card"),
            Self::NotSaved => say("not-saved"),
        }
    }

    /// The first line alone, at most 200 UTF-16 units: shown for a moment when a button was
    /// pressed.
    pub fn toast(&self, locale: &Locale, now: Timestamp) -> String {
        let text = self.message(locale, now).text();
        cut(text.lines().next().unwrap_or_default(), TOAST_MAX)
    }
}

fn about(key: &str, what: Span, locale: &Locale) -> Message {
    Message::default().line(locale.spans(key, [("what", what.into())]))
}

fn stranger(user_id: i64, chat_id: Option<i64>, locale: &Locale) -> Message {
    let id = |id: i64| Span::code(id.to_string()).into();
    let message = Message::of(locale.text("stranger", []))
        .line(locale.spans("stranger-id", [("id", id(user_id))]));
    match chat_id {
        Some(chat_id) => message.line(locale.spans("stranger-chat-id", [("id", id(chat_id))])),
        None => message,
    }
}

fn bad_period(text: &str, example: &str, locale: &Locale) -> Message {
    let example = Span::code(example);
    if text.trim().is_empty() {
        return Message::default()
            .line(locale.spans("period-missing", [("example", example.into())]));
    }
    let text = Span::code(cut(text, 60));
    Message::default().line(locale.spans(
        "bad-period",
        [("text", text.into()), ("example", example.into())],
    ))
}

fn choose_language(instead_of: &str, locale: &Locale) -> Message {
    let mut question = Message::default();
    if !instead_of.is_empty() {
        let text = Span::code(cut(instead_of, 60));
        question = question.line(locale.spans("language-unknown", [("text", text.into())]));
    }
    Language::ALL.into_iter().fold(
        question.line([Span::plain(locale.text("choose-language", []))]),
        |message, language| {
            message.row(Button::callback(
                language.own_name(),
                format!("l:{}", language.code()),
            ))
        },
    )
}

fn zone(key: &str, locale: &Locale, now: Timestamp) -> Message {
    let name = locale
        .zone
        .iana_name()
        .map_or_else(|| locale.zone_name(now), str::to_owned);
    let time = locale.moment_in_zone(now, now);
    let message = Message::default().line(locale.spans(
        key,
        [
            ("zone", Span::bold(name).into()),
            ("time", Span::bold(time).into()),
        ],
    ));
    if key == "zone" {
        let example = Span::code("/tz Europe/Moscow");
        return message.line(locale.spans("zone-change", [("example", example.into())]));
    }
    message
}

fn zone_unknown(text: &str, like: &[String], locale: &Locale) -> Message {
    let text = Span::code(cut(text, 60));
    let example = Span::code("/tz Europe/Moscow");
    let message = Message::default().line(locale.spans(
        "zone-unknown",
        [("text", text.into()), ("example", example.into())],
    ));
    if like.is_empty() {
        return message;
    }
    let mut guesses = vec![Span::plain(locale.text("did-you-mean", []))];
    for name in like.iter().take(6) {
        guesses.push(Span::plain(" "));
        guesses.push(Span::code(format!("/tz {name}")));
    }
    message.line(guesses)
}

fn invite(link: &str, group_link: &str, valid_for: Duration, locale: &Locale) -> Message {
    let span = locale.span(valid_for);
    Message::of(locale.text("invite", [("span", span.into())]))
        .gap()
        .line([Span::plain(locale.text("invite-person", []))])
        .line([Span::link(link, link)])
        .gap()
        .line([Span::plain(locale.text("invite-group", []))])
        .line([Span::link(group_link, group_link)])
}

#[cfg(test)]
mod tests;
