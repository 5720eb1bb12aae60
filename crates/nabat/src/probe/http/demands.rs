//! What is demanded of an answer beyond status and body texts: by modules of blackbox_exporter.

use std::io::{self, Read};

use hyper::HeaderMap;
use hyper::header::HeaderName;

use crate::probe::trace::Trace;
use crate::probe::{Finding, Outcome, Pattern, evidence};

/// The most bytes that a compressed body may come to, if nothing else is said.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// What is demanded of an answer; by default nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demands {
    /// Whether the last answer has to come by TLS, or must not.
    pub tls: Option<bool>,
    /// What its headers must be like.
    pub headers: Vec<HeaderDemand>,
    /// What its body must be like.
    pub body: Vec<BodyDemand>,
    /// How its body is compressed.
    pub compression: Option<Compression>,
    /// Whether its body must come to an end within the limit.
    pub whole_body: bool,
    /// Whether the name of the target is looked up although a proxy is asked for it.
    pub resolves_past_proxy: bool,
}

/// What a header must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderDemand {
    /// Its name.
    pub name: HeaderName,
    /// What is looked for in its values.
    pub pattern: Pattern,
    /// Whether it has to be found in one of them, or may be in none.
    pub wanted: bool,
    /// Whether there need be no such header.
    pub may_be_missing: bool,
}

/// What a body must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyDemand {
    /// What is looked for in it.
    pub pattern: Pattern,
    /// Whether it has to be found, or may not be.
    pub wanted: bool,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As by gzip.
    Gzip,
    /// By zlib's algorithm, without its header.
    Deflate,
    /// By Brotli.
    Brotli,
}

/// Why a body could not be read.
#[derive(Debug)]
pub(super) enum Unread {
    TooLong(Finding),
    OtherCompression(Finding),
}

impl Demands {
    /// Whether the body has to be kept until it is complete.
    pub(crate) const fn searches(&self) -> bool {
        !self.body.is_empty() || self.compression.is_some()
    }

    /// Notes what is demanded of `headers` and of a `body`, and whether a pattern was the matter,
    /// unless the answer is not `as_expected` anyway.
    pub(super) fn judge(
        &self,
        headers: &HeaderMap,
        body: Result<&[u8], Unread>,
        as_expected: bool,
        trace: &mut Trace,
    ) {
        let mut findings: Vec<_> = self.headers.iter().map(|one| one.judge(headers)).collect();
        let mut unread = None;
        match body {
            Ok(body) => findings.extend(self.body.iter().map(|one| one.judge(body))),
            // Nothing is found in what is not read to its end.
            Err(Unread::TooLong(finding)) if !self.body.is_empty() => findings.push(finding),
            Err(Unread::TooLong(finding) | Unread::OtherCompression(finding)) => {
                unread = Some(finding);
            }
        }
        let is_unmet = |finding: &Finding| finding.outcome != Outcome::Up;
        let failed = as_expected && findings.iter().any(is_unmet);
        trace.figure(|figures| figures.failed_by_pattern = failed);
        trace.note_all(findings.into_iter().chain(unread));
    }
}

impl HeaderDemand {
    fn judge(&self, headers: &HeaderMap) -> Finding {
        let Self {
            name,
            pattern,
            wanted,
            may_be_missing,
        } = self;
        let quoted = format!("/{}/", pattern.as_str());
        let mut values = headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            return match may_be_missing {
                true => Finding::up(format!("no header {name}")),
                false => Finding::down(format!("no header {name}, expected one")),
            };
        }
        let found = values.find(|value| pattern.is_match(value.as_bytes()));
        match (found, wanted) {
            (Some(_), true) => Finding::up(format!("{quoted} is in the header {name}")),
            (None, false) => Finding::up(format!("{quoted} is not in the header {name}")),
            (None, true) => Finding::down(format!("{quoted} is not in the header {name}")),
            (Some(value), false) => {
                let seen = evidence::quote(value.as_bytes());
                let words =
                    format!("{quoted} is in the header {name}, expected without it: {seen}");
                Finding::down(words)
            }
        }
    }
}

impl BodyDemand {
    fn judge(&self, body: &[u8]) -> Finding {
        let quoted = format!("/{}/", self.pattern.as_str());
        match (self.pattern.is_match(body), self.wanted) {
            (true, true) => Finding::up(format!("{quoted} is in the body")),
            (false, false) => Finding::up(format!("{quoted} is not in the body")),
            (true, false) => Finding::down(format!("{quoted} is in the body, expected without it")),
            (false, true) => {
                let seen = evidence::quote(body);
                Finding::down(format!("{quoted} is not in the body: it begins {seen}"))
            }
        }
    }
}

impl Compression {
    /// What `body` was before, up to `most` bytes, and whether there is more of it.
    ///
    /// # Errors
    /// If it was not compressed so.
    pub(super) fn undo(self, body: &[u8], most: usize) -> io::Result<(Vec<u8>, bool)> {
        let most = most.min(MAX_BODY);
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut plain = Vec::new();
        match self {
            Self::Gzip => flate2::read::MultiGzDecoder::new(body)
                .take(limit)
                .read_to_end(&mut plain)?,
            Self::Deflate => flate2::read::DeflateDecoder::new(body)
                .take(limit)
                .read_to_end(&mut plain)?,
            Self::Brotli => brotli_decompressor::Decompressor::new(body, 4096)
                .take(limit)
                .read_to_end(&mut plain)?,
        };
        let is_cut = plain.len() > most;
        plain.truncate(most);
        Ok((plain, is_cut))
    }
}
