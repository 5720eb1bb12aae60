//! What may be depended on, beyond what `deny.toml` says: the few crates under the core, and
//! the size and content of `Cargo.lock`.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::step::Outcome;

const CORE_LIST: &str = "xtask/core-dependencies.txt";
pub(crate) const CORE_REMEDY: &str = "keep runtimes, clocks and I/O out of nabat-core; a crate that decides \
     belongs there may be added to xtask/core-dependencies.txt";

/// Second TLS stacks: with two of them in one program, TLS panics at first use.
const UNWANTED: &[&str] = &["aws-lc-rs", "aws-lc-sys", "openssl-sys"];
const PACKAGES_MAX: usize = 500;
pub(crate) const LOCK_REMEDY: &str =
    "find who pulls it in with `cargo tree -i CRATE`, and turn that feature off";

/// Compares the direct dependencies of `nabat-core` with the committed list.
pub(crate) fn core() -> Result<Outcome> {
    let tree = process::output(&mut process::cargo([
        "tree",
        "--locked",
        "-p",
        "nabat-core",
        "-e",
        "normal",
        "--depth",
        "1",
        "--prefix",
        "none",
    ]))?;
    let list = std::fs::read_to_string(process::root().join(CORE_LIST))
        .with_context(|| format!("cannot read {CORE_LIST}"))?;
    // The first line of the tree is the core itself.
    let found = first_words(tree.lines().skip(1));
    let wanted = first_words(list.lines().filter(|line| !line.starts_with('#')));
    if found == wanted {
        return Ok(Outcome::Passed);
    }
    let added: Vec<_> = found.difference(&wanted).copied().collect();
    let gone: Vec<_> = wanted.difference(&found).copied().collect();
    bail!(
        "nabat-core depends on {added:?}, which {CORE_LIST} does not name; no longer on {gone:?}"
    );
}

fn first_words<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    lines
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

/// Checks that `Cargo.lock` names no unwanted package and not too many of the others.
pub(crate) fn lock() -> Result<Outcome> {
    let lock = std::fs::read_to_string(process::root().join("Cargo.lock"))
        .context("cannot read Cargo.lock")?;
    judge(&lock).map(|()| Outcome::Passed)
}

fn judge(lock: &str) -> Result<()> {
    let names: Vec<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .collect();
    for unwanted in UNWANTED {
        if names.contains(unwanted) {
            bail!("Cargo.lock contains `{unwanted}`");
        }
    }
    if names.len() > PACKAGES_MAX {
        bail!(
            "Cargo.lock names {} packages, the limit is {PACKAGES_MAX}",
            names.len()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_of(names: &[String]) -> String {
        let entry =
            |name: &String| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        names.iter().map(entry).collect()
    }

    #[test]
    fn a_second_tls_stack_is_refused() {
        let names = ["serde".to_owned(), "openssl-sys".to_owned()];
        let error = judge(&lock_of(&names)).unwrap_err().to_string();
        assert_eq!(error, "Cargo.lock contains `openssl-sys`");
        // Part of another name is not that name.
        judge(&lock_of(&["not-openssl-sys".to_owned()])).unwrap();
    }

    #[test]
    fn the_number_of_packages_has_a_limit() {
        let names: Vec<String> = (0..=PACKAGES_MAX).map(|n| format!("crate-{n}")).collect();
        judge(&lock_of(&names[1..])).unwrap();
        judge(&lock_of(&names)).unwrap_err();
    }
}
