//! Facts about customers, sealed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::CustomerId;

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

/// See [`Event::CustomerRegistered`](super::Event::CustomerRegistered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    /// Who.
    pub customer_id: CustomerId,
    /// Sealed particulars.
    pub profile: SealedProfile,
}

/// See [`Event::CustomerChanged`](super::Event::CustomerChanged). Carries only what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerChanged {
    /// Who.
    pub customer_id: CustomerId,
    /// Sealed particulars that changed.
    pub profile: SealedProfile,
}

/// See [`Event::CustomerErased`](super::Event::CustomerErased).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerErased {
    /// Who.
    pub customer_id: CustomerId,
}
