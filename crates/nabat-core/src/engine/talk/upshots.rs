//! What came of wishes: the answers, and what follows from them here.

use std::collections::HashSet;

use super::Request;
use crate::alert::Labels;
use crate::delivery::Priority;
use crate::destination::Destination;
use crate::engine::wish::{Deed, Upshot, Which, Wish};
use crate::engine::{Effects, Engine};
use crate::incident::title_of;
use crate::message::answer::{Answer, OfMonitor};
use crate::monitor::view::{Seen, Trace, View};
use crate::subscription::Selector;
use crate::time::Timestamp;

impl Engine {
    /// Answers a wish, and has the chat told of what is watched for it from now on.
    pub fn fulfilled(&mut self, now: Timestamp, wish: &Wish, upshot: Upshot, out: &mut Effects) {
        let Some(answer) = self.follows(now, wish, upshot, out) else {
            return;
        };
        let message = answer.message(&self.locale_for(wish.chat, &wish.speaker), now);
        match wish.message_id.filter(|_| shown_in_place(&answer)) {
            Some(id) => self.rewrite(now, wish.chat, id, message, out),
            None => self.say(now, wish.chat, Priority::Answer, message, out),
        }
        self.announce_touched(now, out);
    }

    /// What follows from an upshot; nothing is answered yet where another wish does.
    fn follows(
        &mut self,
        now: Timestamp,
        wish: &Wish,
        upshot: Upshot,
        out: &mut Effects,
    ) -> Option<Answer> {
        let of_monitor = match upshot {
            Upshot::Refused(refusal) => OfMonitor::Refused(refusal),
            Upshot::Checked(name, trace) => OfMonitor::Checked { name, trace },
            Upshot::Listed(listing) => match &wish.deed {
                Deed::List { text, .. } => OfMonitor::List {
                    text: text.clone(),
                    listing,
                },
                _ => OfMonitor::Choose { listing },
            },
            Upshot::Watched(seen, trace) => self.watched(now, wish, &seen.view, trace, out),
            Upshot::Removed(name) => {
                self.forget_monitor(now, wish, &name, out);
                OfMonitor::Removed { name }
            }
            Upshot::Seen(seen) => return self.seen(now, wish, *seen, out),
        };
        Some(Answer::Monitor(of_monitor))
    }

    fn seen(
        &mut self,
        now: Timestamp,
        wish: &Wish,
        seen: Seen,
        out: &mut Effects,
    ) -> Option<Answer> {
        let view = &seen.view;
        let of_monitor = match &wish.deed {
            Deed::Watch { .. } => OfMonitor::Exists {
                told: self.hears_of(wish, view),
                view: Box::new(seen.view),
            },
            Deed::Follow(_) => return Some(self.follow_monitor(now, wish, view, out)),
            Deed::Remove { .. } => {
                let others = self.others_who_hear_of(wish, view);
                if others == 0 {
                    let deed = Deed::Remove {
                        which: Which::Numbered(view.id),
                        sure: true,
                    };
                    out.wishes.push(Wish {
                        deed,
                        ..wish.clone()
                    });
                    return None;
                }
                OfMonitor::SureToRemove {
                    view: Box::new(seen.view),
                    others,
                }
            }
            _ => OfMonitor::One {
                changeable: !wish.chat.is_private() || wish.may_change(&view.origin),
                seen: Box::new(seen),
            },
        };
        Some(Answer::Monitor(of_monitor))
    }

    fn watched(
        &mut self,
        now: Timestamp,
        wish: &Wish,
        view: &View,
        trace: Trace,
        out: &mut Effects,
    ) -> OfMonitor {
        let told = self.hears_of(wish, view) || {
            let answer = self.follow_monitor(now, wish, view, out);
            !matches!(answer, Answer::TooManySubscriptions { .. })
        };
        OfMonitor::Watched {
            name: view.name.clone(),
            trace,
            told,
        }
    }

    /// Subscribes the chat to the alerts of a monitor.
    fn follow_monitor(
        &mut self,
        now: Timestamp,
        wish: &Wish,
        view: &View,
        out: &mut Effects,
    ) -> Answer {
        let request = Request {
            now,
            bot: wish.chat.bot,
            bot_name: "",
            entropy: [0; 16],
            chat: wish.chat,
            title: "",
            speaker: &wish.speaker,
        };
        self.subscribe(&request, Selector::of_monitor(&view.name), out)
    }

    /// The chat needs no subscription to what can't fire any more.
    fn forget_monitor(&mut self, now: Timestamp, wish: &Wish, name: &str, out: &mut Effects) {
        let selector = Selector::of_monitor(name);
        let of_chat = self.subscriptions.values().find(|subscription| {
            subscription.chat == wish.chat && subscription.selector == selector
        });
        if let Some(id) = of_chat.map(|subscription| subscription.id) {
            self.remove_subscription(now, wish.chat, id, out);
        }
    }

    /// Whether the chat's subscriptions take every alert that the monitor can raise.
    fn hears_of(&self, wish: &Wish, view: &View) -> bool {
        let hears = |labels: &Labels| {
            let title = title_of(labels, &Labels::default());
            let found = self.index.find(labels, &title);
            let mut found = found.iter().filter_map(|id| self.subscriptions.get(id));
            found.any(|subscription| subscription.chat == wish.chat)
        };
        view.alerts.iter().all(hears)
    }

    /// How many others than the chat are told of the monitor by subscriptions and routes.
    fn others_who_hear_of(&self, wish: &Wish, view: &View) -> usize {
        let mut others: HashSet<Destination> = HashSet::new();
        for labels in &view.alerts {
            let subscribed = self.subscribed(labels).into_iter();
            others.extend(subscribed.map(|known| Destination::from(known.place)));
            let Some(routing) = self.settings.routing.as_deref() else {
                continue;
            };
            for route in routing.root.find(labels) {
                let chats = routing.chats_of(&route.receiver).iter();
                others.extend(chats.map(|chat| Destination::from(*chat)));
                let integrations = routing.of(&route.receiver);
                others.extend(integrations.map(|known| Destination::Integration(known.id)));
            }
        }
        others.remove(&wish.chat.into());
        others.len()
    }
}

/// Whether an answer takes the place of the message whose button was pressed. What was seen once
/// and why nothing was done leave it as it is.
const fn shown_in_place(answer: &Answer) -> bool {
    !matches!(
        answer,
        Answer::Monitor(OfMonitor::Checked { .. } | OfMonitor::Refused(_))
    )
}
