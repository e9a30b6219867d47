//! Erasing a person: records that the key to the personal data is destroyed. The caller's side destroys the key.

use super::{About, Act, ConfirmWhen};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::CustomerErased,
    ids::{CustomerId, StreamId, Version},
    rejection::{Code, Rejection},
    states::States,
};

/// Forget a customer; once more changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseCustomer {
    /// Found at the edge.
    pub customer_id: CustomerId,
}

impl Act for EraseCustomer {
    fn about(&self, _: &Names) -> About {
        About::Customer(self.customer_id)
    }

    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let customer_id = self.customer_id;
        let customer = states.customer(customer_id)?;
        if customer.version == Version::NONE {
            return Err(Rejection::new(Code::NotFound, "There is no such customer.")
                .field("customer")
                .hint("Find the customer with customers_search.")
                .into());
        }
        let stream = StreamId::Customer(customer_id);
        let mut decision = Decision::about(stream);
        if !customer.erased {
            decision.record(stream, CustomerErased { customer_id });
        }
        Ok(decision)
    }

    /// The reason and the user's words could name the person.
    fn keeps_no_words(&self) -> bool {
        true
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        commands::{CreateOrder, EraseCustomer, RegisterCustomer},
        event::SealedProfile,
        rejection::Code,
        testing::{ANN, Story, input, types},
    };

    #[test]
    fn an_erased_customer_stays_erased() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 5);
        let erase = || EraseCustomer { customer_id: ANN };
        assert_eq!(types(&story.done(erase())), ["CustomerErased"]);
        assert!(story.done(erase()).facts.is_empty());
        let order = json!({ "customer": "Ann", "lines": [{ "product": "A", "quantity": 1 }] });
        assert_eq!(story.refused(input::<CreateOrder>(order)).code, Code::NotFound);
        let profile = SealedProfile { name: Some("sealed:1:new".to_owned()), ..SealedProfile::default() };
        assert_eq!(story.refused(RegisterCustomer { customer_id: ANN, profile }).code, Code::NotFound);
    }
}
