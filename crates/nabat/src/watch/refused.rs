//! Why the watch did not do what it was asked.

use crate::engine::NotTaken;

/// Why the watch did not do what it was asked. Nothing of it was done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// There is no such monitor.
    #[error("there is no monitor `{name}`")]
    Unknown {
        /// What it was called.
        name: String,
    },
    /// No heartbeat has this address.
    #[error("no heartbeat has this address")]
    UnknownKey,
    /// No heartbeat has this name.
    #[error("there is no heartbeat `{name}`")]
    UnknownSlug {
        /// What it was called.
        name: String,
    },
    /// It is called as if it were a heartbeat.
    #[error("the monitor `{name}` is no heartbeat")]
    NoHeartbeat {
        /// Its name.
        name: String,
    },
    /// Jobs that called for the first time made as many as they may for now.
    #[error("{max} heartbeats were made by calls within the last hour, as many as may be")]
    TooManyCalled {
        /// How many may be made in an hour.
        max: usize,
    },
    /// There is one of this name.
    #[error("there is a monitor `{name}` already")]
    Exists {
        /// Its name.
        name: String,
    },
    /// It is no longer what was to be changed.
    #[error("somebody else has changed the monitor `{name}` meanwhile")]
    Overtaken {
        /// Its name.
        name: String,
    },
    /// It is defined in the configuration.
    #[error("the monitor `{name}` is defined in the configuration and can be changed only there")]
    Configured {
        /// Its name.
        name: String,
    },
    /// A parent does not exist.
    #[error("`{parent}`, a parent of `{name}`, is no monitor")]
    NoParent {
        /// The child's name.
        name: String,
        /// The parent's name.
        parent: String,
    },
    /// A member does not exist.
    #[error("`{member}`, a member of `{name}`, is no monitor")]
    NoMember {
        /// The group's name.
        name: String,
        /// The member's name.
        member: String,
    },
    /// A group would be in itself.
    #[error("`{name}` would be in itself by its members")]
    InItself {
        /// Its name.
        name: String,
    },
    /// More would be in a group than may be.
    #[error("the group `{name}` would have more than {max} members")]
    TooManyMembers {
        /// The group's name.
        name: String,
        /// How many there may be.
        max: usize,
    },
    /// It is in a group.
    #[error("`{name}` is in the group `{group}`")]
    InGroup {
        /// Its name.
        name: String,
        /// The group's name.
        group: String,
    },
    /// A parent is a group.
    #[error("`{parent}`, a parent of `{name}`, is a group; name its members instead")]
    ParentGroup {
        /// The child's name.
        name: String,
        /// The parent's name.
        parent: String,
    },
    /// It would stand behind itself.
    #[error("`{name}` would stand behind itself by its parents")]
    Circle {
        /// Its name.
        name: String,
    },
    /// Others stand behind it.
    #[error("`{child}` has `{name}` as a parent")]
    HasChildren {
        /// Its name.
        name: String,
        /// The name of one that stands behind it.
        child: String,
    },
    /// Two heartbeats would have one address.
    #[error("another heartbeat has the key of `{name}`")]
    KeyTaken {
        /// The name of the one that was to get it.
        name: String,
    },
    /// What is run on this machine is said in the configuration alone.
    #[error("the monitor `{name}` runs a command; such are made in the configuration only")]
    Command {
        /// Its name.
        name: String,
    },
    /// There are too many.
    #[error("there are {max} monitors already, as many as `watch.max_monitors` allows")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// There are too many bots that came in by the API.
    #[error("no other bot may come in by the API: there may be {max}")]
    TooManyBots {
        /// How many there may be.
        max: usize,
    },
    /// Somebody has made as many as they may.
    #[error("{by} has made {max} monitors already, as many as they may")]
    TooManyOfPerson {
        /// Who.
        by: String,
        /// How many they may make.
        max: usize,
    },
    /// As many were made in a chat as may be.
    #[error("{max} monitors were made in this chat already, as many as may be")]
    TooManyInChat {
        /// How many may be made in one.
        max: usize,
    },
    /// It is no thing that can be looked at.
    #[error("`{name}` is a heartbeat or a group: there is nothing to look at")]
    NothingToProbe {
        /// Its name.
        name: String,
    },
    /// It can't be judged so.
    #[error("`{name}` can't be watched so: {problem}")]
    BadRules {
        /// Its name.
        name: String,
        /// Why not.
        problem: String,
    },
    /// The engine did not take it.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
}

impl Refused {
    /// The name of the monitor that is refused, if it is one.
    pub(super) fn of(&self) -> Option<&str> {
        match self {
            Self::Unknown { name }
            | Self::UnknownSlug { name }
            | Self::NoHeartbeat { name }
            | Self::Exists { name }
            | Self::Overtaken { name }
            | Self::Configured { name }
            | Self::NoParent { name, .. }
            | Self::NoMember { name, .. }
            | Self::ParentGroup { name, .. }
            | Self::InGroup { name, .. }
            | Self::InItself { name }
            | Self::TooManyMembers { name, .. }
            | Self::Circle { name }
            | Self::HasChildren { name, .. }
            | Self::KeyTaken { name }
            | Self::Command { name }
            | Self::NothingToProbe { name }
            | Self::BadRules { name, .. } => Some(name),
            Self::UnknownKey
            | Self::TooMany { .. }
            | Self::TooManyBots { .. }
            | Self::TooManyOfPerson { .. }
            | Self::TooManyInChat { .. }
            | Self::TooManyCalled { .. }
            | Self::NotTaken(_) => None,
        }
    }
}
