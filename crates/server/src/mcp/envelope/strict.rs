//! Reads JSON as everybody else does, but notices a key that stands twice in an object: readers differ on which one counts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::echo::shown;

/// A JSON value, and the first key in it that stands twice.
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) doubled: Option<Doubled>,
}

/// A key that stands twice.
pub(super) struct Doubled {
    key: String,
    /// Of the object.
    place: String,
}

impl fmt::Display for Doubled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doubled { key, place } = self;
        let place = if place.is_empty() { "the request" } else { place };
        write!(f, "the key `{}` stands twice in {}: nothing was done; send it once", shown(key), shown(place))
    }
}

/// Reads one value that takes up all of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Result<Read, serde_json::Error> {
    let mut notes = Notes { path: vec![], doubled: None };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed(&mut notes).deserialize(&mut reader)?;
    reader.end()?;
    Ok(Read { value, doubled: notes.doubled })
}

struct Notes {
    path: Vec<Step>,
    doubled: Option<Doubled>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Notes {
    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if place.is_empty() => place.push_str(key),
                Step::Key(key) => place.extend([".", key]),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        place
    }
}

struct Seed<'a>(&'a mut Notes);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        self.0.path.push(Step::Index(0));
        while let Some(item) = items.next_element_seed(Seed(self.0))? {
            all.push(item);
            if let Some(step) = self.0.path.last_mut() {
                *step = Step::Index(all.len());
            }
        }
        self.0.path.pop();
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if self.0.doubled.is_none() && all.contains_key(&key) {
                self.0.doubled = Some(Doubled { key: key.clone(), place: self.0.place() });
            }
            self.0.path.push(Step::Key(key));
            let value = fields.next_value_seed(Seed(self.0))?;
            match self.0.path.pop() {
                Some(Step::Key(key)) => _ = all.insert(key, value),
                _ => return Err(A::Error::custom("the path was lost")),
            }
        }
        Ok(all.into())
    }
}
