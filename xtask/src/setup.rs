//! Checks that what the tests need is installed, and installs what is not.
//!
//! Debian packages come by `apt-get`, as root or through a `sudo` that asks nothing. Where
//! that is not possible, the one command to type and the tests that cannot run are named, and
//! the set-up fails: a test that silently does not run proves nothing. Services which a
//! package starts by itself are left alone; the tests start their own on free ports.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::step::{self, Outcome, Steps};

/// A Debian package that tests need.
struct Package {
    name: &'static str,
    /// What the program may be called, or its whole path; any one will do.
    programs: &'static [&'static str],
    /// The tests that cannot run without it.
    tests: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "prometheus",
        programs: &["prometheus"],
        tests: "the end-to-end tests in which a real Prometheus fires",
    },
    Package {
        name: "prometheus-alertmanager",
        programs: &["prometheus-alertmanager", "alertmanager"],
        tests: "the end-to-end tests through a real Alertmanager, and `cargo xtask bench`",
    },
    Package {
        name: "golang-go",
        programs: &["go"],
        tests: "`cargo xtask acceptance`",
    },
    Package {
        name: "golang-github-prometheus-alertmanager-dev",
        // A library of Go is no program; this is one file of it, by its whole path.
        programs: &[
            "/usr/share/gocode/src/github.com/prometheus/alertmanager/test/with_api_v2/acceptance.go",
        ],
        tests: "`cargo xtask acceptance`",
    },
    Package {
        name: "python3",
        programs: &["python3"],
        tests: "the tests in which Python checks a webhook's signature and takes it over TLS",
    },
    Package {
        name: "python3-venv",
        // A part of Python that Debian keeps apart, in the folder of the version it ships.
        programs: &[
            "/usr/lib/python3.11/ensurepip/__init__.py",
            "/usr/lib/python3.12/ensurepip/__init__.py",
            "/usr/lib/python3.13/ensurepip/__init__.py",
            "/usr/lib/python3.14/ensurepip/__init__.py",
        ],
        tests: "`cargo xtask api`",
    },
    Package {
        name: "exim4-daemon-light",
        programs: &["exim4", "exim"],
        tests: "the tests that send letters to a real mail server",
    },
    Package {
        name: "openssl",
        programs: &["openssl"],
        tests: "the tests that need a certificate",
    },
    Package {
        name: "iproute2",
        programs: &["ip"],
        tests: "the tests in which hosts and networks go away",
    },
    Package {
        name: "util-linux",
        programs: &["nsenter"],
        tests: "the tests in which hosts and networks go away",
    },
    Package {
        name: "fping",
        programs: &["fping"],
        tests: "`cargo xtask bench`",
    },
    Package {
        name: "prometheus-blackbox-exporter",
        programs: &["prometheus-blackbox-exporter", "blackbox_exporter"],
        tests: "`cargo xtask bench`, and the tests that hold `/probe` against it",
    },
    Package {
        name: "python3-grpcio",
        programs: &["/usr/lib/python3/dist-packages/grpc/__init__.py"],
        tests: "the tests that ask gRPC servers",
    },
    Package {
        name: "nginx-light",
        programs: &["nginx", "/usr/sbin/nginx"],
        tests: "the tests that probe web servers",
    },
    Package {
        name: "redis-server",
        programs: &["redis-server"],
        tests: "the tests that probe Redis",
    },
    Package {
        name: "postgresql",
        programs: &[
            "/usr/lib/postgresql/15/bin/postgres",
            "/usr/lib/postgresql/17/bin/postgres",
        ],
        tests: "the tests that probe PostgreSQL",
    },
    Package {
        name: "mariadb-server-core",
        programs: &["mariadbd", "/usr/sbin/mariadbd"],
        tests: "the tests that probe MariaDB",
    },
    Package {
        name: "openssh-server",
        programs: &["/usr/sbin/sshd"],
        tests: "the tests that probe SSH",
    },
    Package {
        name: "dnsmasq-base",
        programs: &["dnsmasq", "/usr/sbin/dnsmasq"],
        tests: "the tests that probe DNS",
    },
];

/// A program that comes by `cargo install`.
struct Tool {
    name: &'static str,
    version: &'static str,
}

const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Installs all that the other commands need.
pub(crate) fn everything() -> Result<()> {
    debian_packages()?;
    cargo_tools()
}

