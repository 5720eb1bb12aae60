//! Settings of which most people need only the first: written as that alone, or as a mapping.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Settings that one text stands for.
pub trait Short: Sized {
    /// The settings of which `text` is the only one.
    ///
    /// # Errors
    /// Why `text` is not what the setting wants.
    fn short(text: &str) -> Result<Self, String>;

    /// The schema of such a text.
    fn text_schema(generator: &mut SchemaGenerator) -> Schema;
}

/// The settings of which only `address` is given, as `text`: all others are as without them.
///
/// # Errors
/// Why `text` is no such address.
pub(super) fn by_address<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let settings = MapDeserializer::new([("address", text)].into_iter());
    T::deserialize(settings).map_err(|error: de::value::Error| error.to_string())
}

/// `T` as people write it: as one text, or as a mapping. It is shared, since there may be thousands.
#[derive(Clone, Debug, PartialEq)]
pub struct ShortOrLong<T>(pub Arc<T>);

impl<'de, T: Short + Deserialize<'de>> Deserialize<'de> for ShortOrLong<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(Either(PhantomData))
            .map(|settings| Self(Arc::new(settings)))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Short + Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a mapping")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::short(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<T: Short + JsonSchema> JsonSchema for ShortOrLong<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ShortOrLong{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = T::text_schema(generator);
        let long = generator.subschema_for::<T>();
        json_schema!({"anyOf": [short, long]})
    }
}
