//! Addresses of web pages as they are shown. A login in them is shown to nobody, and what the query
//! says (`?apikey=…`) only to those who administer Nabat.

use reqwest::Url;

/// What stands in the place of what is not shown.
const MASK: &str = "…";
/// The same, as addresses write it.
const ENCODED: &str = "%E2%80%A6";

/// The address without its login, and with the mask for every value of its query: for everybody.
pub(super) fn public(url: &Url) -> String {
    let mut bare = url.clone();
    // An address without a host has neither; there is none of these here.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_query(None);
    bare.set_fragment(None);
    match url.query() {
        Some(query) => format!("{bare}?{}", masked_query(query)),
        None => bare.into(),
    }
}

/// An address with the mask for its login, and for the values of its query unless `whole`. One in
/// which there is nothing to mask stays as it was written.
pub(crate) fn masked(text: &str, whole: bool) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return MASK.to_owned();
    };
    let query = url.query().filter(|_| !whole).map(masked_query);
    let has_login = has_login(&url);
    if !has_login && query.is_none() {
        return text.to_owned();
    }
    if let Some(query) = &query {
        url.set_query(Some(query));
    }
    if has_login {
        let _ = url.set_username(MASK);
        let _ = url.set_password(None);
    }
    url.as_str().replace(ENCODED, MASK)
}

/// Whether an address has the mask where a secret may stand.
pub(crate) fn has_mask(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_login_masked(&url) || url.query().is_some_and(is_masked))
}

/// An address with what `known` has where `text` has the mask; nothing if that has nothing there.
pub(crate) fn unmasked(text: &str, known: &str) -> Option<String> {
    if [true, false]
        .map(|whole| masked(known, whole))
        .contains(&text.to_owned())
    {
        return Some(known.to_owned());
    }
    let (mut url, known) = (Url::parse(text).ok()?, Url::parse(known).ok()?);
    if is_login_masked(&url) {
        // A login is for the host for which it was written.
        if !has_login(&known) || place_of(&url) != place_of(&known) {
            return None;
        }
        url.set_username(known.username()).ok()?;
        url.set_password(known.password()).ok()?;
    }
    let query = match url.query() {
        Some(query) => Some(unmasked_query(query, known.query().unwrap_or_default())?),
        None => None,
    };
    url.set_query(query.as_deref());
    Some(url.into())
}

/// To whom an address leads, whatever is asked for there: scheme, host and port, or the text itself if
/// it is no URL with a host.
pub(crate) fn place(text: &str) -> String {
    let place = Url::parse(text).ok().and_then(|url| place_of(&url));
    place.unwrap_or_else(|| text.to_owned())
}

fn place_of(url: &Url) -> Option<String> {
    let (host, scheme) = (url.host_str()?, url.scheme());
    Some(match url.port_or_known_default() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

fn is_login_masked(url: &Url) -> bool {
    is_masked(url.username()) || url.password().is_some_and(is_masked)
}

fn is_masked(part: &str) -> bool {
    part.contains(ENCODED)
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Names, with the mask for their values. What has no name may be secret as a whole.
fn masked_query(query: &str) -> String {
    let masked = query.split('&').map(|part| match part.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={MASK}"),
        None if !part.is_empty() => MASK.to_owned(),
        _ => part.to_owned(),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// Each value that is masked becomes the one that the same name has in `known`, the second the
/// second one.
fn unmasked_query(query: &str, known: &str) -> Option<String> {
    let mut left: Vec<&str> = known.split('&').collect();
    let mut parts = Vec::new();
    for part in query.split('&') {
        let place = left.iter().position(|known| name(known) == name(part));
        let known = place.map(|place| left.remove(place));
        parts.push(match is_masked(part) {
            true => known?,
            false => part,
        });
    }
    Some(parts.join("&"))
}

/// What stands before `=`, if there is one.
fn name(part: &str) -> Option<&str> {
    part.split_once('=').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "https://usr:PWD@h:8443/a?key=K1&b&key=K2&empty=#part";

    #[test]
    fn people_see_where_an_address_leads_and_nothing_secret_of_it() {
        let shown = |text: &str| public(&Url::parse(text).unwrap());
        assert_eq!(shown(SECRET), "https://h:8443/a?key=…&…&key=…&empty=");
        assert_eq!(shown("http://h/?a=1"), "http://h/?a=…");
        assert_eq!(shown("http://h"), "http://h/");
        assert_eq!(
            masked(SECRET, true),
            "https://…@h:8443/a?key=K1&b&key=K2&empty=#part"
        );
        assert_eq!(
            masked(SECRET, false),
            "https://…@h:8443/a?key=…&…&key=…&empty=#part"
        );
        assert_eq!(masked("http:u:p@h", true), "http://…@h/");
        for plain in ["http://h", "http://h/?a=1"] {
            assert_eq!(masked(plain, true), plain);
        }
    }

    #[test]
    fn an_address_that_comes_back_masked_is_the_one_it_was() {
        for whole in [true, false] {
            assert_eq!(unmasked(&masked(SECRET, whole), SECRET).unwrap(), SECRET);
        }
        let moved = unmasked("https://…@h:8443/b?key=new&key=…", SECRET).unwrap();
        assert_eq!(moved, "https://usr:PWD@h:8443/b?key=new&key=K2");
        for nothing in ["https://h/?other=…", "https://h/?key=…&key=…&key=…"] {
            assert_eq!(unmasked(nothing, SECRET), None, "{nothing}");
        }
        assert_eq!(unmasked("http://…@h/", "http://h/"), None);
        for elsewhere in [
            "https://…@other:8443/a",
            "https://…@h/a",
            "http://…@h:8443/a",
        ] {
            assert_eq!(unmasked(elsewhere, SECRET), None, "{elsewhere}");
        }
    }
}
