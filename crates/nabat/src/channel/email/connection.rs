//! A connection to a mail server, and the conversation by which it takes a letter.
//!
//! lettre speaks SMTP, but its own way of sending does not tell at which step it failed, and gives
//! up at the first recipient who is refused. So the steps are taken here.

use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use super::outcome::{Failure, Step, Unserved};
use super::stream::Stream;
use super::{Account, Address, Login, Tls};
use crate::channel::readable::readable;

/// Longer than this an unused connection is not trusted. Servers close theirs after minutes.
const IDLE_MAX: Duration = Duration::from_secs(50);
/// Servers take only so many letters by one connection; most take more than these.
const LETTERS_MAX: u32 = 50;
/// For what is only a courtesy.
const COURTESY: Duration = Duration::from_secs(2);
/// What is kept of a server's words.
const WORDS_MAX_CHARS: usize = 500;

/// Whatever goes wrong: what the server says, as lettre tells it, or what the system does.
type Problem = Box<dyn Error + Send + Sync>;

/// A connection that takes letters.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    letters: u32,
    used_at: Instant,
}

impl Connection {
    /// Connects as `account` says; `tls` is what it needs for that.
    pub(super) async fn open(
        account: &Account,
        tls: Option<&TlsParameters>,
    ) -> Result<Self, Failure> {
        let limit = account.timeouts.connect;
        let smtp = within(limit, Step::Connect, connect(account, tls)).await?;
        let mut connection = Self {
            smtp,
            letters: 0,
            used_at: Instant::now(),
        };
        if let Some(login) = &account.login {
            let limit = account.timeouts.answer;
            let told = within(limit, Step::Login, log_in(&mut connection.smtp, login)).await;
            if let Err(failure) = told {
                connection.close().await;
                return Err(without_password(failure, login));
            }
        }
        Ok(connection)
    }

    /// Whether the server may well take another letter by this connection.
    pub(super) fn is_fresh(&self) -> bool {
        self.letters < LETTERS_MAX && self.used_at.elapsed() < IDLE_MAX
    }

    /// Hands the server a letter for `to`; returns those for whom it did not take it, if it took
    /// it for anyone. After a failure the connection is of no more use.
    pub(super) async fn hand_over(
        &mut self,
        account: &Account,
        to: &[Address],
        letter: &[u8],
    ) -> Result<Vec<Unserved>, Failure> {
        let limit = account.timeouts.answer;
        let sender = Mail::new(Some(account.from.bare().clone()), Vec::new());
        self.tell(limit, Step::Sender, sender).await?;
        let unserved = self.name_recipients(limit, to).await?;
        if unserved.len() == to.len() {
            return Err(Failure::Nobody { unserved });
        }
        self.tell(limit, Step::Announce, Data).await?;
        let limit = account.timeouts.letter;
        within(limit, Step::Letter, self.smtp.message(letter)).await?;
        self.letters += 1;
        self.used_at = Instant::now();
        Ok(unserved)
    }

    async fn name_recipients(
        &mut self,
        limit: Duration,
        to: &[Address],
    ) -> Result<Vec<Unserved>, Failure> {
        let mut unserved = Vec::new();
        for address in to {
            let recipient = Rcpt::new(address.bare().clone(), Vec::new());
            match self.tell(limit, Step::Recipients, recipient).await {
                Ok(()) => {}
                Err(Failure::Refused { code, words, .. }) => unserved.push(Unserved {
                    address: address.clone(),
                    code,
                    reason: words,
                }),
                Err(failure) => return Err(failure),
            }
        }
        Ok(unserved)
    }

    async fn tell(
        &mut self,
        limit: Duration,
        step: Step,
        command: impl Display,
    ) -> Result<(), Failure> {
        within(limit, step, self.smtp.command(command)).await?;
        Ok(())
    }

    /// Says good-bye, if the server still listens.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(COURTESY, self.smtp.abort()).await;
    }
}

async fn connect(
    account: &Account,
    tls: Option<&TlsParameters>,
) -> Result<AsyncSmtpConnection, Problem> {
    let smarthost = &account.smarthost;
    let server = (smarthost.host.as_str(), smarthost.port);
    let hello = ClientId::Domain(account.hello.clone());
    // A name may have several addresses, and the first one may be silent.
    let each = account.timeouts.connect / 3;
    if let Some(tls) = tls.filter(|_| account.tls == Tls::Implicit) {
        let tls = Some(tls.clone());
        let smtp = AsyncSmtpConnection::connect_tokio1(server, Some(each), &hello, tls, None);
        return Ok(smtp.await?);
    }
    let stream = Stream::open(server, each).await?;
    let stream = Box::new(stream);
    let mut smtp = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
    if let (Tls::StartTls { required }, Some(tls)) = (account.tls, tls)
        && (required || smtp.can_starttls())
    {
        smtp.starttls(tls.clone(), &hello).await?;
    }
    Ok(smtp)
}

async fn log_in(smtp: &mut AsyncSmtpConnection, login: &Login) -> Result<(), smtp::Error> {
    let knows_plain = smtp.server_info().supports_auth_mechanism(Mechanism::Plain);
    if login.identity.is_some() && knows_plain {
        // lettre knows nothing of identities.
        smtp.command(format!("AUTH PLAIN {}\r\n", plain(login)))
            .await?;
    } else {
        let password = login.password.expose().to_owned();
        let credentials = Credentials::new(login.username.clone(), password);
        smtp.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    Ok(())
}

/// What `AUTH PLAIN` says, by RFC 4616.
fn plain(login: &Login) -> String {
    let identity = login.identity.as_deref().unwrap_or_default();
    let (username, password) = (&login.username, login.password.expose());
    BASE64_STANDARD.encode(format!("{identity}\0{username}\0{password}"))
}

/// Servers may repeat what they did not understand.
fn without_password(mut failure: Failure, login: &Login) -> Failure {
    let password = login.password.expose();
    let (Failure::Lost { words, .. } | Failure::Refused { words, .. }) = &mut failure else {
        return failure;
    };
    let no_identity = Login {
        identity: None,
        ..login.clone()
    };
    for secret in [
        plain(login),
        plain(&no_identity),
        BASE64_STANDARD.encode(password),
        password.to_owned(),
    ] {
        if !secret.is_empty() {
            *words = words.replace(&secret, "…");
        }
    }
    failure
}

/// What comes of one step that may take `limit`.
async fn within<T, E: Into<Problem>>(
    limit: Duration,
    step: Step,
    exchange: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, exchange).await {
        Ok(result) => result.map_err(|error| failure(step, &error.into())),
        Err(_) => Err(Failure::Lost {
            step,
            words: format!("it was silent for {limit:?}"),
        }),
    }
}

fn failure(step: Step, error: &Problem) -> Failure {
    let words = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let words = readable(&words).replace('\n', " ");
    let words: String = words.chars().take(WORDS_MAX_CHARS).collect();
    match error.downcast_ref().and_then(smtp::Error::status) {
        Some(code) => Failure::Refused {
            step,
            code: code.into(),
            words,
        },
        None => Failure::Lost { step, words },
    }
}
