//! Why a request about monitors was refused, as it is answered.

use axum::http::StatusCode;

use crate::config::{self, masking};
use crate::watch::Refused;
use crate::web::answer::Problem;

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let (status, code, hint) = match refused {
            Refused::NotTaken(not_taken) => return not_taken.into(),
            Refused::Unknown { .. } => (
                StatusCode::NOT_FOUND,
                "not_found",
                "`nabat monitor list` (`GET /api/v1/monitors`) lists them",
            ),
            Refused::UnknownKey => (
                StatusCode::NOT_FOUND,
                "not_found",
                "`nabat monitor show NAME` prints the address of a heartbeat",
            ),
            Refused::UnknownSlug { .. } => (
                StatusCode::NOT_FOUND,
                "not_found",
                "add `?create=1` to have it made",
            ),
            Refused::NoHeartbeat { .. } => (
                StatusCode::CONFLICT,
                "no_heartbeat",
                "choose another name for the job",
            ),
            Refused::TooManyCalled { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_monitors",
                "call again later, or make it with `nabat monitor add`",
            ),
            Refused::Exists { .. } => (
                StatusCode::CONFLICT,
                "exists",
                "choose another name, or change that one: `nabat monitor apply`, or `PUT /api/v1/monitors/NAME`",
            ),
            Refused::Overtaken { .. } => (
                StatusCode::CONFLICT,
                "overtaken",
                "look at it again before it is changed",
            ),
            Refused::Configured { .. } => (
                StatusCode::CONFLICT,
                "configured",
                "change it under `monitors` in the configuration, and reload that",
            ),
            Refused::HasChildren { .. } => (
                StatusCode::CONFLICT,
                "has_children",
                "take it out of the `parents` of the other one first",
            ),
            Refused::KeyTaken { .. } => (
                StatusCode::CONFLICT,
                "key_taken",
                "choose another `key`, or leave it out",
            ),
            Refused::TooManyOfPerson { .. } | Refused::TooManyInChat { .. } => (
                StatusCode::CONFLICT,
                "too_many_monitors",
                "remove some of them",
            ),
            Refused::TooMany { .. } => (
                StatusCode::CONFLICT,
                "too_many_monitors",
                "raise `watch.max_monitors` in the configuration, or remove some",
            ),
            Refused::TooManyBots { .. } => (
                StatusCode::CONFLICT,
                "too_many_bots",
                "use one of them, raise `telegram.made_bots.max`, or list the bot under `telegram.bots`",
            ),
            Refused::Command { .. } => (
                StatusCode::FORBIDDEN,
                "command",
                "define it under `monitors` in the configuration",
            ),
            Refused::NothingToProbe { .. } => (
                StatusCode::CONFLICT,
                "nothing_to_probe",
                "call the address of a heartbeat yourself; look at the members of a group",
            ),
            Refused::InGroup { .. } => (
                StatusCode::CONFLICT,
                "in_group",
                "take it out of the `members` of the group first",
            ),
            Refused::TooManyMembers { .. } => (
                StatusCode::CONFLICT,
                "too_many_members",
                "say in the `group.matchers` of that group more exactly which monitors are meant",
            ),
            Refused::NoMember { .. } | Refused::InItself { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_members",
                "`group.members` are the names of other monitors, without circles",
            ),
            Refused::NoParent { .. } | Refused::ParentGroup { .. } | Refused::Circle { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_parents",
                "`parents` are the names of other monitors, without circles",
            ),
            Refused::BadRules { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_monitor",
                "see docs/configuration.md for the bounds of each setting",
            ),
        };
        Self::new(status, code, message, hint)
    }
}

impl From<masking::MaskError> for Problem {
    fn from(error: masking::MaskError) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "masked",
            error.to_string(),
            "write the secret itself there; what is masked is kept only when a monitor that has it is sent back, and leads to the same host",
        )
    }
}

impl From<config::ConfigError> for Problem {
    fn from(error: config::ConfigError) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_monitor",
            error.to_string(),
            "the settings of a monitor are in docs/configuration.md, under `monitors`",
        )
    }
}
