//! Histories in which nobody is told anything: what is posted, and what is shown of it.
//!
//! No moment matters in these: all posted times lie minutes away, and the groups wait for an hour.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use nabat_core::time::Timestamp;

use super::alike::{Excused, Given, difference, order_ties};
use super::config::{Config, LABELS, Timing, matcher};
use super::lives::{Lives, alert, identity};
use super::now;
use super::pair::{ALERTS, Answers, Ask, GROUPS, Pair, SILENCES};
use crate::world::dice::Dice;
use crate::world::wait;

/// How many requests change something, in one history.
const STEPS: usize = 30;
/// How many alerts there are in a history.
const ALERTS_IN_POOL: usize = 12;
const TIMING: Timing = Timing {
    group_wait: Duration::from_secs(3_600),
    group_interval: Duration::from_secs(3_600),
};
/// What is not the id of any silence.
const NO_SILENCE: &str = "f0000000-0000-4000-8000-000000000000";

/// Lives through the history of this seed; returns what had to be excused.
pub(super) async fn live(seed: u64) -> Excused {
    let mut dice = Dice::new(seed);
    let config = Config::random(&mut dice, TIMING);
    let pool = (0..ALERTS_IN_POOL).map(|_| identity(&mut dice)).collect();
    let pair = Pair::start(|url| config.with_webhooks(url)).await;
    let mut history = History {
        seed,
        config,
        pair,
        dice,
        lives: Lives::of(pool),
        given: Given::since(now()),
        excused: Excused::default(),
        asked: Vec::new(),
    };
    for _ in 0..STEPS {
        history.step().await;
    }
    history.excused
}

struct History {
    seed: u64,
    config: Config,
    pair: Pair,
    dice: Dice,
    lives: Lives,
    given: Given,
    excused: Excused,
    /// What has changed something so far.
    asked: Vec<Ask>,
}

impl History {
    async fn step(&mut self) {
        let change = self.change();
        self.asked.push(change.clone());
        let answers = self.pair.ask(&change).await;
        if let Some(difference) = difference(&answers, &self.given, &mut self.excused) {
            self.fail(&change, &answers, &difference);
        }
        for path in [ALERTS, GROUPS, SILENCES, "/api/v2/receivers"] {
            let answers = self.compare(&Ask::get(path)).await;
            if path == ALERTS {
                self.lives.learn(&answers.theirs.body, now());
            }
        }
        for _ in 0..3 {
            let ask = self.question();
            self.compare(&ask).await;
        }
    }

