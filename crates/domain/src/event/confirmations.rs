//! Facts about acts that waited for a person's word.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    declared::Declared,
    examples::{CONFIRMATION, ORDER, sealed, time},
};
use crate::{
    guarded::GuardedAct,
    ids::OrderId,
    typed::{Kind, Typed},
};

/// See [`Event::ConfirmationAsked`](super::Event::ConfirmationAsked).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmationAsked {
    /// Its id, which stands in the address of its page.
    pub confirmation_id: Uuid,
    /// The tool that was called.
    pub tool: String,
    /// Why people are asked.
    pub acts: Vec<GuardedAct>,
    /// The order it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The call's arguments in JSON, sealed.
    pub arguments: String,
    /// What would happen, as it was shown, in JSON, sealed.
    pub preview: String,
    /// The token of that preview. It does nothing without a person's word.
    pub confirm_token: String,
    /// Hash of who called what, in hex: the same call again is known by it.
    pub call: String,
    /// The rights of the caller, separated by blanks.
    pub rights: String,
    /// How much may have gone back for an order after the caller's refunds, in minor units of the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunds_up_to: Option<i64>,
    /// Whether the caller came with an access key: its rights are looked at anew before the act is done.
    pub by_key: bool,
    /// The id of that key: another one of the same name may be somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Afterwards the question is void.
    pub expires_at: DateTime<Utc>,
}

impl Declared for ConfirmationAsked {
    fn example() -> Self {
        Self {
            confirmation_id: CONFIRMATION,
            tool: "orders.refund".to_owned(),
            acts: vec![GuardedAct::Refunds],
            order_id: Some(ORDER),
            arguments: sealed("YXJndW1lbnRz"),
            preview: sealed("cHJldmlldw"),
            confirm_token: "AAAAAGkfxYAAAAAAAAAAAw".to_owned(),
            call: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            rights: "orders:read orders:write orders:refund".to_owned(),
            refunds_up_to: Some(200_000),
            by_key: true,
            key_id: Some("k7w2m9q4x1zd".to_owned()),
            expires_at: time("2026-11-21T10:00:00Z"),
        }
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        let words = |field, text| Typed { field, text, kind: Kind::Words };
        vec![words("arguments", &mut self.arguments), words("preview", &mut self.preview)]
    }
}

/// See [`Event::ConfirmationAnswered`](super::Event::ConfirmationAnswered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmationAnswered {
    /// The question.
    pub confirmation_id: Uuid,
    /// Whether it was a Yes.
    pub agreed: bool,
}

impl Declared for ConfirmationAnswered {
    fn example() -> Self {
        Self { confirmation_id: CONFIRMATION, agreed: true }
    }
}
