//! Carries out what people wish of the monitors in chats, and tells the engine what came of it.
//!
//! Who may wish for what is decided before, by the engine; only what depends on a monitor itself is
//! looked at here. A wish that is under way when Nabat stops is forgotten.

mod shown;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::chat::PersonId;
use nabat_core::engine::wish::{Deed, Demands, Refusal, Upshot, Which, Wish};
use nabat_core::monitor::Outcome;
use nabat_core::monitor::record::Origin;
use nabat_core::monitor::shorthand::Shorthand;
use nabat_core::monitor::view::{Listing, Seen};
use nabat_core::time::format_period;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Glance, Handle, Mode, Refused, Shown, Wanted};
use crate::config::{Written, parse_monitor};
use crate::engine;
use crate::probe::{Reach, Report};
use crate::store::History;

/// How many wishes may wait, and how many are seen to at once.
const WISHES_WAITING_MAX: usize = 256;
const WISHES_AT_ONCE: usize = 32;
/// How many of those that are seen to may be looks, which take as long as a target that does not
/// answer, and how many of those one person's. What is left is for who only wants to see or to press.
const LOOKS_AT_ONCE: usize = 24;
const LOOKS_OF_PERSON: usize = 4;
/// How many monitors are on a page, and how many there are to choose from at once.
const PER_PAGE: usize = 10;
const CHOICES_MAX: usize = 50;
/// How long to wait before an engine that took nothing is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Sees to what people wish.
#[derive(Debug, Clone)]
pub struct Granter {
    /// Who hands wishes on, and answers them.
    pub engine: engine::Handle,
    /// Who watches.
    pub watch: Handle,
    /// Where it is looked up how something stood.
    pub history: Arc<dyn History>,
}

