//! Makes the requests of one delivery and sums up how it went.

use std::time::Duration;

use nabat_core::chat::ChatKey;
use nabat_core::delivery::{Outcome, Send, Settled, Work};
use nabat_core::message::{Button, Message};

use super::Courier;
use crate::channel::telegram::client::{CallError, Edit, NewMessage, Text};
use crate::channel::telegram::outcome::{Attempt, Verdict, classify};
use crate::channel::telegram::render::{Rendered, render};
use crate::clock;
use crate::metrics::{BotLabels, SendLabels};

/// How long the whole bot rests when its token or address is refused.
const STOPPED_PAUSE: Duration = Duration::from_secs(60);

/// How often a file is tried that Telegram surely did not take.
const FILE_ATTEMPTS: usize = 3;

/// How one request went.
enum Step {
    /// Telegram took it; a new message got this number.
    Taken(Option<i64>),
    /// The message to edit was gone and a new one was sent in its place.
    Replaced(i64),
    /// A file that may not have arrived, and is not worth telling again what it belongs to.
    Missed,
    /// The delivery ends here.
    Ended(Outcome),
}

/// The chat and what it is to be told.
#[derive(Clone, Copy)]
struct Job<'a> {
    chat: ChatKey,
    work: &'a Work,
}

/// How one request is written down. Each is given up once, when Telegram refuses it.
#[derive(Clone, Copy)]
struct Form {
    plain: bool,
    buttons: bool,
}

impl Courier {
    /// Makes the requests of a delivery, one after the other.
    pub(super) async fn carry(&self, chat: ChatKey, work: &Work) -> Settled {
        let mut message_id = None;
        let mut outcome = Outcome::Sent {
            told: work.told.clone(),
        };
        let mut first = true;
        let mut taken = false;
        for send in &work.sends {
            let file = matches!(send, Send::File { .. });
            if !worth_going_on(&outcome, file) {
                break;
            }
            match self.send(Job { chat, work }, send, &mut first).await {
                Step::Taken(id) => {
                    taken = true;
                    if file {
                        outcome = Outcome::Sent {
                            told: work.told.clone(),
                        };
                    }
                    if matches!(send, Send::New { live: true, .. }) {
                        message_id = id;
                    }
                }
                Step::Replaced(id) => {
                    // The new message is heard: nothing has to answer it.
                    message_id = Some(id);
                    break;
                }
                Step::Missed => {}
                Step::Ended(ended) => outcome = ended,
            }
        }
        if let Outcome::Retry { partly, .. } = &mut outcome {
            *partly |= taken;
        }
        self.note(chat, work, &outcome);
        Settled {
            ids: work.ids.clone(),
            message_id,
            outcome,
        }
    }

    async fn send(&self, job: Job<'_>, send: &Send, first: &mut bool) -> Step {
        match send {
            Send::New {
                message, reply_to, ..
            } => self.send_new(job, message, *reply_to, first).await,
            Send::Edit {
                message_id,
                message,
                live,
            } => self.edit(job, *message_id, message, *live, first).await,
            // The core hands these to integrations only.
            Send::Notify(_) => Step::Ended(Outcome::Failed {
                told: job.work.told.clone(),
                reason: "a chat can't be handed a notification".to_owned(),
            }),
            Send::File { name, text } => self.send_file(job, name, text, first).await,
        }
    }

    /// Sends a text as a file.
    async fn send_file(&self, job: Job<'_>, name: &str, text: &str, first: &mut bool) -> Step {
        let mut form = FULL;
        for _ in 0..FILE_ATTEMPTS {
            self.permission(job.chat, first).await;
            let Err(error) = self.client.send_file(job.chat, name, text).await else {
                self.failures().success(job.chat.chat);
                return Step::Taken(None);
            };
            match self.judge(job, &error, Attempt::New, &mut form) {
                Some(Step::Ended(
                    moved @ (Outcome::Unreachable { .. } | Outcome::Migrated { .. }),
                )) => return Step::Ended(moved),
                // Surely not taken, and the chat pauses: the next permission waits for its end.
                Some(Step::Ended(Outcome::Retry { partly: false, .. })) => {}
                _ => break,
            }
        }
        tracing::warn!(
            bot = self.client.name(),
            chat = %job.chat,
            "a digest went out without its file"
        );
        Step::Missed
    }

    /// Sends a message in as many pieces as it takes. Its number is that of the first.
    async fn send_new(
        &self,
        job: Job<'_>,
        message: &Message,
        reply_to: Option<i64>,
        first: &mut bool,
    ) -> Step {
        let mut number = None;
        for piece in render(message) {
            let mut form = FULL;
            let sent = loop {
                self.permission(job.chat, first).await;
                let request = NewMessage {
                    chat: job.chat,
                    text: form.text(&piece),
                    buttons: form.buttons(&piece),
                    silent: message.silent,
                    reply_to,
                };
                match self.client.send_message(&request).await {
                    Ok(id) => break id,
                    Err(error) => match self.judge(job, &error, Attempt::New, &mut form) {
                        None => {}
                        Some(step) => return step,
                    },
                }
            };
            self.failures().success(job.chat.chat);
            number = number.or(Some(sent));
        }
        Step::Taken(number)
    }

