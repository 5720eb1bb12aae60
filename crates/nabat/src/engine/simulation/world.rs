//! What a history is made of: an engine with its store, sources, people, couriers, a clock, and all
//! that can befall them. Which of it happens is a matter of the seed alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use nabat_core::alert::{Labels, Links, News, Status};
use nabat_core::card::{Told, worth_telling_late};
use nabat_core::change::Change;
use nabat_core::chat::{BotId, ChatKey, PersonId};
use nabat_core::delivery::{DeliveryId, Note, Outcome, Priority, Send, Settled, Work};
use nabat_core::destination::Outlet;
use nabat_core::engine::{Effects, Engine, Event, Heard, Settings, Speaker};
use nabat_core::incident::IncidentId;
use nabat_core::time::Timestamp;

use crate::store::memory::Memory;
use crate::store::{ENGINE_LEASE, Fence, Store};

pub(super) const BOT: BotId = BotId(7);
pub(super) const COURIER: Outlet = Outlet::Bot(BOT);
/// Where the group moves to when it does.
const MOVED_GROUP: i64 = -1_000;
/// The limit of open incidents in the histories that have one.
const FEW_INCIDENTS: usize = 4;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// An engine and all that it deals with.
pub(super) struct World {
    dice: Dice,
    pub(super) now: Timestamp,
    settings: Settings,
    pub(super) store: Memory,
    fence: Fence,
    pub(super) engine: Engine,
    chats: [i64; 3],
    update_id: i64,
    message_id: i64,
    /// What couriers hold.
    hands: Vec<Work>,
    /// What each chat was told last of each incident.
    pub(super) seen: HashMap<(ChatKey, IncidentId), Told>,
    /// What a chat may not have been told: an answer got lost, and it was not worth a second copy.
    pub(super) missed: HashSet<(ChatKey, IncidentId)>,
    /// What Telegram will never take, and what the chat may therefore be wrong about.
    pub(super) refused: HashSet<(ChatKey, IncidentId)>,
    /// How many new messages said nothing that the chat did not know.
    pub(super) repeats: usize,
    /// How many messages were seen without Nabat learning it.
    pub(super) doubts: usize,
    /// Whether Nabat can know what every chat has seen.
    certain: bool,
    /// What happened.
    pub(super) log: Vec<String>,
    /// The first thing that is not as it must be.
    pub(super) wrong: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let chats = [41, 42, -100];
        let allowed = chats.into_iter().chain([MOVED_GROUP]).collect();
        let mut settings = Settings {
            allowed: HashMap::from([(BOT, allowed)]),
            ..Settings::default()
        };
        if dice.below(4) == 0 {
            settings.open_incidents_max = FEW_INCIDENTS;
        }
        let store = Memory::default();
        let fence = store.acquire(ENGINE_LEASE, "simulation").unwrap();
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut out = Effects::default();
        let snapshot = store.snapshot(now).unwrap();
        let engine = Engine::restore(now, settings.clone(), snapshot, &mut out);
        let mut world = Self {
            dice,
            now,
            settings,
            store,
            fence,
            engine,
            chats,
            update_id: 0,
            message_id: 0,
            hands: Vec::new(),
            seen: HashMap::new(),
            missed: HashSet::new(),
            refused: HashSet::new(),
            repeats: 0,
            doubts: 0,
            certain: true,
            log: Vec::new(),
            wrong: None,
        };
        for number in chats {
            world.says(number, "/regexp all");
        }
        world
    }

    /// Lets something happen.
    pub(super) fn step(&mut self) {
        match self.dice.below(24) {
            0..=5 => self.fires(),
            6..=8 => self.resolves(),
            9..=11 => self.take(),
            12..=15 => self.settle_one(),
            16 => self.crash(),
            17 => {
                let seconds = [1, 61, 301, 3_600, 90_000][self.dice.below(5)];
                self.passes(Duration::from_secs(seconds));
            }
            18 => self.talk(),
            19 => self.take_batch(),
            20 => self.lose_answers(),
            21 => self.refuse_news(),
            22 => self.jumps_back(),
            _ => self.hears_of_several(),
        }
    }

    fn alert(&mut self) -> Labels {
        // One that may be told twice rather than not at all, and two that may not.
        let (name, severity) =
            [("Cpu", "warning"), ("Disk", "critical"), ("Net", "info")][self.dice.below(3)];
        let host = format!("h{}", self.dice.below(3));
        let labels = [("alertname", name), ("host", &host), ("severity", severity)];
        labels.into_iter().collect()
    }

    fn firing(&mut self) -> News {
        let lives = self.dice.below(5) == 0;
        let expires_at = lives.then(|| self.now.after(Duration::from_secs(120)));
        let version = self.dice.below(2);
        self.news(version, Status::Firing { expires_at })
    }

    fn resolved(&mut self) -> News {
        self.news(0, Status::Resolved { ends_at: None })
    }

    fn news(&mut self, version: usize, status: Status) -> News {
        News {
            labels: self.alert(),
            annotations: [("summary", format!("v{version}"))].into_iter().collect(),
            links: Links::default(),
            group: None,
            starts_at: None,
            status,
            own: false,
        }
    }

    fn fires(&mut self) {
        let news = self.firing();
        self.hears(vec![news]);
    }

    fn resolves(&mut self) {
        let news = self.resolved();
        self.hears(vec![news]);
    }

    fn hears_of_several(&mut self) {
        let count = 2 + self.dice.below(6);
        let news = (0..count).map(|_| match self.dice.below(3) {
            0 => self.resolved(),
            _ => self.firing(),
        });
        let news = news.collect();
        self.hears(news);
    }

    fn hears(&mut self, news: Vec<News>) {
        for news in &news {
            let (labels, said, status) = (&news.labels, &news.annotations, &news.status);
            self.log.push(format!("{labels} {said}: {status:?}"));
        }
        let mut out = Effects::default();
        let said: BTreeMap<String, bool> = news
            .iter()
            .map(|news| {
                let fires = matches!(news.status, Status::Firing { .. });
                (news.labels.to_string(), fires)
            })
            .collect();
        if let Err(refusal) = self.engine.news(self.now, news, &mut out) {
            self.log.push(refusal.to_string());
            let nothing = out.changes.is_empty();
            self.claim(nothing, || format!("refused, and yet: {:?}", out.changes));
            return;
        }
        self.commit(&out.changes);
        let kept = self.store.snapshot(self.now).unwrap();
        let open = kept.incidents.iter().filter(|incident| !incident.ended());
        let open: HashSet<String> = open.map(|incident| incident.labels.to_string()).collect();
        for (labels, fires) in said {
            self.claim(open.contains(&labels) == fires, || {
                let state = if fires { "firing" } else { "over" };
                format!("{labels} was taken as {state}, and forgotten")
            });
        }
    }

    fn says(&mut self, number: i64, text: &str) {
        self.update_id += 1;
        let heard = Heard {
            bot: BOT,
            bot_name: "bot".into(),
            update_id: self.update_id,
            entropy: [0; 16],
            event: Event::Said {
                chat: chat(number),
                title: "somewhere".into(),
                speaker: Speaker {
                    id: PersonId(41),
                    name: "Ann".into(),
                    language: None,
                    administrator: Some(true),
                    anonymous: false,
                },
                text: text.into(),
            },
        };
        let mut out = Effects::default();
        self.engine.heard(self.now, &heard, &mut out);
        self.commit(&out.changes);
    }

    fn talk(&mut self) {
        let number = self.chats[self.dice.below(self.chats.len())];
        let words = [
            "/unsubscribe all",
            "/regexp all",
            "/regexp cpu",
            "/mute 1h",
            "/unmute",
        ];
        let text = words[self.dice.below(words.len())];
        self.log.push(format!("{number} says {text}"));
        self.says(number, text);
    }

    fn passes(&mut self, period: Duration) {
        self.now = self.now.after(period);
        self.log.push(format!("{period:?} pass"));
        self.tick();
    }

    /// Somebody sets the clock.
    fn jumps_back(&mut self) {
        let period = Duration::from_secs([1, 30, 3_600, 90_000][self.dice.below(4)]);
        self.now = self.now.before(period);
        self.log
            .push(format!("the clock is set back by {period:?}"));
        self.tick();
    }

    fn tick(&mut self) {
        let mut out = Effects::default();
        self.engine.tick(self.now, &mut out);
        self.commit(&out.changes);
        self.check_time();
    }

    /// Deliveries that no courier holds, by chat.
    fn waiting(&self) -> BTreeMap<ChatKey, Vec<DeliveryId>> {
        let held: HashSet<DeliveryId> = self
            .hands
            .iter()
            .flat_map(|work| work.ids.clone())
            .collect();
        let busy: HashSet<i64> = self.hands.iter().map(|work| chat_of(work).chat).collect();
        let mut waiting: BTreeMap<ChatKey, Vec<DeliveryId>> = BTreeMap::new();
        for delivery in self.engine.waiting(COURIER) {
            let Some(chat) = delivery.destination.chat() else {
                continue;
            };
            if !held.contains(&delivery.id) && !busy.contains(&chat.chat) {
                waiting.entry(chat).or_default().push(delivery.id);
            }
        }
        waiting
    }

    fn take(&mut self) {
        if let Some((_, ids)) = self.waiting().pop_first() {
            let id = ids[self.dice.below(ids.len())];
            self.take_these(&[id]);
        }
    }

    fn take_batch(&mut self) {
        if let Some((_, ids)) = self.waiting().pop_last() {
            let cards: Vec<DeliveryId> = self
                .engine
                .waiting(COURIER)
                .filter(|waiting| waiting.priority != Priority::Answer)
                .map(|waiting| waiting.id)
                .filter(|id| ids.contains(id))
                .collect();
            self.take_these(&cards);
        }
    }

    fn take_these(&mut self, ids: &[DeliveryId]) {
        let mut out = Effects::default();
        let work = self.engine.take(self.now, ids, &mut out);
        self.commit(&out.changes);
        self.log.push(format!("taken {ids:?}: {}", work.is_some()));
        self.hands.extend(work);
    }

    /// Telegram takes it: people see it. Returns the number of the live message, if it sent one.
    fn shown(&mut self, work: &Work) -> Option<i64> {
        let mut live_message = None;
        for send in &work.sends {
            if let Send::New { live: true, .. } = send {
                self.message_id += 1;
                live_message = Some(self.message_id);
            }
        }
        self.log
            .push(format!("{} sees {:?}", work.destination, work.told));
        let mut nothing_new = !work.told.is_empty();
        for Note { incident, told, .. } in &work.told {
            let key = (chat_of(work), *incident);
            let before = self.seen.insert(key, *told);
            nothing_new &= before == Some(*told);
            let of_the_unknown =
                before.is_none() && told.ended && self.certain && !self.is_missed(*incident);
            self.claim(!of_the_unknown, || {
                format!(
                    "{} hears the end of {incident:?} and never heard of it",
                    key.0
                )
            });
            let backwards = before.is_some_and(|before| before.edition > told.edition);
            self.claim(!backwards, || {
                format!(
                    "{} hears of {incident:?} what was so before {before:?}",
                    key.0
                )
            });
            self.refused.remove(&key);
        }
        let new = |send: &Send| matches!(send, Send::New { .. });
        self.repeats += usize::from(nothing_new && work.sends.iter().any(new));
        live_message
    }

    /// Whether it is told although it is over, because it should have been told while it fired.
    fn is_missed(&self, id: IncidentId) -> bool {
        let kept = self.store.snapshot(self.now).unwrap();
        let incident = kept.incidents.iter().find(|incident| incident.id == id);
        incident.is_some_and(worth_telling_late)
    }

    /// People saw it, and Nabat does not learn it.
    fn shown_in_vain(&mut self, work: &Work) -> Option<i64> {
        // What was one digest may come again as a message for each of its cards.
        self.doubts += work.ids.len();
        self.certain = false;
        self.shown(work)
    }

    fn settle_one(&mut self) {
        if self.hands.is_empty() {
            return;
        }
        let at = self.dice.below(self.hands.len());
        let work = self.hands.remove(at);
        let kind = self.dice.below(14);
        let reason = "because".to_owned();
        let told = work.told.clone();
        let (message_id, outcome) = match kind {
            0..=6 => (self.shown(&work), Outcome::Sent { told }),
            // The first requests were carried out, a later one was not.
            7 => {
                let partly = true;
                (self.shown_in_vain(&work), Outcome::Retry { partly, reason })
            }
            8 => {
                self.certain = false;
                if self.dice.below(2) == 0 {
                    self.shown_in_vain(&work);
                } else if !self.is_tried_again(&work) {
                    self.missed.extend(keys(&work));
                }
                (None, Outcome::Uncertain { told, reason })
            }
            9 => {
                self.certain = false;
                (None, Outcome::Unreachable { reason })
            }
            10 => {
                self.certain = false;
                self.refused.extend(keys(&work));
                (None, Outcome::Failed { told, reason })
            }
            11 if chat_of(&work).chat < 0 && chat_of(&work).chat != MOVED_GROUP => {
                self.moves(chat_of(&work));
                (None, Outcome::Migrated { to: MOVED_GROUP })
            }
            _ => {
                let partly = false;
                (None, Outcome::Retry { partly, reason })
            }
        };
        self.log
            .push(format!("{:?} is settled: {outcome:?}", work.ids));
        self.settle(&work, message_id, outcome);
    }

    /// Whether it is worth a second copy when its answer got lost.
    fn is_tried_again(&self, work: &Work) -> bool {
        let mut waiting = self.engine.waiting(COURIER);
        let critical = |priority| priority == Priority::Critical;
        waiting.any(|waiting| work.ids.contains(&waiting.id) && critical(waiting.priority))
            || work.told.iter().any(|note| note.told.ended)
    }

    /// The group gets another number; its people have seen what they have seen.
    fn moves(&mut self, from: ChatKey) {
        self.certain = false;
        let to = chat(MOVED_GROUP);
        for number in &mut self.chats {
            if *number == from.chat {
                *number = to.chat;
            }
        }
        let moved = |key: (ChatKey, IncidentId)| if key.0 == from { (to, key.1) } else { key };
        self.seen = self
            .seen
            .drain()
            .map(|(key, told)| (moved(key), told))
            .collect();
        self.missed = self.missed.drain().map(moved).collect();
        self.refused = self.refused.drain().map(moved).collect();
    }

    fn settle(&mut self, work: &Work, message_id: Option<i64>, outcome: Outcome) {
        let settled = Settled {
            ids: work.ids.clone(),
            message_id,
            outcome,
        };
        let mut out = Effects::default();
        if self.dice.below(10) == 0 {
            self.log
                .push("its outcome is not stored at first".to_owned());
            self.engine.settle(self.now, settled.clone(), &mut out);
            self.restore();
            out = Effects::default();
        }
        self.engine.settle(self.now, settled, &mut out);
        self.commit(&out.changes);
    }

    /// Telegram carries out some of what couriers hold, and the process dies before it knows.
    fn lose_answers(&mut self) {
        for work in std::mem::take(&mut self.hands) {
            if self.dice.below(2) == 0 {
                self.shown_in_vain(&work);
            }
        }
        self.crash();
    }

    /// The process dies: only what was committed is left.
    fn crash(&mut self) {
        self.log.push("crash".to_owned());
        self.hands.clear();
        self.restore();
    }

    /// The store takes nothing: what was decided is thrown away.
    fn refuse_news(&mut self) {
        self.log.push("a commit is refused".to_owned());
        let news = self.firing();
        let mut out = Effects::default();
        // Whether it was refused for another reason does not matter here.
        let _ = self.engine.news(self.now, vec![news], &mut out);
        self.restore();
    }

    fn restore(&mut self) {
        self.certain = false;
        let lately = self.now.before(Engine::REORDER_WINDOW);
        let snapshot = self.store.snapshot(lately).unwrap();
        let mut out = Effects::default();
        self.engine = Engine::restore(self.now, self.settings.clone(), snapshot, &mut out);
        self.commit(&out.changes);
    }

    fn commit(&mut self, changes: &[Change]) {
        if !changes.is_empty() {
            self.store.apply(&self.fence, changes).unwrap();
        }
    }

    /// Everything works again, and all that waits is delivered.
    pub(super) fn settle_everything(&mut self) {
        self.log.push("everything works again".to_owned());
        self.deliver_hands();
        for number in self.chats {
            self.says(number, "/unmute");
        }
        for _ in 0..1_000 {
            let Some((_, ids)) = self.waiting().pop_first() else {
                return;
            };
            self.take_these(&ids[..1]);
            self.deliver_hands();
        }
        self.claim(false, || "it never ends".to_owned());
    }

    fn deliver_hands(&mut self) {
        for work in std::mem::take(&mut self.hands) {
            let message_id = self.shown(&work);
            let told = work.told.clone();
            self.settle(&work, message_id, Outcome::Sent { told });
        }
    }
}

fn chat_of(work: &Work) -> ChatKey {
    work.destination.chat().unwrap()
}

fn keys(work: &Work) -> impl Iterator<Item = (ChatKey, IncidentId)> {
    let notes = work.told.iter();
    notes.map(|note| (chat_of(work), note.incident))
}

fn chat(number: i64) -> ChatKey {
    ChatKey {
        bot: BOT,
        chat: number,
        topic: None,
    }
}
