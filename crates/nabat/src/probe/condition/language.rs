//! What conditions can speak of: the variables of each kind of probe, and what they hold.

/// What a part of a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Only the answer tells, as within JSON, whose numbers are all doubles.
    Any,
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Double,
    Text,
    Null,
    List(&'static Type),
    /// Texts, and what stands for each.
    Map(&'static Type),
    /// A map whose keys are known.
    Fields(Variables),
}

/// Names and what they hold.
pub(super) type Variables = &'static [(&'static str, Type)];

/// What every probe sees.
const ALWAYS: Variables = &[
    ("latency", Type::Double),
    ("address", Type::Text),
    ("phases", Type::Map(&Type::Double)),
];

const CERTIFICATE: Variables = &[(
    "certificate",
    Type::Fields(&[
        ("days", Type::Int),
        ("expires", Type::Text),
        ("issuer", Type::Text),
        ("names", Type::List(&Type::Text)),
    ]),
)];

/// What probes of one kind see beside that, and whether they may see a certificate.
const BY_KIND: [(&str, Variables, bool); 14] = [
    ("ping", &[("loss", Type::Int)], false),
    (
        "http",
        &[
            ("status", Type::Int),
            ("headers", Type::Map(&Type::Text)),
            ("body", Type::Text),
            ("json", Type::Any),
        ],
        true,
    ),
    ("tcp", &[], true),
    ("tls", &[], true),
    (
        "dns",
        &[("answers", Type::List(&Type::Text)), ("rcode", Type::Text)],
        false,
    ),
    ("grpc", &[], true),
    ("ssh", &[("banner", Type::Text)], false),
    ("smtp", &[("banner", Type::Text)], true),
    ("redis", &[], true),
    ("postgres", &[("value", Type::Text)], true),
    ("mysql", &[("value", Type::Text)], true),
    ("websocket", &[], true),
    (
        "domain",
        &[("days", Type::Int), ("expires", Type::Text)],
        false,
    ),
    (
        "command",
        &[("exit_code", Type::Int), ("output", Type::Text)],
        false,
    ),
];

/// What a probe of this kind sees; nothing for a kind that is not probed.
pub(super) fn variables(kind: &str) -> Vec<(&'static str, Type)> {
    let of_kind = BY_KIND.iter().find(|(known, ..)| *known == kind);
    let Some((_, own, may_have_certificate)) = of_kind else {
        return Vec::new();
    };
    let certificate = may_have_certificate.then_some(CERTIFICATE);
    let all = [ALWAYS, own].into_iter().chain(certificate);
    all.flatten().copied().collect()
}

/// What probes of any kind see. What has the same name is the same everywhere.
pub(super) fn all_variables() -> Vec<(&'static str, Type)> {
    let own = BY_KIND.iter().map(|(_, own, _)| *own);
    let all = [ALWAYS, CERTIFICATE].into_iter().chain(own);
    all.flatten().copied().collect()
}

/// What a function gives.
#[derive(Clone, Copy)]
pub(super) enum Function {
    /// One that is asked of a text, with a text: `body.contains("ok")`.
    OfTexts,
    /// How long something is.
    Size,
    /// Makes one thing of another.
    To(Type),
}

/// The functions that there are, beside those that look at each item.
pub(super) const FUNCTIONS: [(&str, Function); 9] = [
    ("contains", Function::OfTexts),
    ("startsWith", Function::OfTexts),
    ("endsWith", Function::OfTexts),
    ("matches", Function::OfTexts),
    ("size", Function::Size),
    ("string", Function::To(Type::Text)),
    ("int", Function::To(Type::Int)),
    ("double", Function::To(Type::Double)),
    ("bool", Function::To(Type::Bool)),
];

/// Those that look at each item.
pub(super) const LOOPS: [&str; 5] = ["all", "exists", "exists_one", "filter", "has"];

impl Type {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number",
            Self::Text => "a text",
            Self::Null => "null",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Fields(_) => "a map",
        }
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }

    /// Whether it may turn out to be of type `other`.
    pub(super) fn may_be(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (a, b) if a.is_number() && b.is_number() => true,
            (Self::List(_), Self::List(_)) => true,
            (Self::Map(_) | Self::Fields(_), Self::Map(_) | Self::Fields(_)) => true,
            (a, b) => a == b,
        }
    }

    /// The type of a list of these.
    pub(super) const fn listed(self) -> Self {
        Self::List(match self {
            Self::Bool => &Self::Bool,
            Self::Int => &Self::Int,
            Self::Double => &Self::Double,
            Self::Text => &Self::Text,
            _ => &Self::Any,
        })
    }
}
