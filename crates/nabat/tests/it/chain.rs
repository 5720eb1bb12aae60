//! The whole road with real programs: a metric goes bad, and a person's phone shows it, once.

use serde_json::json;
use telegram_emulator::Message;

use crate::world::alertmanager::Timing;
use crate::world::prometheus::Rule;
use crate::world::target::Target;
use crate::world::{OWNER, TOKEN, World, wait};

/// Repeats come as soon as Alertmanager can.
const IMPATIENT: Timing = Timing {
    group_wait: "100ms",
    group_interval: "200ms",
    repeat_interval: "500ms",
};
/// More webhooks than this hold repetitions from both Alertmanagers.
const REPEATED: f64 = 8.0;

#[tokio::test]
async fn a_metric_that_goes_bad_is_told_once_with_its_end_by_however_many_alertmanagers() {
    let world = World::start().await;
    world.subscribe(OWNER, OWNER).await;
    let target = Target::start().await;
    target.set("disk_used_ratio{device=\"sda1\"}", 0.5);
    let first = world.alertmanager("alertmanager-1", &IMPATIENT).await;
    let second = world.alertmanager("alertmanager-2", &IMPATIENT).await;
    let rule = Rule {
        alert: "DiskFull",
        expr: "disk_used_ratio > 0.9",
        labels: json!({ "severity": "critical" }),
        annotations: json!({ "summary": "disk {{ $labels.device }} is full" }),
    };
    let alertmanagers = [first.address(), second.address()];
    let _prometheus = world.prometheus(&[rule], &target, &alertmanagers).await;

    target.set("disk_used_ratio{device=\"sda1\"}", 0.95);
    let firing = world.told(OWNER, "disk sda1 is full").await;
    let taken = async |count: f64| {
        wait::until("repetitions", async || {
            let taken = world.nabat.metric("nabat_intake_alerts_total").await?;
            (taken >= count).then_some(taken)
        })
        .await
    };
    let before = taken(REPEATED).await;
    world.silence().await;
    assert_eq!(
        firing.text.lines().next(),
        Some("🔥 critical · DiskFull: disk sda1 is full")
    );
    let told = about_disks(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].edits, 0, "{told:#?}");

    target.set("disk_used_ratio{device=\"sda1\"}", 0.5);
    let end = world.told(OWNER, "Resolved after").await;
    taken(before + 2.0).await;
    world.silence().await;
    let told = about_disks(&world);
    let texts: Vec<&str> = told.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(told.len(), 2, "{texts:#?}");
    assert!(texts[0].starts_with("✅ Resolved · DiskFull"), "{texts:#?}");
    assert_eq!((told[0].id, told[0].edits), (firing.id, 1));
    assert_eq!((end.id, end.reply_to), (told[1].id, Some(firing.id)));
    assert!(!firing.silent && !end.silent, "people are woken");
}

/// What the bot has said of alerts, in the form in which it stands now.
fn about_disks(world: &World) -> Vec<Message> {
    let bot: i64 = TOKEN.split(':').next().unwrap().parse().unwrap();
    let mut messages = world.telegram.messages(OWNER);
    messages.retain(|message| message.from == bot && message.text.contains("DiskFull"));
    messages
}
