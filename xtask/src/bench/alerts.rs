//! Alerts as a real Prometheus sends them: 11 labels, 3 annotations, 932 bytes of JSON each.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The alert names; a chat subscribes to each, so none may be a part of another.
pub(crate) const NAMES: [&str; 40] = [
    "HostHighCpuLoad",
    "HostOutOfMemory",
    "HostMemoryUnderPressure",
    "HostOutOfDiskSpace",
    "HostDiskWillFillIn24Hours",
    "HostUnusualDiskReadLatency",
    "HostSwapIsFillingUp",
    "HostNetworkReceiveErrors",
    "InstanceDown",
    "TargetMissing",
    "KubePodCrashLooping",
    "KubeNodeNotReady",
    "KubeDeploymentReplicasMismatch",
    "KubeJobFailed",
    "PostgresqlDown",
    "PostgresqlTooManyConnections",
    "PostgresqlReplicationLag",
    "RedisDown",
    "RedisOutOfMemory",
    "MysqlSlowQueries",
    "NginxHighHttp5xxErrorRate",
    "NginxLatencyHigh",
    "ProbeFailed",
    "ProbeSSLCertificateWillExpireSoon",
    "ProbeHTTPStatusCode",
    "ElasticsearchHeapUsageTooHigh",
    "KafkaConsumersGroupLag",
    "RabbitmqTooManyUnackMessages",
    "EtcdNoLeader",
    "CephStateWarn",
    "ZfsPoolDegraded",
    "SmartDiskTemperatureHigh",
    "RaidArrayDegraded",
    "UpsOnBattery",
    "BackupTooOld",
    "SystemdServiceCrashed",
    "ClockSkewDetected",
    "OomKillDetected",
    "PrometheusTargetScrapeSlow",
    "AlertmanagerNotificationsFailing",
];
const SEVERITIES: [&str; 4] = ["critical", "warning", "info", "page"];
const TEAMS: [&str; 8] = [
    "infra", "dba", "web", "network", "storage", "platform", "security", "billing",
];
const DEVICES: [&str; 6] = ["sda1", "sdb1", "nvme0n1p2", "md0", "eth0", "bond0"];

/// Size of one alert as compact JSON, in bytes.
const ALERT_BYTES: usize = 932;
const ADVICE: &str = "The value has been above the threshold for more than ten minutes; please look at the \
    dashboard of the host, at the last deployments of the team and at the neighbours in the \
    same cluster, and call the person on duty if it does not come down by itself. ";

/// Text that occurs in alert `id` and in no other, in whatever form a message shows it.
pub(crate) fn mark(id: usize) -> String {
    format!("srv{id:07}")
}

/// The number of the alert that `text` tells of first.
pub(crate) fn marked(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("srv")?;
    rest.get(..7)?.parse().ok()
}

/// The numbers of all alerts that `text` tells of.
pub(crate) fn all_marked(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("srv")
        .filter_map(|(at, _)| marked(&text[at..]))
}

/// The value of the label `monitor` of alerts that the bot with this number tells.
pub(crate) fn monitor(bot: usize) -> String {
    format!("bench{bot}")
}

/// Alert `id`, firing since `starts_at`; Prometheus renews `ends_at` with every repetition.
pub(crate) fn alert(id: usize, starts_at: &str, ends_at: &str) -> Value {
    alert_with(id, &[], starts_at, ends_at)
}

/// The same with other values of some labels.
pub(crate) fn alert_with(
    id: usize,
    labels: &[(&str, &str)],
    starts_at: &str,
    ends_at: &str,
) -> Value {
    let name = NAMES[id % NAMES.len()];
    let team = TEAMS[id % TEAMS.len()];
    let host = format!("{}.{team}.example.org", mark(id));
    let mut alert = json!({
        "labels": {
            "alertname": name,
            "cluster": format!("prod-eu-{:02}", id % 20),
            "device": DEVICES[id % DEVICES.len()],
            "env": "production",
            "hostname": host,
            "instance": format!("10.{}.{}.{}:9100", id >> 16 & 255, id >> 8 & 255, id & 255),
            "job": "node-exporter",
            "monitor": monitor(0),
            "seq": id.to_string(),
            "severity": SEVERITIES[id % SEVERITIES.len()],
            "team": team,
        },
        "annotations": {
            "summary": format!("{name} on {host}"),
            "description": "",
            "runbook_url": format!("https://runbooks.example.org/{name}"),
        },
        "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=rate%28node_cpu_seconds_total%5B5m%5D%29&g0.tab=1",
        "startsAt": starts_at,
        "endsAt": ends_at,
    });
    for (name, value) in labels {
        alert["labels"][name] = Value::from(*value);
    }
    let room = ALERT_BYTES.saturating_sub(alert.to_string().len());
    let description: String = ADVICE.chars().cycle().take(room).collect();
    alert["annotations"]["description"] = Value::from(description);
    alert
}

/// The present moment plus `seconds`, as RFC 3339 in UTC.
pub(crate) fn time_in(seconds: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    rfc3339(now.saturating_add_signed(seconds))
}

fn rfc3339(unix_seconds: u64) -> String {
    // Days to civil date, counted in 400-year eras from 1 March of year 0:
    // https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    let days = unix_seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (
        unix_seconds / 3_600 % 24,
        unix_seconds / 60 % 60,
        unix_seconds % 60,
    );
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_the_promised_size_and_shape() {
        for id in [0, 1, 39, 40, 12_345, 9_999_999] {
            let alert = alert(id, &time_in(0), &time_in(3_600));
            assert_eq!(alert.to_string().len(), ALERT_BYTES, "{alert}");
            assert_eq!(alert["labels"].as_object().unwrap().len(), 11);
            assert_eq!(alert["annotations"].as_object().unwrap().len(), 3);
        }
    }

    #[test]
    fn an_alert_is_found_by_its_mark() {
        let text = alert(12_345, "", "").to_string() + &alert(7, "", "").to_string();
        assert_eq!(marked(&text), Some(12_345));
        assert!(all_marked(&text).any(|id| id == 7));
        assert_eq!(marked("srv12"), None);
    }

    #[test]
    fn no_alert_name_is_part_of_another() {
        for name in NAMES {
            assert_eq!(
                NAMES.iter().filter(|other| other.contains(name)).count(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (unix_seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(unix_seconds), text);
        }
    }
}
