//! The real `blackbox_exporter` and Nabat with the same modules, asked the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::http;
use super::nabat::Nabat;
use super::process::Process;
use super::wait;

/// Where Debian puts it, and what it is called elsewhere.
const PROGRAMS: [&str; 2] = ["prometheus-blackbox-exporter", "blackbox_exporter"];
/// A family that newer editions have.
const NEWER_FAMILY: &str = "probe_tls_cipher_info";
/// A label that newer editions have.
const NEWER_LABEL: &str = "serialnumber=";

/// Both programs.
pub(crate) struct Both {
    pub(crate) nabat: Nabat,
    exporter: String,
    client: reqwest::Client,
    _process: Process,
    _folder: TempDir,
}

/// An answer: the status, and each series with its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Scraped {
    pub(crate) status: u16,
    pub(crate) series: BTreeMap<String, f64>,
    /// What is said of each family.
    about: BTreeSet<String>,
}

impl Both {
    /// Starts them with the modules of `file`, a `blackbox.yml`.
    pub(crate) async fn start(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("blackbox.yml"), file).unwrap();
        let mut command = exporter();
        command.current_dir(folder.path());
        command.arg("--config.file=blackbox.yml");
        command.arg("--web.listen-address=127.0.0.1:0");
        let mut process = Process::start("blackbox", folder.path(), &mut command);
        let address = process.listening().await;
        let config = json!({"probe": {"modules_file": "blackbox.yml"}, "watch": {"witnesses": []}});
        let nabat = Nabat::start(folder.path(), &config).await;
        let client = http::client();
        let exporter = format!("http://{address}");
        wait::until("blackbox_exporter to be ready", async || {
            let url = format!("{exporter}/-/healthy");
            http::is_ok(&client, &url).await.then_some(())
        })
        .await;
        Self {
            nabat,
            exporter,
            client,
            _process: process,
            _folder: folder,
        }
    }

    /// Has both probe and compares all that must be the same; returns what they say.
    pub(crate) async fn agree(&self, module: &str, target: &str) -> Scraped {
        self.agree_on(&[("module", module), ("target", target)])
            .await
    }

    /// The same with any parameters.
    pub(crate) async fn agree_on(&self, parameters: &[(&str, &str)]) -> Scraped {
        let ours = self.scrape(&self.nabat.url(""), parameters).await;
        let theirs = self.scrape(&self.exporter, parameters).await;
        let what = format!("{parameters:?}\nours {ours:#?}\ntheirs {theirs:#?}");
        assert_eq!(ours.status, theirs.status, "{what}");
        let names = |scraped: &Scraped| scraped.series.keys().cloned().collect::<BTreeSet<_>>();
        let (own, other) = (names(&ours), names(&theirs));
        let differing: Vec<_> = own.symmetric_difference(&other).collect();
        assert!(differing.is_empty(), "{differing:#?} in {what}");
        assert_eq!(ours.about, theirs.about, "{what}");
        for (name, value) in &theirs.series {
            let is_time = name.contains("duration_seconds") || name.contains("lookup_time");
            assert!(is_time || ours.series[name] == *value, "{name} in {what}");
        }
        ours
    }

    async fn scrape(&self, base: &str, parameters: &[(&str, &str)]) -> Scraped {
        let request = self.client.get(format!("{base}/probe")).query(parameters);
        let request = request.header("X-Prometheus-Scrape-Timeout-Seconds", "3");
        let answer = request
            .timeout(Duration::from_secs(20))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let mut series = BTreeMap::new();
        let mut about = BTreeSet::new();
        for line in text.lines().filter(|_| status == 200) {
            if line.contains(NEWER_FAMILY) {
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            if line.starts_with('#') {
                about.insert(line.to_owned());
            } else {
                series.insert(without_newer(name), value.parse().unwrap());
            }
        }
        Scraped {
            status,
            series,
            about,
        }
    }
}

impl Scraped {
    /// The value of a series.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> f64 {
        let value = self.series.get(name);
        *value.unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }

    /// Whether the probe succeeded.
    #[track_caller]
    pub(crate) fn success(&self) -> bool {
        self.value("probe_success") == 1.0
    }
}

fn exporter() -> Command {
    let folders = ["/usr/bin", "/usr/local/bin"];
    let places = folders
        .iter()
        .flat_map(|folder| PROGRAMS.map(|name| Path::new(folder).join(name)));
    let found = places.into_iter().find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| PROGRAMS[1].into()))
}

/// A series without the label that only newer editions have.
fn without_newer(name: &str) -> String {
    let Some((before, after)) = name.split_once(NEWER_LABEL) else {
        return name.to_owned();
    };
    let (_, rest) = after.split_once("\",").unwrap();
    format!("{before}{rest}")
}
