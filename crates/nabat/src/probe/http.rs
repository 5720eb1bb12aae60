//! Asks a web server, and holds the answer against what is expected: status, body, certificate.
//!
//! A connection is made for each probe and closed with it, so that every phase is measured each
//! time. Whatever a redirect leads to is looked at like the first address, and what is secret is
//! not sent there.

mod body;
mod exchange;
mod headers;
mod proxy;
mod question;
mod settings;
mod status;

use hyper::header::{HeaderValue, LOCATION, PROXY_AUTHORIZATION};
use hyper::{HeaderMap, StatusCode};
use reqwest::Url;

use super::condition::Fact;
use super::stream::Stream;
use super::trace::Trace;
use super::{Finding, Manner, Reach, Report, Tools, connect, handshake};
use exchange::{Reading, exchange};
use question::Question;

pub(super) use exchange::Answer;
pub use headers::Headers;
pub use proxy::Proxy;
pub use settings::{Http, Method, WebAddress};
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
    let page = fetch(settings, settings.wants_body(), tools, trace).await?;
    trace.note(status_finding(page.head.status, settings));
    body::judge(&page.body, page.is_cut, settings, trace);
    trace.keep("status", Fact::Number(page.head.status.as_u16().into()));
    trace.keep("headers", Fact::Headers(page.head.headers));
    let (bytes, is_cut) = (page.body, page.is_cut);
    trace.keep("body", Fact::Body { bytes, is_cut });
    Ok(())
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
    for _ in 0..=MAX_REDIRECTS {
        let stream = open(&question.url, settings, tools, trace).await?;
        let through_proxy = settings.proxy.is_some() && question.url.scheme() == "http";
        let mut request = question.request(through_proxy)?;
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
        let answer = exchange(stream, request, reading, trace).await?;
        let Some(location) = elsewhere(answer.head.status, &answer.head.headers, settings) else {
            return Ok(answer);
        };
        question.redirect(answer.head.status, location, settings)?;
    }
    Err(Finding::down(format!(
        "more than {MAX_REDIRECTS} redirects"
    )))
}

/// Makes the connection for `url`.
async fn open(
    url: &Url,
    settings: &Http,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<Box<dyn Stream>, Finding> {
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
            let (proxy_host, proxy_port) = proxy.place();
            let mut stream = connect::connect(proxy_host, proxy_port, tools, trace).await?;
            if is_secret {
                proxy.tunnel(&mut stream, host, port, trace).await?;
            }
            stream
        }
    };
    if !is_secret {
        return Ok(Box::new(stream));
    }
    let check = &settings.certificate;
    Ok(Box::new(
        handshake::secure(stream, host, check, tools, trace).await?,
    ))
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
    let leads = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers
        .get(LOCATION)
        .filter(|_| leads && settings.follow_redirects)
}

fn status_finding(seen: StatusCode, settings: &Http) -> Finding {
    let code = seen.as_u16();
    if status::is_in(code, &settings.status) {
        return Finding::up(format!("status {code}"));
    }
    let expected = status::list(&settings.status);
    Finding::down(format!("status {code}, expected {expected}"))
}
