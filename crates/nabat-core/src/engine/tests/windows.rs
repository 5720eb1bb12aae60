//! Maintenance windows: open in their time, through restarts and changed configurations.

use super::*;
use crate::silence::Phase;
use crate::silence::window::Window;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

fn window(matchers: &str, start: &str, minutes: u64) -> Window {
    Window {
        name: "backups".into(),
        matchers: crate::matcher::parse_list(matchers).unwrap(),
        start: start.parse().unwrap(),
        duration: Duration::from_secs(minutes * 60),
        zone: TimeZone::UTC,
    }
}

/// A world in which `at(0)` is 14:13:20, with these windows.
fn world_with(windows: Vec<Window>) -> World {
    let mut world = World::new();
    world.says("/regexp all");
    configure(&mut world, windows);
    world
}

fn configure(world: &mut World, windows: Vec<Window>) {
    let settings = Settings {
        windows: windows.into(),
        ..world.engine.settings.clone()
    };
    let mut out = Effects::default();
    world.engine.configure(world.now, settings, &mut out);
}

fn restart(world: &mut World) {
    let (kept, settings) = (world.snapshot(), world.engine.settings.clone());
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
}

fn open(world: &World) -> bool {
    let mut all = world.engine.silences();
    all.any(|silence| matches!(silence.phase, Phase::Active { .. }))
}

#[test]
fn a_window_opens_and_closes_again_and_again() {
    let mut world = world_with(vec![window("alertname=HighCPU", "0 * * * *", 10)]);
    assert!(!open(&world));
    assert_eq!(world.engine.figures().silences, 1, "it is to come");
    world.passes(47 * MINUTE);
    assert!(open(&world), "15:00:20");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "held back");
    restart(&mut world);
    assert!(open(&world));
    world.passes(10 * MINUTE);
    assert!(!open(&world), "15:10:20");
    assert_eq!(world.kinds(), ["new"], "told at its end");
    restart(&mut world);
    world.passes(50 * MINUTE);
    assert!(open(&world), "16:00:20");
    assert_eq!(world.kinds(), ["edit"], "shown");
}

#[test]
fn what_is_open_at_the_start_holds_back_at_once() {
    let mut world = world_with(vec![window("alertname=HighCPU", "0 * * * *", 30)]);
    assert!(open(&world), "since 14:00");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn one_that_somebody_closed_stays_closed_until_its_next_time() {
    let mut world = world_with(vec![window("alertname=HighCPU", "0 * * * *", 30)]);
    let id = world.engine.silences().next().unwrap().id;
    world
        .engine
        .expire_silence(world.now, id, &mut Effects::default());
    assert!(!open(&world));
    restart(&mut world);
    world.passes(HOUR / 2);
    assert!(!open(&world), "14:43:20");
    world.passes(HOUR / 2);
    assert!(open(&world), "15:13:20");
}

#[test]
fn a_changed_window_counts_at_once_and_one_that_is_gone_is_over() {
    let mut world = world_with(vec![window("alertname=HighCPU", "0 * * * *", 30)]);
    world.fires("HighCPU", "a");
    world.fires("DiskFull", "a");
    assert_eq!(world.kinds(), ["new"]);
    configure(
        &mut world,
        vec![window("alertname=DiskFull", "0 * * * *", 30)],
    );
    assert_eq!(world.kinds(), ["new", "edit"]);
    configure(&mut world, Vec::new());
    assert_eq!(world.engine.figures().silences, 0);
    assert_eq!(world.kinds(), ["edit"]);
    world.passes(HOUR);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}
