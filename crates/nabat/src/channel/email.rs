//! E-mail as a channel: one letter for each notification, handed to one mail server.
//!
//! `letter` writes it, `connection` tells the server, `outcome` says what a failure means for the
//! notification. Nothing is repeated here. When the same delivery is sent again, its letter has the
//! same `Message-ID`, by which many mailboxes know it as the same letter.
//!
//! A password is told only to a server whose certificate was checked, or to one on this machine.

mod account;
mod address;
mod connection;
mod letter;
mod outcome;
mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tls;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lettre::transport::smtp::client::TlsParameters;
use nabat_core::notification::{Notification, Text};

use super::Refusal;
use crate::clock;

pub use account::{Account, CertificateCheck, Login, Smarthost, Timeouts, Tls};
pub use address::{Address, NotAnAddress};
pub use outcome::Unserved;
pub use tls::NoMailer;

use connection::Connection;
use outcome::{Failure, classify};

/// Sends letters by one account. One unused connection is kept for the next letter.
pub struct Mailer {
    account: Account,
    tls: Option<TlsParameters>,
    idle: Mutex<Option<Connection>>,
}

/// A letter that the mail server has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// To whom it does not go, though it goes to others.
    pub unserved: Vec<Unserved>,
}

impl Mailer {
    /// A mailer for `account`. Reads its `ca_file`; opens no connection yet.
    ///
    /// # Errors
    /// See [`NoMailer`].
    pub fn new(account: &Account) -> Result<Self, NoMailer> {
        Ok(Self {
            tls: tls::parameters(account)?,
            account: account.clone(),
            idle: Mutex::new(None),
        })
    }

    /// Sends one letter that tells `notification` in the words of `text` to all of `to`.
    ///
    /// When the mail server takes it for some of them only, it goes to those: one mistyped address
    /// must not keep the others from knowing. Nobody tries again for the rest, since that would
    /// repeat it to everyone.
    ///
    /// # Errors
    /// [`Refusal`], when it goes to nobody, or nobody knows.
    pub async fn send(
        &self,
        notification: &Notification,
        text: &Text,
        to: &[Address],
    ) -> Result<Sent, Refusal> {
        let now = clock::now();
        let letter = letter::compose(&self.account, notification, text, to, now);
        let letter = letter.map_err(|error| {
            let reason = format!("no letter can be written: {error}");
            Refusal::Never { reason }
        })?;
        let handed = self.hand_over(to, &letter).await;
        handed.map_err(|failure| classify(&failure, &self.account))
    }

    async fn hand_over(&self, to: &[Address], letter: &[u8]) -> Result<Sent, Failure> {
        let idle = self.idle().take();
        if let Some(connection) = idle.filter(Connection::is_fresh) {
            match self.hand_over_by(connection, to, letter).await {
                // Servers close what is not used, or was used enough. Nothing was said yet.
                Err(failure) if failure.is_of_the_connection() => {}
                handed => return handed,
            }
        }
        let connection = Connection::open(&self.account, self.tls.as_ref()).await?;
        self.hand_over_by(connection, to, letter).await
    }

    async fn hand_over_by(
        &self,
        mut connection: Connection,
        to: &[Address],
        letter: &[u8],
    ) -> Result<Sent, Failure> {
        match connection.hand_over(&self.account, to, letter).await {
            Ok(unserved) => {
                // Of connections that become idle at once, one is enough.
                *self.idle() = Some(connection);
                Ok(Sent { unserved })
            }
            Err(failure) => {
                // Whoever did not answer will not say good-bye either.
                if !matches!(failure, Failure::Lost { .. }) {
                    connection.close().await;
                }
                Err(failure)
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
