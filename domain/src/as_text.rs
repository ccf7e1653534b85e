//! `serde` for values that are stored as text and read back by their own parser.

/// Serialises a type by its `Display`, and deserialises it by a function from text to `Option`.
macro_rules! as_text {
    ($kind:ty, $parse:expr) => {
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($kind))))
            }
        }
    };
}

pub(crate) use as_text;
