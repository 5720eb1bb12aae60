//! Asks a web server, and holds the answer against what is expected: status, body, certificate.
//!
//! A connection is made for each probe and closed with it, so that every phase is measured each
//! time. Whatever a redirect leads to is looked at like the first address, and what is secret is
//! not sent there.

mod body;
mod demands;
mod exchange;
mod head;
mod headers;
mod proxy;
mod question;
mod settings;
mod status;

use std::borrow::Cow;

use hyper::header::{HeaderValue, LOCATION, PROXY_AUTHORIZATION};
use hyper::{HeaderMap, StatusCode, Version};
use reqwest::Url;

use super::condition::Fact;
use super::handshake::Next;
use super::stream::Stream;
use super::trace::Trace;
use super::{Choice, Finding, Manner, Outcome, Reach, Report, Tools, connect, handshake};
use exchange::{Reading, exchange};
use question::{Form, Question};

use demands::Unread;
pub use demands::{BodyDemand, Compression, Demands, HeaderDemand};
pub(super) use exchange::{Answer, beside, broken};
pub use headers::Headers;
pub use proxy::Proxy;
pub use settings::{Http, HttpVersion, Method, WebAddress};
pub use status::{NoStatus, StatusRange};

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 10;

/// Asks for the page once.
pub async fn probe(settings: &Http, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Http, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let page = fetch(settings, settings.wants_body(), tools, trace).await;
    if page.is_err() && !settings.demands.body.is_empty() {
        // Nothing is found in a body that breaks off.
        trace.figure(|figures| {
            let status = figures.http.as_ref().map(|seen| seen.status);
            let is_in = |status| status::is_in(status, &settings.status);
            figures.failed_by_pattern = status.is_some_and(is_in);
        });
    }
    let mut page = page?;
    let whole = uncompressed(&mut page, settings);
    trace.figure(|figures| figures.http = Some(page.seen()));
    trace.note_all(version_finding(page.head.version, settings));
    let status = status_finding(page.head.status, settings);
    let as_expected = status.outcome == Outcome::Up;
    trace.note(status);
    if let Some(wanted) = settings.demands.tls {
        trace.note(by_tls(page.is_by_tls, wanted));
    }
    body::judge(&page.body, page.is_cut, settings, trace);
    let body = whole.map(|()| page.body.as_slice());
    settings
        .demands
        .judge(&page.head.headers, body, as_expected, trace);
    trace.keep("status", Fact::Number(page.head.status.as_u16().into()));
    trace.keep("headers", Fact::Headers(page.head.headers));
    let (bytes, is_cut) = (page.body, page.is_cut);
    trace.keep("body", Fact::Body { bytes, is_cut });
    Ok(())
}

/// Undoes the compression of the body, if it should have one.
///
/// # Errors
/// If it has another one, or if the body does not come to its end although it should.
fn uncompressed(page: &mut Answer, settings: &Http) -> Result<(), Unread> {
    let demands = &settings.demands;
    if let Some(compression) = demands.compression {
        let undone = compression.undo(&page.body, settings.max_body);
        let is_wrong = undone.is_err();
        let (body, is_cut) = undone.unwrap_or_default();
        (page.length, page.body, page.is_cut) = (body.len(), body, is_cut || page.is_cut);
        if is_wrong {
            let words = format!("body that is not compressed as expected ({compression:?})");
            return Err(Unread::OtherCompression(Finding::down(words)));
        }
    }
    match page.is_cut && demands.whole_body {
        true => {
            let most = settings.max_body;
            let words = format!("body of more than {most} bytes");
            Err(Unread::TooLong(Finding::down(words)))
        }
        false => Ok(()),
    }
}

fn version_finding(seen: Version, settings: &Http) -> Option<Finding> {
    let expected = &settings.versions;
    let name = |version| HttpVersion::name(version).unwrap_or("of another version");
    let seen_name = name(seen);
    Some(match expected.iter().any(|one| one.version() == seen) {
        _ if expected.is_empty() => return None,
        true => Finding::up(format!("HTTP {seen_name}")),
        false => {
            let expected: Vec<_> = expected.iter().map(|one| name(one.version())).collect();
            let expected = expected.join(", ");
            Finding::down(format!("HTTP {seen_name}, expected {expected}"))
        }
    })
}

fn by_tls(is_by_tls: bool, wanted: bool) -> Finding {
    match (is_by_tls, wanted) {
        (true, true) => Finding::up("answer by TLS"),
        (false, false) => Finding::up("answer without TLS"),
        (true, false) => Finding::down("answer by TLS, expected without it"),
        (false, true) => Finding::down("answer without TLS, expected by TLS"),
    }
}

