//! Taking a receipt or a correction of stock back by the opposite correction. The log keeps both.

use super::{About, Act, ConfirmWhen, adjust_stock::adjusted, product_and_stock, receive_stock::tracked};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::Event,
    ids::{ProductId, StreamId},
    states::States,
};

/// Undo a command that moved the units on hand of a product. Later movements of the stock stay: only these units go
/// back, as far as they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoStock {
    /// The product.
    pub product_id: ProductId,
    /// The units by which the command moved the stock.
    pub delta: i64,
    /// The name of the product in sentences.
    pub product: String,
}

impl UndoStock {
    /// The undo of the command that began with this fact, if the command itself moved a stock.
    #[must_use]
    pub fn of(first: &Event) -> Option<UndoStock> {
        match first {
            Event::StockReceived(fact) => {
                Some(UndoStock { product_id: fact.product_id, delta: fact.units, product: String::new() })
            }
            Event::StockAdjusted(fact) => {
                Some(UndoStock { product_id: fact.product_id, delta: fact.delta, product: String::new() })
            }
            _ => None,
        }
    }
}

impl Act for UndoStock {
    fn about(&self, _: &Names) -> About {
        About::Stock(self.product_id)
    }

    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let product_id = tracked(states, self.product_id, "of that command")?;
        adjusted(product_id, -self.delta, None, states)
    }

    fn also_needs(&self, _: &Names) -> Vec<StreamId> {
        product_and_stock(self.product_id).to_vec()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        rejection::Code,
        testing::{Story, types},
    };

    #[test]
    fn units_that_came_in_by_mistake_go_back_as_far_as_they_are_there() {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 10);
        let product_id = ProductId::from_sku("A");
        story.ordered(&[("A", 4)]);
        let back = |delta| UndoStock { product_id, delta, product: String::new() };
        let undone = story.done(back(8));
        assert_eq!(types(&undone), ["StockAdjusted"]);
        assert_eq!(undone.warnings, ["The product is oversold: 2 reserved units are not on hand."]);
        assert_eq!((story.stock("A").on_hand, story.stock("A").reserved), (2, 4));
        assert_eq!(story.refused(back(3)).code, Code::InvalidArgument);
        story.done(back(-5));
        assert_eq!(story.stock("A").available(), 3);
    }
}
