//! How many monitors those may make who are not trusted with all of them, and how many bots may come
//! in.

use std::collections::HashSet;
use std::time::Duration;

use nabat_core::chat::BotId;
use nabat_core::engine::wish::{MADE_BY_PERSON_MAX, MADE_IN_CHAT_MAX};
use nabat_core::monitor::record::Origin;

use super::Watcher;
use crate::clock;
use crate::watch::{Introduced, Refused};

/// How many heartbeats jobs that call for the first time may make, and within which time.
const MADE_BY_CALLS_MAX: usize = 100;
const CALLED_WITHIN: Duration = Duration::from_secs(3_600);

impl Watcher {
    /// Whether jobs that call for the first time may make one more now.
    fn has_room_for_called(&self) -> Result<(), Refused> {
        let since = clock::now().before(CALLED_WITHIN);
        let called = self
            .monitors
            .values()
            .filter(|known| known.record.origin == Origin::Called && known.record.made_at > since);
        match called.count() < MADE_BY_CALLS_MAX {
            true => Ok(()),
            false => Err(Refused::TooManyCalled {
                max: MADE_BY_CALLS_MAX,
            }),
        }
    }

    /// Whether those bots may come in that are not known yet.
    pub(super) fn has_room_for_bots<'a>(
        &self,
        introduced: impl Iterator<Item = &'a Introduced>,
    ) -> Result<(), Refused> {
        let bots = introduced.filter_map(|introduced| introduced.bot.as_ref());
        let wanted: HashSet<BotId> = bots.map(|bot| bot.id).collect();
        let known = self.engine.made_bots().borrow().clone();
        let all = known.iter().map(|bot| bot.id).chain(wanted.iter().copied());
        let all = all.collect::<HashSet<BotId>>().len();
        match all > known.len() && all > self.max_bots {
            true => Err(Refused::TooManyBots { max: self.max_bots }),
            false => Ok(()),
        }
    }

    /// Whether whoever may look at public addresses only may make one more in a chat.
    pub(super) fn has_room_for(&self, origin: &Origin) -> Result<(), Refused> {
        if *origin == Origin::Called {
            return self.has_room_for_called();
        }
        let Origin::Chat {
            by,
            person,
            chat,
            public_only: true,
        } = origin
        else {
            return Ok(());
        };
        let (mut theirs, mut there) = (0, 0);
        for known in self.monitors.values() {
            if let Origin::Chat {
                person: maker,
                chat: place,
                public_only: true,
                ..
            } = &known.record.origin
            {
                theirs += usize::from(maker == person);
                there += usize::from(place == chat);
            }
        }
        if theirs >= MADE_BY_PERSON_MAX {
            return Err(Refused::TooManyOfPerson {
                by: by.clone(),
                max: MADE_BY_PERSON_MAX,
            });
        }
        if there >= MADE_IN_CHAT_MAX {
            return Err(Refused::TooManyInChat {
                max: MADE_IN_CHAT_MAX,
            });
        }
        Ok(())
    }
}
