//! A program under measurement: started on a free port in a folder of its own, looked at
//! through `/proc`, stopped and cleaned up when dropped.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::door::Door;
use super::http::Client;
use crate::process;

const START_MAX: Duration = Duration::from_secs(30);
/// Linux counts CPU time in hundredths of a second on every architecture we know of.
const TICKS_PER_SECOND: f64 = 100.0;

pub(crate) struct Server {
    command: Command,
    child: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) door: Door,
    /// From the last start of the process to its first 200 on `/-/ready`.
    pub(crate) startup_ms: f64,
}

impl Server {
    /// Starts what `command` makes of a folder and an address, and waits until it is ready.
    pub(crate) fn start(
        door: Door,
        command: impl FnOnce(&Path, SocketAddr) -> Result<Command>,
    ) -> Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("nabat-bench-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let address = free_address()?;
        let mut command = command(&folder, address)?;
        let log = File::create(folder.join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let start = Instant::now();
        let child = spawn(&mut command)?;
        let mut server = Self {
            command,
            child,
            folder,
            address,
            door,
            startup_ms: 0.0,
        };
        server.wait_until_ready(start)?;
        Ok(server)
    }

    /// Kills the program as a power cut would, and starts it again with what it left on disk.
    pub(crate) fn kill_and_start(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let start = Instant::now();
        self.child = spawn(&mut self.command)?;
        self.wait_until_ready(start)
    }

    fn wait_until_ready(&mut self, start: Instant) -> Result<()> {
        let mut ended = None;
        process::wait_until(START_MAX, || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some() || self.is_ready()
        });
        self.startup_ms = start.elapsed().as_secs_f64() * 1e3;
        if ended.is_some() || start.elapsed() >= START_MAX {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let line = process::line(&self.command);
            bail!("{log}\n`{line}` did not become ready");
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        // Connecting costs less than a client with its buffers while nobody listens yet.
        TcpStream::connect(self.address).is_ok()
            && Client::connect(self.address)
                .and_then(|mut client| client.get("/-/ready"))
                .is_ok_and(|(status, _)| status == 200)
    }

    /// Resident memory in bytes.
    pub(crate) fn memory_bytes(&self) -> Result<f64> {
        self.status_bytes("VmRSS:")
    }

    /// The most resident memory in bytes since the start, or since it was forgotten.
    pub(crate) fn peak_bytes(&self) -> Result<f64> {
        self.status_bytes("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) -> Result<()> {
        // https://docs.kernel.org/filesystems/proc.html: 5 sets the peak to what it is now.
        let path = format!("/proc/{}/clear_refs", self.child.id());
        fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
    }

    /// Bytes written to disks since the start.
    pub(crate) fn written_bytes(&self) -> Result<f64> {
        let io = self.proc("io")?;
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "));
        let bytes = written.and_then(|bytes| bytes.parse().ok());
        bytes.context("/proc shows no write_bytes")
    }

    fn status_bytes(&self, name: &str) -> Result<f64> {
        let status = self.proc("status")?;
        let kib = status.lines().find_map(|line| {
            let (value, _) = line.strip_prefix(name)?.trim().split_once(' ')?;
            value.parse::<f64>().ok()
        });
        Ok(kib.with_context(|| format!("/proc shows no {name}"))? * 1024.0)
    }

    /// CPU time used so far, in seconds, by all threads in user and kernel mode.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        Ok(seconds_in(&self.proc("stat")?, Spent::Itself))
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path)
            .with_context(|| format!("cannot read {path}; has the program ended?"))
    }
}

/// Whose CPU time is asked for.
#[derive(Clone, Copy)]
enum Spent {
    Itself,
    /// The programs that it started and that have ended.
    Children,
}

/// CPU time used so far, in seconds, by the programs that were started here and have ended.
pub(crate) fn children_cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    Ok(seconds_in(&stat, Spent::Children))
}

/// What `/proc/PID/stat` says of user and kernel mode together.
fn seconds_in(stat: &str, spent: Spent) -> f64 {
    // The program's name, in parentheses, may contain spaces; the fields are counted after it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let before = match spent {
        Spent::Itself => 11,
        Spent::Children => 13,
    };
    let ticks = fields.split_whitespace().skip(before).take(2);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, and its data was made to be thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    let spawned = command.spawn();
    spawned.with_context(|| format!("cannot start `{}`", process::line(command)))
}

/// An address nobody listens on now. Another program could take it before ours does; then the
/// start fails and says so.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on 127.0.0.1")?;
    Ok(listener.local_addr()?)
}
