//! An act that was refused, for the page that says so and keeps what was typed.

use serde_json::Value;

use crate::params::Params;

/// An act that was refused: what was typed, and why.
pub(crate) struct Tried<'a> {
    pub(crate) act: &'static str,
    pub(crate) form: &'a Params,
    pub(crate) trouble: &'a Value,
}

impl Tried<'_> {
    /// Whether it was that act's form.
    pub(crate) fn is_of(&self, act: &str) -> bool {
        self.act == act
    }

    /// What was typed into a field of that act's form.
    pub(crate) fn typed(&self, act: &str, name: &str) -> Option<&str> {
        (self.act == act).then(|| self.form.get(name).unwrap_or_default())
    }
}
