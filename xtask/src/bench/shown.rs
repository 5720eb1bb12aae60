//! What `GET /api/v2/alerts` shows. A figure counts only if all that was posted is there
//! afterwards: a program that drops alerts is fast.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::alerts::all_marked;
use super::http::Client;
use super::server::Server;
use crate::process::wait_until;

pub(crate) const ALERTS: &str = "/api/v2/alerts";

/// Alertmanager takes an alert a moment before its inhibition rules have seen it.
const SHOWN_MAX: Duration = Duration::from_secs(10);

/// Gets `path`; anything but 200 is an error.
pub(crate) fn get(client: &mut Client, path: &str) -> Result<Vec<u8>> {
    let (status, body) = client.get(path)?;
    ensure!(status == 200, "GET {path} was answered {status}");
    Ok(body)
}

/// Holds that the program shows all alerts with these numbers and no others.
pub(crate) fn ensure_all(server: &Server, ids: Range<usize>) -> Result<()> {
    let body = get(&mut Client::connect(server.address)?, ALERTS)?;
    ensure_in(&body, ids)
}

/// Holds that an answer shows all alerts with these numbers and no others.
pub(crate) fn ensure_in(body: &[u8], ids: Range<usize>) -> Result<()> {
    let text = str::from_utf8(body)?;
    let shown: HashSet<usize> = all_marked(text).collect();
    let missing = ids.clone().filter(|id| !shown.contains(id)).count();
    let others = shown.len() + missing - ids.len();
    ensure!(
        missing == 0 && others == 0,
        "of {} alerts that were posted {missing} are not shown, and {others} others are",
        ids.len()
    );
    Ok(())
}

/// Holds that `path` shows `count` alerts, soon.
pub(crate) fn ensure_count(server: &Server, path: &str, count: usize) -> Result<()> {
    let mut shown = Ok(0);
    wait_until(SHOWN_MAX, || {
        shown = count_at(server, path);
        shown.as_ref().map_or(true, |shown| *shown == count)
    });
    let shown = shown?;
    ensure!(
        shown == count,
        "GET {path} shows {shown} alerts, and there are {count}"
    );
    Ok(())
}

fn count_at(server: &Server, path: &str) -> Result<usize> {
    let body = get(&mut Client::connect(server.address)?, path)?;
    occurrences(&body, r#""fingerprint":"#)
}

/// How often `text` stands in an answer.
pub(crate) fn occurrences(body: &[u8], text: &str) -> Result<usize> {
    Ok(str::from_utf8(body)?.matches(text).count())
}

#[cfg(test)]
mod tests {
    use super::super::alerts::alert;
    use super::*;

    #[test]
    fn what_is_not_shown_and_what_should_not_be_is_counted() {
        let body = format!("[{},{}]", alert(3, "", ""), alert(4, "", ""));
        assert!(ensure_in(body.as_bytes(), 3..5).is_ok());
        let problem = ensure_in(body.as_bytes(), 4..7).unwrap_err().to_string();
        assert_eq!(
            problem,
            "of 3 alerts that were posted 2 are not shown, and 1 others are"
        );
    }
}
