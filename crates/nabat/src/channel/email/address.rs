//! An e-mail address as people write it: `ops@example.org` or `Ops <ops@example.org>`.

use std::fmt;
use std::str::FromStr;

use lettre::message::{Mailbox, Mailboxes};

/// An e-mail address, with or without a name.
///
/// It is ASCII: mail servers that take more are few, and a domain has an `xn--` form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address(Mailbox);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// It does not look like one.
    #[error("`{text}` is no e-mail address such as `ops@example.org` or `Ops <ops@example.org>`")]
    Malformed {
        /// The text.
        text: String,
    },
    /// It has letters that most mail servers do not take.
    #[error("`{text}` is not ASCII: write the domain in its `xn--` form")]
    NotAscii {
        /// The address.
        text: String,
    },
}

impl Address {
    /// The addresses of a list with commas, as in Alertmanager's `to`; at least one.
    ///
    /// # Errors
    /// [`NotAnAddress`], for the whole list when it can't be taken apart.
    pub fn list(text: &str) -> Result<Vec<Self>, NotAnAddress> {
        let malformed = || NotAnAddress::Malformed { text: text.into() };
        let list: Mailboxes = text.trim().parse().map_err(|_| malformed())?;
        let addresses: Vec<Self> = list.into_iter().map(Self::of).collect::<Result<_, _>>()?;
        if addresses.is_empty() {
            return Err(malformed());
        }
        Ok(addresses)
    }

    fn of(mailbox: Mailbox) -> Result<Self, NotAnAddress> {
        if mailbox
            .name
            .iter()
            .any(|name| name.contains(char::is_control))
        {
            let text = mailbox.to_string();
            return Err(NotAnAddress::Malformed { text });
        }
        let address: &str = mailbox.email.as_ref();
        if !address.is_ascii() {
            let text = address.to_owned();
            return Err(NotAnAddress::NotAscii { text });
        }
        Ok(Self(mailbox))
    }

    /// The address alone, as the mail server hears it.
    pub(super) fn bare(&self) -> &lettre::Address {
        &self.0.email
    }

    /// The address with its name, as a header shows it.
    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let mailbox = text.trim().parse();
        Self::of(mailbox.map_err(|_| NotAnAddress::Malformed { text: text.into() })?)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_a_name() {
        for (text, shown) in [
            ("ops@example.org", "ops@example.org"),
            (" Ops <ops@example.org> ", "Ops <ops@example.org>"),
            (
                "\"Ops, night\" <ops@example.org>",
                "\"Ops, night\" <ops@example.org>",
            ),
            ("Смена <ops@example.org>", "Смена <ops@example.org>"),
            (
                "o'ps+night@xn--e1aybc.xn--p1ai",
                "o'ps+night@xn--e1aybc.xn--p1ai",
            ),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.bare().to_string().matches('@').count(), 1);
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ops",
            "ops@",
            "@example.org",
            "a b@example.org",
            "ops@example.org\r\nBcc: all@example.org",
            "Ops\r\n <ops@example.org>",
            "ops@тест.рф",
            "опс@example.org",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_list_has_at_least_one_address() {
        let list = Address::list("a@example.org, \"B, C\" <b@example.org>").unwrap();
        assert_eq!(list.len(), 2);
        assert!(Address::list(" ").is_err());
        assert!(Address::list("a@example.org, nobody").is_err());
    }
}
