//! Real servers from Debian, each in a folder of its own and as nobody in particular.
//!
//! None of them finds a free port by itself, so the kernel is asked for one just before; another
//! test can take it in between, in theory.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::certificates::{Authority, Validity};
use super::process::Process;
use super::wait;

/// Debian's `nobody` and `nogroup`: PostgreSQL and MariaDB refuse to be root.
const NOBODY: u32 = 65_534;

/// A server on a port of 127.0.0.1.
pub(crate) struct Service {
    // Fields are dropped in this order: who writes into the folder before the folder.
    process: Process,
    port: u16,
    folder: TempDir,
}

impl Service {
    /// Redis, with the password `opensesame` if it `is_locked`.
    pub(crate) async fn redis(is_locked: bool) -> Self {
        let folder = folder();
        let port = free_port();
        let password = if is_locked {
            "--requirepass opensesame"
        } else {
            ""
        };
        let line = format!("--bind 127.0.0.1 --port {port} --save {password}");
        let mut command = unprivileged("redis-server");
        // The word after `--save` is empty: nothing is saved.
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            command.arg(word);
            if word == "--save" {
                command.arg("");
            }
        }
        Self::start("redis", folder, port, &mut command).await
    }

    /// PostgreSQL with the user `boss`, who has a password.
    pub(crate) async fn postgres() -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        fs::write(folder.path().join("password"), "opensesame").unwrap();
        let line = "-A scram-sha-256 -U boss --no-sync --pwfile=password -D data";
        let mut initdb = unprivileged(&postgres("initdb"));
        done(initdb.args(line.split(' ')).current_dir(folder.path()));
        let port = free_port();
        let mut command = unprivileged(&postgres("postgres"));
        command.arg("-D").arg(data).arg("-p").arg(port.to_string());
        command.args(["-h", "127.0.0.1", "-k", "", "-F"]);
        let mut server = Self::start("postgres", folder, port, &mut command).await;
        // It listens before it lets anybody in.
        server
            .process
            .word_after("system is ready to accept ")
            .await;
        server
    }

    /// MariaDB with the user `boss`, who has a password, the database `shop`, and TLS for who wants
    /// it, with a certificate of the authority in its folder.
    pub(crate) async fn mysql() -> Self {
        let folder = folder();
        Authority::new(folder.path()).certify("server", "IP:127.0.0.1", Validity::Days(40));
        own_all(folder.path());
        let data = format!("--datadir={}", folder.path().display());
        let mut script = String::from("create database mysql;\nuse mysql;\n");
        for part in ["tables", "tables_data"] {
            let file = format!("/usr/share/mysql/mysql_system_{part}.sql");
            script.push_str(&fs::read_to_string(file).unwrap());
        }
        script.push_str(
            "\nflush privileges;\ncreate database shop;\n\
             create user boss@'%' identified by 'opensesame';\n\
             grant all on *.* to boss@'%';\n",
        );
        let file = folder.path().join("bootstrap.sql");
        fs::write(&file, script).unwrap();
        let common = ["--no-defaults", &data, "--innodb-buffer-pool-size=8M"];
        let mut bootstrap = unprivileged("mariadbd");
        bootstrap.args(common).arg("--bootstrap");
        done(bootstrap.stdin(fs::File::open(file).unwrap()));
        let port = free_port();
        let mut command = unprivileged("mariadbd");
        command.args(common).arg("--skip-name-resolve");
        command.args([
            "--bind-address=127.0.0.1".to_owned(),
            format!("--port={port}"),
        ]);
        for (option, file) in [
            ("socket", "socket"),
            ("pid-file", "pid-file"),
            ("ssl-cert", "server.pem"),
            ("ssl-key", "server.key"),
        ] {
            command.arg(format!("--{option}={}/{file}", folder.path().display()));
        }
        Self::start("mariadbd", folder, port, &mut command).await
    }

    /// OpenSSH.
    pub(crate) async fn ssh() -> Self {
        let folder = folder();
        let key = folder.path().join("key");
        let mut keygen = unprivileged("ssh-keygen");
        done(
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&key),
        );
        let port = free_port();
        // It starts itself anew for each connection, and so wants its whole path.
        let mut command = unprivileged("/usr/sbin/sshd");
        command.args([
            "-D",
            "-e",
            "-f",
            "/dev/null",
            "-o",
            "PidFile=none",
            "-o",
            "UsePAM=no",
        ]);
        command
            .arg("-o")
            .arg(format!("ListenAddress=127.0.0.1:{port}"));
        command.arg("-o").arg(format!("HostKey={}", key.display()));
        Self::start("sshd", folder, port, &mut command).await
    }

    /// Dnsmasq, which knows `example.test` alone; `big.example.test` has more texts than fit in one
    /// packet.
    pub(crate) async fn dns() -> Self {
        let folder = folder();
        let port = free_port();
        let mut command = unprivileged("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
        ]);
        command.args([
            "--bind-interfaces",
            "--listen-address=127.0.0.1",
            "--pid-file=",
        ]);
        command.args([
            "--local=/test/",
            "--host-record=example.test,10.1.2.3,2001:db8::1",
        ]);
        command.args([
            "--host-record=two.example.test,10.1.2.4",
            "--address=/two.example.test/10.1.2.5",
        ]);
        command.args(["--mx-host=example.test,mail.example.test,10"]);
        command.args([
            "--txt-record=example.test,v=spf1 -all",
            "--cname=www.example.test,example.test",
        ]);
        for i in 0..20 {
            let text = i.to_string().repeat(100);
            command.arg(format!("--txt-record=big.example.test,{text}"));
        }
        command.arg(format!("--port={port}"));
        Self::start("dnsmasq", folder, port, &mut command).await
    }

    /// Nginx with the page `ready`, the same moved and locked (`user`, `opensesame`), and none
    /// elsewhere; by TLS if it `is_secret`, with a certificate of the authority in its folder.
    pub(crate) async fn nginx(is_secret: bool) -> Self {
        let folder = folder();
        let port = free_port();
        fs::write(folder.path().join("page"), "<html>ready</html>").unwrap();
        fs::write(folder.path().join("users"), "user:{PLAIN}opensesame\n").unwrap();
        Authority::new(folder.path()).certify("server", "IP:127.0.0.1", Validity::Days(40));
        own_all(folder.path());
        let configuration = nginx(folder.path(), port, is_secret);
        fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let mut command = unprivileged("nginx");
        command.arg("-c").arg(folder.path().join("nginx.conf"));
        command
            .arg("-e")
            .arg(folder.path().join("nginx-errors.log"));
        Self::start("nginx", folder, port, &mut command).await
    }

    /// The authority that signed its certificate, if it has one.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    async fn start(name: &str, folder: TempDir, port: u16, command: &mut Command) -> Self {
        let process = Process::start(name, folder.path(), command);
        wait::until(&format!("{name} to listen"), async || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        Self {
            process,
            port,
            folder,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path());
    folder
}

