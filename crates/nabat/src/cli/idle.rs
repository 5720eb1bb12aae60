//! Flags of Alertmanager that say nothing to Nabat. They are taken, with a word about it in the log,
//! so that a command line of Alertmanager can stay as it is.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use super::Failure;

const ALONE: &str = "Nabat can't form a cluster yet and runs alone";
const PEER: &str = "cluster.peer";

/// Each with what is so instead. Every one has a value.
const IDLE: [(&str, &str); 19] = [
    (
        "alerts.gc-interval",
        "what is over and told is forgotten at once",
    ),
    ("cluster.advertise-address", ALONE),
    ("cluster.gossip-interval", ALONE),
    ("cluster.listen-address", ALONE),
    (PEER, ALONE),
    ("cluster.peer-timeout", ALONE),
    ("cluster.probe-interval", ALONE),
    ("cluster.probe-timeout", ALONE),
    ("cluster.pushpull-interval", ALONE),
    ("cluster.reconnect-interval", ALONE),
    ("cluster.reconnect-timeout", ALONE),
    ("cluster.settle-timeout", ALONE),
    ("cluster.tcp-timeout", ALONE),
    ("data.maintenance-interval", "everything is stored at once"),
    (
        "data.retention",
        "expired silences are kept for 120 hours, and incidents for as long as `history` says",
    ),
    (
        "log.format",
        "a terminal gets text, and everything else JSON",
    ),
    ("web.get-concurrency", "eight may read long lists at a time"),
    ("web.timeout", "requests have time limits of Nabat's own"),
    ("web.ui-path", "Nabat has no such pages"),
];

/// Those that were given, in the order of the list.
#[derive(Debug)]
pub(super) struct Idle(Vec<(&'static str, &'static str)>);

impl Idle {
    /// What to say about those that were given.
    ///
    /// # Errors
    /// When another Alertmanager was named: both would tell the same.
    pub(super) fn warnings(&self) -> Result<Vec<String>, Failure> {
        if self.0.iter().any(|(flag, _)| *flag == PEER) {
            return Err(Failure::Usage(format!(
                "`--{PEER}`: {ALONE}, so that the others of the cluster would tell everything again; stop them and leave the flag out"
            )));
        }
        let given = self.0.iter();
        Ok(given
            .map(|(flag, instead)| format!("--{flag} changes nothing: {instead}"))
            .collect())
    }
}

impl Args for Idle {
    fn augment_args(command: Command) -> Command {
        IDLE.iter().fold(command, |command, (flag, _)| {
            let arg = Arg::new(*flag).long(*flag).action(ArgAction::Append);
            command.arg(arg.hide(true))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Idle {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |(flag, _): &&(&str, &str)| matches.contains_id(flag);
        Ok(Self(IDLE.iter().filter(given).copied().collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(arguments: &[&str]) -> Result<Vec<String>, Failure> {
        let command = Idle::augment_args(Command::new("serve").no_binary_name(true));
        let matches = command.try_get_matches_from(arguments).unwrap();
        Idle::from_arg_matches(&matches).unwrap().warnings()
    }

    #[test]
    fn what_changes_nothing_is_said() {
        assert_eq!(warnings(&[]).unwrap(), [] as [&str; 0]);
        let given = ["--data.retention", "1h", "--cluster.listen-address="];
        assert_eq!(
            warnings(&given).unwrap(),
            [
                "--cluster.listen-address changes nothing: Nabat can't form a cluster yet and runs alone",
                "--data.retention changes nothing: expired silences are kept for 120 hours, and \
                 incidents for as long as `history` says",
            ]
        );
    }

    #[test]
    fn a_peer_is_refused() {
        let refused = warnings(&["--cluster.peer=a:9094", "--cluster.peer=b:9094"]);
        assert!(matches!(refused, Err(Failure::Usage(why)) if why.contains("stop them")));
    }
}
