//! What people ask for, and what they are answered.
//!
//! Nobody unknown is served: people are known by a link from an owner or by the configuration,
//! groups by a known person or by the configuration. In a group only its administrators change
//! what it is told.

mod alerts;
mod history;
mod monitors;
mod silences;
mod status;
mod upshots;
mod watch;

pub use history::LookBack;
pub(super) use silences::{Proposals, SILENCE_MAX};

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Effects, Engine, Event, Heard, Speaker, Timer};
use crate::change::Change;
use crate::chat::{BotId, ChatKey};
use crate::command::{self, Command};
use crate::delivery::Priority;
use crate::message::answer::{Answer, Selecting};
use crate::message::words::{Language, Locale};
use crate::route::Route;
use crate::subscription::{Selector, Subscription, SubscriptionId};
use crate::time::{Timestamp, parse_period};

/// More subscriptions than this a chat may not have.
const SUBSCRIPTIONS_OF_CHAT_MAX: usize = 100;
/// The longest mute.
const MUTE_MAX: Duration = Duration::from_secs(366 * 86_400);

/// One thing somebody asked for.
pub(super) struct Request<'a> {
    pub(super) now: Timestamp,
    pub(super) bot: BotId,
    pub(super) bot_name: &'a str,
    pub(super) entropy: [u8; 16],
    pub(super) chat: ChatKey,
    pub(super) title: &'a str,
    pub(super) speaker: &'a Speaker,
}

impl Engine {
    /// Answers what somebody wrote or pressed. Returns the short text shown for a press.
    pub(super) fn talk(
        &mut self,
        now: Timestamp,
        heard: &Heard,
        out: &mut Effects,
    ) -> Option<String> {
        let request = |chat, title, speaker| Request {
            now,
            bot: heard.bot,
            bot_name: &heard.bot_name,
            entropy: heard.entropy,
            chat,
            title,
            speaker,
        };
        match &heard.event {
            Event::Said {
                chat,
                title,
                speaker,
                text,
            } => {
                let command = Command::parse(text, &heard.bot_name)?;
                if command == Command::Text && !chat.is_private() {
                    return None; // People talking to each other.
                }
                let request = request(*chat, title, speaker);
                // Where there is none yet, it follows with what comes of a wish.
                let answer = self.answer(heard, &request, command, out)?;
                let locale = self.locale_for(*chat, speaker);
                let priority = match answer {
                    Answer::Stranger { .. }
                    | Answer::GroupNotKnown { .. }
                    | Answer::CodeNotValid => Priority::Stranger,
                    _ => Priority::Answer,
                };
                self.say(now, *chat, priority, answer.message(&locale, now), out);
                None
            }
            Event::Pressed {
                chat,
                speaker,
                data,
                message_id,
            } => {
                let request = request(*chat, "", speaker);
                let answer = self.pressed(&request, data, *message_id, out);
                let locale = self.locale_for(*chat, speaker);
                Some(answer.toast(&locale, now))
            }
            _ => None,
        }
    }

    pub(super) fn locale_for(&self, chat: ChatKey, speaker: &Speaker) -> Locale {
        let mut locale = self.locale(chat);
        let chosen = self.chats.get(&chat).and_then(|chat| chat.language);
        if chosen.is_none()
            && let Some(language) = speaker.language
        {
            locale.language = language;
        }
        locale
    }

    fn answer(
        &mut self,
        heard: &Heard,
        request: &Request<'_>,
        command: Command<'_>,
        out: &mut Effects,
    ) -> Option<Answer> {
        if let Command::Start(code) = command
            && !code.is_empty()
        {
            return Some(self.pair(request, code, out));
        }
        let hushes = matches!(command, Command::Silence(_));
        let changes =
            command.changes_the_chat() && !(hushes && self.knows(request.bot, request.speaker));
        if let Some(refusal) = self.refusal(request, changes) {
            return Some(refusal);
        }
        self.remember_title(request, out);
        self.enable(request.now, request.chat, out);
        Some(match command {
            Command::Start(_) => Answer::Greeting {
                bot_name: request.bot_name.to_owned(),
            },
            Command::Help => Answer::Help {
                in_group: !request.chat.is_private(),
                owner: self.is_owner(request.speaker),
            },
            Command::Regexp(text) => self.subscribe_title(request, text, out),
            Command::Subscribe(text) => self.subscribe_labels(request, text, out),
            Command::List => self.list(request),
            Command::Unsubscribe(text) => self.unsubscribe(request, text, out),
            Command::Alerts(text) => self.alerts(1, text),
            Command::Status => Answer::Status(Box::new(self.status(request))),
            Command::Silence(text) => self.propose_silence(request, text, out),
            Command::Silences => self.list_silences(),
            Command::History(text) => self.look_back(heard, text),
            Command::Mute(text) => self.mute(request, text, out),
            Command::Unmute => self.unmute(request, out),
            Command::Lang(text) => self.choose_language(request, text, out),
            Command::Tz(text) => self.choose_zone(request, text, out),
            Command::Invite => self.invite(request, out),
            Command::People => self.list_people(request),
            Command::Watch(_) | Command::Unwatch(_) | Command::Monitors(_) | Command::Check(_) => {
                return self.wish_by_command(request, command, out);
            }
            Command::Unknown(name) => Answer::UnknownCommand {
                command: name.to_owned(),
                like: command::similar(name).map(str::to_owned),
            },
            Command::Text => Answer::PlainTextHint,
        })
    }

