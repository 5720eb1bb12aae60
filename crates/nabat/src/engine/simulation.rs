//! Random histories of the core with the store in memory: alerts, people, couriers that fail in
//! every way, clock and crashes, all from one seed. Afterwards everything is delivered, and what
//! each chat was told last has to be true.
//!
//! A failure prints its seed; `one_history(seed)` replays it to the letter.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use nabat_core::alert::{Links, News, Status};
use nabat_core::change::Change;
use nabat_core::chat::{BotId, ChatKey, PersonId};
use nabat_core::delivery::{DeliveryId, Outcome, Send, Settled, Work};
use nabat_core::destination::Outlet;
use nabat_core::engine::{Effects, Engine, Event, Heard, Settings, Speaker};
use nabat_core::incident::IncidentId;
use nabat_core::time::Timestamp;

use crate::store::memory::Memory;
use crate::store::{ENGINE_LEASE, Fence, Store};

const BOT: BotId = BotId(7);
const CHATS: [i64; 3] = [41, 42, -100];
const STEPS: usize = 60;
const HISTORIES: u64 = 1_500;

#[test]
fn whatever_happens_everyone_is_told_the_truth_in_the_end() {
    for seed in 0..HISTORIES {
        one_history(seed);
    }
}

#[test]
fn a_seed_is_always_the_same_history() {
    for seed in 0..50 {
        assert_eq!(one_history(seed), one_history(seed), "seed {seed}");
    }
}

/// Lives through the history of a seed; returns its log.
fn one_history(seed: u64) -> Vec<String> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.settle_everything();
    world.check();
    world.log
}

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

struct World {
    seed: u64,
    dice: Dice,
    now: Timestamp,
    store: Memory,
    fence: Fence,
    engine: Engine,
    update_id: i64,
    message_id: i64,
    /// What couriers hold.
    hands: Vec<Work>,
    /// What each chat was told last of each incident: whether that it is over.
    seen: HashMap<(ChatKey, IncidentId), bool>,
    /// How often each chat was told that an incident is new.
    announced: BTreeMap<(ChatKey, IncidentId), usize>,
    /// What a chat may have missed: an answer got lost, and the alert was not critical.
    missed: HashSet<(ChatKey, IncidentId)>,
    /// How often something happened after which a message may come twice.
    doubts: usize,
    log: Vec<String>,
}

fn settings() -> Settings {
    Settings {
        allowed: HashMap::from([(BOT, HashSet::from(CHATS))]),
        ..Settings::default()
    }
}

fn chat(number: i64) -> ChatKey {
    ChatKey {
        bot: BOT,
        chat: number,
        topic: None,
    }
}

