//! A tiny source of alerts that fire and resolve, as an Alertmanager would send them.

use std::time::Duration;

use serde_json::{Value, json};

/// One alert of the play: when it fires and when it is over, in seconds of each round.
struct Scene {
    name: &'static str,
    host: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
    fires_at: u64,
    ends_at: u64,
}

/// How long a round of the play takes, in seconds.
const ROUND: u64 = 150;
/// How often the play looks at its watch.
const BEAT: Duration = Duration::from_secs(1);

const SCENES: [Scene; 5] = [
    Scene {
        name: "HighCPU",
        host: "web-1",
        severity: "warning",
        summary: "CPU of web-1 above 90 % for 5 minutes",
        description: "Load is spread unevenly: web-2 idles at 12 %.",
        fires_at: 8,
        ends_at: 70,
    },
    Scene {
        name: "HighCPU",
        host: "web-3",
        severity: "warning",
        summary: "CPU of web-3 above 90 % for 5 minutes",
        description: "Load is spread unevenly: web-2 idles at 12 %.",
        fires_at: 30,
        ends_at: 85,
    },
    Scene {
        name: "DiskFull",
        host: "db-1",
        severity: "critical",
        summary: "/var/lib/postgresql is 97 % full",
        description: "At this rate it is full in 40 minutes.",
        fires_at: 45,
        ends_at: 120,
    },
    Scene {
        name: "CertificateExpiry",
        host: "shop.example.com",
        severity: "info",
        summary: "The certificate of shop.example.com ends in 13 days",
        description: "",
        fires_at: 60,
        ends_at: 130,
    },
    Scene {
        name: "HighMemory",
        host: "cache-2",
        severity: "error",
        summary: "Memory of cache-2 above 95 %",
        description: "Evictions have begun.",
        fires_at: 95,
        ends_at: 140,
    },
];

/// Plays round after round against the Nabat at `nabat` until it is aborted.
pub(super) async fn play(nabat: String) {
    let client = reqwest::Client::new();
    let url = format!("{nabat}/api/v1/webhook/alertmanager");
    let mut beats = tokio::time::interval(BEAT);
    let mut second = 0;
    loop {
        beats.tick().await;
        for scene in &SCENES {
            let status = match second {
                now if now == scene.fires_at => "firing",
                now if now == scene.ends_at => "resolved",
                _ => continue,
            };
            let sent = client.post(&url).json(&scene.webhook(status)).send().await;
            if let Err(error) = sent {
                tracing::warn!(%error, "an alert of the demo was not sent");
            }
        }
        second = (second + 1) % ROUND;
    }
}

impl Scene {
    fn webhook(&self, status: &str) -> Value {
        let mut annotations = json!({"summary": self.summary});
        if !self.description.is_empty() {
            annotations["description"] = self.description.into();
        }
        json!({
            "version": "4",
            "status": status,
            "groupLabels": {"alertname": self.name},
            "externalURL": "http://alertmanager.example:9093",
            "alerts": [{
                "status": status,
                "labels": {
                    "alertname": self.name,
                    "host": self.host,
                    "severity": self.severity,
                },
                "annotations": annotations,
                "generatorURL": "http://prometheus.example:9090/graph",
            }],
        })
    }
}
