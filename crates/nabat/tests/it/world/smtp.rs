//! A real mail server: Debian's Exim, which delivers every letter to one maildir.
//!
//! Exim is installed setuid root, and no test needs that: `setpriv` takes it away, so that Exim
//! stays who called it (and its sockets can be seen under `/proc`). It delivers nothing as root;
//! under root it is started as `nobody`, and the folder is given to `nobody` too. `exim_user` and
//! `deliver_drop_privilege` then make it do everything as that one user, and the same configuration
//! serves root and anyone else. Nothing of the system's own Exim is read, written or running.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::certificates::{Authority, Validity};
use super::process::Process;
use super::wait;

/// The user name that the server knows, and its password.
pub(crate) const LOGIN: (&str, &str) = ("nabat", "correct horse");

/// Debian's `nobody` and `nogroup`.
const NOBODY: u32 = 65_534;

/// A mail server that takes letters for anyone, but for these:
///
/// - `gone@…`: refused for good;
/// - `later@…`: refused for now;
/// - `members@…`: only after [`LOGIN`], which is possible under TLS alone.
pub(crate) struct SmtpServer {
    // Fields are dropped in this order: who writes into the folder before the folder.
    _process: Process,
    port: u16,
    folder: TempDir,
}

impl SmtpServer {
    /// Starts one that offers STARTTLS.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one that speaks TLS from the first byte.
    pub(crate) async fn start_tls() -> Self {
        Self::with(&["-tls-on-connect"]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let us = fs::metadata("/proc/self").unwrap().uid();
        let user = if us == 0 { NOBODY } else { us };
        for name in ["spool", "mail"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        certificates(path);
        fs::write(path.join("exim.conf"), configuration(path, user)).unwrap();
        // The log that is printed when a test fails is Exim's main log, so it must be its own.
        fs::write(path.join("exim-main.log"), "").unwrap();
        let mut command = Command::new("setpriv");
        command.arg("--no-new-privs");
        if us == 0 {
            command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
            command.arg("--clear-groups");
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            for entry in fs::read_dir(path).unwrap() {
                chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        command.arg(program()).arg("-C").arg(path.join("exim.conf"));
        command.arg("-bdf").args(arguments);
        let mut process = Process::start("exim-main", path, &mut command);
        let port = process.listening().await.port();
        Self {
            _process: process,
            port,
            folder,
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The authority that signed its certificate, as a PEM file; the certificate is for
    /// `127.0.0.1` and `localhost`.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Waits until it has delivered `count` letters; returns all as they arrived, oldest first.
    pub(crate) async fn letters(&self, count: usize) -> Vec<String> {
        let what = format!("{count} letters from Exim");
        wait::until(&what, async || {
            let letters = self.delivered();
            (letters.len() >= count).then_some(letters)
        })
        .await
    }

    fn delivered(&self) -> Vec<String> {
        // Exim makes the folders of the maildir with the first letter.
        let Ok(entries) = fs::read_dir(self.folder.path().join("mail/new")) else {
            return Vec::new();
        };
        let mut letters: Vec<_> = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let delivered_at = entry.metadata().unwrap().modified().unwrap();
                (delivered_at, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        letters.sort();
        letters.into_iter().map(|(_, letter)| letter).collect()
    }
}

/// Makes `ca.pem`, and `server.pem` and `server.key` signed by it.
fn certificates(folder: &Path) {
    let authority = Authority::new(folder);
    authority.certify("server", "IP:127.0.0.1,DNS:localhost", Validity::Days(2));
}

fn configuration(folder: &Path, user: u32) -> String {
    let (name, password) = LOGIN;
    let (folder, program) = (folder.display(), program().display().to_string());
    // Port 0: the kernel finds a free one.
    format!(
        r#"
exim_path = {program}
exim_user = {user}
exim_group = {user}
deliver_drop_privilege = true
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%s.log
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = 0
primary_hostname = mail.example.org
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {folder}/server.pem
tls_privatekey = {folder}/server.key
acl_smtp_rcpt = recipient
acl_smtp_data = letter

begin acl
recipient:
  deny local_parts = gone
       message = no such user
  defer local_parts = later
       message = come back later
  deny local_parts = members
       !authenticated = *
       message = only after a login
  accept
letter:
  accept

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  envelope_to_add
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_advertise_condition = ${{if def:tls_in_cipher}}
  server_condition = ${{if and {{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"#
    )
}

/// Debian keeps it where only root's `PATH` leads.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .flat_map(|folder| [folder.join("exim4"), folder.join("exim")])
        .find(|file| file.is_file())
        .unwrap_or_else(|| "exim4".into())
}
