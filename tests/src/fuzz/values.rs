//! Values of requests: such as fit a schema, such as the shop has, and any others.

use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

/// How many values in a hundred fit no schema.
const HOSTILE_PERCENT: u32 = 12;
/// How deep values nest.
const DEEPEST: u32 = 5;

/// One word per line; escapes as in Rust for invisible characters.
const WORDS: &str = include_str!("words.txt");
/// How many texts of answers are kept to be sent back.
const REMEMBERED: usize = 400;

/// Chooses values.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) random: ChaCha8Rng,
    words: Vec<String>,
    pub(super) remembered: Vec<String>,
}

impl Values {
    pub(super) fn new(seed: u64) -> Values {
        let words = WORDS.lines().map(unescaped).collect();
        Values { random: ChaCha8Rng::seed_from_u64(seed), words, remembered: vec![] }
    }

    /// Keeps a text that may be sent back; of many, a choice.
    pub(super) fn keep(&mut self, text: String) {
        if self.remembered.len() < REMEMBERED {
            self.remembered.push(text);
        } else {
            let at = self.random.random_range(0..REMEMBERED);
            self.remembered[at] = text;
        }
    }

    /// A value that fits `schema`, most of the time.
    pub(super) fn of(&mut self, schema: &Value, depth: u32) -> Value {
        if depth > 0 && self.random.random_range(0..100) < HOSTILE_PERCENT {
            return self.any(depth);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices.choose(&mut self.random).cloned().unwrap_or(Value::Null);
        }
        if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|word| schema[*word].as_array()) {
            let choice = choices.choose(&mut self.random).cloned().unwrap_or(Value::Null);
            return self.of(&choice, depth + 1);
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"].as_array()?.choose(&mut self.random)?.as_str());
        match kind {
            Some("object") if depth <= DEEPEST => {
                let required: Vec<&str> =
                    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let mut object = Map::new();
                for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                    let percent = if required.contains(&name.as_str()) { 95 } else { 25 };
                    if self.random.random_range(0..100) < percent {
                        let sensible = self.random.random_range(0..10) < 7;
                        let value = sensible.then(|| self.sensible(name)).flatten();
                        object.insert(name.clone(), value.unwrap_or_else(|| self.of(property, depth + 1)));
                    }
                }
                if self.random.random_range(0..30) == 0 {
                    object.insert(self.word(), self.any(depth + 1));
                }
                Value::Object(object)
            }
            Some("array") if depth <= DEEPEST => {
                let items = self.random.random_range(0..4);
                (0..items).map(|_| self.of(&schema["items"], depth + 1)).collect()
            }
            Some("integer" | "number") => self.number(),
            Some("boolean") => self.random.random::<bool>().into(),
            Some("string") => self.word().into(),
            _ => self.any(depth),
        }
    }

    /// A value that exists in the shop, by the name of an argument.
    fn sensible(&mut self, name: &str) -> Option<Value> {
        let pick = |random: &mut ChaCha8Rng, words: &[&str]| words.choose(random).map(|word| (*word).into());
        match name {
            "order_id" | "order" => Some(self.random.random_range(1001..1009).into()),
            "product" | "sku" => pick(&mut self.random, &["PEN", "MUG", "TEA", "blue mug", "tea"]),
            "customer" => pick(&mut self.random, &["Ann", "ann@example.com"]),
            "quantity" => Some(self.random.random_range(1..4).into()),
            "amount" | "price" | "unit_price" => pick(&mut self.random, &["10.00", "118", "250.5", "1,000"]),
            "currency" => pick(&mut self.random, &["INR", "USD"]),
            "date_range" | "range" | "date" => {
                pick(&mut self.random, &["today", "this week", "last month", "2026-11-30"])
            }
            "name" => pick(&mut self.random, &["Ann", "Bea Singh", "Pen", "Lamp"]),
            "email" => pick(&mut self.random, &["ann@example.com", "bea@example.com"]),
            _ => None,
        }
    }

    fn number(&mut self) -> Value {
        match self.random.random_range(0..12) {
            0 => i64::MAX.into(),
            1 => i64::MIN.into(),
            2 => u64::MAX.into(),
            3 => 1e308.into(),
            4 => 0.1.into(),
            5 => 0.into(),
            6 => (-1).into(),
            7 | 8 => self.random.random_range(1000..1012).into(),
            _ => self.random.random_range(1..6).into(),
        }
    }

    /// A value of any kind.
    pub(super) fn any(&mut self, depth: u32) -> Value {
        match self.random.random_range(0..8) {
            0 => Value::Null,
            1 => self.random.random::<bool>().into(),
            2 => self.number(),
            3 if depth < DEEPEST => (0..self.random.random_range(0..4)).map(|_| self.any(depth + 1)).collect(),
            4 if depth < DEEPEST => {
                let members = self.random.random_range(0..4);
                (0..members).map(|_| (self.word(), self.any(depth + 1))).collect::<Map<_, _>>().into()
            }
            5 => "🦀".repeat(self.random.random_range(1..2_000)).into(),
            _ => self.word().into(),
        }
    }

    pub(super) fn word(&mut self) -> String {
        let remembered =
            (self.random.random_range(0..2) == 0).then(|| self.remembered.choose(&mut self.random)).flatten();
        if let Some(word) = remembered {
            return word.clone();
        }
        let word = self.words.choose(&mut self.random).map_or("", String::as_str);
        match self.random.random_range(0..20) {
            0 => word.repeat(self.random.random_range(2..200)),
            1 => format!("{word} {}", self.words.choose(&mut self.random).map_or("", String::as_str)),
            2 => {
                char::from_u32(self.random.random_range(0..0x1_1000)).map_or_else(String::new, |c| format!("{word}{c}"))
            }
            _ => word.to_owned(),
        }
    }
}

/// `a\u{301}` with the character that is meant.
fn unescaped(line: &str) -> String {
    let mut parts = line.split("\\u{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap_or((part, ""));
        text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        text.push_str(rest);
    }
    text
}