    /// Asks both until they show the same: what was posted reaches Alertmanager's groups and
    /// inhibitions a moment later.
    async fn compare(&mut self, ask: &Ask) -> Answers {
        let begun = Instant::now();
        loop {
            let mut answers = self.pair.ask(ask).await;
            order_ties(&mut answers.theirs.body);
            order_ties(&mut answers.ours.body);
            let Some(found) = difference(&answers, &self.given, &mut self.excused) else {
                return answers;
            };
            if begun.elapsed() > wait::PATIENCE / 10 {
                self.fail(ask, &answers, &found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn fail(&self, ask: &Ask, answers: &Answers, difference: &str) -> ! {
        let config = self.config.with_webhooks("http://127.0.0.1:9/");
        let asked: String = self.asked.iter().map(|ask| format!("{ask}\n")).collect();
        panic!(
            "seed {}, step {}: {difference}\nconfiguration: {config}\nposted so far:\n{asked}asked: {ask}\n\
             Alertmanager: {} {}\nNabat: {} {}",
            self.seed,
            self.asked.len(),
            answers.theirs.status,
            answers.theirs.body,
            answers.ours.status,
            answers.ours.body,
        );
    }

    /// Something that changes what is so, or that is refused.
    fn change(&mut self) -> Ask {
        let silences = self.pair.silences();
        match self.dice.below(20) {
            0..12 => {
                let batch = self.lives.batch(&mut self.dice, now(), &mut self.given);
                Ask::post(ALERTS, &batch)
            }
            12 => self.wrong_alerts(),
            13 if silences > 0 => {
                let id = self.dice.below(silences);
                Ask::new(Method::DELETE, &format!("/api/v2/silence/silence-{id}"))
            }
            14 if silences > 0 => {
                let id = self.dice.below(silences);
                let mut silence = self.silence();
                silence["id"] = format!("silence-{id}").into();
                if self.dice.one_in(2) {
                    silence["startsAt"] = format!("start-of-silence-{id}").into();
                }
                if let Some(same) = self.matchers_of(id).filter(|_| !self.dice.one_in(4)) {
                    silence["matchers"] = same;
                }
                Ask::post(SILENCES, &silence)
            }
            15 => self.wrong_silence(),
            _ => Ask::post(SILENCES, &self.silence()),
        }
    }

    /// The matchers with which a silence was made, if it was asked for as number `id`.
    fn matchers_of(&self, id: usize) -> Option<Value> {
        let made = self.asked.iter().filter(|ask| ask.path == SILENCES);
        let bodies = made.filter_map(|ask| serde_json::from_str::<Value>(ask.body.as_ref()?).ok());
        let mut good = bodies.filter(|body| body["comment"] == "good" && body["id"].is_null());
        Some(good.nth(id)?["matchers"].clone())
    }

    fn silence(&mut self) -> Value {
        let dice = &mut self.dice;
        let mut matchers: Vec<Value> = (0..=dice.below(2)).map(|_| posted_matcher(dice)).collect();
        // One that is not fulfilled by what lacks its label.
        let (name, values) = LABELS[0];
        matchers
            .push(json!({ "name": name, "value": dice.pick(values), "isRegex": dice.one_in(2) }));
        let now = now().as_millis();
        let hours = |dice: &mut Dice| 120_000 + dice.below(7_200_000) as i64;
        let starts_at = match dice.below(3) {
            0 => now - hours(dice),
            1 => now,
            _ => now + hours(dice),
        };
        let ends_at = starts_at.max(now) + hours(dice);
        let [starts_at, ends_at] = [starts_at, ends_at].map(Timestamp::from_millis);
        for time in [starts_at, ends_at] {
            self.given.note(time, Timestamp::from_millis(now));
        }
        json!({
            "matchers": matchers,
            "startsAt": starts_at.to_string(),
            "endsAt": ends_at.to_string(),
            "createdBy": dice.pick(&["", "ann", "Боб"]),
            "comment": "good",
        })
    }

    fn wrong_silence(&mut self) -> Ask {
        let mut silence = self.silence();
        silence["comment"] = "wrong".into();
        match self.dice.below(8) {
            0 => silence["endsAt"] = "2020-01-01T00:00:00Z".into(),
            1 => {
                silence["startsAt"] = "2020-01-01T00:00:00Z".into();
                silence["endsAt"] = "2020-01-02T00:00:00Z".into();
            }
            2 => silence["matchers"] = json!([]),
            3 => silence["matchers"] = json!([{ "name": "team", "value": "", "isRegex": false }]),
            4 => silence["matchers"] = json!([{ "name": "team", "value": "(", "isRegex": true }]),
            5 => silence["id"] = NO_SILENCE.into(),
            6 => {
                silence.as_object_mut().unwrap().remove("createdBy");
            }
            _ => silence["startsAt"] = "soon".into(),
        }
        Ask::post(SILENCES, &silence)
    }

    /// Alerts of which some, or all, are refused.
    fn wrong_alerts(&mut self) -> Ask {
        let identity = identity(&mut self.dice);
        let mut wrong = alert(&mut self.dice, &identity, None, None);
        match self.dice.below(7) {
            0 => wrong["labels"] = json!({}),
            1 => wrong["labels"] = json!({ "empty": "" }),
            2 => {
                wrong.as_object_mut().unwrap().remove("labels");
            }
            3 => wrong["generatorURL"] = "not a url".into(),
            4 => wrong["startsAt"] = "2100-01-01T00:00:00Z".into(),
            5 => wrong["endsAt"] = "soon".into(),
            _ => wrong["labels"] = json!({ "alertname": 5 }),
        }
        let mut all = self.lives.batch(&mut self.dice, now(), &mut self.given);
        all.as_array_mut().unwrap().push(wrong);
        Ask::post(ALERTS, &all)
    }

    /// A list with random parameters, or one silence.
    fn question(&mut self) -> Ask {
        let silences = self.pair.silences();
        let dice = &mut self.dice;
        if dice.one_in(6) {
            let id = match dice.below(4) {
                0 => NO_SILENCE.to_owned(),
                1 => "no-uuid".to_owned(),
                _ if silences > 0 => format!("silence-{}", dice.below(silences)),
                _ => NO_SILENCE.to_owned(),
            };
            return Ask::get(&format!("/api/v2/silence/{id}"));
        }
        let mut ask = Ask::get(dice.pick(&[ALERTS, ALERTS, GROUPS, GROUPS, SILENCES]));
        for _ in 0..dice.below(3) {
            ask.query.push(("filter", filter(dice)));
        }
        if ask.path == SILENCES {
            return ask;
        }
        if dice.one_in(3) {
            let receivers = ["", "r1", "r[0-2]", "r0|r3", ".*", "nobody", "r"];
            ask.query
                .push(("receiver", dice.pick(&receivers).to_owned()));
            if dice.one_in(8) {
                ask.query.push(("receiver", "(".to_owned()));
            }
        }
        for name in ["active", "silenced", "inhibited", "unprocessed"] {
            if dice.one_in(3) {
                let words = ["true", "false", "1", "0", "maybe", "On", ""];
                ask.query.push((name, dice.pick(&words).to_owned()));
            }
        }
        ask
    }
}

fn filter(dice: &mut Dice) -> String {
    let wrong = [
        "bad",
        "=x",
        "team=~(",
        "{team=db}",
        "team=\"db",
        "",
        "team=d\"b",
        "team=\"d\\\"b\"",
    ];
    let others = [
        "team=\"\"",
        "team=",
        "team!=",
        "team=~",
        "team!~\"\"",
        " team = db ",
        "team=db,x=y",
    ];
    match dice.below(8) {
        0 => dice.pick(&wrong).to_owned(),
        1 | 2 => dice.pick(&others).to_owned(),
        _ => matcher(dice),
    }
}

fn posted_matcher(dice: &mut Dice) -> Value {
    let (name, values) = dice.pick(&LABELS);
    let (one, other) = (dice.pick(values), dice.pick(values));
    let is_regex = dice.one_in(2);
    let value = if is_regex {
        format!("{one}|{other}")
    } else {
        one.to_owned()
    };
    let mut matcher = json!({ "name": name, "value": value, "isRegex": is_regex });
    if dice.one_in(2) {
        matcher["isEqual"] = dice.one_in(2).into();
    }
    matcher
}
