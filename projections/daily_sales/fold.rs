//! Adds booked postings up. The rule itself is the domain's; nothing is read, the tables add.

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    postings::{Posting, booked},
};
use uuid::Uuid;

use crate::{
    answer::day,
    fold::{CannotApply, Fold},
    row::table,
    sheet::{Sheet, Sums},
};

table! {
    /// What was booked on a day.
    pub struct DailySales = "daily_sales" on conflict Add {
        key {
            /// Business day, ISO.
            day: String,
            /// ISO code of the amounts.
            currency: String,
        }
        /// Orders placed.
        orders: i64,
        /// Units booked less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
    }
}

table! {
    /// What was booked on a day for a product, or as shipping (the nil id).
    pub struct DailySalesByProduct = "daily_sales_products" on conflict Add {
        key {
            /// Business day, ISO.
            day: String,
            /// ISO code of the amounts.
            currency: String,
            /// The product.
            product_id: Uuid,
        }
        /// Orders placed.
        orders: i64,
        /// Units booked less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
    }
}

table! {
    /// What was booked on a day for a customer.
    pub struct DailySalesByCustomer = "daily_sales_customers" on conflict Add {
        key {
            /// Business day, ISO.
            day: String,
            /// ISO code of the amounts.
            currency: String,
            /// Who ordered.
            customer_id: Uuid,
        }
        /// Orders placed.
        orders: i64,
        /// Units booked less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
    }
}

/// Adds a posting to a row of any of the tables.
macro_rules! add {
    ($row:ident, $posting:ident, $orders:expr) => {
        $row.orders += $orders;
        $row.units += $posting.units;
        $row.gross += $posting.gross;
        $row.discount += $posting.discount;
        $row.shipping += $posting.shipping;
        $row.tax += $posting.tax;
    };
}

#[derive(Default)]
pub(super) struct DailySalesFold {
    days: Sums<DailySales>,
    products: Sums<DailySalesByProduct>,
    customers: Sums<DailySalesByCustomer>,
}

impl Fold for DailySalesFold {
    fn sheets(&mut self) -> Vec<&mut dyn Sheet> {
        vec![&mut self.days, &mut self.products, &mut self.customers]
    }

    fn touch(&mut self, _event: &Envelope<Event>) {}

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let postings = booked(&event.data);
        if postings.is_empty() {
            return Ok(());
        }
        let day = day(event.provenance.business_date);
        for (i, posting) in postings.iter().enumerate() {
            // A product's orders are those that held it when placed; several lines of it are one order.
            let of_order = postings.iter().any(|other| other.orders > 0);
            let first = !postings[..i].iter().any(|earlier| earlier.product_id == posting.product_id);
            let holds = i64::from(posting.product_id.is_some() && of_order && first);
            self.post(&day, posting, holds);
        }
        Ok(())
    }
}

impl DailySalesFold {
    fn post(&mut self, day: &str, posting: &Posting, holds: i64) {
        let (day, currency) = (day.to_owned(), posting.currency.code().to_owned());
        let row = self.days.entry((day.clone(), currency.clone()), || DailySales {
            day: day.clone(),
            currency: currency.clone(),
            orders: 0,
            units: 0,
            gross: 0,
            discount: 0,
            shipping: 0,
            tax: 0,
        });
        add!(row, posting, posting.orders);

        let product_id = posting.product_id.map_or(Uuid::nil(), |id| id.0);
        let row = self.products.entry((day.clone(), currency.clone(), product_id), || DailySalesByProduct {
            day: day.clone(),
            currency: currency.clone(),
            product_id,
            orders: 0,
            units: 0,
            gross: 0,
            discount: 0,
            shipping: 0,
            tax: 0,
        });
        add!(row, posting, holds);

        let customer_id = posting.customer_id.0;
        let row = self.customers.entry((day.clone(), currency.clone(), customer_id), || DailySalesByCustomer {
            day,
            currency,
            customer_id,
            orders: 0,
            units: 0,
            gross: 0,
            discount: 0,
            shipping: 0,
            tax: 0,
        });
        add!(row, posting, posting.orders);
    }
}
