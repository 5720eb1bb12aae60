//! The formats of text settings, by the name that the schema gives them.
//!
//! A check answers with a hint that never repeats the text, because the text may be a secret.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nabat_core::cron::Cron;
use nabat_core::time_interval::{DaysOfMonth, Months, NotARange, TimeOfDay, Weekdays, Years};
use reqwest::Url;

use super::mailbox::Mailbox;
use super::period::Period;
use super::smarthost::Smarthost;
use super::store::Store;
use super::{suggest, zone};
use crate::probe::dns::DnsName;
use crate::probe::http::{Headers, Proxy, StatusRange, WebAddress};
use crate::probe::websocket::SocketAddress;
use crate::probe::{Endpoint, Pattern};

/// What a text of this format looks like; nothing for a format that is not checked here.
pub(super) fn expected(format: &str) -> Option<&'static str> {
    Some(match format {
        "period" => "a period such as `5m` or `1d12h`",
        "bot-token" => "a bot token: digits, a colon and at least 30 more characters",
        "http-url" => "an `http` or `https` address such as `https://api.telegram.org`",
        "https-url" => "an `https` address such as `https://nabat.example.org`",
        "proxy-url" => {
            "a proxy's address, `http`, `https`, `socks5` or `socks5h`, such as `socks5h://host:1080`"
        }
        "webhook-url" => "an `http` or `https` address such as `https://hooks.example.org/nabat`",
        "mail-address" => "an e-mail address such as `ops@example.org` or `Ops <ops@example.org>`",
        "mail-addresses" => "one or more e-mail addresses, such as `a@example.org, b@example.org`",
        "smarthost" => "a mail server and its port, such as `mail.example.org:587`",
        "web-address" => "an `http` or `https` address such as `https://example.org/health`",
        "socket-address" => "a `ws` or `wss` address such as `wss://example.org/events`",
        "header" => "the name of a header such as `X-Api-Key`",
        "header-value" => "the value of a header, on one line",
        "http-proxy" => "an HTTP proxy's address such as `http://proxy.example.org:3128`",
        "host-and-port" => "a host and its port, such as `db.example.org:5432`",
        "host" => "a host, with a port if it has not the usual one, such as `[2001:db8::1]:2222`",
        "dns-name" => "a name of the DNS such as `example.org`",
        "regex" => "a regular expression such as `^OK`",
        "status" => "a status code from 100 to 599, or a range such as `200-299`",
        "signing-secret" => "`whsec_` and the base64 of at least 24 bytes",
        "certificates" => "the path of a file with certificates (PEM)",
        "address" => "an IP address such as `192.0.2.1`",
        "store" => "a store such as `sqlite:nabat.db`",
        "cron" => "minute, hour, day of the month, month, day of the week, such as `0 2 * * sun`",
        "time-zone" => "an IANA time zone such as `Europe/Berlin`",
        "time-of-day" => "a time of day such as `09:00`, or `24:00`",
        "weekdays" => "days of a week such as `monday:friday` or `sunday`",
        "days-of-month" => "days of a month such as `1:5` or `-3:-1`",
        "months" => "months such as `may:august` or `12`",
        "years" => "years such as `2026:2028` or `2030`",
        _ => return None,
    })
}