    fn pressed(
        &mut self,
        request: &Request<'_>,
        data: &str,
        message_id: i64,
        out: &mut Effects,
    ) -> Answer {
        let changes = command::button_changes_the_chat(data);
        let hushes = command::button_silences(data) && self.knows(request.bot, request.speaker);
        if let Some(refusal) = self.refusal(request, changes && !hushes) {
            return refusal;
        }
        if let Some((kind @ ("k" | "r" | "s" | "e" | "d"), rest)) = data.split_once(':') {
            return self.pressed_on_card(request, kind, rest, out);
        }
        if let Some((kind @ ("x" | "X" | "y" | "Y" | "n" | "t" | "z"), rest)) = data.split_once(':')
        {
            return self.pressed_about_silence(request, kind, rest, message_id, out);
        }
        if let Some(("m", rest)) = data.split_once(':') {
            return self.wish_by_button(request, rest, message_id, out);
        }
        let (now, chat) = (request.now, request.chat);
        let answer = match data.split_once(':') {
            Some(("a", rest)) => {
                let (page, selected) = rest.split_once(':').unwrap_or((rest, ""));
                self.alerts(page.parse().unwrap_or(1), selected)
            }
            Some(("l", code)) => self.choose_language(request, code, out),
            Some(("p", id)) => self.let_out(request, id, out),
            Some(("u", "all")) => self.unsubscribe_all(request, out),
            Some(("u", id)) => {
                let Some(gone) = id
                    .parse()
                    .ok()
                    .and_then(|id| self.remove_subscription(now, chat, SubscriptionId(id), out))
                else {
                    return Answer::NoSuchSubscription;
                };
                let answer = Answer::Unsubscribed { what: gone };
                let left = self.numbered_subscriptions(chat);
                if !left.is_empty() {
                    let locale = self.locale_for(chat, request.speaker);
                    let message = Answer::ChooseUnsubscribe { items: left }.message(&locale, now);
                    self.rewrite(now, chat, message_id, message, out);
                    return answer;
                }
                answer
            }
            _ => return Answer::OldButton,
        };
        let locale = self.locale_for(chat, request.speaker);
        self.rewrite(now, chat, message_id, answer.message(&locale, now), out);
        answer
    }

    /// Why the request is not served, if it isn't.
    fn refusal(&self, request: &Request<'_>, changes: bool) -> Option<Answer> {
        let known_person = self.knows(request.bot, request.speaker);
        let chat = request.chat;
        if chat.is_private() {
            return (!known_person).then_some(Answer::Stranger {
                user_id: request.speaker.id.0,
                chat_id: None,
            });
        }
        let allowed = self.allows(request.bot, chat.chat);
        let spoken_in = self
            .chats
            .keys()
            .any(|known| known.bot == chat.bot && known.chat == chat.chat);
        if !changes {
            return (!known_person && !allowed && !spoken_in)
                .then_some(Answer::GroupNotKnown { chat_id: chat.chat });
        }
        if request.speaker.anonymous {
            return Some(Answer::AnonymousAdmin);
        }
        if !known_person && !allowed && !spoken_in {
            return Some(Answer::Stranger {
                user_id: request.speaker.id.0,
                chat_id: Some(chat.chat),
            });
        }
        (request.speaker.administrator != Some(true)).then_some(Answer::GroupAdminsOnly)
    }

    /// Remembers a chat from the first time that a known person speaks there.
    fn remember_title(&mut self, request: &Request<'_>, out: &mut Effects) {
        let known = self.chats.get(&request.chat);
        let new = known.is_none() && request.chat.is_private();
        let renamed = known.is_some_and(|chat| chat.title != request.title);
        if new || renamed {
            self.change_chat(request, out, |_| {});
        }
    }

