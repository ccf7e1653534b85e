//! Rows and their values.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::time::Timestamp;

use super::{Attributes, Key, TableError};

/// A value that can be stored.
pub trait IntoAttribute {
    fn into_attribute(self) -> AttributeValue;
}

impl IntoAttribute for &str {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.to_owned())
    }
}

impl IntoAttribute for String {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self)
    }
}

impl IntoAttribute for u64 {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::N(self.to_string())
    }
}

impl IntoAttribute for bool {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Bool(self)
    }
}

impl IntoAttribute for Timestamp {
    /// Epoch seconds, as TTL requires.
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::N(self.as_second().to_string())
    }
}

#[derive(Debug)]
pub struct StringSet(pub Vec<String>);

impl IntoAttribute for StringSet {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Ss(self.0)
    }
}

#[derive(Debug, Clone)]
pub struct Row(pub(super) Attributes);

impl Row {
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self(key.attributes())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl IntoAttribute) -> Self {
        self.0.insert(name.to_owned(), value.into_attribute());
        self
    }

    /// A required text.
    pub fn text(&self, name: &'static str) -> Result<&str, TableError> {
        self.find_text(name).ok_or(TableError::corrupt(name))
    }

    /// An optional text.
    #[must_use]
    pub fn find_text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    /// A required text, parsed.
    pub fn parsed<T, E>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, TableError> {
        parse(self.text(name)?).map_err(|_| TableError::corrupt(name))
    }

    /// A required number.
    pub fn number(&self, name: &'static str) -> Result<u64, TableError> {
        self.find_number(name).ok_or(TableError::corrupt(name))
    }

    /// An optional number.
    #[must_use]
    pub fn find_number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    /// A required moment.
    pub fn moment(&self, name: &'static str) -> Result<Timestamp, TableError> {
        self.find_moment(name).ok_or(TableError::corrupt(name))
    }

    /// An optional moment.
    #[must_use]
    pub fn find_moment(&self, name: &str) -> Option<Timestamp> {
        let seconds = self.0.get(name)?.as_n().ok()?.parse().ok()?;
        Timestamp::from_second(seconds).ok()
    }

    /// Whether it has expired. DynamoDB deletes expired rows days late.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.find_moment("expires_at").is_some_and(|end| end <= now)
    }

    /// How many strings a set has; none when it is absent.
    #[must_use]
    pub fn set_size(&self, name: &str) -> u64 {
        let set = self.0.get(name).and_then(|value| value.as_ss().ok());
        set.map_or(0, |strings| strings.len() as u64)
    }

    /// The strings of a set; none when it is absent.
    #[must_use]
    pub fn set(&self, name: &str) -> &[String] {
        self.0.get(name).and_then(|value| value.as_ss().ok()).map_or(&[], Vec::as_slice)
    }

    /// A flag; absent is false.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or(false)
    }
}