/// Checks `text`. A failure carries a hint, if there is something to add to [`expected`].
pub(super) fn check(format: &str, text: &str) -> Result<(), Option<String>> {
    match format {
        "period" => text
            .parse::<Period>()
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "address" => read::<IpAddr>(text),
        "store" => text
            .parse::<Store>()
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "bot-token" => bot_token(text).map_err(|hint| Some(hint.to_owned())),
        "http-url" => address(text, &["http", "https"]).map_err(|hint| Some(hint.to_owned())),
        "https-url" => address(text, &["https"]).map_err(|hint| Some(hint.to_owned())),
        "proxy-url" => proxy(text).map_err(|hint| Some(hint.to_owned())),
        "webhook-url" => webhook(text).map_err(|hint| Some(hint.to_owned())),
        "mail-address" => text
            .parse::<Mailbox>()
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "mail-addresses" => Mailbox::list(text)
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "smarthost" => text
            .parse::<Smarthost>()
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "web-address" => read::<WebAddress>(text),
        "socket-address" => read::<SocketAddress>(text),
        "header" => Headers::name(text).map(drop).map_err(Some),
        "header-value" => Headers::value(text).map(drop).map_err(Some),
        "http-proxy" => read::<Proxy>(text),
        "host-and-port" => read::<Endpoint>(text),
        "host" => read::<Endpoint<1>>(text),
        "dns-name" => DnsName::read(text).map(drop).map_err(|_| None),
        "regex" => read::<Pattern>(text),
        "status" => read::<StatusRange>(text),
        "signing-secret" => signing_secret(text),
        "cron" => text
            .parse::<Cron>()
            .map(drop)
            .map_err(|error| Some(error.to_string())),
        "time-zone" => time_zone(text),
        "time-of-day" => range::<TimeOfDay>(text),
        "weekdays" => range::<Weekdays>(text),
        "days-of-month" => range::<DaysOfMonth>(text),
        "months" => range::<Months>(text),
        "years" => range::<Years>(text),
        _ => Ok(()),
    }
}

fn read<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<(), Option<String>> {
    text.parse::<T>()
        .map(drop)
        .map_err(|error| Some(error.to_string()))
}

fn range<R: FromStr<Err = NotARange>>(text: &str) -> Result<(), Option<String>> {
    let read: Result<R, NotARange> = text.parse();
    read.map(drop).map_err(|error| Some(error.to_string()))
}

fn bot_token(text: &str) -> Result<(), &'static str> {
    if is_bot_token(text) {
        Ok(())
    } else if is_bot_token(text.trim()) {
        Err("there is white space around it")
    } else {
        Err("@BotFather gives it out: send him /newbot, or /token for a bot that exists")
    }
}

fn is_bot_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(id, key)| {
        // Sixteen digits fit an i64 with room to spare; today's ids have ten.
        (1..=16).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_digit())
            && !id.starts_with('0')
            && (30..=128).contains(&key.len())
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

fn address(text: &str, schemes: &[&str]) -> Result<(), &'static str> {
    let url = parse(text, schemes)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address here has no user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address here has no `?` or `#`");
    }
    Ok(())
}

/// A user name and password in it are sent as basic authentication.
fn webhook(text: &str) -> Result<(), &'static str> {
    if text.contains("{{") {
        return Err("templates are not supported yet: write the address");
    }
    parse(text, &["http", "https"]).map(drop)
}

fn signing_secret(text: &str) -> Result<(), Option<String>> {
    let key = text
        .strip_prefix("whsec_")
        .and_then(|key| BASE64_STANDARD.decode(key).ok());
    if key.is_some_and(|key| key.len() >= 24) {
        return Ok(());
    }
    Err(Some(
        "`echo whsec_$(openssl rand -base64 32)` makes one".to_owned(),
    ))
}

fn proxy(text: &str) -> Result<(), &'static str> {
    let url = parse(text, &["http", "https", "socks5", "socks5h"])?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if bare {
        Ok(())
    } else {
        Err("a proxy's address ends after its port")
    }
}

fn parse(text: &str, schemes: &[&str]) -> Result<Url, &'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("there is white space in it");
    }
    let Some((scheme, _)) = text.split_once("://") else {
        return Err("it begins with a scheme and `://`");
    };
    if !schemes.contains(&scheme) {
        return Err("its scheme is not one of these");
    }
    let url = Url::parse(text).map_err(|_| "its host or port cannot be read")?;
    if url.host_str().is_none_or(str::is_empty) {
        Err("it names no host")
    } else {
        Ok(url)
    }
}

fn time_zone(text: &str) -> Result<(), Option<String>> {
    if zone::find(text).is_some() {
        return Ok(());
    }
    let names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    Err(suggest::did_you_mean(
        text,
        names.iter().map(String::as_str),
    ))
}
