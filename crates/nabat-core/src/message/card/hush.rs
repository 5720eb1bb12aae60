//! What a card says of the reasons not to worry: somebody sees to it, or it is silenced.
//!
//! Of several times the earliest is told: until then it is true of all.

use super::Member;
use crate::incident::Acknowledgement;
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::time::Timestamp;

/// How many people are named.
const NAMED_MAX: usize = 3;
/// How wide a name may be.
const NAME_MAX: usize = 24;

/// What fires of a group, and how much of it is acknowledged and silenced.
pub(super) struct Hush<'a> {
    open: usize,
    acknowledged: Vec<&'a Acknowledgement>,
    silenced: Vec<Timestamp>,
}

impl<'a> Hush<'a> {
    /// Of those `members` that fire.
    pub(super) fn of(members: &[Member<'a>]) -> Self {
        let open = || members.iter().filter(|member| !member.incident.ended());
        Self {
            open: open().count(),
            acknowledged: open()
                .filter_map(|member| member.incident.acknowledged.as_deref())
                .collect(),
            silenced: open().filter_map(|member| member.silenced_until).collect(),
        }
    }

    /// Whether anything fires.
    pub(super) fn fires(&self) -> bool {
        self.open > 0
    }

    /// Whether somebody sees to everything that fires.
    pub(super) fn acknowledged(&self) -> bool {
        self.acknowledged.len() == self.open
    }

    /// Whether everything that fires is silenced.
    pub(super) fn silenced(&self) -> bool {
        self.silenced.len() == self.open
    }

    /// Whether somebody sees to anything that fires.
    pub(super) fn partly_acknowledged(&self) -> bool {
        !self.acknowledged.is_empty()
    }

    /// Whether anything that fires is silenced.
    pub(super) fn partly_silenced(&self) -> bool {
        !self.silenced.is_empty()
    }

    /// A line about those who see to it, and one about the silence.
    pub(super) fn lines(&self, locale: &Locale, now: Timestamp) -> impl Iterator<Item = String> {
        let acknowledged = self.acknowledged_line(locale, now);
        acknowledged
            .into_iter()
            .chain(self.silenced_line(locale, now))
    }

    fn acknowledged_line(&self, locale: &Locale, now: Timestamp) -> Option<String> {
        let until = self.acknowledged.iter().map(|taken| taken.until).min()?;
        let at = locale.moment(until, now);
        let (people, names) = self.people(locale);
        let common = [
            ("people", people.into()),
            ("names", names.into()),
            ("at", at.into()),
        ];
        if self.acknowledged() {
            return Some(locale.text("hush-acknowledged", common));
        }
        let [people, names, at] = common;
        let part = ("part", self.acknowledged.len().to_string().into());
        let of = ("of", self.open.to_string().into());
        Some(locale.text("hush-acknowledged-partly", [people, names, at, part, of]))
    }

    /// How many see to it, and the names of the first.
    fn people(&self, locale: &Locale) -> (usize, String) {
        let mut people: Vec<&str> = Vec::new();
        for taken in &self.acknowledged {
            if !people.contains(&taken.by.as_str()) {
                people.push(&taken.by);
            }
        }
        (people.len(), named(&people, locale))
    }

    fn silenced_line(&self, locale: &Locale, now: Timestamp) -> Option<String> {
        let until = self.silenced.iter().min()?;
        let at = ("at", locale.moment(*until, now).into());
        if self.silenced() {
            return Some(locale.text("hush-silenced", [at]));
        }
        let part = ("part", self.silenced.len().to_string().into());
        let of = ("of", self.open.to_string().into());
        Some(locale.text("hush-silenced-partly", [at, part, of]))
    }

    /// What tells an alert from the others if not all are acknowledged, or silenced.
    pub(super) fn mark(&self, member: &Member<'_>) -> Option<String> {
        if member.incident.ended() {
            return None;
        }
        let taken = member.incident.acknowledged.as_deref();
        let taken = taken
            .filter(|_| !self.acknowledged())
            .map(|taken| format!("✋ {}", name(&taken.by)));
        let silenced = member
            .silenced_until
            .filter(|_| !self.silenced())
            .map(|_| "🔕".to_owned());
        match (taken, silenced) {
            (Some(taken), Some(silenced)) => Some(format!("{taken} {silenced}")),
            (taken, silenced) => taken.or(silenced),
        }
    }
}

/// The names of the first of `people`, and how many more there are.
pub(in crate::message) fn named<S: AsRef<str>>(people: &[S], locale: &Locale) -> String {
    let names: Vec<String> = people
        .iter()
        .take(NAMED_MAX)
        .map(|by| name(by.as_ref()))
        .collect();
    let names = names.join(", ");
    match people.len().checked_sub(NAMED_MAX) {
        None | Some(0) => names,
        Some(left) => format!("{names} {}", locale.text("more", [("n", left.into())])),
    }
}

fn name(by: &str) -> String {
    let name = one_line(by, NAME_MAX);
    if name.is_empty() { "?".into() } else { name }
}
