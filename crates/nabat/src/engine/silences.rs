//! What people and programs ask of the engine about silences.

use std::sync::Arc;

use nabat_core::silence::{self, Draft, Silence, SilenceId};

use super::{Ask, Handle, NotTaken};

impl Handle {
    /// Every silence that is not forgotten, in order of their numbers.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn silences(&self) -> Result<Vec<Arc<Silence>>, NotTaken> {
        self.ask(Ask::Silences).await
    }

    /// Makes a silence or changes one; returns its number. When this returns, it is on disk.
    ///
    /// # Errors
    /// See [`NotTaken`]; then nothing was kept. Within: why there can be no such silence.
    pub async fn set_silence(
        &self,
        draft: Draft,
    ) -> Result<Result<SilenceId, silence::Refusal>, NotTaken> {
        self.ask(|reply| Ask::SetSilence(Box::new(draft), reply))
            .await
    }

    /// Ends a silence. Returns whether there is one. When this returns, its end is on disk.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn expire_silence(&self, id: SilenceId) -> Result<bool, NotTaken> {
        self.ask(|reply| Ask::ExpireSilence(id, reply)).await
    }
}
