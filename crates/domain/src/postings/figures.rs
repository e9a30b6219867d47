//! The three bases of a sale (rule R5), and the figures that are counted on each.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::event::{Amounts, Charge};

/// What counts as a sale, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// When the order is placed.
    #[default]
    Booked,
    /// When the units leave.
    Shipped,
    /// When money moves.
    Cash,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Basis; 3] = [Basis::Booked, Basis::Shipped, Basis::Cash];

    /// The name in answers: `booked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Basis::Booked => "booked",
            Basis::Shipped => "shipped",
            Basis::Cash => "cash",
        }
    }
}

/// Amounts of one currency, minor units. Reversals are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Goods before discounts.
    pub gross: i64,
    /// Discounts and goodwill; positive where `gross` is.
    pub discount: i64,
    /// Shipping without tax.
    pub shipping: i64,
    /// Tax.
    pub tax: i64,
    /// Money with tax; on the cash basis only this changes.
    pub cash: i64,
}

impl Figures {
    /// Goods after discounts.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.gross - self.discount
    }

    /// The headline: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.net() + self.shipping
    }

    /// With tax.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.revenue() + self.tax + self.cash
    }

    /// Adds other figures of the same currency. Code that keeps sums checks before that they fit (see
    /// [`Figures::size`]).
    pub fn add(&mut self, other: Figures) {
        let sum = |one: &mut i64, other: i64| *one = one.saturating_add(other);
        sum(&mut self.gross, other.gross);
        sum(&mut self.discount, other.discount);
        sum(&mut self.shipping, other.shipping);
        sum(&mut self.tax, other.tax);
        sum(&mut self.cash, other.cash);
    }

    /// The sum of its amounts without their signs. While the sizes of all figures fit into `i64`, every sum of figures
    /// also fits.
    #[must_use]
    pub fn size(&self) -> i128 {
        let all = [self.gross, self.discount, self.shipping, self.tax, self.cash];
        all.into_iter().map(|amount| i128::from(amount.unsigned_abs())).sum()
    }

    pub(super) fn of_line(sign: i64, Amounts { gross, discount, tax }: Amounts) -> Figures {
        Figures { gross: sign * gross, discount: sign * discount, tax: sign * tax, ..Figures::default() }
    }

    pub(super) fn of_fee(sign: i64, Charge { net, tax }: Charge) -> Figures {
        Figures { shipping: sign * net, tax: sign * tax, ..Figures::default() }
    }

    /// Goodwill lowers the sale as a discount does.
    pub(super) fn of_allowance(Charge { net, tax }: Charge) -> Figures {
        Figures { discount: net, tax: -tax, ..Figures::default() }
    }

    pub(super) fn of_cash(cash: i64) -> Figures {
        Figures { cash, ..Figures::default() }
    }
}
