//! What people wish of the monitors in a chat.
//!
//! The engine knows no monitors and can't look at anything. It decides who may wish for what, hands
//! the [`Wish`] on to whoever watches, and words the [`Upshot`]. A wish is kept nowhere: one that a
//! crash forgot is not answered, and none is done twice.

use std::time::Duration;

use super::Speaker;
use crate::chat::ChatKey;
use crate::monitor::MonitorId;
use crate::monitor::record::Origin;
use crate::monitor::shorthand::Shorthand;
use crate::monitor::view::{Listing, Seen, Trace};
use crate::time::Timestamp;

/// More monitors than this nobody but an owner has.
pub const MADE_BY_PERSON_MAX: usize = 20;
/// More monitors than this are not made in one chat by others than owners.
pub const MADE_IN_CHAT_MAX: usize = 50;

/// Something that somebody wishes, and may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Where it was said.
    pub chat: ChatKey,
    /// Who.
    pub speaker: Speaker,
    /// Whether an owner.
    pub owner: bool,
    /// The message whose button was pressed; it shows what came of it.
    pub message_id: Option<i64>,
    /// What.
    pub deed: Deed,
}

/// What is wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// To see a page of the monitors whose name or target contains a text, or the one that is called
    /// so.
    List {
        /// The text; empty: all of them.
        text: String,
        /// Which page, from 0.
        page: usize,
    },
    /// To choose one of those that were made in this chat.
    Choose,
    /// To see one.
    Show(Which),
    /// To have one looked at now, or a target that is none.
    Check {
        /// The monitor.
        which: Which,
        /// The target, if there is no such monitor.
        target: Option<Shorthand>,
    },
    /// To have something watched.
    Watch {
        /// What.
        target: Shorthand,
        /// What it is to be called.
        name: String,
        /// How often it is to be looked at; `None`: as often as is usual.
        interval: Option<Duration>,
        /// What has to hold beside that it answers.
        demands: Demands,
    },
    /// To be told of one in this chat.
    Follow(Which),
    /// To have one not looked at, or again.
    Pause(Which, bool),
    /// To have nobody told of one until then, or again.
    Maintain(Which, Option<Timestamp>),
    /// To have one watched no more.
    Remove {
        /// Which.
        which: Which,
        /// Whether others may hear of it.
        sure: bool,
    },
}

/// What has to hold of what is watched, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demands {
    /// The codes that a web server is to answer, such as `200` and `300-399`; none: the usual ones.
    pub status: Vec<String>,
    /// A text that a page is to have.
    pub contains: Option<String>,
    /// A condition in CEL.
    pub condition: Option<String>,
}

/// A monitor, as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// As people call it.
    Named(String),
    /// By its number, as buttons carry it.
    Numbered(MonitorId),
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upshot {
    /// Monitors that were looked for.
    Listed(Listing),
    /// The monitor, as it is now. To [`Deed::Watch`]: there is one of this name. To
    /// [`Deed::Remove`] of one that is not sure: it could be removed.
    Seen(Box<Seen>),
    /// What one look at something of this name saw.
    Checked(String, Trace),
    /// It is watched, and what the first look saw.
    Watched(Box<Seen>, Trace),
    /// The monitor of this name is gone.
    Removed(String),
    /// Nothing was done.
    Refused(Refusal),
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such monitor (any more).
    Unknown {
        /// What it was called; empty for one that a button meant.
        name: String,
    },
    /// It is defined in the configuration.
    Configured {
        /// Its name.
        name: String,
    },
    /// Somebody else made it.
    NotTheirs {
        /// Its name.
        name: String,
    },
    /// Another one stands behind it.
    HasChildren {
        /// Its name.
        name: String,
        /// The other one's.
        child: String,
    },
    /// There are as many as there may be.
    TooMany {
        /// How many that is.
        max: usize,
    },
    /// Whoever asked has made as many as they may.
    TooManyOfPerson,
    /// As many were made in the chat as may be.
    TooManyInChat,
    /// It is a heartbeat or a group.
    NothingToProbe {
        /// Its name.
        name: String,
    },
    /// It could not be looked at, which others than owners have to be able to.
    NotSeen {
        /// What it would have been called.
        name: String,
        /// Why not.
        words: String,
    },
    /// It can't be watched or looked at so.
    Unfit {
        /// Why not.
        problem: String,
    },
    /// Whoever asked waits for as many looks already as they may, or all wait for as many as can be.
    TooManyLooks,
    /// Nothing can be stored at the moment.
    NotNow,
}

impl Wish {
    /// Whether it takes a look, and so as long as a target that does not answer.
    pub const fn takes_a_look(&self) -> bool {
        matches!(self.deed, Deed::Check { .. } | Deed::Watch { .. })
    }

    /// Whether whoever wishes may change a monitor that comes from there: an owner each, others what
    /// they made themselves.
    pub fn may_change(&self, origin: &Origin) -> bool {
        let theirs = matches!(origin, Origin::Chat { person, .. } if *person == self.speaker.id);
        self.owner || theirs
    }

    /// Where what is made of this wish comes from.
    pub fn origin(&self) -> Origin {
        Origin::Chat {
            by: self.speaker.name.clone(),
            person: self.speaker.id,
            chat: self.chat,
            public_only: !self.owner,
        }
    }
}
