//! The holder of a key: a person, who signs in to the pages with it, or a program, which sends it with every call.

use std::{fmt, str::FromStr};

/// The holder of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Holder {
    /// Signs in to the pages, and counts as a person there.
    Person,
    /// A program, which calls with the key and never counts as a person.
    #[default]
    Program,
}

impl Holder {
    /// All kinds of holders.
    pub const ALL: [Holder; 2] = [Holder::Person, Holder::Program];

    /// `person`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Holder::Person => "person",
            Holder::Program => "program",
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Holder {
    type Err = String;

    fn from_str(text: &str) -> Result<Holder, String> {
        let found = Holder::ALL.into_iter().find(|holder| holder.name() == text);
        found.ok_or_else(|| format!("a key is for a person or for a program, and not for `{text}`"))
    }
}
