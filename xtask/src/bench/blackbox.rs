//! blackbox_exporter, asked to look at targets as Prometheus asks it.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::cost::Cost;
use super::door::Door;
use super::figures::Figures;
use super::http::Client;
use super::server::Server;
use crate::process;

/// Puts its CPU time for each look, `of` such things, beside Nabat's; both in microseconds. Nabat's is to
/// be `times` less.
pub(crate) fn compare(figures: &mut Figures, of: &str, [its, nabats]: [f64; 2], times: f64) {
    figures.add(format!("  blackbox_exporter's {of}, us"), its);
    let title = format!("  blackbox_exporter's {of}, times Nabat's");
    figures.add_at_least(title, its / nabats, times);
}

/// Has it look at each target once by this module, one after the other; returns the CPU time of each
/// look in microseconds.
pub(crate) fn asked(module: &Value, targets: impl Iterator<Item = String>) -> Result<f64> {
    let names = ["prometheus-blackbox-exporter", "blackbox_exporter"];
    let program = names.into_iter().find_map(process::find);
    let program =
        program.context("there is no blackbox_exporter; `cargo xtask setup` installs it")?;
    let server = Server::start(Door::Webhook, |folder, address| {
        let file = folder.join("config.yml");
        fs::write(&file, json!({"modules": {"module": module}}).to_string())?;
        let mut command = Command::new(program);
        command.arg("--config.file").arg(file);
        command.arg("--web.listen-address").arg(address.to_string());
        Ok(command)
    })?;
    let mut client = Client::connect(server.address)?;
    let targets: Vec<String> = targets.collect();
    let ask = || -> Result<()> {
        for target in &targets {
            let (_, body) = client.get(&format!("/probe?module=module&target={target}"))?;
            let is_up = String::from_utf8_lossy(&body).contains("\nprobe_success 1");
            ensure!(is_up, "blackbox_exporter got no answer of {target}");
        }
        Ok(())
    };
    let ((), cost) = Cost::of(&server, targets.len(), ask)?;
    Ok(cost.cpu_each_us())
}
