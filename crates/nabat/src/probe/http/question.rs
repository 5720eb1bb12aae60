//! What is asked for next: the first address, and then wherever redirects lead.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode, Version};
use reqwest::Url;

use super::settings::Http;
use crate::config::Secret;
use crate::probe::Finding;
use crate::probe::trace::Trace;

/// What Nabat calls itself.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Nabat/", env!("CARGO_PKG_VERSION")));

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// By the path, as to a server.
    Path,
    /// By the whole address, as to a proxy that passes it on.
    Whole,
    /// As HTTP/2 has it.
    Http2,
}

pub(super) struct Question {
    pub(super) url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
    /// Whether it is another server's than the first.
    pub(super) has_left: bool,
}

impl Question {
    /// What the settings ask for. Whatever of it is secret will stand in no finding.
    pub(super) fn first(settings: &Http, trace: &mut Trace) -> Self {
        let url = settings.url.url().clone();
        let mut headers = settings.headers.0.clone();
        if let Some(value) = authorization(settings, &url, trace) {
            headers.insert(AUTHORIZATION, value);
        }
        Self {
            url: bare(url),
            method: settings.method.name(),
            headers,
            body: settings.body.clone(),
            has_left: false,
        }
    }

    /// The request for the connection.
    ///
    /// # Errors
    /// If the address has what no request may have.
    pub(super) fn request(&self, form: Form) -> Result<Request<Full<Bytes>>, Finding> {
        let wrong = |error: hyper::http::Error| {
            Finding::unknown(format!("{} cannot be asked for: {error}", self.url))
        };
        let mut headers = self.headers.clone();
        let authority = authority(&self.url);
        let mut host = HeaderValue::try_from(&authority).map_err(|error| wrong(error.into()))?;
        if let Some(other) = headers.remove(HOST) {
            host = other;
        }
        let target = match form {
            Form::Path => path(&self.url),
            Form::Whole => self.url.as_str().to_owned(),
            Form::Http2 => {
                let host = host.to_str().unwrap_or(&authority);
                format!("https://{host}{}", path(&self.url))
            }
        };
        let body = self.body.clone().map(Bytes::from).unwrap_or_default();
        let request = Request::builder().method(self.method.clone()).uri(target);
        let request = match form {
            Form::Http2 => request.version(Version::HTTP_2),
            Form::Path | Form::Whole => {
                let close = HeaderValue::from_static("close");
                request.header(HOST, host).header(CONNECTION, close)
            }
        };
        let request = request.header(USER_AGENT, AGENT).body(Full::new(body));
        let mut request = request.map_err(wrong)?;
        request.headers_mut().extend(headers);
        Ok(request)
    }

    /// Goes on to `location`, as browsers do: after 303 always, and after 301 and 302 what was posted
    /// is asked for with GET.
    ///
    /// # Errors
    /// If it is no address that can be asked.
    pub(super) fn redirect(
        &mut self,
        status: StatusCode,
        location: &HeaderValue,
        settings: &Http,
    ) -> Result<(), Finding> {
        let text = String::from_utf8_lossy(location.as_bytes());
        let next = self.url.join(&text).ok();
        let next = next.filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(next) = next.map(bare) else {
            return Err(Finding::down("redirect to what is no web address"));
        };
        if next.origin() != self.url.origin() {
            // What was meant for the first server is nothing for another.
            self.headers = settings.headers.harmless();
            self.body = None;
            self.has_left = true;
        }
        let is_seen = matches!(self.method, Method::GET | Method::HEAD);
        let was_posted = self.method == Method::POST;
        let code = status.as_u16();
        if (code == 303 && !is_seen) || (matches!(code, 301 | 302) && was_posted) {
            self.method = Method::GET;
            self.body = None;
        }
        self.url = next;
        Ok(())
    }
}

/// The address without what is not sent: user, password and fragment.
fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    // Both fail only where there can be none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn authorization(settings: &Http, url: &Url, trace: &mut Trace) -> Option<HeaderValue> {
    for value in settings.headers.values() {
        trace.hide(value);
    }
    let text = if let Some(token) = &settings.bearer_token {
        trace.hide(token.expose());
        format!("Bearer {}", token.expose())
    } else if let Some(user) = &settings.username {
        let password = settings.password.as_ref().map_or("", Secret::expose);
        basic(user, password, trace)
    } else {
        return credentials(url, trace);
    };
    secret(&text)
}

/// What basic authentication sends of the user and the password in `url`.
pub(super) fn credentials(url: &Url, trace: &mut Trace) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let password = decoded(url.password().unwrap_or_default());
    secret(&basic(&decoded(url.username()), &password, trace))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn basic(user: &str, password: &str, trace: &mut Trace) -> String {
    let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
    trace.hide(password);
    trace.hide(&encoded);
    format!("Basic {encoded}")
}
