//! `/silence` and `/silences`: what would be hushed, what is, and the buttons below.
//!
//! Nothing is silenced before somebody said yes to what it covers. What waits for that word is
//! kept in memory alone: a question that a restart forgot is asked again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Request, bad_expression, period_of};
use crate::chat::ChatKey;
use crate::engine::{Effects, Engine};
use crate::matcher::{Matcher, Operator, parse_prefix};
use crate::message::answer::{Answer, Preview, Question, Selecting};
use crate::silence::{Draft, Origin, Phase, Refusal, Silence, SilenceId, covers};
use crate::time::{Timestamp, parse_period};

/// How many silences are listed.
const LISTED_MAX: usize = 20;
/// For how long one silences who does not say for how long.
const PERIOD_DEFAULT: Duration = Duration::from_secs(2 * 3_600);
/// The longest of those that end when all is resolved.
const RESOLVED_MAX: Duration = Duration::from_secs(86_400);
/// The most that a button or a command may silence.
pub(in crate::engine) const SILENCE_MAX: Duration = Duration::from_secs(366 * 86_400);
/// How many questions wait for an answer, and for how long.
const PROPOSALS_MAX: usize = 1_000;
const PROPOSAL_VALID_FOR: Duration = Duration::from_secs(3_600);
/// How many names of alerts a question shows.
const NAMES_MAX: usize = 5;

/// Silences that somebody asked for and nobody confirmed, by their numbers.
pub(in crate::engine) type Proposals = BTreeMap<i64, Proposal>;

/// A silence that waits for a yes.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Proposal {
    asked_at: Timestamp,
    chat: ChatKey,
    matchers: Vec<Matcher>,
    period: Duration,
    until_resolved: bool,
    comment: String,
}

impl Engine {
    /// Asks whether what was written is to be silenced, and shows what that would be.
    pub(super) fn propose_silence(
        &mut self,
        request: &Request<'_>,
        text: &str,
        out: &mut Effects,
    ) -> Answer {
        if let Some(answer) = self
            .bad_length(Selecting::Silence, text)
            .filter(|_| !text.is_empty())
        {
            return answer;
        }
        let (matchers, rest) = match parse_prefix(text) {
            Ok(read) => read,
            Err(error) => {
                return bad_expression(Selecting::Silence, text, error.at, error.problem);
            }
        };
        // `/silence 2h` does not say what.
        let says_what = |matcher: &Matcher| parse_period(&matcher.value).is_err();
        if !matchers.iter().any(says_what) {
            return Answer::SilenceHow;
        }
        let (period, until_resolved, comment) = match read_rest(rest) {
            Ok(read) => read,
            Err(answer) => return answer,
        };
        let proposal = Proposal {
            asked_at: request.now,
            chat: request.chat,
            matchers,
            period,
            until_resolved,
            comment: comment.to_owned(),
        };
        if let Err(Refusal::MatchesAll) = draft(request, &proposal).check(request.now) {
            return Answer::SilenceMatchesAll;
        }
        let number = self.number(out);
        let preview = self.preview(number, &proposal);
        let old = |known: &Proposal| request.now.since(known.asked_at) >= PROPOSAL_VALID_FOR;
        self.proposals.retain(|_, known| !old(known));
        if self.proposals.len() >= PROPOSALS_MAX {
            self.proposals.pop_first();
        }
        self.proposals.insert(number, proposal);
        Answer::SilenceProposed(Question::First, preview)
    }

    /// What a silence would hush now.
    fn preview(&self, number: i64, proposal: &Proposal) -> Preview {
        let hushed = self.covered_and_firing(|labels| covers(&proposal.matchers, labels));
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let (mut count, mut already) = (0, 0);
        for known in hushed.filter_map(|id| self.incidents.get(&id)) {
            *names.entry(known.incident.name()).or_default() += 1;
            count += 1;
            already += usize::from(known.silenced_until.is_some());
        }
        let mut names: Vec<(String, usize)> = names.into_iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        names.truncate(NAMES_MAX);
        let exact =
            |matcher: &Matcher| matcher.operator == Operator::Equal && !matcher.value.is_empty();
        let firing = self.open.len();
        Preview {
            number,
            matchers: proposal.matchers.clone(),
            period: proposal.period,
            until_resolved: proposal.until_resolved,
            firing,
            hushed: count,
            already,
            names,
            broad: (count > 0 && count == firing) || !proposal.matchers.iter().any(exact),
        }
    }

    /// Does what a button below a silence, a list of them, or a question about one asks for.
    pub(super) fn pressed_about_silence(
        &mut self,
        request: &Request<'_>,
        kind: &str,
        rest: &str,
        message_id: i64,
        out: &mut Effects,
    ) -> Answer {
        let (id, period) = rest.split_once(':').unwrap_or((rest, "1h"));
        let (Ok(id), Ok(period)) = (id.parse(), parse_period(period)) else {
            return Answer::OldButton;
        };
        let listed = matches!(kind, "x" | "X");
        let answer = match kind {
            "y" | "Y" | "n" => self.decide_proposal(request, kind, id, out),
            "x" | "z" => self.end_known_silence(request.now, SilenceId(id), out),
            _ => self.extend_silence(request.now, SilenceId(id), period, out),
        };
        let locale = self.locale_for(request.chat, request.speaker);
        let shown = match listed {
            true => self.list_silences().message(&locale, request.now),
            false => answer.message(&locale, request.now),
        };
        self.rewrite(request.now, request.chat, message_id, shown, out);
        answer
    }