impl Granter {
    /// Sees to wishes until `shutdown`. Ends before only when it made a mistake.
    pub async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.grant()).await;
    }

    async fn grant(self) {
        let (sender, mut wishes) = mpsc::channel(WISHES_WAITING_MAX);
        while let Err(error) = self.engine.grant(sender.clone()).await {
            tracing::debug!(%error, "the engine hands on no wishes yet");
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let mut under_way = JoinSet::new();
        let mut looks = Looks::default();
        loop {
            tokio::select! {
                Some(wish) = wishes.recv(), if under_way.len() < WISHES_AT_ONCE => {
                    let looker = wish.takes_a_look().then_some(wish.speaker.id);
                    let has_room = looker.is_none_or(|person| looks.begin(person));
                    let seen_to = self.clone().see_to(wish, has_room);
                    under_way.spawn(async move {
                        seen_to.await;
                        looker.filter(|_| has_room)
                    });
                }
                Some(ended) = under_way.join_next() => match ended {
                    Ok(looker) => looks.end(looker),
                    Err(error) => {
                        tracing::error!(%error, "a wish was not seen to");
                        return;
                    }
                }
            }
        }
    }

    async fn see_to(self, wish: Wish, has_room: bool) {
        let upshot = match has_room {
            true => self.carry_out(&wish).await,
            false => Err(Refusal::TooManyLooks),
        };
        let upshot = upshot.unwrap_or_else(Upshot::Refused);
        let chat = wish.chat;
        if let Err(error) = self.engine.fulfilled(wish, upshot).await {
            tracing::warn!(%chat, %error, "what came of a wish was not answered");
        }
    }

    async fn carry_out(&self, wish: &Wish) -> Result<Upshot, Refusal> {
        match &wish.deed {
            Deed::List { text, page } => self.list(text, *page).await,
            Deed::Choose => {
                let made_here = Glance {
                    made_in: Some(wish.chat),
                    per_page: CHOICES_MAX,
                    ..Glance::default()
                };
                Ok(Upshot::Listed(self.glance(made_here).await?))
            }
            Deed::Show(which) | Deed::Follow(which) => {
                let shown = self.find(which).await?;
                self.seen(shown).await
            }
            Deed::Check { which, target } => self.check(wish, which, target.as_ref()).await,
            Deed::Watch {
                target,
                name,
                interval,
                demands,
            } => {
                let written = || written(target, name, *interval, demands);
                self.watch(wish, name, written).await
            }
            Deed::Pause(which, paused) => {
                let name = self.find_to_change(wish, which).await?;
                self.seen(self.watch.pause(&name, *paused).await?).await
            }
            Deed::Maintain(which, until) => {
                let name = self.find_to_change(wish, which).await?;
                self.seen(self.watch.maintain(&name, *until).await?).await
            }
            Deed::Remove { which, sure } => self.remove(wish, which, *sure).await,
        }
    }

    async fn list(&self, text: &str, page: usize) -> Result<Upshot, Refusal> {
        if !text.is_empty()
            && let Ok(shown) = self.watch.one(text).await
        {
            return self.seen(shown).await;
        }
        let listing = self
            .glance(Glance {
                text: text.to_owned(),
                page,
                per_page: PER_PAGE,
                made_in: None,
            })
            .await?;
        Ok(Upshot::Listed(listing))
    }

    async fn glance(&self, wanted: Glance) -> Result<Listing, Refusal> {
        let glanced = self.watch.glance(wanted).await?;
        Ok(Listing {
            page: glanced.page,
            pages: glanced.pages,
            items: glanced.monitors.iter().map(shown::view).collect(),
            counts: glanced.counts,
        })
    }

    async fn find(&self, which: &Which) -> Result<Shown, Refused> {
        match which {
            Which::Named(name) => self.watch.one(name).await,
            Which::Numbered(id) => self.watch.numbered(*id).await,
        }
    }

    /// The name of a monitor that whoever wishes may change.
    async fn find_to_change(&self, wish: &Wish, which: &Which) -> Result<String, Refusal> {
        let record = self.find(which).await?.record;
        let name = record.name.clone();
        match wish.may_change(&record.origin) {
            true => Ok(name),
            false => Err(Refusal::NotTheirs { name }),
        }
    }

    async fn seen(&self, shown: Shown) -> Result<Upshot, Refusal> {
        Ok(Upshot::Seen(Box::new(Seen {
            uptimes: shown::uptimes(&self.history, &shown.record).await,
            view: shown::view(&shown),
        })))
    }

    async fn check(
        &self,
        wish: &Wish,
        which: &Which,
        target: Option<&Shorthand>,
    ) -> Result<Upshot, Refusal> {
        match (self.find(which).await, target) {
            (Ok(shown), _) => {
                let name = shown.record.name.clone();
                let report = self.watch.probe(&name).await?;
                Ok(Upshot::Checked(name, shown::trace(report)))
            }
            (Err(Refused::Unknown { .. }), Some(target)) => {
                let written = written(target, &target.name, None, &Demands::default())?;
                let report = self.try_out(wish, &written).await?;
                Ok(Upshot::Checked(target.name.clone(), shown::trace(report)))
            }
            (Err(refused), _) => Err(refused.into()),
        }
    }

    /// Looks first: so the answer says what was seen, and others than owners make nothing that can't
    /// be looked at, such as an address of this machine's network.
    async fn watch(
        &self,
        wish: &Wish,
        name: &str,
        written: impl FnOnce() -> Result<Written, Refusal>,
    ) -> Result<Upshot, Refusal> {
        if let Ok(shown) = self.watch.one(name).await {
            return self.seen(shown).await;
        }
        let written = written()?;
        let report = self.try_out(wish, &written).await?;
        if report.outcome == Outcome::Unknown && !wish.owner {
            return Err(Refusal::NotSeen {
                name: name.to_owned(),
                words: report.words(),
            });
        }
        let wanted = Wanted {
            written,
            origin: wish.origin(),
            introduced: None,
        };
        let put = match self.watch.put(vec![wanted], Mode::Create).await {
            // Somebody was faster.
            Err(Refused::Exists { name }) => return self.seen(self.watch.one(&name).await?).await,
            put => put?.pop().ok_or(Refusal::NotNow)?,
        };
        let seen = Seen {
            view: shown::view(&put.shown),
            uptimes: Vec::new(),
        };
        Ok(Upshot::Watched(Box::new(seen), shown::trace(report)))
    }

    async fn try_out(&self, wish: &Wish, written: &Written) -> Result<Report, Refused> {
        let reach = match wish.owner {
            true => Reach::Anywhere,
            false => Reach::PublicOnly,
        };
        self.watch.try_out(&written.monitor, reach).await
    }

    async fn remove(&self, wish: &Wish, which: &Which, sure: bool) -> Result<Upshot, Refusal> {
        let shown = self.find(which).await?;
        let name = shown.record.name.clone();
        if shown.record.origin == Origin::Config {
            return Err(Refusal::Configured { name });
        }
        if !wish.may_change(&shown.record.origin) {
            return Err(Refusal::NotTheirs { name });
        }
        if !sure {
            return self.seen(shown).await;
        }
        self.watch.remove(vec![name.clone()]).await?;
        Ok(Upshot::Removed(name))
    }
}