    /// Changes what is known of the chat, making it known if it was not.
    pub(super) fn change_chat(
        &mut self,
        request: &Request<'_>,
        out: &mut Effects,
        change: impl FnOnce(&mut crate::chat::Chat),
    ) {
        let language = request.speaker.language;
        let new = !self.chats.contains_key(&request.chat);
        let chat = self.chat_or_new(request.chat);
        if new {
            chat.language = language;
        }
        if !request.title.is_empty() {
            chat.title = request.title.to_owned();
        }
        change(chat);
        out.changes.push(Change::Chat(chat.clone()));
    }

    fn subscribe_title(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        let selecting = Selecting::Regexp;
        if let Some(answer) = self.bad_length(selecting, text) {
            return answer;
        }
        match Selector::title(text) {
            Ok(selector) => self.subscribe(request, selector, out),
            Err(error) => bad_expression(selecting, text, error.at, error.problem),
        }
    }

    fn subscribe_labels(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        let selecting = Selecting::Subscribe;
        if let Some(answer) = self.bad_length(selecting, text) {
            return answer;
        }
        let selector = if text.eq_ignore_ascii_case("all") || text == "*" {
            Ok(Selector::All)
        } else {
            Selector::labels(text)
        };
        match selector {
            Ok(selector) => self.subscribe(request, selector, out),
            Err(error) => bad_expression(selecting, text, error.at, error.problem),
        }
    }

    fn bad_length(&self, selecting: Selecting, text: &str) -> Option<Answer> {
        let limit = self.settings.expression_chars_max;
        if text.is_empty() {
            return Some(Answer::ExpressionMissing(selecting));
        }
        (text.chars().count() > limit).then_some(Answer::ExpressionTooLong { limit })
    }

    fn subscribe(
        &mut self,
        request: &Request<'_>,
        selector: Selector,
        out: &mut Effects,
    ) -> Answer {
        let what = selector.to_string();
        let mut of_chat = 0;
        for known in self.subscriptions.values() {
            if known.chat == request.chat {
                // Monitors' own come and go with them.
                of_chat += usize::from(known.monitor.is_none());
                if known.selector == selector {
                    return Answer::AlreadySubscribed { what };
                }
            }
        }
        if of_chat >= SUBSCRIPTIONS_OF_CHAT_MAX {
            return Answer::TooManySubscriptions {
                limit: SUBSCRIPTIONS_OF_CHAT_MAX,
            };
        }
        if self.subscriptions.len() >= self.settings.subscriptions_max {
            return Answer::TooManySubscriptions {
                limit: self.settings.subscriptions_max,
            };
        }
        self.change_chat(request, out, |_| {});
        let subscription = Subscription {
            id: SubscriptionId(self.number(out)),
            chat: request.chat,
            selector,
            created_by: request.speaker.id,
            created_at: request.now,
            monitor: None,
        };
        let firing_now = self.add_subscription(subscription, out);
        Answer::Subscribed { what, firing_now }
    }

    fn list(&self, request: &Request<'_>) -> Answer {
        let items = self.numbered_subscriptions(request.chat);
        let routed = self.routed(request.chat);
        if items.is_empty() && routed.is_empty() {
            return Answer::NoSubscriptions;
        }
        Answer::Subscriptions {
            items,
            routed,
            muted_until: self.muted_until(request),
        }
    }

    /// The receivers by which the configuration tells the chat, each with the matchers of its route.
    fn routed(&self, chat: ChatKey) -> Vec<(String, String)> {
        let routing = self.settings.routing.as_deref();
        let routes = routing.map(|routing| routing.leading_to(chat));
        let told = |route: &Route| (route.receiver.to_string(), route.key.to_string());
        routes.into_iter().flatten().map(told).collect()
    }

    fn numbered_subscriptions(&self, chat: ChatKey) -> Vec<(i64, String)> {
        let subscriptions = self.subscriptions_of(chat).into_iter();
        subscriptions.map(|(id, what)| (id.0, what)).collect()
    }

    fn muted_until(&self, request: &Request<'_>) -> Option<Timestamp> {
        self.chats
            .get(&request.chat)
            .and_then(|chat| chat.muted_until)
            .filter(|until| *until > request.now)
    }