/// What comes at last, after all redirects that are followed; its body only if that is wanted.
///
/// # Errors
/// If no whole answer comes.
pub(super) async fn fetch(
    settings: &Http,
    wants_body: bool,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<Answer, Finding> {
    let mut question = Question::first(settings, trace);
    for redirects in 0..=MAX_REDIRECTS {
        trace.figure(|figures| (figures.redirects, figures.tls) = (redirects, None));
        let (stream, form) = open(&question, settings, tools, trace).await?;
        let through_proxy = form == Form::Whole;
        let mut request = question.request(form)?;
        if let Some(proxy) = settings.proxy.as_ref().filter(|_| through_proxy) {
            let value = proxy.authorization(trace);
            request
                .headers_mut()
                .extend(value.map(|value| (PROXY_AUTHORIZATION, value)));
        }
        let reading = |status, headers: &HeaderMap| Reading {
            // Of a page that only leads elsewhere nothing is wanted.
            most: match elsewhere(status, headers, settings) {
                Some(_) => 0,
                None => settings.max_body,
            },
            keep: wants_body,
        };
        let mut answer = exchange(stream, form, request, reading, trace).await?;
        answer.is_by_tls = question.url.scheme() == "https";
        let (status, headers) = (answer.head.status, &answer.head.headers);
        let Some(location) = elsewhere(status, headers, settings) else {
            if leads_elsewhere(status) && headers.contains_key(LOCATION) {
                // One that is not followed counts too, and its page does not.
                trace.figure(|figures| figures.redirects = redirects + 1);
                answer.length = 0;
            }
            return Ok(answer);
        };
        question.redirect(status, location, settings)?;
        // What is wanted of the addresses is wanted of those of the target.
        trace.manner.choice = Choice::Each;
        if redirects == MAX_REDIRECTS {
            trace.figure(|figures| {
                figures.redirects = redirects + 1;
                figures.http = Some(answer.seen());
            });
        }
    }
    Err(Finding::down(format!(
        "more than {MAX_REDIRECTS} redirects"
    )))
}

/// Makes the connection for the question.
async fn open(
    question: &Question,
    settings: &Http,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<(Box<dyn Stream>, Form), Finding> {
    let url = &question.url;
    let host = host(url);
    let is_secret = url.scheme() == "https";
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = match &settings.proxy {
        None => connect::connect(host, port, tools, trace).await?,
        Some(_) if trace.manner.reach == Reach::PublicOnly => {
            // Where a proxy leads is not seen from here.
            return Err(Finding::unknown("a proxy may not be used here"));
        }
        Some(proxy) => {
            if settings.demands.resolves_past_proxy {
                connect::addresses(host, tools, trace).await?;
            }
            let (proxy_host, proxy_port) = proxy.place();
            let mut stream = connect::connect(proxy_host, proxy_port, tools, trace).await?;
            if is_secret {
                proxy.tunnel(&mut stream, host, port, trace).await?;
            }
            stream
        }
    };
    if !is_secret {
        let form = settings.proxy.as_ref().map_or(Form::Path, |_| Form::Whole);
        return Ok((Box::new(stream), form));
    }
    let mut check = Cow::Borrowed(&settings.certificate);
    if question.has_left {
        // The name was meant for the first server.
        check.to_mut().server_name = None;
    }
    let next = if settings.http2 {
        Next::Http
    } else {
        Next::Unsaid
    };
    let secured = handshake::secure_for(next, stream, host, &check, tools, trace).await?;
    let form = match secured.get_ref().1.alpn_protocol() {
        Some(b"h2") => Form::Http2,
        _ => Form::Path,
    };
    Ok((Box::new(secured), form))
}

/// The host of `url`, an address of IPv6 without brackets.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// Where an answer leads, if that is followed.
fn elsewhere<'h>(
    status: StatusCode,
    headers: &'h HeaderMap,
    settings: &Http,
) -> Option<&'h HeaderValue> {
    headers
        .get(LOCATION)
        .filter(|_| leads_elsewhere(status) && settings.follow_redirects)
}

fn leads_elsewhere(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn status_finding(seen: StatusCode, settings: &Http) -> Finding {
    let code = seen.as_u16();
    if status::is_in(code, &settings.status) {
        return Finding::up(format!("status {code}"));
    }
    let expected = status::list(&settings.status);
    Finding::down(format!("status {code}, expected {expected}"))
}
