//! What surrounds a test: the programs it starts, and servers that play the rest.
//!
//! Everything listens on a free port of 127.0.0.1, keeps its files in a temporary folder, and
//! ends when it is dropped. Waits are for a condition, with a time-out that fails the test; a
//! failing test prints the end of every program's log.

pub(crate) mod alertmanager;
pub(crate) mod http;
pub(crate) mod nabat;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod recorder;
pub(crate) mod target;
pub(crate) mod wait;

use serde_json::{Value, json};
use tempfile::TempDir;

use alertmanager::{Alertmanager, Timing};
use nabat::Nabat;
use prometheus::{Prometheus, Rule};
use target::Target;

/// Nabat, and a folder for all that is started around it.
pub(crate) struct World {
    pub(crate) nabat: Nabat,
    // Last, so that it is removed when nobody writes to it any more.
    folder: TempDir,
}

impl World {
    /// Starts Nabat with one bot, whose Telegram is at `telegram`.
    pub(crate) async fn start(telegram: &str, token: &str, allow: &[i64]) -> Self {
        let bot = json!({ "name": "ops", "token": token, "api_url": telegram, "allow": allow });
        Self::with_config(&json!({ "telegram": { "bots": [bot] } })).await
    }

    /// Starts Nabat with a configuration of the test's own.
    pub(crate) async fn with_config(config: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nabat = Nabat::start(folder.path(), config).await;
        Self { nabat, folder }
    }

    /// An Alertmanager called `name` that tells Nabat.
    pub(crate) async fn alertmanager(&self, name: &str, timing: &Timing) -> Alertmanager {
        Alertmanager::start(self.folder.path(), name, &self.nabat.webhook(), timing).await
    }

    /// A Prometheus that watches `target` and fires at `alertmanagers`.
    pub(crate) async fn prometheus(
        &self,
        rules: &[Rule<'_>],
        target: &Target,
        alertmanagers: &[&Alertmanager],
    ) -> Prometheus {
        Prometheus::start(self.folder.path(), rules, target, alertmanagers).await
    }
}