    async fn edit(
        &self,
        job: Job<'_>,
        message_id: i64,
        message: &Message,
        live: bool,
        first: &mut bool,
    ) -> Step {
        // A live message is one piece by construction; of a longer answer the beginning is shown.
        let Some(piece) = render(message).into_iter().next() else {
            return Step::Taken(None);
        };
        let mut form = FULL;
        loop {
            self.permission(job.chat, first).await;
            let request = Edit {
                chat: job.chat,
                message_id,
                text: form.text(&piece),
                buttons: form.buttons(&piece),
            };
            let error = match self.client.edit_message_text(&request).await {
                Ok(()) => {
                    self.failures().success(job.chat.chat);
                    return Step::Taken(None);
                }
                Err(error) => error,
            };
            if classify(&error, Attempt::Edit) == Verdict::SendAnew {
                if !live {
                    return Step::Taken(None); // An answer whose question was deleted.
                }
                return match self.send_new(job, message, None, first).await {
                    Step::Taken(Some(id)) => Step::Replaced(id),
                    other => other,
                };
            }
            if let Some(step) = self.judge(job, &error, Attempt::Edit, &mut form) {
                return step;
            }
        }
    }

    /// The first request of a delivery was counted by the schedule; further ones wait their turn.
    async fn permission(&self, chat: ChatKey, first: &mut bool) {
        if !std::mem::take(first) {
            self.again(chat).await;
        }
    }

    /// What to do about a refused request: `None` is to make it again in the changed `form`.
    fn judge(
        &self,
        job: Job<'_>,
        error: &CallError,
        attempt: Attempt,
        form: &mut Form,
    ) -> Option<Step> {
        let told = || job.work.told.clone();
        let outcome = match classify(error, attempt) {
            Verdict::Done => return Some(Step::Taken(None)),
            Verdict::SendPlain if !form.plain => {
                tracing::warn!(bot = self.client.name(), %error, "markup was refused: sending plain text");
                form.plain = true;
                return None;
            }
            Verdict::SendWithoutButtons if form.buttons => {
                tracing::warn!(bot = self.client.name(), %error, "a button was refused: sending without");
                form.buttons = false;
                return None;
            }
            Verdict::TopicGone if job.chat.topic.is_some() => Outcome::TopicGone,
            // Of a forum, General is closed: there is no other place in it.
            Verdict::TopicGone => Outcome::Unreachable {
                reason: words(error),
            },
            Verdict::Migrated { to } if to != job.chat.chat => Outcome::Migrated { to },
            Verdict::SendAnew
            | Verdict::SendPlain
            | Verdict::SendWithoutButtons
            | Verdict::Migrated { .. } => Outcome::Failed {
                told: told(),
                reason: error.to_string(),
            },
            Verdict::Unreachable { reason } => Outcome::Unreachable { reason },
            Verdict::Failed { reason } => Outcome::Failed {
                told: told(),
                reason,
            },
            Verdict::Uncertain { reason } => {
                // What breaks after each request would break after the next one too.
                self.pause_chat(job.chat);
                Outcome::Uncertain {
                    told: told(),
                    reason,
                }
            }
            Verdict::Freeze { period } => {
                let bot = self.client.name().to_owned();
                self.metrics
                    .throttled
                    .get_or_create(&BotLabels { bot })
                    .inc();
                // A little longer than asked, since clocks and windows are not the same.
                self.freeze(job.chat, period + period / 10);
                retry(error)
            }
            Verdict::Retry { .. } => {
                if matches!(error, CallError::Unsent { .. }) {
                    self.pause_all();
                } else {
                    self.pause_chat(job.chat);
                }
                retry(error)
            }
            Verdict::BotStopped { .. } => {
                let until = self.clock.now().after(STOPPED_PAUSE);
                self.schedule().freeze_all(until);
                retry(error)
            }
        };
        Some(Step::Ended(outcome))
    }

    fn note(&self, chat: ChatKey, work: &Work, outcome: &Outcome) {
        let (name, reason) = super::name_of(outcome);
        let labels = SendLabels {
            bot: self.client.name().to_owned(),
            outcome: name,
        };
        self.metrics.sends.get_or_create(&labels).inc();
        self.metrics.alertmanager.notified("telegram", name);
        if let Outcome::Sent { .. } = outcome {
            let delay = clock::now().since(work.created_at);
            self.metrics.delivery_seconds.observe(delay.as_secs_f64());
        }
        if let Some(reason) = reason {
            tracing::warn!(
                bot = self.client.name(),
                %chat,
                deliveries = work.ids.len(),
                outcome = name,
                reason,
                "a message was not delivered"
            );
        }
    }
}

/// Whether the rest of a delivery is sent although a part of it went so. The file of a digest says all that
/// its text says, so it makes up for one whose answer got lost.
fn worth_going_on(so_far: &Outcome, file: bool) -> bool {
    match so_far {
        Outcome::Sent { .. } => true,
        Outcome::Uncertain { .. } => file,
        _ => false,
    }
}

/// Telegram's own words, if it said any.
fn words(error: &CallError) -> String {
    let refusal = error.refusal();
    refusal.map_or_else(|| error.to_string(), |no| no.description.clone())
}

/// To be made again. Whether an earlier request of the delivery was taken is for
/// [`Courier::carry`] to say; this one may have been seen if its answer got lost.
fn retry(error: &CallError) -> Outcome {
    Outcome::Retry {
        partly: error.maybe_done(),
        reason: error.to_string(),
    }
}

const FULL: Form = Form {
    plain: false,
    buttons: true,
};

impl Form {
    fn text(self, piece: &Rendered) -> Text<'_> {
        if self.plain {
            Text::Plain(&piece.plain)
        } else {
            Text::Html(&piece.html)
        }
    }

    fn buttons(self, piece: &Rendered) -> &[Vec<Button>] {
        if self.buttons { &piece.buttons } else { &[] }
    }
}
