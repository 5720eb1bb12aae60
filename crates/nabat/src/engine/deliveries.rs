//! What people ask of the engine about deliveries, and about who would get one.

use nabat_core::alert::Labels;
use nabat_core::delivery::DeliveryId;
use nabat_core::destination::Destination;
use nabat_core::engine::{Dropped, Pending, Subscribed, Wanted};

use super::{Ask, Handle, NotTaken};

impl Handle {
    /// What waits, the most urgent and then the oldest first.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn pending(&self, wanted: Wanted) -> Result<Vec<Pending>, NotTaken> {
        self.ask(|reply| Ask::Pending(wanted, reply)).await
    }

    /// One delivery, if it waits.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn pending_one(&self, id: DeliveryId) -> Result<Option<Pending>, NotTaken> {
        self.ask(|reply| Ask::PendingOne(id, reply)).await
    }

    /// What these destinations are called for people, in the same order.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn names(&self, destinations: Vec<Destination>) -> Result<Vec<String>, NotTaken> {
        self.ask(|reply| Ask::Names(destinations, reply)).await
    }

    /// The subscriptions that take an alert with these labels.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn subscribed(&self, labels: Labels) -> Result<Vec<Subscribed>, NotTaken> {
        self.ask(|reply| Ask::Subscribed(labels, reply)).await
    }

    /// Has a waiting delivery tried now, whatever pause its courier makes after failures; one that
    /// the provider asked for stays. Returns whether it waits.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn retry_delivery(&self, id: DeliveryId) -> Result<bool, NotTaken> {
        self.ask(|reply| Ask::Hurry(id, reply)).await
    }

    /// Tells a chat that took no messages what it missed and still matters. Returns whether it
    /// took none.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub async fn reach_again(&self, destination: Destination) -> Result<bool, NotTaken> {
        self.ask(|reply| Ask::ReachAgain(destination, reply)).await
    }

    /// Forgets a waiting delivery, unless it is on its way.
    ///
    /// # Errors
    /// See [`NotTaken`]; it still waits.
    pub async fn drop_delivery(&self, id: DeliveryId) -> Result<Dropped, NotTaken> {
        self.ask(|reply| Ask::Drop(id, reply)).await
    }
}