/// The looks under way, by who wants them.
#[derive(Debug, Default)]
struct Looks(HashMap<PersonId, usize>);

impl Looks {
    /// Whether one more may be taken for this person, who then has it.
    fn begin(&mut self, person: PersonId) -> bool {
        let has_room = self.0.values().sum::<usize>() < LOOKS_AT_ONCE;
        let theirs = self.0.entry(person).or_default();
        let may = has_room && *theirs < LOOKS_OF_PERSON;
        *theirs += usize::from(may);
        may
    }

    fn end(&mut self, looker: Option<PersonId>) {
        let Some(person) = looker else {
            return;
        };
        if let Some(theirs) = self.0.get_mut(&person) {
            *theirs = theirs.saturating_sub(1);
        }
        self.0.retain(|_, looks| *looks > 0);
    }
}

/// A monitor as the configuration would have it.
fn written(
    target: &Shorthand,
    name: &str,
    interval: Option<Duration>,
    demands: &Demands,
) -> Result<Written, Refusal> {
    let mut definition = json!({"name": name, target.kind: target.target});
    if !demands.status.is_empty() || demands.contains.is_some() {
        let mut page = json!({"url": target.target});
        if !demands.status.is_empty() {
            page["status"] = json!(demands.status);
        }
        if let Some(contains) = &demands.contains {
            page["contains"] = contains.as_str().into();
        }
        definition[target.kind] = page;
    }
    if let Some(condition) = &demands.condition {
        definition["conditions"] = json!([condition]);
    }
    if let Some(interval) = interval {
        definition["interval"] = format_period(interval).into();
    }
    let text = definition.to_string();
    let written = parse_monitor(Path::new("monitor"), text.as_bytes());
    written.map_err(|error| Refusal::Unfit {
        problem: error.to_string(),
    })
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let problem = refused.to_string();
        match refused {
            Refused::Unknown { name } => Self::Unknown { name },
            Refused::Configured { name } => Self::Configured { name },
            Refused::HasChildren { name, child } => Self::HasChildren { name, child },
            Refused::TooMany { max } => Self::TooMany { max },
            Refused::TooManyOfPerson { .. } => Self::TooManyOfPerson,
            Refused::TooManyInChat { .. } => Self::TooManyInChat,
            Refused::NothingToProbe { name } => Self::NothingToProbe { name },
            Refused::NotTaken(_) => Self::NotNow,
            Refused::UnknownKey
            | Refused::UnknownSlug { .. }
            | Refused::NoHeartbeat { .. }
            | Refused::TooManyCalled { .. }
            | Refused::TooManyBots { .. }
            | Refused::Exists { .. }
            | Refused::Overtaken { .. }
            | Refused::NoParent { .. }
            | Refused::NoMember { .. }
            | Refused::InItself { .. }
            | Refused::InGroup { .. }
            | Refused::ParentGroup { .. }
            | Refused::Circle { .. }
            | Refused::KeyTaken { .. }
            | Refused::Command { .. }
            | Refused::TooManyMembers { .. }
            | Refused::BadRules { .. } => Self::Unfit { problem },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_looks_without_end_and_all_together_leave_some_room() {
        let mut looks = Looks::default();
        let person = |number| PersonId(number);
        for number in 0..LOOKS_AT_ONCE / LOOKS_OF_PERSON {
            let number = i64::try_from(number).unwrap();
            for _ in 0..LOOKS_OF_PERSON {
                assert!(looks.begin(person(number)));
            }
            assert!(!looks.begin(person(number)));
        }
        assert!(!looks.begin(person(99)));
        looks.end(None);
        assert!(!looks.begin(person(99)));
        looks.end(Some(person(0)));
        assert!(looks.begin(person(99)));
    }
}
