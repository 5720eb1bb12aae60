//! A store that takes no writes for a while.

use std::sync::atomic::{AtomicBool, Ordering};

use nabat_core::change::{Change, Snapshot};
use nabat_core::time::Timestamp;

use super::*;
use crate::store::memory::Memory;
use crate::store::{Fence, Keep, StoreError};

#[derive(Debug, Default)]
struct Fickle {
    memory: Memory,
    full: AtomicBool,
}

impl Fickle {
    fn room(&self) -> Result<(), StoreError> {
        if self.full.load(Ordering::Relaxed) {
            let problem = "the disk is full".to_owned();
            return Err(StoreError::Full { problem });
        }
        Ok(())
    }
}

impl Store for Fickle {
    fn acquire(&self, lease: &str, holder: &str) -> Result<Fence, StoreError> {
        self.memory.acquire(lease, holder)
    }

    fn instance(&self) -> Result<String, StoreError> {
        self.memory.instance()
    }

    fn apply(&self, fence: &Fence, changes: &[Change]) -> Result<(), StoreError> {
        self.room()?;
        self.memory.apply(fence, changes)
    }

    fn snapshot(&self, ended_since: Timestamp) -> Result<Snapshot, StoreError> {
        self.memory.snapshot(ended_since)
    }

    fn prune(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.memory.prune(fence, keep, limit)
    }

    fn prune_history(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.memory.prune_history(fence, keep, limit)
    }

    fn probe(&self, fence: &Fence) -> Result<(), StoreError> {
        self.room()?;
        self.memory.probe(fence)
    }
}

#[tokio::test]
async fn what_can_not_be_stored_is_not_confirmed_and_is_heard_later() {
    let world = world().await;
    let store = Arc::new(Fickle::default());
    let kept: Arc<dyn Store> = Arc::<Fickle>::clone(&store);
    let mut life = Life::start(bot([world.telegram.url()]), kept).await;
    life.is(polls).await;
    store.full.store(true, Ordering::Relaxed);
    for expression in ["cpu", "mem"] {
        let text = format!("/regexp {expression}");
        world.telegram.say(ANN, ANN, &text, None).unwrap();
    }
    let refused = async {
        while life.engine.handle.ready() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, refused).await.unwrap();
    assert_eq!(world.telegram.waiting_updates(BOT), 2);
    store.full.store(false, Ordering::Relaxed);
    for expression in ["cpu", "mem"] {
        let answer = life.next_answer().await;
        assert!(answer.contains(expression), "{answer}");
    }
    let confirmed = |telegram: &Emulator| (telegram.waiting_updates(BOT) == 0).then_some(());
    world.telegram.wait_for(SOON, confirmed).await.unwrap();
    life.stop().await;
}
