//! Histories in which moments matter: who is told what, when.
//!
//! A history goes in rounds. At the beginning of one, things are posted; in its middle every group
//! speaks that has something to say, for `group_wait` is half a round and `group_interval` a whole
//! one; then what was told is compared, and near the end of the round posted ends come. So nothing
//! happens near to when something else does. A history of which a moment slips, because the machine
//! was busy with something else, proves nothing and is lived again, in longer rounds if need be.

use std::collections::BTreeMap;
use std::time::Duration;

use nabat_core::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::alike::{self, Given, difference, differs, order_ties, told_otherwise};
use super::config::{Config, Timing, matcher};
use super::hush::Hush;
use super::lives::{Lives, Moments, identity};
use super::pair::{ALERTS, Answers, Ask, GROUPS, Pair, SILENCES};
use super::tellings::{Excuse, Fingerprint, Group, Telling, Tick};
use super::{now, start};
use crate::world::dice::Dice;

const ROUNDS: u32 = 9;
/// How long a round is in each attempt at a history, in milliseconds.
const ROUND_MS: [u64; 5] = [2_000, 2_000, 4_000, 8_000, 8_000];
/// The parts of a round, from its beginning on, in hundredths.
const POSTED: u32 = 35;
const SPEAKS: u32 = 45;
const SPOKEN: u32 = 70;
const COMPARED: u32 = 80;
const EXPIRES: u32 = 90;
/// How many alerts there are in a history: few, so that much happens to each.
const ALERTS_IN_POOL: usize = 6;
/// Why a history proves nothing.
struct Slipped(String);

/// Lives through the history of this seed; returns what had to be excused.
pub(super) async fn live(seed: u64) -> alike::Excused<Excuse> {
    for round in ROUND_MS.map(Duration::from_millis) {
        match once(seed, round).await {
            Ok(excused) => return excused,
            Err(Slipped(why)) => eprintln!("seed {seed}, rounds of {round:?}: {why}; once more"),
        }
    }
    panic!("seed {seed}: the moments were kept in no attempt");
}

async fn once(seed: u64, round: Duration) -> Result<alike::Excused<Excuse>, Slipped> {
    let mut dice = Dice::new(seed);
    let timing = Timing {
        group_wait: round / 2,
        group_interval: round,
    };
    let config = Config::random(&mut dice, timing);
    let pool = (0..ALERTS_IN_POOL).map(|_| identity(&mut dice)).collect();
    let pair = Pair::start(|url| config.with_webhooks(url)).await;
    let mut history = History {
        seed,
        config,
        pair,
        dice,
        lives: Lives::of(pool),
        given: Given::since(now()),
        round,
        begun: Instant::now(),
        begun_at: now(),
        heard: [0, 0],
        groups: BTreeMap::new(),
        asked: Vec::new(),
        alike: alike::Excused::default(),
        excused: alike::Excused::default(),
    };
    for number in 0..ROUNDS {
        history.round(number).await?;
    }
    Ok(history.excused)
}

struct History {
    seed: u64,
    config: Config,
    pair: Pair,
    dice: Dice,
    lives: Lives,
    given: Given,
    /// How long a round is.
    round: Duration,
    /// When the present round began.
    begun: Instant,
    begun_at: Timestamp,
    /// How many webhooks of each were looked at.
    heard: [usize; 2],
    groups: BTreeMap<Key, Group>,
    asked: Vec<String>,
    alike: alike::Excused,
    excused: alike::Excused<Excuse>,
}

/// The path of a receiver, and the key of a group.
type Key = (String, String);

/// What both show after something was posted.
struct Shown {
    hush: Hush,
    firing: BTreeMap<Fingerprint, Timestamp>,
}

impl History {
    /// So much of a round.
    fn part(&self, hundredths: u32) -> Duration {
        self.round * hundredths / 100
    }

    async fn round(&mut self, number: u32) -> Result<(), Slipped> {
        if number > 0 {
            self.begun += self.round;
            self.begun_at = self.begun_at.after(self.round);
        }
        sleep_until(self.begun).await;
        self.asked
            .push(format!("round {number}, {}", self.begun_at));
        let alerts = self.pair.ask(&Ask::get(ALERTS)).await;
        self.lives.learn(&alerts.theirs.body, now());
        if number + 2 == ROUNDS {
            self.end_all().await;
        } else if number + 2 < ROUNDS {
            for _ in 0..=self.dice.below(3) {
                let change = self.change();
                self.ask(&change).await;
            }
        }
        let shown = self.agree().await?;
        sleep_until(self.begun + self.part(COMPARED)).await;
        self.hear(&shown)
    }

