//! Acts that a program may ask for and a person must agree to, by a setting of the shop. An act is recognised by the
//! facts that it would record, for every tool.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The value of the setting if no act waits.
const NOTHING: &str = "none";

/// A kind of act that can wait for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardedAct {
    /// Money goes back.
    Refunds,
    /// Units that were ordered are not to be sent any more.
    Cancelling,
    /// A customer is forgotten.
    Erasing,
    /// Many orders are changed by one call.
    Bulk,
}

impl GuardedAct {
    /// All guarded acts.
    pub const ALL: [GuardedAct; 4] =
        [GuardedAct::Refunds, GuardedAct::Cancelling, GuardedAct::Erasing, GuardedAct::Bulk];

    /// The name in the setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GuardedAct::Refunds => "refunds",
            GuardedAct::Cancelling => "cancelling",
            GuardedAct::Erasing => "erasing",
            GuardedAct::Bulk => "bulk",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of such acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guarded(u8);

impl Guarded {
    /// No acts.
    pub const NONE: Guarded = Guarded(0);

    /// Whether there are no acts.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the set contains this act.
    #[must_use]
    pub fn has(self, act: GuardedAct) -> bool {
        self.0 & act.bit() != 0
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: impl IntoIterator<Item = GuardedAct>) -> Guarded {
        others.into_iter().fold(self, |all, act| Guarded(all.0 | act.bit()))
    }

    /// The acts that are in both sets.
    #[must_use]
    pub fn among(self, others: Guarded) -> Guarded {
        Guarded(self.0 & others.0)
    }

    /// The acts of the set.
    pub fn acts(self) -> impl Iterator<Item = GuardedAct> {
        GuardedAct::ALL.into_iter().filter(move |act| self.has(*act))
    }
}

impl FromIterator<GuardedAct> for Guarded {
    fn from_iter<I: IntoIterator<Item = GuardedAct>>(acts: I) -> Guarded {
        Guarded::NONE.and(acts)
    }
}

/// `refunds,bulk`, or `none`.
impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str(NOTHING);
        }
        f.write_str(&self.acts().map(GuardedAct::name).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Guarded {
    type Err = String;

    fn from_str(text: &str) -> Result<Guarded, String> {
        if text.trim() == NOTHING {
            return Ok(Guarded::NONE);
        }
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words
            .map(|word| {
                let found = GuardedAct::ALL.into_iter().find(|act| act.name() == word);
                found.ok_or_else(|| {
                    let all = GuardedAct::ALL.map(GuardedAct::name).join(", ");
                    format!("there is no `{word}`; expected some of {all}, separated by commas, or {NOTHING}")
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_read_as_it_is_written() {
        for text in ["none", "refunds", "refunds,cancelling,erasing,bulk"] {
            assert_eq!(text.parse::<Guarded>().unwrap().to_string(), text);
        }
        assert_eq!(" bulk , refunds,".parse::<Guarded>().unwrap().to_string(), "refunds,bulk");
        assert!("refund".parse::<Guarded>().unwrap_err().contains("refunds, cancelling"));
    }

    #[test]
    fn sets_are_compared_act_by_act() {
        let two: Guarded = [GuardedAct::Refunds, GuardedAct::Bulk].into_iter().collect();
        assert!(two.has(GuardedAct::Bulk) && !two.has(GuardedAct::Erasing));
        assert_eq!(two.among("erasing,bulk".parse().unwrap()).to_string(), "bulk");
        assert!(two.among(Guarded::NONE).is_empty());
    }
}
