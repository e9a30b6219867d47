//! Every order as it is now, for lists and searches.

mod acts;
mod buyers;
mod facts;
mod fold;
mod found_in_texts;
mod latest;
#[cfg(test)]
mod plans;
mod query;
mod texts;
mod times_until;

pub use acts::{Act, OrderSummaryAct};
pub use buyers::{Buyer, Buyers, Buying, buyers, products_ordered_since};
pub use fold::{OrderSummary, OrderSummaryCount, OrderSummaryDay, OrderSummaryLine, OrderSummaryProduct};
pub use found_in_texts::found_in_texts;
pub use latest::{latest_of_customers, latest_of_products};
pub use query::{Filter, OrderSummaries, Sort, Sum, by_numbers, order_summaries, words_of_products};
pub use texts::OrderSummaryText;
pub use times_until::times_until;

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "order_summary",
    version: 11,
    tables: &[
        OrderSummary::TABLE.name,
        OrderSummaryLine::TABLE.name,
        OrderSummaryProduct::TABLE.name,
        OrderSummaryCount::TABLE.name,
        OrderSummaryDay::TABLE.name,
        OrderSummaryAct::TABLE.name,
        OrderSummaryText::TABLE.name,
    ],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::OrderSummaryFold>::default(),
};
