//! Facts about customers, sealed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    declared::Declared,
    examples::{CUSTOMER, sealed},
};
use crate::{
    guarded::GuardedAct,
    ids::CustomerId,
    typed::{Typed, words},
};

/// Particulars of a person, each sealed under that customer's key; absent means not given or unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SealedProfile {
    /// Sealed name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sealed e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Sealed phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Sealed postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl SealedProfile {
    /// A person's particulars.
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        let SealedProfile { name, email, phone, address } = self;
        let first = words("name", name).chain(words("email", email));
        first.chain(words("phone", phone)).chain(words("address", address)).collect()
    }
}

/// See [`Event::CustomerRegistered`](super::Event::CustomerRegistered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    /// Who.
    pub customer_id: CustomerId,
    /// Sealed particulars.
    pub profile: SealedProfile,
}

impl Declared for CustomerRegistered {
    fn example() -> Self {
        let profile = SealedProfile {
            name: Some(sealed("bmFtZQ")),
            email: Some(sealed("ZW1haWw")),
            phone: Some(sealed("cGhvbmU")),
            address: Some(sealed("YWRkcmVzcw")),
        };
        Self { customer_id: CUSTOMER, profile }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        self.profile.typed_mut()
    }
}

/// See [`Event::CustomerChanged`](super::Event::CustomerChanged). Carries only what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerChanged {
    /// Who.
    pub customer_id: CustomerId,
    /// Sealed particulars that changed.
    pub profile: SealedProfile,
}

impl Declared for CustomerChanged {
    fn example() -> Self {
        let profile = SealedProfile { phone: Some(sealed("bmV3IHBob25l")), ..SealedProfile::default() };
        Self { customer_id: CUSTOMER, profile }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        self.profile.typed_mut()
    }
}

/// See [`Event::CustomerErased`](super::Event::CustomerErased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerErased {
    /// Who.
    pub customer_id: CustomerId,
}

impl Declared for CustomerErased {
    fn example() -> Self {
        Self { customer_id: CUSTOMER }
    }

    fn guarded(&self) -> Option<GuardedAct> {
        Some(GuardedAct::Erasing)
    }
}
