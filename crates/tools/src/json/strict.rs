//! Reads JSON as other readers do, but finds a key that occurs twice in an object: readers differ on which value
//! counts. Keeps only what the envelope is checked for; the protocol library reads the rest.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::echo::shown;

/// Members of a message that are kept as they are.
const KEPT: [&str; 3] = ["jsonrpc", "id", "method"];
/// Members of which only the kind is kept: their content is replaced by an empty object, or null.
const SHAPE_ALONE: [&str; 3] = ["params", "result", "error"];
/// Keys of an object that are compared one by one.
const FEW_KEYS: usize = 16;

/// A JSON value, and the first key in it that occurs twice.
pub struct Read {
    /// The kept members of an object; for anything else, its kind.
    pub value: Value,
    /// Whether `params._meta` is anything but an object.
    pub odd_meta: bool,
    /// Whether there is a number with a point or an exponent.
    pub fraction: bool,
    /// The first key that occurs twice.
    pub doubled: Option<Doubled>,
}

/// A key that occurs twice.
#[derive(Debug)]
pub struct Doubled {
    key: String,
    /// The place of the object.
    place: String,
}

impl Doubled {
    /// The same fault, for a value at `place` of the request.
    pub fn within(self, place: &str) -> Doubled {
        let inner = self.place;
        let parting = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
        Doubled { place: format!("{place}{parting}{inner}"), ..self }
    }
}

impl fmt::Display for Doubled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doubled { key, place } = self;
        let place = if place.is_empty() { "the request" } else { place };
        write!(f, "the key `{}` stands twice in {}: nothing was done; send it once", shown(key), shown(place))
    }
}

/// Reads one value that takes up all of `bytes`.
pub fn read(bytes: &[u8]) -> Result<Read, serde_json::Error> {
    let mut notes = Notes { path: vec![], odd_meta: false, fraction: false, doubled: None };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Look { notes: &mut notes, keep: false }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(Read { value, odd_meta: notes.odd_meta, fraction: notes.fraction, doubled: notes.doubled })
}

struct Notes<'de> {
    path: Vec<Step<'de>>,
    odd_meta: bool,
    fraction: bool,
    doubled: Option<Doubled>,
}

enum Step<'de> {
    Key(Cow<'de, str>),
    Index(usize),
}

impl Notes<'_> {
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

/// The keys of an object so far.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    /// Adds a key; whether it is new.
    fn add(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) || self.many.contains(&key) {
            return false;
        }
        if self.few.len() < FEW_KEYS {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

/// Reads a value. Returns all of it if it is to be kept, otherwise an empty value of its kind: an object, a list, or
/// null for everything else.
struct Look<'a, 'de> {
    notes: &'a mut Notes<'de>,
    keep: bool,
}

impl<'de> DeserializeSeed<'de> for Look<'_, 'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_, 'de> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(if self.keep { value.into() } else { Value::Null })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(if self.keep { value.into() } else { Value::Null })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(if self.keep { value.into() } else { Value::Null })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        self.notes.fraction = true;
        Ok(if self.keep { value.into() } else { Value::Null })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(if self.keep { value.into() } else { Value::Null })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut index = 0;
        self.notes.path.push(Step::Index(0));
        while items.next_element_seed(Look { notes: self.notes, keep: false })?.is_some() {
            index += 1;
            if let Some(step) = self.notes.path.last_mut() {
                *step = Step::Index(index);
            }
        }
        self.notes.path.pop();
        Ok(Value::Array(vec![]))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let notes = self.notes;
        let (is_message, mut kept, mut keys) = (notes.path.is_empty(), Map::new(), Keys::default());
        let is_params = matches!(&notes.path[..], [Step::Key(key)] if key == "params");
        while let Some(key) = fields.next_key_seed(Key)? {
            if !keys.add(key.clone()) && notes.doubled.is_none() {
                notes.doubled = Some(Doubled { key: key.clone().into_owned(), place: notes.place() });
            }
            let keep = is_message && KEPT.contains(&&*key);
            notes.path.push(Step::Key(key));
            let value = fields.next_value_seed(Look { notes: &mut *notes, keep })?;
            let Some(Step::Key(key)) = notes.path.pop() else { continue };
            if keep || (is_message && SHAPE_ALONE.contains(&&*key)) {
                kept.insert(key.into_owned(), value);
            } else if is_params && key == "_meta" {
                notes.odd_meta = !value.is_object();
            }
        }
        Ok(kept.into())
    }
}

/// A key, borrowed from the bytes if it is written there without escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