    /// Asks for a change, which both must answer alike.
    async fn ask(&mut self, change: &Ask) {
        self.asked.push(change.to_string());
        let answers = self.pair.ask(change).await;
        if let Some(difference) = difference(&answers, &self.given, &mut self.alike) {
            self.fail(&format!("{difference}\n{answers:#?}"));
        }
    }

    fn change(&mut self) -> Ask {
        let later = self.dice.below(2) as u32;
        let moments = Moments {
            now: now(),
            expires: self.begun_at.after(self.round * later + self.part(EXPIRES)),
        };
        let silences = self.pair.silences();
        match self.dice.below(7) {
            0 | 1 => self.silence(moments),
            2 if silences > 0 => {
                let id = self.dice.below(silences);
                Ask::new(Method::DELETE, &format!("/api/v2/silence/silence-{id}"))
            }
            _ => {
                let batch = self
                    .lives
                    .brief_batch(&mut self.dice, moments, &mut self.given);
                Ask::post(ALERTS, &batch)
            }
        }
    }

    fn silence(&mut self, Moments { now, expires }: Moments) -> Ask {
        let dice = &mut self.dice;
        let matchers = [matcher(dice), "alertname=~\".+\"".to_owned()];
        let matchers = matchers.iter().map(|text| {
            let matcher = nabat_core::matcher::classic::parse_one(text).unwrap();
            let text = matcher.to_string();
            json!({
                "name": *matcher.name,
                "value": *matcher.value,
                "isRegex": text.contains("=~") || text.contains("!~"),
                "isEqual": !text.contains('!'),
            })
        });
        let matchers: Vec<Value> = matchers.collect();
        let far = now.after(Duration::from_secs(7_200));
        let (starts_at, ends_at) = match dice.below(6) {
            0 => (expires, far),
            1 => (now, far),
            _ => (now, expires),
        };
        self.given.note(starts_at, now);
        self.given.note(ends_at, now);
        let silence = json!({
            "matchers": matchers,
            "startsAt": starts_at.to_string(),
            "endsAt": ends_at.to_string(),
            "createdBy": "ann",
            "comment": "",
        });
        Ask::post(SILENCES, &silence)
    }

    /// Ends everything, so that every end is told.
    async fn end_all(&mut self) {
        for id in 0..self.pair.silences() {
            let expire = Ask::new(Method::DELETE, &format!("/api/v2/silence/silence-{id}"));
            self.ask(&expire).await;
        }
        let ends = self.lives.all_over(&mut self.dice, now());
        self.ask(&Ask::post(ALERTS, &ends)).await;
    }

    /// Waits until both show the same.
    async fn agree(&mut self) -> Result<Shown, Slipped> {
        let alerts = self.compare(ALERTS).await?;
        let silences = self.compare(SILENCES).await?;
        self.compare(GROUPS).await?;
        let hush = Hush::of(
            &alerts.theirs.body,
            &silences.theirs.body,
            self.config.rules(),
        );
        let firing = alerts.ours.body.as_array().unwrap().iter();
        let firing = firing.map(|alert| {
            let suppressed = alert["status"]["state"] == "suppressed";
            assert_eq!(hush.mutes(alert), suppressed, "{alert}");
            let fingerprint = alert["fingerprint"].as_str().unwrap();
            (fingerprint.to_owned(), start(alert))
        });
        let firing = firing.collect();
        Ok(Shown { hush, firing })
    }

