//! Having the engine keep what follows: one commit at a time, beside the probing, and again if the
//! store takes no writes.

use std::time::Duration;

use nabat_core::alert::News;
use nabat_core::change::Change;
use nabat_core::engine::{Refusal, Watched};
use nabat_core::monitor::MonitorId;
use tokio::task::JoinHandle;

use super::{Watcher, tell};
use crate::clock;
use crate::engine::{self, NotTaken};
use crate::watch::keeper::Batch;
use crate::watch::{Refused, Reply, Shown};

/// How long to wait before a store that took nothing is tried again.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// How long to wait before alerts that found no room are raised again.
const RAISE_AGAIN: Duration = Duration::from_secs(10);

/// A commit that is under way.
#[derive(Debug)]
pub(super) struct Keeping {
    batch: Batch,
    task: JoinHandle<Result<(), NotTaken>>,
}

impl Watcher {
    /// A monitor to which something is to be done, if that can be kept: nothing is done that may be
    /// answered with a refusal.
    pub(super) fn find_to_change(&self, name: &str) -> Result<MonitorId, Refused> {
        let id = self.find(name)?;
        self.can_keep()?;
        Ok(id)
    }

    /// Whether the store took what it was given last.
    pub(super) fn can_keep(&self) -> Result<(), NotTaken> {
        let reason = "the store takes no writes; Nabat's log says why".to_owned();
        let ready = self.engine.ready();
        ready.then_some(()).ok_or(NotTaken::Unavailable { reason })
    }

    /// Shows the monitor to whoever asked, once what is known of it now is on disk.
    pub(super) fn answer_once_kept(&mut self, id: Result<MonitorId, Refused>, reply: Reply<Shown>) {
        let id = match id {
            Ok(id) => id,
            Err(refused) => return tell(reply, Err(refused)),
        };
        self.follow();
        let shown = self.shown(id);
        self.once_kept(move |kept| tell(reply, kept.map(|()| shown)));
    }

    /// Calls back once all that is known now is on disk, or why it is not.
    pub(super) fn once_kept(&mut self, then: impl FnOnce(Result<(), Refused>) + Send + 'static) {
        let (kept, told) = tokio::sync::oneshot::channel();
        self.waiting.answer(kept);
        tokio::spawn(async move {
            then(told.await.unwrap_or(Err(NotTaken::Stopping.into())));
        });
    }

    /// Has the engine keep what waits, unless it is at it.
    pub(super) fn keep(&mut self) {
        if self.keeping.is_some() {
            return;
        }
        if self.waiting.is_empty() {
            // What was asked for was so already.
            return self.waiting.tell(Ok(()));
        }
        let batch = std::mem::take(&mut self.waiting);
        let (changes, news) = batch.to_keep(Vec::new(), Vec::new());
        let engine = self.engine.clone();
        let task = tokio::spawn(async move { keep(&engine, changes, news).await });
        self.keeping = Some(Keeping { batch, task });
    }

    pub(super) fn kept(&mut self, (mut batch, kept): (Batch, Result<(), NotTaken>)) {
        match self.without_refused(kept) {
            Ok(()) => batch.tell(Ok(())),
            Err(_) => {
                let known = |id| self.monitors.contains_key(&id);
                self.waiting.again(batch, known);
            }
        }
    }

    /// Alerts that are over a limit keep nothing else from being kept: they are raised again soon.
    fn without_refused(&mut self, kept: Result<(), NotTaken>) -> Result<(), NotTaken> {
        if let Err(NotTaken::Refused(refusal @ Refusal::TooManyIncidents { .. })) = &kept {
            tracing::error!(%refusal, "alerts of monitors were refused; they are tried again");
            self.affirm_at = self.affirm_at.min(clock::now().after(RAISE_AGAIN));
            return Ok(());
        }
        kept
    }

    /// Has the engine keep this at once, with all that waits: nothing older may come after it, or an
    /// alert would begin after its end.
    pub(super) async fn keep_now(&mut self, watched: Watched) -> Result<(), NotTaken> {
        self.can_keep()?;
        if self.keeping.is_some() {
            let kept = kept(&mut self.keeping).await;
            self.kept(kept);
        }
        let (changes, news) = self.waiting.to_keep(watched.changes, watched.news);
        let watched = Watched {
            changes,
            news,
            ..watched
        };
        let kept = self.engine.take_watched(watched).await;
        self.without_refused(kept)?;
        std::mem::take(&mut self.waiting).tell(Ok(()));
        Ok(())
    }
}

/// Waits for the commit that is under way; for ever if there is none.
pub(super) async fn kept(keeping: &mut Option<Keeping>) -> (Batch, Result<(), NotTaken>) {
    let Some(under_way) = keeping else {
        return std::future::pending().await;
    };
    let joined = (&mut under_way.task).await;
    let batch = keeping.take().map(|keeping| keeping.batch);
    (
        batch.unwrap_or_default(),
        joined.unwrap_or(Err(NotTaken::Stopping)),
    )
}

/// Has the engine keep a batch.
async fn keep(
    engine: &engine::Handle,
    changes: Vec<Change>,
    news: Vec<News>,
) -> Result<(), NotTaken> {
    let kept = engine.watched(changes, news).await;
    if matches!(&kept, Err(error) if !matches!(error, NotTaken::Refused(_))) {
        // The next try must not come at once.
        tokio::time::sleep(KEEP_AGAIN).await;
    }
    kept
}
