//! What a history is made of: an engine with its store, sources, people, couriers, a clock, and all
//! that can befall them. Which of it happens is a matter of the seed alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use nabat_core::alert::{Labels, Links, News, Status};
use nabat_core::card::{CardId, Told};
use nabat_core::change::{Change, Snapshot};
use nabat_core::chat::{BotId, ChatKey, PersonId};
use nabat_core::delivery::{Content, DeliveryId};
use nabat_core::destination::Outlet;
use nabat_core::engine::{Effects, Engine, Event, Heard, Settings, Speaker, Wanted};
use nabat_core::incident::{Expiry, IncidentId};
use nabat_core::matcher::parse_list;
use nabat_core::silence::{Draft, Origin, Phase, Silence};
use nabat_core::time::Timestamp;

use super::hands::{Hand, Listener, listener};
use super::invariants::{Kept, Mark};
use super::setting;
use crate::store::memory::Memory;
use crate::store::{ENGINE_LEASE, Fence, Store};

pub(super) const BOT: BotId = BotId(7);
pub(super) const COURIER: Outlet = Outlet::Bot(BOT);
/// Where the group moves to when it does.
pub(super) const MOVED_GROUP: i64 = -1_000;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// An engine and all that it deals with.
pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    pub(super) settings: Settings,
    pub(super) store: Memory,
    fence: Fence,
    pub(super) engine: Engine,
    /// Since when it has gone on from what the store kept.
    pub(super) restored_at: Timestamp,
    /// Where people listen: two private chats, a group, and a topic of it.
    pub(super) places: Vec<ChatKey>,
    update_id: i64,
    pub(super) message_id: i64,
    /// What couriers hold.
    pub(super) hands: Vec<Hand>,
    /// What each listener was told last of each incident.
    pub(super) seen: HashMap<(Listener, IncidentId), Told>,
    /// What may have been seen without Nabat learning it.
    pub(super) doubted: HashSet<(Listener, IncidentId)>,
    /// What was told in a topic that is gone: the chat may have been told less.
    pub(super) merged: HashSet<(Listener, IncidentId)>,
    /// What may not have been told: an answer got lost, and it was not worth a second copy.
    pub(super) missed: HashSet<(Listener, IncidentId)>,
    /// What its provider will never take, what it did not confirm in three attempts, or what a
    /// person dropped: there they may be wrong about it.
    pub(super) refused: HashSet<(Listener, IncidentId)>,
    /// How many answers about a card got lost since the last that came.
    pub(super) answers_lost: HashMap<CardId, u32>,
    /// Of what a destination was told by a message that was given up: somebody else may be told.
    pub(super) given_up: HashSet<IncidentId>,
    /// Whether the clock was set back.
    pub(super) set_back: bool,
    /// What was kept before this step.
    pub(super) kept_before: Option<Kept>,
    /// Whether the configuration was changed.
    pub(super) reconfigured: bool,
    /// Who sees to an incident and what silences it, and since which edition.
    pub(super) marks: HashMap<IncidentId, Mark>,
    /// What may be told between two beats: it shows what people did, or it waited when the process
    /// died and why it might be told then is forgotten.
    pub(super) off_beat: HashSet<DeliveryId>,
    /// When cards of routes spoke last, as long as nobody sets the clock back.
    pub(super) spoke: HashMap<CardId, Timestamp>,
    /// What was seen without Nabat learning it, until Nabat notes that it was told: as long it may
    /// be told again.
    pub(super) lost: HashSet<(Listener, IncidentId)>,
    /// What happened.
    pub(super) log: Vec<String>,
    /// The first thing that is not as it must be.
    pub(super) wrong: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let topic = Some(5);
        let group = chat(-100);
        let places = vec![chat(41), chat(42), group, ChatKey { topic, ..group }];
        let settings = setting::settings(&mut dice, [41, 42, -100, MOVED_GROUP].into_iter());
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
            restored_at: now,
            places: places.clone(),
            update_id: 0,
            message_id: 0,
            hands: Vec::new(),
            seen: HashMap::new(),
            doubted: HashSet::new(),
            merged: HashSet::new(),
            missed: HashSet::new(),
            refused: HashSet::new(),
            answers_lost: HashMap::new(),
            given_up: HashSet::new(),
            set_back: false,
            kept_before: None,
            reconfigured: false,
            marks: HashMap::new(),
            off_beat: HashSet::new(),
            spoke: HashMap::new(),
            lost: HashSet::new(),
            log: Vec::new(),
            wrong: None,
        };
        for place in places {
            world.says(place, "/regexp all");
        }
        world
    }

    /// Lets something happen.
    pub(super) fn step(&mut self) {
        match self.dice.below(34) {
            0..=5 => self.fires(),
            6..=8 => self.resolves(),
            9..=11 => self.take(),
            12..=15 => self.settle_one(),
            16 => self.crash(),
            17 => {
                let seconds = [1, 31, 61, 301, 601, 3_600, 8 * 3_600, 90_000][self.dice.below(8)];
                self.passes(Duration::from_secs(seconds));
            }
            18 => self.talk(),
            19 => self.take_batch(),
            20 => self.lose_answers(),
            21 => self.refuse(),
            22 => self.jumps_back(),
            23..=25 => self.presses(),
            26 => self.drop_one(),
            27 => self.hurry_one(),
            28 => self.reach_again(),
            29 => self.configure(),
            30 => self.is_thrown_out(),
            31 => self.sets_silence(),
            32 => self.expires_silence(),
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
        let expires = lives.then(|| Expiry::given(self.now.after(Duration::from_secs(120))));
        let version = self.dice.below(2);
        self.news(version, Status::Firing { expires })
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
        let refused = self.engine.news(self.now, news, &mut out).err();
        self.log.extend(refused.map(|refusal| refusal.to_string()));
        self.commit(&out.changes);
        let kept = self.store.snapshot(self.now).unwrap();
        let open = kept.incidents.iter().filter(|incident| !incident.ended());
        let open: HashSet<String> = open.map(|incident| incident.labels.to_string()).collect();
        for (labels, fires) in said {
            // What is known is taken even of a request in which something new is refused.
            let taken = open.contains(&labels) == fires || (fires && refused.is_some());
            self.claim(taken, || {
                let state = if fires { "firing" } else { "over" };
                format!("{labels} was taken as {state}, and forgotten")
            });
        }
    }

    pub(super) fn says(&mut self, chat: ChatKey, text: &str) {
        self.tells(Event::Said {
            chat,
            title: "somewhere".into(),
            speaker: ann(),
            text: text.into(),
        });
    }

    /// Telegram tells the bot that something happened.
    fn tells(&mut self, event: Event) {
        self.update_id += 1;
        let heard = Heard {
            bot: BOT,
            bot_name: "bot".into(),
            update_id: self.update_id,
            entropy: [0; 16],
            event,
            past: None,
        };
        let mut out = Effects::default();
        self.engine.heard(self.now, &heard, &mut out);
        self.commit(&out.changes);
    }

    /// Somebody presses a button below a card of their chat.
    fn presses(&mut self) {
        let kept = self.store.snapshot(self.now).unwrap();
        let chats = kept.cards.iter().filter_map(|card| card.destination.chat());
        let cards: Vec<(ChatKey, CardId)> = chats
            .zip(
                kept.cards
                    .iter()
                    .filter(|card| card.destination.chat().is_some()),
            )
            .map(|(chat, card)| (chat, card.id))
            .collect();
        if cards.is_empty() {
            return;
        }
        let (chat, card) = cards[self.dice.below(cards.len())];
        let card = card.0;
        let data = match self.dice.below(8) {
            0 | 1 => format!("k:{card}"),
            2 => format!("r:{card}"),
            3 => format!("s:{card}:1h"),
            4 => format!("s:{card}:4h"),
            5 => format!("e:{card}"),
            6 if !kept.silences.is_empty() => {
                let silence = &kept.silences[self.dice.below(kept.silences.len())];
                format!("x:{}", silence.id.0)
            }
            _ => format!("d:{card}"),
        };
        self.log.push(format!("{data} is pressed in {chat}"));
        self.tells(Event::Pressed {
            chat,
            speaker: ann(),
            data,
            message_id: 0,
        });
    }

    /// A program makes or changes a silence, of now or to come.
    fn sets_silence(&mut self) {
        let kept = self.store.snapshot(self.now).unwrap();
        let known = &kept.silences;
        let changes = !known.is_empty() && self.dice.below(3) == 0;
        let id = changes.then(|| known[self.dice.below(known.len())].id);
        let from = [0, 0, 300, 3_600][self.dice.below(4)];
        let length = [60, 900, 3_600, 20_000][self.dice.below(4)];
        let what = [
            "alertname=\"Cpu\"",
            "host=~\"h[01]\"",
            "severity!=\"info\"",
            "a=\"\"",
        ];
        let starts_at = self.now.after(Duration::from_secs(from));
        let draft = Draft {
            id,
            matchers: parse_list(what[self.dice.below(what.len())]).unwrap(),
            starts_at,
            ends_at: starts_at.after(Duration::from_secs(length)),
            created_by: "somebody".into(),
            comment: String::new(),
            annotations: None,
            until_resolved: Some(self.dice.below(3) == 0),
            origin: Origin::Api,
        };
        self.log.push(format!("{draft:?}"));
        let mut out = Effects::default();
        let refused = self.engine.set_silence(self.now, draft, &mut out).is_err();
        self.claim(!refused || out.changes.is_empty(), || {
            format!("refused, and yet: {:?}", out.changes)
        });
        self.commit(&out.changes);
    }

    fn expires_silence(&mut self) {
        let kept = self.store.snapshot(self.now).unwrap();
        if kept.silences.is_empty() {
            return;
        }
        let id = kept.silences[self.dice.below(kept.silences.len())].id;
        self.log.push(format!("{id:?} is ended"));
        let mut out = Effects::default();
        let known = self.engine.expire_silence(self.now, id, &mut out);
        self.claim(known, || format!("{id:?} is not known"));
        self.commit(&out.changes);
    }

    /// A chat wants no messages any more.
    fn is_thrown_out(&mut self) {
        let chat = self.a_place();
        self.log.push(format!("the bot is thrown out of {chat}"));
        self.doubt_hands(chat);
        let status = "kicked".to_owned();
        self.tells(Event::Unwelcome { chat, status });
    }

    fn reach_again(&mut self) {
        let chat = self.a_place();
        self.log.push(format!("{chat} is said to take messages"));
        let mut out = Effects::default();
        self.engine.reach_again(self.now, chat.into(), &mut out);
        self.commit(&out.changes);
    }

    /// The configuration changes: while Nabat runs, or while it does not.
    fn configure(&mut self) {
        setting::configure(&mut self.dice, &mut self.settings);
        self.reconfigured = true;
        let routing = self.settings.routing.as_ref();
        let root = routing.map(|routing| &routing.root);
        let fallbacks = &self.settings.fallbacks;
        let rules = &self.settings.inhibit_rules;
        self.log
            .push(format!("configured: {root:?}, {fallbacks:?}, {rules:?}"));
        self.forget_unconfigured();
        if self.dice.below(2) == 0 {
            return self.die();
        }
        self.reconfigure();
    }

    fn reconfigure(&mut self) {
        let mut out = Effects::default();
        self.engine
            .configure(self.now, self.settings.clone(), &mut out);
        self.commit(&out.changes);
    }

    fn a_place(&mut self) -> ChatKey {
        self.places[self.dice.below(self.places.len())]
    }

    fn talk(&mut self) {
        let chat = self.a_place();
        let words = [
            "/unsubscribe all",
            "/regexp all",
            "/regexp cpu",
            "/mute 1h",
            "/unmute",
        ];
        let text = words[self.dice.below(words.len())];
        self.log.push(format!("{chat} says {text}"));
        self.says(chat, text);
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
        self.set_back = true;
        self.spoke.clear();
        self.log
            .push(format!("the clock is set back by {period:?}"));
        self.tick();
    }

    fn tick(&mut self) {
        // Each takes a thousand timers; more than that there never are.
        for _ in 0..2 {
            let mut out = Effects::default();
            self.engine.tick(self.now, &mut out);
            self.commit(&out.changes);
        }
        self.check_time();
    }

    /// The process dies: only what was committed is left, and it is the same.
    pub(super) fn crash(&mut self) {
        let hands = std::mem::take(&mut self.hands);
        self.crash_with(hands);
    }

    /// The process dies, and couriers held these.
    pub(super) fn crash_with(&mut self, hands: Vec<Hand>) {
        let before = self.store.snapshot(self.now).unwrap();
        let held = hands.into_iter().flat_map(|hand| hand.work.ids);
        let held: HashSet<DeliveryId> = held.collect();
        self.die();
        self.check_restart(&before, &held);
    }

    fn die(&mut self) {
        self.log.push("crash".to_owned());
        self.hands.clear();
        self.answers_lost.clear();
        self.forget_marks();
        let snapshot = self.kept_lately();
        let waiting = snapshot.deliveries.iter();
        self.off_beat = waiting.map(|delivery| delivery.id).collect();
        self.doubt_all(&snapshot);
        let mut out = Effects::default();
        self.engine = Engine::restore(self.now, self.settings.clone(), snapshot, &mut out);
        self.restored_at = self.now;
        self.commit(&out.changes);
    }

    /// The store takes nothing: what was decided is thrown away, and nothing has happened.
    fn refuse(&mut self) {
        self.log.push("a commit is refused".to_owned());
        if self.set_back {
            // Of a clock that caught up again, repeats may be left that are not due.
            self.reconfigure();
        }
        let mut out = Effects::default();
        let before = self.all_that_waits();
        if self.dice.below(2) == 0 {
            let news = self.firing();
            // Whether it was refused for another reason does not matter here.
            let _ = self.engine.news(self.now, vec![news], &mut out);
        } else if let Some((_, ids)) = self.waiting().pop_last() {
            let _ = self.engine.take(self.now, &ids, &mut out);
        }
        self.recover();
        let after = self.all_that_waits();
        self.check_same("a commit that was refused", &before, &after);
    }

    fn all_that_waits(&self) -> BTreeSet<String> {
        let pending = self.engine.pending(Wanted::default()).into_iter();
        let deliveries = pending.map(|pending| format!("{:?}", pending.delivery));
        let figures = format!("{:?}", self.engine.figures());
        deliveries.chain([figures]).collect()
    }

    /// Reads the engine back after a commit that failed; couriers go on as before.
    pub(super) fn recover(&mut self) {
        let (settings, snapshot) = (self.settings.clone(), self.kept_lately());
        let mut out = Effects::default();
        self.engine = self.engine.recover(self.now, settings, snapshot, &mut out);
        self.restored_at = self.now;
        self.commit(&out.changes);
    }

    fn kept_lately(&self) -> Snapshot {
        let lately = self.now.before(Engine::REORDER_WINDOW);
        self.store.snapshot(lately).unwrap()
    }

    /// What was on its way when the process died may have been seen.
    fn doubt_all(&mut self, snapshot: &Snapshot) {
        for card in &snapshot.cards {
            let waits = snapshot
                .deliveries
                .iter()
                .any(|d| d.content == Content::Card(card.id));
            let mut chats = snapshot.chats.iter().filter(|chat| chat.disabled.is_some());
            if waits || chats.any(|chat| card.destination == chat.key.into()) {
                let there = listener(card.destination, card.id);
                let keys = card.members.keys().map(|id| (there, *id));
                self.doubted.extend(keys);
            }
        }
    }

    pub(super) fn commit(&mut self, changes: &[Change]) {
        if !changes.is_empty() {
            self.store.apply(&self.fence, changes).unwrap();
        }
        self.engine.committed();
    }

    /// Everything works again, nothing is held back by the configuration, all that waits is
    /// delivered, and every silence comes to its end.
    pub(super) fn settle_everything(&mut self) {
        self.log.push("everything works again".to_owned());
        for place in self.places.clone() {
            self.says(place, "/unmute");
        }
        setting::let_speak(&mut self.settings);
        self.reconfigure();
        self.deliver_all();
        let kept = self.store.snapshot(self.now).unwrap();
        let unexpired = |silence: &&Silence| silence.phase != Phase::Expired;
        let ends = kept.silences.iter().filter(unexpired).map(|s| s.ends_at);
        self.now = ends.chain([self.now]).max().unwrap_or(self.now);
        for _ in 0..4 {
            self.passes(Duration::from_secs(300));
            self.deliver_all();
        }
        self.kept_before = None;
    }
}

pub(super) fn chat(number: i64) -> ChatKey {
    ChatKey {
        bot: BOT,
        chat: number,
        topic: None,
    }
}

fn ann() -> Speaker {
    Speaker {
        id: PersonId(41),
        name: "Ann".into(),
        language: None,
        administrator: Some(true),
        anonymous: false,
    }
}
