//! What "it", "that order", "her" and "the same" stand for: what the requests before were about.

use crate::plan::Step;

/// What was spoken of last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// "It", "that order".
    pub order: Option<i64>,
    /// "Her", "his", "their".
    pub customer: Option<String>,
    /// "It", where a product is meant.
    pub product: Option<String>,
    /// The last change that was made, for "undo that".
    pub command: Option<String>,
    /// "The same".
    pub step: Option<Step>,
}

impl Turn {
    /// Takes in what one request is about.
    pub fn heard(&mut self, step: &Step) {
        let text = |name: &str| step.arguments.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        if let Some(order) = step.arguments.get("order_id").and_then(serde_json::Value::as_i64) {
            self.order = Some(order);
        }
        if let Some(customer) = text("customer") {
            self.customer = Some(customer);
        }
        if let Some(product) = text("product").or_else(|| only_line(step)) {
            self.product = Some(product);
        }
        self.step = Some(Step { tool: step.tool.clone(), arguments: step.arguments.clone() });
    }
}

/// The product of an order's only line.
fn only_line(step: &Step) -> Option<String> {
    match step.arguments.get("lines")?.as_array()?.as_slice() {
        [line] => line["product"].as_str().map(str::to_owned),
        _ => None,
    }
}
