//! Carries out what people wish of the monitors in chats, and tells the engine what came of it.
//!
//! Who may wish for what is decided before, by the engine; only what depends on a monitor itself is
//! looked at here. A wish that is under way when Nabat stops is forgotten.

mod shown;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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
        loop {
            tokio::select! {
                Some(wish) = wishes.recv(), if under_way.len() < WISHES_AT_ONCE => {
                    under_way.spawn(self.clone().see_to(wish));
                }
                Some(ended) = under_way.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a wish was not seen to");
                        return;
                    }
                }
            }
        }
    }

    async fn see_to(self, wish: Wish) {
        let upshot = self.carry_out(&wish).await;
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
