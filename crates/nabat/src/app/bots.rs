//! The bots that run now: each with ears that hear what is said to it and a courier that speaks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use nabat_core::chat::{Admits, BotId, Role};

use super::deafness::Deafness;
use crate::bot::{self, Ears, Roster, State, WebhookEars};
use crate::channel::telegram::client::Client;
use crate::config::{self, Config, Secret};
use crate::courier::Courier;
use crate::engine::{Handle, MadeBots, Problem};
use crate::metrics::{BotLabels, Metrics};
use crate::store::History;

/// The alert that says that a bot does not hear.
const BOT_DEAF: &str = "NabatBotDeaf";
/// How long that lasts unless it is said again: the bot may be taken out of the configuration
/// while no Nabat runs that would know of it.
const DEAF_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// The bots that run now.
#[derive(Debug)]
pub(super) struct Bots {
    engine: Handle,
    history: Arc<dyn History>,
    metrics: Arc<Metrics>,
    ears: WebhookEars,
    roster: Roster,
    running: HashMap<i64, Bot>,
    /// Those that were stopped and may still finish what they have in hand.
    leaving: HashMap<i64, Gone>,
    /// One for each bot, running or leaving.
    tasks: JoinSet<()>,
    /// The name of a bot that is up, without its `@`: the first to come up sets it.
    first_name: watch::Sender<Option<String>>,
}

#[derive(Debug)]
struct Bot {
    config: config::Bot,
    shutdown: CancellationToken,
    gone: Gone,
}

/// Cancelled when nothing of a bot runs any more.
type Gone = CancellationToken;

impl Bots {
    pub(super) fn new(
        engine: Handle,
        history: Arc<dyn History>,
        metrics: Arc<Metrics>,
        ears: WebhookEars,
        roster: Roster,
    ) -> Self {
        Self {
            engine,
            history,
            metrics,
            ears,
            roster,
            running: HashMap::new(),
            leaving: HashMap::new(),
            tasks: JoinSet::new(),
            first_name: watch::channel(None).0,
        }
    }

    /// The name of the first bot that came up, when one has.
    pub(super) fn first_name(&self) -> watch::Receiver<Option<String>> {
        self.first_name.subscribe()
    }

    /// Stops the bots that neither the configuration knows as they are nor came in by the API, and
    /// starts those that do not run. A bot that is started anew begins when the old one has finished:
    /// two couriers would send everything twice.
    pub(super) fn follow(&mut self, config: &Config, made: &MadeBots) {
        let all = all(config, made);
        let wanted: HashMap<i64, &config::Bot> = all.iter().map(|bot| (bot.id(), bot)).collect();
        self.leaving.retain(|_, gone| !gone.is_cancelled());
        self.running.retain(|id, bot| {
            let stays = wanted
                .get(id)
                .is_some_and(|wanted| same(wanted, &bot.config));
            if !stays {
                bot.shutdown.cancel();
                self.leaving.insert(*id, bot.gone.clone());
            }
            if !wanted
                .values()
                .any(|bot_now| bot_now.name == bot.config.name)
            {
                let (engine, gone) = (self.engine.clone(), bot.gone.clone());
                let name = bot.config.name.clone();
                // Nobody is left to say so under this name.
                self.tasks.spawn(async move {
                    gone.cancelled().await;
                    engine.own_alert(BOT_DEAF, &[("bot", &name)], None).await;
                });
            }
            stays
        });
        let new = all
            .iter()
            .filter(|bot| !self.running.contains_key(&bot.id()));
        let new: Vec<config::Bot> = new.cloned().collect();
        for (index, bot) in new.into_iter().enumerate() {
            self.start(bot, bot::start_delay(index));
        }
    }

