//! E-mail addresses as people write them: `ops@example.org`, or `Ops team <ops@example.org>`.

use std::fmt;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The longest address, and the longest part before the `@`, as SMTP bounds them.
const MAX_BYTES: (usize, usize) = (254, 64);

/// An e-mail address, with or without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Whose it is.
    pub name: Option<String>,
    /// `ops@example.org`: visible ASCII.
    pub address: String,
}

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// A template of Alertmanager.
    #[error("templates are not supported yet: write the address")]
    Template,
    /// Letters that few mail servers take.
    #[error("an address is ASCII: write its domain in the `xn--` form")]
    NotAscii,
    /// Something else than a name, an `@` and a domain.
    #[error("an address is a name, an `@` and a domain; several have commas between them")]
    Shape,
}

impl Mailbox {
    /// The addresses of a list with commas between them; at least one.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn list(text: &str) -> Result<Vec<Self>, MailboxError> {
        split(text).into_iter().map(str::parse).collect()
    }
}

/// Cuts at the commas that stand neither in quotes nor in angle brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    text.split(|character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' | '>' if !quoted => angle = character == '<',
            ',' => return !quoted && !angle,
            _ => {}
        }
        false
    })
    .collect()
}

impl FromStr for Mailbox {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        if text.contains("{{") {
            return Err(MailboxError::Template);
        }
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>') {
            Some(text) => text.rsplit_once('<').ok_or(MailboxError::Shape)?,
            None => ("", text),
        };
        let name = unquoted(name.trim())?;
        check_address(address)?;
        Ok(Self {
            name: (!name.is_empty()).then_some(name),
            address: address.to_owned(),
        })
    }
}

fn unquoted(name: &str) -> Result<String, MailboxError> {
    let inner = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let text = match inner {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None if name.contains(['"', '<', '>', ',']) => return Err(MailboxError::Shape),
        None => name.to_owned(),
    };
    if text.contains(char::is_control) {
        return Err(MailboxError::Shape);
    }
    Ok(text)
}

fn check_address(address: &str) -> Result<(), MailboxError> {
    if !address.is_ascii() {
        return Err(MailboxError::NotAscii);
    }
    let (local, domain) = address.rsplit_once('@').ok_or(MailboxError::Shape)?;
    let atom = |part: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        !part.is_empty() && part.bytes().all(fits)
    };
    let label = |part: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let edged = part.starts_with('-') || part.ends_with('-');
        (1..=63).contains(&part.len()) && !edged && part.bytes().all(fits)
    };
    let fits = address.len() <= MAX_BYTES.0
        && local.len() <= MAX_BYTES.1
        && local.split('.').all(atom)
        && domain.split('.').all(label);
    if fits {
        Ok(())
    } else {
        Err(MailboxError::Shape)
    }
}

/// As a header of a letter has it, the name in quotes.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => f.write_str(&self.address),
            Some(name) => {
                let name = name.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{name}\" <{}>", self.address)
            }
        }
    }
}

pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mailbox>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

pub(super) fn many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Mailbox>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Mailbox::list(&text).map_err(de::Error::custom)
}

pub(super) fn one_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "mail-address"})
}

pub(super) fn many_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "mail-addresses"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_names() {
        let text =
            r#"a+b@example.org, Ops team <ops@mail.example.org>,"Last, \"First\"" <x@localhost>"#;
        let list = Mailbox::list(text).unwrap();
        let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "a+b@example.org",
                "\"Ops team\" <ops@mail.example.org>",
                "\"Last, \\\"First\\\"\" <x@localhost>"
            ]
        );
        assert_eq!(Mailbox::list(&shown.join(", ")), Ok(list));
    }

    #[test]
    fn what_is_no_address_says_why() {
        use MailboxError::{NotAscii, Shape, Template};
        for (text, error) in [
            ("", Shape),
            ("ops", Shape),
            ("@example.org", Shape),
            ("ops@", Shape),
            ("a b@example.org", Shape),
            ("a@example..org", Shape),
            ("a@example.org,", Shape),
            ("a@example.org; b@example.org", Shape),
            ("Ops <a@example.org", Shape),
            ("Ops\r\nBcc: x <a@example.org>", Shape),
            ("a@bücher.example", NotAscii),
            ("{{ .CommonLabels.owner }}@example.org", Template),
        ] {
            assert_eq!(Mailbox::list(text), Err(error), "{text}");
        }
    }
}
