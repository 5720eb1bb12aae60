//! `nabat demo`: the real program against an emulated Telegram, with alerts that come and go.

mod alerts;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use telegram_emulator::{Emulator, Settings, Status, User};
use tokio_util::sync::CancellationToken;

use super::{Outcome, print, server_runtime};
use crate::app::App;
use crate::{config, lifecycle, telemetry};

const TOKEN: &str = "7000001:nabat-demo-nabat-demo-nabat-demo-00";
const BOT_NAME: &str = "nabat_demo_bot";
const BOT: i64 = 7_000_001;
const YOU: i64 = 1_001;
const GROUP: i64 = -1_000_000_001;

/// Try Nabat with an emulated Telegram in the browser: no token, no account
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The port of Nabat; if it is taken, a free one
    #[arg(short, long, default_value_t = 8080)]
    port: u16,
    /// The port of the chat page; if it is taken, a free one
    #[arg(long, default_value_t = 8081)]
    chat_port: u16,
}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        telemetry::start(None, "warn,nabat=warn")?;
        // Removed when the demo ends, however it ends short of being killed.
        let folder = tempfile::Builder::new().prefix("nabat-demo-").tempdir()?;
        server_runtime()?.block_on(self.play(folder.path()))?;
        Ok(())
    }

    async fn play(self, folder: &Path) -> anyhow::Result<()> {
        let shutdown = CancellationToken::new();
        let leftover = folder.to_owned();
        lifecycle::stop_on_signals(shutdown.clone(), move || {
            // The process ends here, so nothing else removes it; it is in the temporary folder.
            let _ = std::fs::remove_dir_all(leftover);
        })?;
        let telegram = Emulator::start(Settings {
            listen: free(self.chat_port).await?,
            ..Settings::default()
        })
        .await
        .context("failed to start the emulated Telegram")?;
        people(&telegram)?;
        let config = configuration(&telegram.url())?;
        let app = App::start(config, None, free(self.port).await?.into(), folder).await?;
        let code = app.owner_code().await?;
        telegram.say(YOU, YOU, &format!("/start {code}"), None)?;
        let nabat = format!("http://{}", app.address());
        print(&instructions(&telegram.url(), &nabat, folder));
        // It ends first: what is sent to a Nabat that stops does not arrive.
        let alerts = shutdown
            .clone()
            .run_until_cancelled_owned(alerts::play(nabat));
        let alerts = tokio::spawn(alerts);
        let outcome = app.run(shutdown).await;
        alerts.abort();
        telegram.stop().await;
        outcome
    }
}

/// The port asked for on the loopback address, or any if it is taken.
async fn free(port: u16) -> anyhow::Result<SocketAddr> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match tokio::net::TcpListener::bind(wanted).await {
        Ok(_) => Ok(wanted),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        }
        Err(error) => Err(error).with_context(|| format!("failed to listen on {wanted}")),
    }
}

fn people(telegram: &Emulator) -> anyhow::Result<()> {
    telegram.add_bot(TOKEN, BOT_NAME);
    telegram.add_user(User::new(YOU, "Ann", "en"));
    telegram.add_supergroup(GROUP, "On call", false);
    telegram.set_status(GROUP, YOU, Status::Creator)?;
    telegram.set_status(GROUP, BOT, Status::Member)?;
    Ok(())
}

fn configuration(api_url: &str) -> anyhow::Result<config::Config> {
    let yaml = format!(
        "telegram:\n  bots:\n    - name: demo\n      token: '{TOKEN}'\n      api_url: {api_url}\n      \
         allow: [{YOU}, {GROUP}]\n"
    );
    Ok(config::parse(
        Path::new("demo.yml"),
        yaml.as_bytes(),
        &|_| None,
    )?)
}

/// What there is to try, in lines that fit a terminal of 80 columns.
fn instructions(chat: &str, nabat: &str, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"
Nabat is running with an emulated Telegram. Nothing leaves this machine.

  Open   {chat}/?me={YOU}&bot={BOT_NAME}

and try in the chat:

  /regexp cpu|disk     be told of alerts with these words in their title
  /alerts              what fires now
  /watch 127.0.0.1:22  have something watched; this chat is told when it fails
  /monitors            how all that is watched stands
  /check 127.0.0.1     look at something once
  /list  /silence team=db 2h  /silences  /mute 2h  /status
  /lang  /tz  /invite  /people  /help

Alerts come and go by themselves. Send one of your own, and its end with
"resolved" in place of "firing":

  curl -H 'Content-Type: application/json' \
    {nabat}/api/v1/webhook/alertmanager -d '
    {{"status": "firing", "alerts": [{{
      "labels": {{"alertname": "DiskFull", "host": "db-1",
                 "severity": "critical"}},
      "annotations": {{"summary": "/var is 97 % full"}}}}]}}'

From another terminal:

  export NABAT_URL={nabat} NABAT_DATA_DIR={folder}
  nabat monitor add 127.0.0.1 --name router
  nabat monitor list
  nabat alert list

Figures for Prometheus: {nabat}/metrics
The API: {nabat}/api/v1/docs
Ctrl-C stops it and leaves nothing behind.
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_fit_a_terminal() {
        let (chat, nabat) = ("http://127.0.0.1:65535", "http://127.0.0.1:65534");
        let text = instructions(chat, nabat, Path::new("/tmp/nabat-demo-AbCdEf"));
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn the_configuration_is_right() {
        let config = configuration("http://127.0.0.1:1").unwrap();
        assert_eq!(config.telegram.bots[0].id(), BOT);
    }
}