/// Gives `path` to whom the servers run as.
fn own(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// The same with all that is in `folder`: keys are for their owner alone.
fn own_all(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        own(&entry.unwrap().path());
    }
}

fn nginx(folder: &Path, port: u16, is_secret: bool) -> String {
    let (folder, tls) = (folder.display(), if is_secret { " ssl http2" } else { "" });
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        r#"
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  {temporary}
  server {{
    listen 127.0.0.1:{port}{tls};
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    root {folder};
    location = /old {{ return 301 /page; }}
    location = /locked {{
      auth_basic "friends";
      auth_basic_user_file {folder}/users;
      try_files /page =404;
    }}
    location = /page {{}}
    location / {{ return 404; }}
  }}
}}
"#
    )
}

fn unprivileged(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--no-new-privs");
    if is_root() {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.arg("--clear-groups");
    }
    let places = ["/usr/sbin", "/usr/bin"].map(|folder| Path::new(folder).join(program));
    let found = places.into_iter().find(|file| file.is_file());
    command.arg(found.unwrap_or_else(|| program.into()));
    command
}

/// A program of the newest PostgreSQL that is installed, by its whole path.
fn postgres(program: &str) -> String {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.filter_map(|version| version.unwrap().file_name().into_string().ok());
    let newest = versions.max_by_key(|version| version.parse::<u32>().unwrap_or_default());
    let newest = newest.expect("no PostgreSQL; does `cargo xtask setup` help?");
    format!("/usr/lib/postgresql/{newest}/bin/{program}")
}

/// Runs `command` to its end, which must be a good one.
fn done(command: &mut Command) {
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    let output = output.unwrap_or_else(|error| panic!("does `cargo xtask setup` help? {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}
