//! Keeps every posting and adds them up. The rule itself is the domain's; nothing is read, the tables add.

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    postings::{Basis, Posting, postings},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, Inserts, RowCache, day, table};
use uuid::Uuid;

use crate::orders::order_of;

table! {
    /// What was posted on a day.
    pub struct DailySales = "daily_sales" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the amounts that begin with `home_`.
            home: String,
        }
        /// Orders placed, less those cancelled whole.
        orders: i64,
        /// Units posted less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
        /// Money with tax.
        cash: i64,
        /// `gross` in `home`.
        home_gross: i64,
        /// `discount` in `home`.
        home_discount: i64,
        /// `shipping` in `home`.
        home_shipping: i64,
        /// `tax` in `home`.
        home_tax: i64,
        /// `cash` in `home`.
        home_cash: i64,
    }
}

table! {
    /// What was posted on a day for a product, or for none (the nil id).
    pub struct DailySalesByProduct = "daily_sales_products" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the amounts that begin with `home_`.
            home: String,
            /// The product.
            product_id: Uuid,
        }
        /// Orders placed, less those cancelled whole.
        orders: i64,
        /// Units posted less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
        /// Money with tax.
        cash: i64,
        /// `gross` in `home`.
        home_gross: i64,
        /// `discount` in `home`.
        home_discount: i64,
        /// `shipping` in `home`.
        home_shipping: i64,
        /// `tax` in `home`.
        home_tax: i64,
        /// `cash` in `home`.
        home_cash: i64,
    }
}

table! {
    /// What was posted on a day for a customer.
    pub struct DailySalesByCustomer = "daily_sales_customers" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the amounts that begin with `home_`.
            home: String,
            /// Who ordered.
            customer_id: Uuid,
        }
        /// Orders placed, less those cancelled whole.
        orders: i64,
        /// Units posted less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
        /// Money with tax.
        cash: i64,
        /// `gross` in `home`.
        home_gross: i64,
        /// `discount` in `home`.
        home_discount: i64,
        /// `shipping` in `home`.
        home_shipping: i64,
        /// `tax` in `home`.
        home_tax: i64,
        /// `cash` in `home`.
        home_cash: i64,
    }
}

table! {
    /// One posting.
    pub struct SalesPosting = "sales_postings" on conflict Never {
        key {
            /// Of its event.
            position: i64,
            /// Among the event's postings, from 0.
            nth: i64,
        }
        /// Basis: `booked`, `shipped` or `cash`.
        basis: String,
        /// Business day, ISO.
        day: String,
        /// Type of its event.
        event: String,
        /// Of which order.
        order_id: i64,
        /// Line number; 0 for what concerns the order as a whole.
        line: i64,
        /// The product, or the nil id.
        product_id: Uuid,
        /// Who ordered.
        customer_id: Uuid,
        /// ISO code of the order's amounts.
        currency: String,
        /// ISO code of the amounts that begin with `home_`.
        home: String,
        /// Orders placed, less those cancelled whole.
        orders: i64,
        /// Units posted less units taken back.
        units: i64,
        /// Goods before discounts, minor units.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Shipping without tax.
        shipping: i64,
        /// All tax.
        tax: i64,
        /// Money with tax.
        cash: i64,
        /// `gross` in `home`.
        home_gross: i64,
        /// `discount` in `home`.
        home_discount: i64,
        /// `shipping` in `home`.
        home_shipping: i64,
        /// `tax` in `home`.
        home_tax: i64,
        /// `cash` in `home`.
        home_cash: i64,
        /// Orders of the product: 1 on one line of a booked order that begins to hold it, −1 where none of it remains.
        holds: i64,
    }
}

table! {
    /// When a day was posted to. What was known of it at a position outside this span, the sums tell.
    pub struct SalesDay = "sales_days" on conflict Replace {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
        }
        /// Position of its first posting.
        first_position: i64,
        /// Position of its last.
        last_position: i64,
    }
}

table! {
    /// How much was ever posted, signs aside. While that fits 64 bits, so does every sum of postings, whichever of them a
    /// table or a query adds up.
    pub struct SalesSize = "sales_sizes" on conflict Replace {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
        }
        /// Minor units of every amount, in the orders' currencies and as converted.
        size: i64,
    }
}

/// The figures of a posting as the columns of any of the tables.
macro_rules! figures {
    ($row:ident { $($key:ident: $value:expr),* $(,)? }, $posting:ident, $orders:expr $(, $more:ident: $amount:expr)?) => {{
        let (own, home) = (&$posting.own, &$posting.home);
        $row {
            $($key: $value,)*
            orders: $orders,
            units: $posting.units,
            gross: own.gross,
            discount: own.discount,
            shipping: own.shipping,
            tax: own.tax,
            cash: own.cash,
            home_gross: home.gross,
            home_discount: home.discount,
            home_shipping: home.shipping,
            home_tax: home.tax,
            home_cash: home.cash,
            $($more: $amount,)?
        }
    }};
}

