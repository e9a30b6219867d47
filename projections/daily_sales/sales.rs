//! Sales in one currency, as queries add them up and read them.

use orderlog_domain::postings::Figures;
use orderlog_read_models::Columns as _;

use super::rows::SalesFigures;

/// Sales in one currency, with the amounts in the currency to which they were converted. Minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// ISO code of `own`.
    pub currency: String,
    /// ISO code of `converted`: the shop's currency, or `currency` if nothing was converted.
    pub home: String,
    /// Orders posted minus orders cancelled completely.
    pub orders: i64,
    /// Orders posted, cancelled ones too.
    pub placed: i64,
    /// Units posted less units taken back.
    pub units: i64,
    /// The figures in the currency of the orders.
    pub own: Figures,
    /// The figures in `home`.
    pub converted: Figures,
}

impl Sales {
    /// The headline in the order's currency: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.own.revenue()
    }

    /// No sales, in one currency.
    #[must_use]
    pub fn nothing(currency: &str) -> Sales {
        let (currency, home) = (currency.to_owned(), currency.to_owned());
        Sales { currency, home, orders: 0, placed: 0, units: 0, own: Figures::default(), converted: Figures::default() }
    }

    /// The sales in the currency `home`, in which sales of several currencies can be added.
    #[must_use]
    pub fn in_home(self) -> Sales {
        Sales { currency: self.home.clone(), own: self.converted, ..self }
    }

    /// Adds sales of the same currencies.
    pub fn add(&mut self, other: &Sales) {
        self.orders += other.orders;
        self.placed += other.placed;
        self.units += other.units;
        self.own.add(other.own);
        self.converted.add(other.converted);
    }
}

/// [`Sales`] as tables and sums of tables have them.
pub(super) struct SalesRow {
    currency: String,
    home: String,
    figures: SalesFigures,
}
orderlog_read_models::from_row!(SalesRow { currency, home, figures = flatten(SalesFigures) });

impl From<SalesRow> for Sales {
    fn from(SalesRow { currency, home, figures }: SalesRow) -> Sales {
        Sales::of(currency, home, figures)
    }
}

impl Sales {
    pub(super) fn of(currency: String, home: String, figures: SalesFigures) -> Sales {
        let SalesFigures { orders, placed, units, gross, discount, shipping, tax, cash, .. } = figures;
        let own = Figures { gross, discount, shipping, tax, cash };
        let converted = Figures {
            gross: figures.home_gross,
            discount: figures.home_discount,
            shipping: figures.home_shipping,
            tax: figures.home_tax,
            cash: figures.home_cash,
        };
        Sales { currency, home, orders, placed, units, own, converted }
    }
}

/// Every column of figures; `orders` is counted by another column for postings of products.
pub(super) fn figures(orders: &str) -> String {
    columns(|name| match name {
        "orders" | "placed" if orders != "orders" => format!("{} AS {name}", counted(name, orders)),
        name => name.to_owned(),
    })
}

/// The sums of the same.
pub(super) fn sums(orders: &str) -> String {
    columns(|name| format!("CAST(SUM({}) AS BIGINT) AS {name}", counted(name, orders)))
}

/// The sums of these columns over rows that are not `past`.
pub(super) fn sums_now() -> String {
    columns(|name| format!("CAST(SUM(CASE WHEN past = 0 THEN {name} ELSE 0 END) AS BIGINT) AS {name}"))
}

/// The sums, in the home currency, over rows that are `past`.
pub(super) fn sums_then() -> String {
    let column = |(name, column): (&str, &str)| {
        format!("CAST(SUM(CASE WHEN past = 1 THEN {column} ELSE 0 END) AS BIGINT) AS {name}")
    };
    THEN.into_iter().map(column).collect::<Vec<_>>().join(", ")
}

/// Columns of [`Then`], and the columns that they sum.
const THEN: [(&str, &str); 8] = [
    ("then_orders", "orders"),
    ("then_placed", "placed"),
    ("then_units", "units"),
    ("then_gross", "home_gross"),
    ("then_discount", "home_discount"),
    ("then_shipping", "home_shipping"),
    ("then_tax", "home_tax"),
    ("then_cash", "home_cash"),
];

/// The figures of a group in the period with which it is compared, in the home currency; zeros without a comparison.
pub(super) struct Then {
    then_orders: i64,
    then_placed: i64,
    then_units: i64,
    then_gross: i64,
    then_discount: i64,
    then_shipping: i64,
    then_tax: i64,
    then_cash: i64,
}
orderlog_read_models::from_row!(Then {
    then_orders = default, then_placed = default, then_units = default, then_gross = default, then_discount = default,
    then_shipping = default, then_tax = default, then_cash = default,
});

impl Then {
    pub(super) fn sales(&self, home: &str) -> Sales {
        let figures = Figures {
            gross: self.then_gross,
            discount: self.then_discount,
            shipping: self.then_shipping,
            tax: self.then_tax,
            cash: self.then_cash,
        };
        let Then { then_orders: orders, then_placed: placed, then_units: units, .. } = *self;
        Sales { orders, placed, units, own: figures, converted: figures, ..Sales::nothing(home) }
    }
}

fn counted(name: &str, orders: &str) -> String {
    match name {
        "orders" => orders.to_owned(),
        "placed" if orders != "orders" => format!("CASE WHEN {orders} > 0 THEN {orders} ELSE 0 END"),
        name => name.to_owned(),
    }
}

fn columns(of: impl Fn(&str) -> String) -> String {
    SalesFigures::COLUMNS.iter().map(|column| of(column.name)).collect::<Vec<_>>().join(", ")
}