    async fn compare(&mut self, path: &str) -> Result<Answers, Slipped> {
        let in_time = Instant::now() < self.begun + self.part(POSTED) / 2;
        loop {
            let mut answers = self.pair.ask(&Ask::get(path)).await;
            order_ties(&mut answers.theirs.body);
            order_ties(&mut answers.ours.body);
            let found = difference(&answers, &self.given, &mut self.alike);
            if Instant::now() > self.begun + self.part(POSTED) {
                if let Some(found) = found.filter(|_| in_time) {
                    self.fail(&format!("{path}: {found}\n{answers:#?}"));
                }
                return Err(Slipped("posting took too long".to_owned()));
            }
            if found.is_none() {
                return Ok(answers);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Compares what was told in this round.
    fn hear(&mut self, shown: &Shown) -> Result<(), Slipped> {
        let mut told: BTreeMap<Key, [Option<Value>; 2]> = BTreeMap::new();
        let mut again = None;
        for (side, recorder) in self.pair.recorders().into_iter().enumerate() {
            let requests = recorder.requests();
            for request in &requests[self.heard[side]..] {
                let at = Instant::from_std(request.at).saturating_duration_since(self.begun);
                let body = request.json();
                if at < self.part(SPEAKS) || at > self.part(SPOKEN) {
                    let name = ["Alertmanager", "Nabat"][side];
                    return Err(Slipped(format!(
                        "{name} told {at:?} after a round began: {body}"
                    )));
                }
                let key = (request.uri.path().to_owned(), text(&body["groupKey"]));
                let before = told.entry(key).or_default()[side].replace(body);
                again = again.or(before);
            }
            self.heard[side] = requests.len();
        }
        if let Some(again) = again {
            self.fail(&format!("told twice in a round: {again}"));
        }
        for key in told.keys() {
            self.groups.entry(key.clone()).or_default();
        }
        let mut groups = std::mem::take(&mut self.groups);
        for (key, group) in &mut groups {
            let payloads = told.remove(key).unwrap_or_default();
            let tellings = payloads
                .each_ref()
                .map(|payload| payload.as_ref().map(Telling::of));
            let tick = Tick {
                hush: &shown.hush,
                sends_resolved: self.config.sends_resolved(key.0.trim_start_matches('/')),
                firing: &shown.firing,
            };
            let before = format!("{group:?}");
            let compared = group.hear(&tick, tellings[0].as_ref(), tellings[1].as_ref());
            let compared = compared.and_then(|excuses| {
                self.same_words(&payloads, excuses.is_empty())?;
                Ok(excuses)
            });
            match compared {
                Ok(excuses) => excuses
                    .into_iter()
                    .for_each(|excuse| self.excused.note(excuse)),
                Err(difference) => {
                    let [theirs, ours] = payloads.map(|payload| payload.unwrap_or_default());
                    self.fail(&format!(
                        "{key:?}: {difference}\nAlertmanager: {theirs}\nNabat: {ours}\nbefore: {before}"
                    ));
                }
            }
        }
        self.groups = groups;
        Ok(())
    }

    /// Holds what both say of a group against each other: all of it, if they speak of the `same`
    /// alerts.
    fn same_words(
        &mut self,
        [theirs, ours]: &[Option<Value>; 2],
        same: bool,
    ) -> Result<(), String> {
        for payload in [theirs, ours].into_iter().flatten() {
            coherent(payload)?;
        }
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            return Ok(());
        };
        let mut same = same;
        let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
        let [their_alerts, our_alerts] = [&mut theirs, &mut ours].map(|payload| {
            let alerts = Telling::of(payload);
            // What is told of each is compared by itself.
            for alert in payload["alerts"].as_array_mut().unwrap() {
                *alert = alert["fingerprint"].take();
            }
            alerts
        });
        for (theirs, ours) in [
            (&their_alerts.firing, &our_alerts.firing),
            (&their_alerts.resolved, &our_alerts.resolved),
        ] {
            for (fingerprint, theirs) in theirs {
                let Some(ours) = ours.get(fingerprint) else {
                    continue;
                };
                same &= theirs["annotations"] == ours["annotations"];
                if let Some(found) = told_otherwise(theirs, ours, &self.given, &mut self.alike) {
                    return Err(found);
                }
            }
        }
        if !same {
            for of_all in ["alerts", "status", "commonLabels", "commonAnnotations"] {
                ours[of_all] = theirs[of_all].clone();
            }
        }
        match differs(&theirs, &ours, &self.given, &mut self.alike) {
            Some(found) => Err(found),
            None => Ok(()),
        }
    }

    fn fail(&self, difference: &str) -> ! {
        let config = self.config.with_webhooks("http://127.0.0.1:9/");
        panic!(
            "seed {}: {difference}\nconfiguration: {config}\nposted so far:\n{}",
            self.seed,
            self.asked.join("\n"),
        );
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Whether what a payload says of all its alerts is so. A missing text is an empty one.
fn coherent(payload: &Value) -> Result<(), String> {
    let alerts = payload["alerts"].as_array().unwrap();
    let fires = alerts.iter().any(|alert| alert["status"] == "firing");
    let status = if fires { "firing" } else { "resolved" };
    let common = |field: &str| {
        let mut common = alerts[0][field].clone();
        let names = common.as_object_mut().unwrap();
        names.retain(|name, value| {
            let text = |alert: &Value| alert[field][name].as_str().unwrap_or_default().to_owned();
            alerts.iter().all(|alert| text(alert) == *value)
        });
        common
    };
    let expected = [
        ("status", status.into()),
        ("commonLabels", common("labels")),
        ("commonAnnotations", common("annotations")),
    ];
    match expected
        .iter()
        .find(|(name, value)| payload[*name] != *value)
    {
        Some((name, value)) => Err(format!("{name} must be {value}: {payload}")),
        None => Ok(()),
    }
}
