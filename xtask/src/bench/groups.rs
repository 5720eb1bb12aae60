//! What new alerts cost that all join one group, as they do where nothing says how to group:
//! in batches, and one by one into the group that has grown. It does not speak meanwhile.

use std::ops::Range;

use anyhow::Result;
use serde_json::json;

use super::cost::Cost;
use super::figures::{Figures, Target};
use super::load;
use super::options::Options;
use super::server::Server;
use super::setting::receiver;
use super::shown::ensure_all;
use super::sink::Sink;
use super::subject::Subject;

const TOGETHER: usize = 10_000;
const ALONE: usize = 500;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let server = subject.start_with(&json!({
        "route": { "receiver": "webhook", "group_wait": "1h" },
        "receivers": [receiver("webhook", sink.address)],
    }))?;
    for (name, ids, batch) in [
        ("new alerts of one group", 0..TOGETHER, options.batch),
        (
            "alerts that join 10,000 alone",
            TOGETHER..TOGETHER + ALONE,
            1,
        ),
    ] {
        let cost = post(&server, ids, batch, options)?;
        figures.add(format!("{name}, alerts/s"), cost.per_second());
        let title = format!("  CPU of {name}, s per million");
        figures.add_for(title, cost.cpu_each_us(), Target::OfPeer(0.25));
    }
    ensure_all(&server, 0..TOGETHER + ALONE)
}

fn post(server: &Server, ids: Range<usize>, batch: usize, options: &Options) -> Result<Cost> {
    let count = ids.len();
    let requests = load::requests(server.door, ids, batch, 0);
    let posted = || load::post(server, &requests, options);
    Ok(Cost::of(server, count, posted)?.1)
}
