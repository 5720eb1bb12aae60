//! Groups follow their members.

use super::Watch;
use super::samples::clipped;
use crate::monitor::group::{self, Seen};
use crate::monitor::state::Standing;
use crate::monitor::{Kind, MonitorId, Trouble};
use crate::time::Timestamp;

impl Watch {
    /// A monitor turned at `at`: so may the groups that it is in.
    pub(super) fn tally_groups_of(&mut self, member: MonitorId, at: Timestamp) {
        let groups: Vec<MonitorId> = self.groups.children(member).collect();
        for id in groups {
            self.tally(id, at);
        }
    }

    /// A monitor is watched no more: the groups that it was in go on without it.
    pub(super) fn leave_groups(&mut self, member: MonitorId) {
        let groups: Vec<MonitorId> = self.groups.children(member).collect();
        for id in groups {
            let Some(entry) = self.monitors.get_mut(&id) else {
                continue;
            };
            if let Kind::Group(group) = &mut entry.rules.kind {
                group.members.retain(|known| known.id != member);
            }
            let left = entry.rules.members();
            self.groups.set(id, &left);
            self.tally(id, self.now);
        }
    }

    /// Looks how a group stands, of which something turned at `at`. As long as not all of its members
    /// are there, as during a start, nothing follows.
    pub(super) fn tally(&mut self, id: MonitorId, at: Timestamp) {
        let Some(entry) = self.monitors.get(&id).filter(|entry| !entry.state.paused) else {
            return;
        };
        let Kind::Group(group) = &entry.rules.kind else {
            return;
        };
        let seen = group.members.iter().map(|member| {
            let state = &self.monitors.get(&member.id)?.state;
            Some(Seen {
                name: &member.name,
                status: state.kept(),
                words: &state.words,
            })
        });
        let Some(seen) = seen.collect::<Option<Vec<_>>>() else {
            return;
        };
        let verdict = group.down_when.verdict(&seen);
        let words = clipped(group::words(&seen));
        self.stand_as(id, at, verdict, words);
        self.replan(id);
    }

    fn stand_as(&mut self, id: MonitorId, at: Timestamp, verdict: Option<Standing>, words: String) {
        let now = self.now;
        let Some(entry) = self.monitors.get_mut(&id) else {
            return;
        };
        let was = entry.state.standing;
        let known = entry.state.unknown().is_none();
        match verdict {
            // Nothing was known of it, and still nothing is.
            None if was == Standing::Fresh => {}
            None if known => entry.lose_sight(id, at, words, &mut self.effects),
            None => {}
            Some(is) if is == was && known && entry.state.words == words => {}
            Some(is) if is == was && known => {
                entry.state.words = words;
                self.effects.touched.insert(id);
                // Others are down now: what is told of it is kept true.
                if is == Standing::Down {
                    entry.say(id, &mut self.effects);
                }
            }
            Some(is) => {
                entry.state.stand(is, at);
                entry.state.words = words;
                let proof = (is == Standing::Down).then_some(Trouble::Down);
                entry.turn(id, now, at, was, proof, &mut self.effects);
            }
        }
    }
}