fn chat_of(work: &Work) -> ChatKey {
    work.destination.chat().unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let store = Memory::default();
        let fence = store.acquire(ENGINE_LEASE, "simulation").unwrap();
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut out = Effects::default();
        let snapshot = store.snapshot(now).unwrap();
        let engine = Engine::restore(now, settings(), snapshot, &mut out);
        let mut world = Self {
            seed,
            dice: Dice(seed),
            now,
            store,
            fence,
            engine,
            update_id: 0,
            message_id: 0,
            hands: Vec::new(),
            seen: HashMap::new(),
            announced: BTreeMap::new(),
            missed: HashSet::new(),
            doubts: 0,
            log: Vec::new(),
        };
        for number in CHATS {
            world.says(number, "/regexp all");
        }
        world
    }

    fn step(&mut self) {
        match self.dice.below(22) {
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
            20 => self.lose_answer(),
            _ => self.refuse_a_commit(),
        }
    }

    fn alert(&mut self) -> (String, String) {
        let names = ["Cpu", "Disk", "Net"];
        let name = names[self.dice.below(names.len())];
        (name.to_owned(), format!("h{}", self.dice.below(3)))
    }

    fn news(&mut self, name: &str, host: &str, summary: usize, status: Status) -> News {
        News {
            labels: [("alertname", name), ("host", host)].into_iter().collect(),
            annotations: [("summary", format!("v{summary}"))].into_iter().collect(),
            links: Links::default(),
            group: None,
            starts_at: None,
            status,
            own: false,
        }
    }

    fn fires(&mut self) {
        let (name, host) = self.alert();
        let expires_at =
            (self.dice.below(5) == 0).then(|| self.now.after(Duration::from_secs(120)));
        let version = self.dice.below(2);
        let news = self.news(&name, &host, version, Status::Firing { expires_at });
        self.log
            .push(format!("{name} {host} fires v{version} {expires_at:?}"));
        self.hears(vec![news]);
    }

    fn resolves(&mut self) {
        let (name, host) = self.alert();
        self.log.push(format!("{name} {host} is over"));
        let news = self.news(&name, &host, 0, Status::Resolved { ends_at: None });
        self.hears(vec![news]);
    }

    fn hears(&mut self, news: Vec<News>) {
        let mut out = Effects::default();
        self.engine.news(self.now, news, &mut out).unwrap();
        self.commit(&out.changes);
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
        let number = CHATS[self.dice.below(CHATS.len())];
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
        let mut out = Effects::default();
        self.engine.tick(self.now, &mut out);
        self.commit(&out.changes);
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
        for delivery in self.engine.waiting(Outlet::Bot(BOT)) {
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
                .waiting(Outlet::Bot(BOT))
                .filter(|waiting| waiting.priority != nabat_core::delivery::Priority::Answer)
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

    /// Telegram takes it: people see it.
    fn shown(&mut self, work: &Work) -> Option<i64> {
        let mut live_message = None;
        for send in &work.sends {
            if let Send::New { live: true, .. } = send {
                self.message_id += 1;
                live_message = Some(self.message_id);
            }
        }
        let told: Vec<_> = work
            .told
            .iter()
            .map(|note| (note.incident.0, note.told.ended))
            .collect();
        self.log.push(format!("{} sees {told:?}", work.destination));
        for note in &work.told {
            let key = (chat_of(work), note.incident);
            if self.seen.insert(key, note.told.ended).is_none() && !note.told.ended {
                *self.announced.entry(key).or_default() += 1;
            }
        }
        live_message
    }

    fn settle_one(&mut self) {
        if self.hands.is_empty() {
            return;
        }
        let at = self.dice.below(self.hands.len());
        let work = self.hands.remove(at);
        let reason = "because".to_owned();
        let kind = self.dice.below(12);
        self.log
            .push(format!("{:?} is settled as {kind}", work.ids));
        let (message_id, outcome) = match kind {
            0..=6 => {
                let told = work.told.clone();
                (self.shown(&work), Outcome::Sent { told })
            }
            7 => (
                None,
                Outcome::Retry {
                    partly: false,
                    reason,
                },
            ),
            8 => {
                // The first requests were carried out, a later one was not.
                self.doubts += 1;
                (
                    self.shown(&work),
                    Outcome::Retry {
                        partly: true,
                        reason,
                    },
                )
            }
            9 => {
                self.doubts += 1;
                let told = work.told.clone();
                if self.dice.below(2) == 0 {
                    self.shown(&work);
                } else {
                    let notes = work.told.iter();
                    self.missed
                        .extend(notes.map(|note| (chat_of(&work), note.incident)));
                }
                (None, Outcome::Uncertain { told, reason })
            }
            10 => (None, Outcome::Unreachable { reason }),
            _ => (
                None,
                Outcome::Retry {
                    partly: false,
                    reason,
                },
            ),
        };
        self.settle(&work, message_id, outcome);
    }

    fn settle(&mut self, work: &Work, message_id: Option<i64>, outcome: Outcome) {
        let settled = Settled {
            ids: work.ids.clone(),
            message_id,
            outcome,
        };
        let mut out = Effects::default();
        self.engine.settle(self.now, settled, &mut out);
        self.commit(&out.changes);
    }

    /// Telegram carried it out, and the process dies before it knows.
    fn lose_answer(&mut self) {
        for work in std::mem::take(&mut self.hands) {
            if self.dice.below(2) == 0 {
                self.shown(&work);
            }
        }
        self.crash();
    }

    /// The process dies: only what was committed is left.
    fn crash(&mut self) {
        self.log.push("crash".to_owned());
        self.doubts += 1 + self.hands.len();
        self.hands.clear();
        self.restore();
    }

    /// The store takes nothing: what was decided is thrown away.
    fn refuse_a_commit(&mut self) {
        self.log.push("a commit is refused".to_owned());
        let (name, host) = self.alert();
        let news = self.news(&name, &host, 7, Status::Firing { expires_at: None });
        let mut out = Effects::default();
        self.engine.news(self.now, vec![news], &mut out).unwrap();
        self.doubts += self.hands.len();
        self.restore();
    }

    fn restore(&mut self) {
        let snapshot = self
            .store
            .snapshot(self.now.before(Engine::REORDER_WINDOW))
            .unwrap();
        let mut out = Effects::default();
        self.engine = Engine::restore(self.now, settings(), snapshot, &mut out);
        self.commit(&out.changes);
    }

    fn commit(&mut self, changes: &[Change]) {
        if !changes.is_empty() {
            self.store.apply(&self.fence, changes).unwrap();
        }
    }

    /// Everything works again, and all that waits is delivered.
    fn settle_everything(&mut self) {
        for work in std::mem::take(&mut self.hands) {
            let message_id = self.shown(&work);
            let told = work.told.clone();
            self.settle(&work, message_id, Outcome::Sent { told });
        }
        for number in CHATS {
            self.says(number, "/unmute");
        }
        for round in 0.. {
            assert!(
                round < 1_000,
                "seed {}: it never ends: {:#?}",
                self.seed,
                self.log
            );
            let Some((_, ids)) = self.waiting().pop_first() else {
                break;
            };
            self.take_these(&ids[..1]);
            while let Some(work) = self.hands.pop() {
                let message_id = self.shown(&work);
                let told = work.told.clone();
                self.settle(&work, message_id, Outcome::Sent { told });
            }
        }
    }

    fn check(&self) {
        let seed = self.seed;
        let kept = self.store.snapshot(self.now).unwrap();
        let open: HashSet<IncidentId> = kept
            .incidents
            .iter()
            .filter(|incident| !incident.ended())
            .map(|incident| incident.id)
            .collect();
        for ((chat, incident), over) in &self.seen {
            assert!(
                *over != open.contains(incident),
                "seed {seed}: {chat} was told last that {incident:?} is {}: {:#?}",
                if *over { "over" } else { "firing" },
                self.log
            );
        }
        for subscription in &kept.subscriptions {
            for incident in kept.incidents.iter().filter(|incident| !incident.ended()) {
                let title = incident.name();
                let key = (subscription.chat, incident.id);
                let told = self.seen.contains_key(&key) || self.missed.contains(&key);
                assert!(
                    told || !subscription.selector.selects(&incident.labels, &title),
                    "seed {seed}: {} was not told of {}: {:#?}",
                    subscription.chat,
                    incident.labels,
                    self.log
                );
            }
        }
        let repeated = self.announced.values().filter(|count| **count > 1).count();
        assert!(repeated <= self.doubts, "seed {seed}: {repeated} repeats");
        assert!(
            kept.deliveries.is_empty(),
            "seed {seed}: {:?}",
            kept.deliveries
        );
        for card in &kept.cards {
            assert!(
                card.members.keys().any(|incident| open.contains(incident)),
                "seed {seed}: a card of nothing that fires is kept: {card:?}"
            );
            assert!(!card.behind, "seed {seed}: {card:?}");
        }
    }
}