/// Adds a row to the batch's part of the table.
macro_rules! add {
    ($sums:expr, $row:expr) => {{
        let row = $row;
        let mut fresh = false;
        let sum = $sums.entry(orderlog_read_models::Row::key(&row), || {
            fresh = true;
            row.clone()
        });
        if !fresh {
            sum.orders += row.orders;
            sum.units += row.units;
            sum.gross += row.gross;
            sum.discount += row.discount;
            sum.shipping += row.shipping;
            sum.tax += row.tax;
            sum.cash += row.cash;
            sum.home_gross += row.home_gross;
            sum.home_discount += row.home_discount;
            sum.home_shipping += row.home_shipping;
            sum.home_tax += row.home_tax;
            sum.home_cash += row.home_cash;
        }
    }};
}

#[derive(Default)]
pub(super) struct DailySalesFold {
    days: Counters<DailySales>,
    products: Counters<DailySalesByProduct>,
    customers: Counters<DailySalesByCustomer>,
    spans: CachedRows<SalesDay>,
    postings: Inserts<SalesPosting>,
    sizes: CachedRows<SalesSize>,
}

impl Fold for DailySalesFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![
            &mut self.days,
            &mut self.products,
            &mut self.customers,
            &mut self.spans,
            &mut self.postings,
            &mut self.sizes,
        ]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        if order_of(event).is_some() {
            let day = day(event.provenance.business_date);
            for basis in Basis::ALL {
                self.spans.prefetch((basis.name().to_owned(), day.clone()));
                self.sizes.prefetch((basis.name().to_owned(),));
            }
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let postings = postings(&event.data);
        if postings.is_empty() {
            return Ok(());
        }
        self.take_room(&postings)?;
        let day = day(event.provenance.business_date);
        for (nth, posting) in (0_i64..).zip(&postings) {
            self.post(&day, posting);
            self.span(posting.basis, &day, event.position.0);
            let (basis, currency, home) = keys(posting);
            let row = figures!(SalesPosting {
                position: event.position.0,
                nth: nth,
                basis: basis,
                day: day.clone(),
                event: event.event_type.clone().into_owned(),
                order_id: posting.order_id.0,
                line: posting.line.map_or(0, i64::from),
                product_id: posting.product_id.map_or(Uuid::nil(), |id| id.0),
                customer_id: posting.customer_id.0,
                currency: currency,
                home: home,
            }, posting, posting.orders, holds: posting.holds);
            self.postings.add(row);
        }
        Ok(())
    }
}

fn keys(posting: &Posting) -> (String, String, String) {
    let own = |code: &str| code.to_owned();
    (own(posting.basis.name()), own(posting.currency.code()), own(posting.home_currency.code()))
}

impl DailySalesFold {
    fn span(&mut self, basis: Basis, day: &str, position: i64) {
        let key = (basis.name().to_owned(), day.to_owned());
        match self.spans.get_mut(&key) {
            Some(span) => span.last_position = position,
            None => {
                let (basis, day) = key;
                self.spans.put(SalesDay { basis, day, first_position: position, last_position: position });
            }
        }
    }

    /// Notes how much is posted; refuses what the sums have no room for.
    fn take_room(&mut self, postings: &[Posting]) -> Result<(), CannotApply> {
        let mut sizes = vec![];
        for basis in Basis::ALL {
            let of_basis = postings.iter().filter(|posting| posting.basis == basis);
            let more: i128 = of_basis.map(|posting| posting.own.size() + posting.home.size()).sum();
            let key = (basis.name().to_owned(),);
            let before = self.sizes.get(&key).map_or(0, |size| size.size);
            let after = i64::try_from(i128::from(before) + more).map_err(|_| {
                CannotApply("with its amounts, the sums of sales would be larger than can be kept".to_owned())
            })?;
            if after > before {
                sizes.push(SalesSize { basis: key.0, size: after });
            }
        }
        sizes.into_iter().for_each(|size| self.sizes.put(size));
        Ok(())
    }

    fn post(&mut self, day: &str, posting: &Posting) {
        let (basis, currency, home) = keys(posting);
        let day = day.to_owned();
        let row = figures!(
            DailySales { basis: basis.clone(), day: day.clone(), currency: currency.clone(), home: home.clone() },
            posting,
            posting.orders
        );
        add!(self.days, row);
        let product_id = posting.product_id.map_or(Uuid::nil(), |id| id.0);
        let row = figures!(
            DailySalesByProduct {
                basis: basis.clone(),
                day: day.clone(),
                currency: currency.clone(),
                home: home.clone(),
                product_id: product_id,
            },
            posting,
            posting.holds
        );
        add!(self.products, row);
        let customer_id = posting.customer_id.0;
        let row = figures!(
            DailySalesByCustomer { basis: basis, day: day, currency: currency, home: home, customer_id: customer_id },
            posting,
            posting.orders
        );
        add!(self.customers, row);
    }
}