    fn decide_proposal(
        &mut self,
        request: &Request<'_>,
        kind: &str,
        number: i64,
        out: &mut Effects,
    ) -> Answer {
        let Some(proposal) = self.proposals.get(&number).cloned() else {
            return Answer::OldButton;
        };
        let old = request.now.since(proposal.asked_at) >= PROPOSAL_VALID_FOR;
        if old || proposal.chat != request.chat {
            return Answer::OldButton;
        }
        let preview = self.preview(number, &proposal);
        if kind == "y" && preview.broad {
            return Answer::SilenceProposed(Question::Second, preview);
        }
        self.proposals.remove(&number);
        if kind == "n" {
            return Answer::SilenceDeclined;
        }
        self.make_silence(request, draft(request, &proposal), out)
    }

    /// Makes a silence that a person asked for.
    pub(in crate::engine) fn make_silence(
        &mut self,
        request: &Request<'_>,
        draft: Draft,
        out: &mut Effects,
    ) -> Answer {
        let (matchers, comment) = (draft.matchers.clone(), draft.comment.clone());
        let (until, until_resolved) = (draft.ends_at, draft.until_resolved == Some(true));
        match self.put_silence(request.now, draft, out) {
            Ok(_) => Answer::Silenced {
                until,
                until_resolved,
                matchers,
                comment,
            },
            Err(Refusal::MatchesAll) => Answer::SilenceMatchesAll,
            Err(Refusal::TooMany { .. } | Refusal::TooLarge { .. }) => Answer::TooManySilences,
            Err(Refusal::Unknown | Refusal::NoTime | Refusal::Over) => Answer::OldButton,
        }
    }

    fn end_known_silence(&mut self, now: Timestamp, id: SilenceId, out: &mut Effects) -> Answer {
        match self.unexpired(id) {
            Some(silence) => {
                self.end_silence(now, &silence, out);
                Answer::SilenceEnded
            }
            None => Answer::SilenceUnknown,
        }
    }

    fn extend_silence(
        &mut self,
        now: Timestamp,
        id: SilenceId,
        by: Duration,
        out: &mut Effects,
    ) -> Answer {
        let Some(silence) = self.unexpired(id) else {
            return Answer::SilenceUnknown;
        };
        let until = silence.ends_at.max(now).after(by);
        if until.since(now) > SILENCE_MAX {
            return Answer::OldButton;
        }
        let draft = Draft {
            id: Some(id),
            matchers: silence.matchers.clone(),
            starts_at: silence.starts_at,
            ends_at: until,
            created_by: silence.created_by.clone(),
            comment: silence.comment.clone(),
            annotations: None,
            until_resolved: None,
            origin: silence.origin.clone(),
        };
        match self.put_silence(now, draft, out) {
            Ok(_) => Answer::Silenced {
                until,
                until_resolved: silence.until_resolved,
                matchers: silence.matchers.clone(),
                comment: silence.comment.clone(),
            },
            Err(_) => Answer::SilenceUnknown,
        }
    }

    fn unexpired(&self, id: SilenceId) -> Option<Arc<Silence>> {
        let silence = self.silences().find(|silence| silence.id == id)?;
        (silence.phase != Phase::Expired).then(|| Arc::clone(silence))
    }

    /// The active silences, those that end first on top, then those to come.
    pub(super) fn list_silences(&self) -> Answer {
        let unexpired = self
            .silences()
            .filter(|known| known.phase != Phase::Expired);
        let mut all: Vec<&Arc<Silence>> = unexpired.collect();
        all.sort_by_key(|silence| {
            let at = match silence.active() {
                true => silence.ends_at,
                false => silence.starts_at,
            };
            (!silence.active(), at, silence.id)
        });
        Answer::Silences {
            total: all.len(),
            items: all.into_iter().take(LISTED_MAX).cloned().collect(),
        }
    }
}

fn draft(request: &Request<'_>, proposal: &Proposal) -> Draft {
    Draft {
        id: None,
        matchers: proposal.matchers.clone(),
        starts_at: request.now,
        ends_at: request.now.after(proposal.period),
        created_by: request.speaker.name.clone(),
        comment: proposal.comment.clone(),
        annotations: None,
        until_resolved: Some(proposal.until_resolved),
        origin: Origin::Chat {
            chat: request.chat,
            reminded: false,
        },
    }
}

/// What stands behind the matchers: how long, whether until all is resolved, and why.
fn read_rest(rest: &str) -> Result<(Duration, bool, &str), Answer> {
    let (word, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if word.eq_ignore_ascii_case("resolved") {
        return Ok((RESOLVED_MAX, true, comment.trim()));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((PERIOD_DEFAULT, false, rest));
    }
    let period = period_of(word, SILENCE_MAX, "/silence DiskFull 2h")?;
    Ok((period, false, comment.trim()))
}