    /// Whether something of a bot has panicked, so that a chat or the whole bot is mute.
    pub(super) fn crashed(&mut self) -> bool {
        while let Some(ended) = self.tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a bot stopped");
                return true;
            }
        }
        false
    }

    fn start(&mut self, config: config::Bot, delay: Duration) {
        let client = match Client::new(&config) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(bot = config.name, %error, "the bot can't be started");
                return;
            }
        };
        let shutdown = CancellationToken::new();
        let (state, states) = watch::channel(State::Starting);
        self.roster.add(BotId(config.id()), states.clone());
        let courier = Courier::new(
            client.clone(),
            self.engine.clone(),
            Arc::clone(&self.metrics),
        );
        let ears = {
            let (config, engine) = (config.clone(), self.engine.clone());
            let history = Arc::clone(&self.history);
            let (webhooks, shutdown) = (self.ears.clone(), shutdown.clone());
            async move {
                let shown = state.clone();
                let ears = Ears {
                    bot: config,
                    client,
                    engine,
                    history,
                    state,
                    webhooks,
                };
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = shutdown.cancelled() => return,
                }
                bot::run(ears, shutdown.clone()).await;
                // That its token was refused is shown until the bot is stopped.
                shutdown.cancelled().await;
                drop(shown);
            }
        };
        let show = show_state(
            config.name.clone(),
            states,
            self.engine.clone(),
            Arc::clone(&self.metrics),
            self.first_name.clone(),
        );
        let gone = Gone::new();
        let (leaves, before) = (gone.clone().drop_guard(), self.leaving.remove(&config.id()));
        let courier = courier.run(shutdown.clone());
        self.tasks.spawn(async move {
            if let Some(before) = before {
                before.cancelled().await;
            }
            tokio::join!(courier, ears, show);
            drop(leaves);
        });
        self.running.insert(
            config.id(),
            Bot {
                config,
                shutdown,
                gone,
            },
        );
    }

    /// Stops all of them, letting them finish what they have in hand.
    pub(super) async fn stop(&mut self) {
        for (_, bot) in self.running.drain() {
            bot.shutdown.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Every bot that is to run: those of the configuration, and those that came in by the API.
fn all(config: &Config, made: &MadeBots) -> Vec<config::Bot> {
    let telegram = &config.telegram;
    let made = made.iter().filter(|bot| telegram.bot(bot.id.0).is_none());
    let made = made.map(|bot| {
        let token = Secret::new(bot.token.0.as_str());
        telegram.made_bot(&bot.username, token)
    });
    telegram.bots.iter().cloned().chain(made).collect()
}

/// Whether a running bot need not be started anew. Who may use it, and who is told
/// instead, is the engine's affair.
fn same(wanted: &config::Bot, running: &config::Bot) -> bool {
    let without_those = |bot: &config::Bot| config::Bot {
        allow: Vec::new(),
        fallback: None,
        ..bot.clone()
    };
    without_those(wanted) == without_those(running)
}

/// Shows a bot's state until it is stopped: in the metrics, and to the operators when it has been
/// deaf for a while.
async fn show_state(
    bot: String,
    mut states: watch::Receiver<State>,
    engine: Handle,
    metrics: Arc<Metrics>,
    first_name: watch::Sender<Option<String>>,
) {
    let labels = BotLabels { bot: bot.clone() };
    let mut deafness = Deafness::new(Instant::now());
    loop {
        let state = states.borrow_and_update().clone();
        // Each time anew: another bot of this name may have ended and taken the old one along.
        let up = metrics.bot_up.get_or_create_owned(&labels);
        up.set(i64::from(state.listens()));
        if let Some(username) = state.username() {
            first_name.send_if_modified(|first| {
                let new = first.is_none();
                first.get_or_insert_with(|| username.to_owned());
                new
            });
        }
        let trouble = state.trouble();
        let known = trouble.is_some() || state.listens();
        deafness.see(known.then_some(trouble.is_some()), Instant::now());
        let due = async {
            match deafness.due() {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = states.changed() => if changed.is_err() {
                metrics.bot_up.remove(&labels);
                return;
            },
            () = due => {
                let problem = trouble.as_deref().map(|words| Problem {
                    words,
                    lasts: Some(DEAF_LASTS),
                });
                let told = engine.own_alert(BOT_DEAF, &[("bot", &bot)], problem).await;
                deafness.told(told, Instant::now());
            }
        }
    }
}

/// As long as nobody is an owner, offers a link that makes its opener one.
pub(super) async fn offer_owner_link(engine: Handle, mut name: watch::Receiver<Option<String>>) {
    let Ok(name) = name
        .wait_for(Option::is_some)
        .await
        .map(|name| name.clone())
    else {
        return;
    };
    let (Some(name), Ok(look)) = (name, engine.look().await) else {
        return;
    };
    if look.has_owner {
        return;
    }
    match owner_code(&engine).await {
        Ok(code) => tracing::info!(
            "nobody owns this Nabat yet: open https://t.me/{name}?start={code} in Telegram \
             within 24 hours to become its owner (it works once)"
        ),
        Err(error) => tracing::error!(%error, "no owner link can be made"),
    }
}

/// The code with which somebody becomes the owner, once.
pub(super) async fn owner_code(engine: &Handle) -> anyhow::Result<String> {
    let mut entropy = [0; 16];
    getrandom::fill(&mut entropy)?;
    let owner = Admits::Person(Role::Owner);
    Ok(engine.open_invite(owner, entropy).await?)
}

#[cfg(test)]
mod tests {
    use nabat_core::engine::Settings;

    use super::*;
    use crate::engine;
    use crate::store::memory::Memory;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_of_a_bot_is_noticed() {
        let metrics = Arc::new(Metrics::default());
        let store = Arc::new(Memory::default());
        let running = engine::start(
            Arc::clone(&store) as _,
            Settings::default(),
            engine::Retention::default(),
            metrics.engine.clone(),
        )
        .unwrap();
        let ears = WebhookEars::default();
        let roster = Roster::default();
        let mut bots = Bots::new(running.handle.clone(), store, metrics, ears, roster);
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        bots.tasks
            .spawn(async { panic!("a mistake, {:?}", wait.await) });
        assert!(!bots.crashed());
        go.send(()).unwrap();
        let noticed = async {
            while !bots.crashed() {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, noticed).await.unwrap();
        running.stop().await.unwrap();
    }
}
