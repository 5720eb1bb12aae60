//! What it costs to watch: web servers often, and thousands of hosts, pages and ports as usual.
//!
//! All of them are here and answer, in the process of the benchmark, whose CPU time is not counted.

use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::blackbox;
use super::cost::Cost;
use super::figures::Figures;
use super::http;
use super::server::Server;
use super::subject::Subject;
use crate::process::pause;

const MIB: f64 = 1024.0 * 1024.0;
/// Web servers that are looked at so often that only that costs anything.
const PAGES: usize = 5_000;
const OFTEN: Duration = Duration::from_secs(5);
/// How many pages blackbox_exporter is asked for.
const ASKED: usize = 2_000;
/// As monitors are by default.
const USUAL: Duration = Duration::from_secs(30);
const MANY: usize = 10_000;
const FEW: usize = 1_000;
/// After the first look at each.
const SETTLE: Duration = Duration::from_secs(5);

pub(crate) fn measure(subject: &Subject, figures: &mut Figures) -> Result<()> {
    let Subject::Nabat { .. } = subject else {
        return Ok(());
    };
    let site = Site::start()?;
    pages(subject, &site, figures)?;
    many(subject, &site, figures)?;
    let server = watching(subject, mixed(FEW, &site), USUAL)?;
    let memory = server.memory_bytes()? / MIB;
    figures.add_at_most("memory with 1,000 monitors, MiB", memory, 40.0);
    Ok(())
}

fn pages(subject: &Subject, site: &Site, figures: &mut Figures) -> Result<()> {
    let monitors = (0..PAGES).map(|n| json!({"name": format!("page{n}"), "http": site.page(n)}));
    let server = watching(subject, monitors.collect(), OFTEN)?;
    let before = site.asked();
    let ((), cost) = Cost::of(&server, 1, || {
        pause(4 * OFTEN);
        Ok(())
    })?;
    let count = site.asked() - before;
    let nabat_us = Cost { count, ..cost }.cpu_each_us();
    figures.add(
        "web pages looked at in a second",
        count as f64 / cost.seconds,
    );
    figures.add_at_most("  CPU of each, us", nabat_us, 100.0);
    let module = json!({"prober": "http", "http": {"preferred_ip_protocol": "ip4"}});
    let blackbox_us = blackbox::asked(&module, (0..ASKED).map(|n| site.page(n)))?;
    blackbox::compare(figures, "pages", [blackbox_us, nabat_us], 5.0);
    Ok(())
}

fn many(subject: &Subject, site: &Site, figures: &mut Figures) -> Result<()> {
    let server = watching(subject, mixed(MANY, site), USUAL)?;
    let written = server.written_bytes()?;
    let ((), cost) = Cost::of(&server, 1, || {
        pause(2 * USUAL);
        Ok(())
    })?;
    let percent = cost.cpu_seconds / cost.seconds * 100.0;
    figures.add("start with 10,000 monitors, ms", server.startup_ms);
    figures.add_at_most("  CPU, % of a core", percent, 10.0);
    figures.add_at_most("  memory, MiB", server.memory_bytes()? / MIB, 100.0);
    let probes = MANY as f64 * cost.seconds / USUAL.as_secs_f64();
    let written = (server.written_bytes()? - written) / probes;
    figures.add_at_most("  written for each look, bytes", written, 200.0);
    Ok(())
}

/// Half of them hosts to ping, of the others some pages and some ports.
fn mixed(count: usize, site: &Site) -> Vec<Value> {
    let monitor = |n: usize| {
        let name = format!("monitor{n}");
        match n % 10 {
            0..5 => json!({"name": name, "ping": host(n).to_string()}),
            5..8 => json!({"name": name, "http": site.page(n)}),
            _ => json!({"name": name, "tcp": site.address.to_string()}),
        }
    };
    (0..count).map(monitor).collect()
}

fn host(number: usize) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number as u32)
}

/// Starts Nabat with these monitors, and waits until each was looked at.
fn watching(subject: &Subject, mut monitors: Vec<Value>, interval: Duration) -> Result<Server> {
    for monitor in &mut monitors {
        monitor["interval"] = format!("{}s", interval.as_secs()).into();
    }
    let config = json!({"monitors": monitors, "watch": {"witnesses": []}});
    let server = subject.start_watching(&config)?;
    pause(interval + SETTLE);
    Ok(server)
}

/// A web server that answers each request on a connection of its own, and counts them.
struct Site {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Site {
    /// Listens on a free port for as long as the command runs.
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on 127.0.0.1")?;
        let site = Self {
            address: listener.local_addr()?,
            asked: Arc::default(),
        };
        let asked = Arc::clone(&site.asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One that only connects, or breaks, is no news.
                if answer(stream).is_ok_and(|answered| answered) {
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(site)
    }

    fn page(&self, number: usize) -> String {
        format!("http://{}/{number}", self.address)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Whether there was a request to answer.
fn answer(stream: TcpStream) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    if http::read(&mut stream)?.is_none() {
        return Ok(false);
    }
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n";
    stream.get_mut().write_all(answer.as_bytes())?;
    Ok(true)
}
