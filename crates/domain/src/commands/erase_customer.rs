//! Forgetting a person: the fact that the key to the particulars is destroyed. Destroying it is the edge's part.

use crate::{
    decide::{Decision, Refusal},
    event::CustomerErased,
    ids::{CustomerId, StreamId, Version},
    rejection::{Code, Rejection},
    world::World,
};

/// Decides that a customer is erased; once more changes nothing.
pub(super) fn decide(customer_id: CustomerId, world: &World) -> Result<Decision, Refusal> {
    let customer = world.customer(customer_id)?;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        commands::{Command, CreateOrder},
        event::SealedProfile,
        rejection::Code,
        testing::{ANN, Story, input, types},
    };

    #[test]
    fn an_erased_customer_stays_erased() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 5);
        let erase = || Command::EraseCustomer { customer_id: ANN };
        assert_eq!(types(&story.done(erase())), ["CustomerErased"]);
        assert!(story.done(erase()).facts.is_empty());
        let order = json!({ "customer": "Ann", "lines": [{ "product": "A", "quantity": 1 }] });
        assert_eq!(story.refused(input::<CreateOrder>(order)).code, Code::NotFound);
        let profile = SealedProfile { name: Some("sealed:1:new".to_owned()), ..SealedProfile::default() };
        assert_eq!(story.refused(Command::UpsertCustomer { customer_id: ANN, profile }).code, Code::NotFound);
    }
}
