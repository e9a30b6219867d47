//! Sales in one currency, as queries add them up and read them.

use orderlog_domain::postings::Figures;
use orderlog_read_models::Columns as _;

use super::fold::SalesFigures;

/// Sales in one currency, with what they come to in the currency they were converted to. Minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// ISO code of `own`.
    pub currency: String,
    /// ISO code of `converted`: the shop's currency, or `currency` where nothing was converted.
    pub home: String,
    /// Orders posted less orders taken back whole.
    pub orders: i64,
    /// Units posted less units taken back.
    pub units: i64,
    /// As ordered.
    pub own: Figures,
    /// In `home`.
    pub converted: Figures,
}

impl Sales {
    /// The headline in the order's currency: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.own.revenue()
    }

    /// No sales yet, in one currency.
    #[must_use]
    pub fn nothing(currency: &str) -> Sales {
        let (currency, home) = (currency.to_owned(), currency.to_owned());
        Sales { currency, home, orders: 0, units: 0, own: Figures::default(), converted: Figures::default() }
    }

    /// As it counts in `home`, where sales in several currencies can be added.
    #[must_use]
    pub fn in_home(self) -> Sales {
        Sales { currency: self.home.clone(), own: self.converted, ..self }
    }

    /// Adds sales of the same currencies.
    pub fn add(&mut self, other: &Sales) {
        self.orders += other.orders;
        self.units += other.units;
        self.own.add(other.own);
        self.converted.add(other.converted);
    }
}

/// [`Sales`] as tables and sums of them hold it.
#[derive(sqlx::FromRow)]
pub(super) struct SalesRow {
    currency: String,
    home: String,
    #[sqlx(flatten)]
    figures: SalesFigures,
}

impl From<SalesRow> for Sales {
    fn from(SalesRow { currency, home, figures }: SalesRow) -> Sales {
        Sales::of(currency, home, figures)
    }
}

impl Sales {
    pub(super) fn of(currency: String, home: String, figures: SalesFigures) -> Sales {
        let SalesFigures { orders, units, gross, discount, shipping, tax, cash, .. } = figures;
        let own = Figures { gross, discount, shipping, tax, cash };
        let converted = Figures {
            gross: figures.home_gross,
            discount: figures.home_discount,
            shipping: figures.home_shipping,
            tax: figures.home_tax,
            cash: figures.home_cash,
        };
        Sales { currency, home, orders, units, own, converted }
    }
}

/// Every column of figures; `orders` is counted by another column where postings stand for products.
pub(super) fn figures(orders: &str) -> String {
    columns(|name| if name == "orders" && orders != name { format!("{orders} AS orders") } else { name.to_owned() })
}

/// The sums of the same.
pub(super) fn sums(orders: &str) -> String {
    columns(|name| {
        let column = if name == "orders" { orders } else { name };
        format!("CAST(SUM({column}) AS BIGINT) AS {name}")
    })
}

fn columns(of: impl Fn(&str) -> String) -> String {
    SalesFigures::COLUMNS.iter().map(|column| of(column.name)).collect::<Vec<_>>().join(", ")
}