/// Installs what the tests need.
pub(crate) fn debian_packages() -> Result<()> {
    let mut steps = Steps::default();
    steps.run("Debian packages", &by_hand(&missing()), packages);
    steps.finish()
}

/// Installs what `cargo xtask lint` needs.
pub(crate) fn cargo_tools() -> Result<()> {
    let mut steps = Steps::default();
    let remedy = "see why cargo cannot install it; it needs a C compiler and the package registry";
    steps.run("cargo tools", remedy, || install(&CARGO_DENY));
    steps.finish()
}

fn packages() -> Result<Outcome> {
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(Outcome::Passed);
    }
    let Some(privilege) = privilege() else {
        bail!("{}", cannot_run(&wanted));
    };
    step::note(&format!("installing {}", names(&wanted)));
    // With old lists the install may still work; and if not, its own message is the better one.
    let update = process::output(&mut apt_get(privilege, &["update"]));
    // A machine has one mail server: nobody's Postfix is to make room for ours.
    let mut words = vec!["install", "-y", "--no-remove", "--no-install-recommends"];
    words.extend(wanted.iter().map(|package| package.name));
    let install = process::output(&mut apt_get(privilege, &words));
    let missing = missing();
    if missing.is_empty() {
        return Ok(Outcome::Passed);
    }
    let errors: Vec<String> = [update.err(), install.err()]
        .into_iter()
        .flatten()
        .map(|error| format!("{error:#}"))
        .collect();
    bail!("{}\n\n{}", errors.join("\n"), cannot_run(&missing));
}

fn missing() -> Vec<&'static Package> {
    let absent = |package: &&Package| {
        package
            .programs
            .iter()
            .all(|name| process::find(name).is_none())
    };
    PACKAGES.iter().filter(absent).collect()
}

/// The words to put before `apt-get` for it to be allowed to install, if there are any.
fn privilege() -> Option<&'static [&'static str]> {
    process::find("apt-get")?;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if is_root {
        return Some(&[]);
    }
    let sudo = Command::new(process::find("sudo")?)
        .args(["-n", "true"])
        .output();
    sudo.is_ok_and(|sudo| sudo.status.success())
        .then_some(&["sudo", "-n"])
}

fn apt_get(privilege: &[&str], args: &[&str]) -> Command {
    let words = [
        privilege,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
        args,
    ]
    .concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// What a person can do about it, in one line.
fn by_hand(missing: &[&Package]) -> String {
    let names = names(missing);
    if process::find("apt-get").is_some() {
        format!(
            "sudo apt-get update && sudo apt-get install -y --no-remove --no-install-recommends {names}"
        )
    } else {
        format!("this is not Debian or Ubuntu: put these programs on the PATH yourself: {names}")
    }
}

fn names(packages: &[&Package]) -> String {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    names.join(" ")
}

fn cannot_run(missing: &[&Package]) -> String {
    let lines: Vec<String> = missing
        .iter()
        .map(|package| format!("without {}: {} cannot run", package.name, package.tests))
        .collect();
    lines.join("\n")
}

fn install(tool: &Tool) -> Result<Outcome> {
    let Tool { name, version } = tool;
    if process::find(name).is_none() {
        step::note(&format!(
            "installing {name} {version}, once; this takes minutes"
        ));
        let args = ["install", "--locked", name, "--version", version];
        process::output(&mut process::cargo(args))?;
    }
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_all_that_is_missing() {
        let packages: Vec<&Package> = PACKAGES.iter().collect();
        let text = by_hand(&packages);
        assert_eq!(text.lines().count(), 1, "{text}");
        let names: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
        assert!(text.ends_with(&names.join(" ")), "{text}");
    }

    #[test]
    fn each_missing_package_names_the_tests_that_cannot_run() {
        let missing: Vec<&Package> = PACKAGES.iter().collect();
        let text = cannot_run(&missing);
        for package in PACKAGES {
            assert!(
                text.contains(package.name) && text.contains(package.tests),
                "{text}"
            );
        }
    }

    #[test]
    fn apt_get_runs_through_the_privilege_given() {
        let direct = process::line(&apt_get(&[], &["update"]));
        assert_eq!(direct, "env DEBIAN_FRONTEND=noninteractive apt-get update");
        let through = process::line(&apt_get(&["sudo", "-n"], &["update"]));
        assert_eq!(through, format!("sudo -n {direct}"));
    }
}