    fn unsubscribe(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        let items = self.numbered_subscriptions(request.chat);
        if items.is_empty() {
            return Answer::NoSubscriptions;
        }
        if text.is_empty() {
            return Answer::ChooseUnsubscribe { items };
        }
        let known = items.iter().find(|(_, what)| what == text);
        match known {
            Some((id, _)) => self
                .remove_subscription(request.now, request.chat, SubscriptionId(*id), out)
                .map_or(Answer::NoSuchSubscription, |what| Answer::Unsubscribed {
                    what,
                }),
            None => Answer::UnknownSubscription {
                text: text.to_owned(),
                items,
            },
        }
    }

    fn unsubscribe_all(&mut self, request: &Request<'_>, out: &mut Effects) -> Answer {
        let items = self.subscriptions_of(request.chat);
        for (id, _) in &items {
            self.forget_subscription(request.chat, *id, out);
        }
        self.after_unsubscribing(request.now, request.chat, out);
        Answer::UnsubscribedAll { count: items.len() }
    }

    fn mute(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        if text.eq_ignore_ascii_case("off") {
            return self.unmute(request, out);
        }
        let period = match period_of(&text.replace(' ', ""), MUTE_MAX, "/mute 2h") {
            Ok(period) => period,
            Err(answer) => return answer,
        };
        let until = request.now.after(period);
        self.change_chat(request, out, |chat| chat.muted_until = Some(until));
        self.timers.insert((until, Timer::Unmute(request.chat)));
        self.touched.extend(self.cards_of(request.chat.into()));
        Answer::Muted { until }
    }

    fn unmute(&mut self, request: &Request<'_>, out: &mut Effects) -> Answer {
        if self.muted_until(request).is_none() {
            return Answer::NotMuted;
        }
        self.change_chat(request, out, |chat| chat.muted_until = None);
        self.announce_all(request.now, request.chat, out);
        Answer::Unmuted
    }

    /// Ends a mute whose time has come: what fires and was held back is told.
    pub(super) fn unmute_if_due(&mut self, now: Timestamp, key: ChatKey, out: &mut Effects) {
        let Some(chat) = self.chats.get_mut(&key) else {
            return;
        };
        if chat.muted_until.is_some_and(|until| until <= now) {
            chat.muted_until = None;
            out.changes.push(Change::Chat(chat.clone()));
            self.announce_all(now, key, out);
        }
    }

    fn choose_language(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        let Some(language) = Language::from_code(text) else {
            return Answer::ChooseLanguage {
                instead_of: text.to_owned(),
            };
        };
        self.change_chat(request, out, |chat| chat.language = Some(language));
        Answer::LanguageChosen
    }

    fn choose_zone(&mut self, request: &Request<'_>, text: &str, out: &mut Effects) -> Answer {
        if text.is_empty() {
            return Answer::Zone;
        }
        let name = TimeZone::get(text)
            .ok()
            .and_then(|zone| zone.iana_name().map(str::to_owned));
        let Some(name) = name else {
            return Answer::ZoneUnknown {
                text: text.to_owned(),
                like: zones_like(text),
            };
        };
        self.change_chat(request, out, |chat| chat.zone = Some(name));
        Answer::ZoneChosen
    }
}

/// The span of time that somebody wrote behind a command of which `example` is one.
fn period_of(text: &str, longest: Duration, example: &'static str) -> Result<Duration, Answer> {
    let text = || text.to_owned();
    match parse_period(&text()) {
        Ok(period) if period > longest => Err(Answer::PeriodTooLong {
            text: text(),
            longest,
        }),
        Ok(period) if !period.is_zero() => Ok(period),
        _ => Err(Answer::BadPeriod {
            text: text(),
            example,
        }),
    }
}

fn bad_expression(selecting: Selecting, text: &str, at_byte: usize, problem: String) -> Answer {
    Answer::BadExpression {
        selecting,
        expression: text.to_owned(),
        at_byte,
        problem,
    }
}

/// Zones whose name contains the text or nearly is it, the likeliest first.
fn zones_like(text: &str) -> Vec<String> {
    const SHOWN: usize = 5;
    let wanted = text.trim().to_ascii_lowercase().replace(' ', "_");
    let mut likely: Vec<(usize, String)> = jiff::tz::db()
        .available()
        .filter_map(|name| {
            let name = name.to_string();
            let lower = name.to_ascii_lowercase();
            let city = lower.rsplit('/').next().unwrap_or_default();
            let distance = if lower.contains(&wanted) {
                0
            } else {
                strsim::damerau_levenshtein(city, &wanted)
            };
            // Of three letters two others make another word.
            (distance <= 2 && 3 * distance <= wanted.len()).then_some((distance, name))
        })
        .collect();
    likely.sort();
    likely
        .into_iter()
        .map(|(_, name)| name)
        .take(SHOWN)
        .collect()
}
