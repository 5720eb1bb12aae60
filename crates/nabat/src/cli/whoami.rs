//! Who calls the command, for silences that nobody signed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::config::environment;

/// The name of the user; where the system knows none, the number.
pub(super) fn whoami() -> String {
    let said = ["USER", "LOGNAME"].into_iter().filter_map(environment);
    let mut said = said.filter(|name| !name.is_empty());
    said.next().or_else(known).unwrap_or_default()
}

/// What the system knows: in containers and in units of systemd nobody says it.
fn known() -> Option<String> {
    let number = fs::metadata("/proc/self").ok()?.uid();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = name_of(number, &users);
    Some(name.unwrap_or_else(|| format!("user {number}")))
}

/// Who has the number, by the lines of `/etc/passwd`.
fn name_of(number: u32, users: &str) -> Option<String> {
    let number = number.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nodd\nann:x:1000:100::/home/ann:\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("ann"));
        assert_eq!(name_of(100, users), None);
        assert!(!known().unwrap().is_empty());
    }
}
