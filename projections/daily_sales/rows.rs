//! The tables of sales: sums by day, by product and by customer, every posting, and the tables needed to read them.

use orderlog_read_models::{figures, table};
use uuid::Uuid;

figures! {
    /// The figures of postings, in every table of them. Minor units.
    pub struct SalesFigures {
        /// Orders placed minus orders cancelled completely.
        orders,
        /// Orders placed, cancelled ones too.
        placed,
        /// Units posted less units taken back.
        units,
        /// Goods before discounts.
        gross,
        /// A positive amount.
        discount,
        /// Shipping without tax.
        shipping,
        /// All tax.
        tax,
        /// Money with tax.
        cash,
        /// `gross` in the home currency.
        home_gross,
        /// `discount` in the home currency.
        home_discount,
        /// `shipping` in the home currency.
        home_shipping,
        /// `tax` in the home currency.
        home_tax,
        /// `cash` in the home currency.
        home_cash,
    }
}
orderlog_read_models::from_row!(SalesFigures {
    orders,
    placed,
    units,
    gross,
    discount,
    shipping,
    tax,
    cash,
    home_gross,
    home_discount,
    home_shipping,
    home_tax,
    home_cash,
});

table! {
    /// The postings of a day, added up.
    pub struct DailySales = "daily_sales" on conflict Replace {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the home currency.
            home: String,
        }
        ..figures: SalesFigures,
    }
}

table! {
    /// The postings of a day for a product, or for no product (the nil id), added up.
    pub struct DailySalesByProduct = "daily_sales_products" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the home currency.
            home: String,
            /// The product.
            product_id: Uuid,
        }
        ..figures: SalesFigures,
    }
}

table! {
    /// The postings of a day for a customer, added up.
    pub struct DailySalesByCustomer = "daily_sales_customers" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the home currency.
            home: String,
            /// The customer who ordered.
            customer_id: Uuid,
        }
        ..figures: SalesFigures,
    }
}

table! {
    /// The postings of a quarter of an hour of a business day, added up.
    pub struct DailySalesByQuarter = "daily_sales_quarters" on conflict Add {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
            /// ISO code of the orders' amounts.
            currency: String,
            /// ISO code of the home currency.
            home: String,
            /// Quarters of an hour since 1970.
            quarter: i64,
        }
        ..figures: SalesFigures,
    }
}

table! {
    /// One posting.
    pub struct SalesPosting = "sales_postings" on conflict Never {
        key {
            /// Position of the event.
            position: i64,
            /// Among the event's postings, from 0.
            nth: i64,
        }
        ..figures: SalesFigures,
        /// Basis: `booked`, `shipped` or `cash`.
        basis: String,
        /// Business day, ISO.
        day: String,
        /// Type of the event.
        event: String,
        /// The order's number.
        order_id: i64,
        /// Line number; 0 if the posting concerns the order as a whole.
        line: i64,
        /// The product, or the nil id.
        product_id: Uuid,
        /// The customer who ordered.
        customer_id: Uuid,
        /// ISO code of the order's amounts.
        currency: String,
        /// ISO code of the home currency.
        home: String,
        /// When the event happened, milliseconds since the epoch.
        happened_at: i64,
        /// Orders of the product: 1 on one line of a booked order when it first contains the product, −1 when nothing
        /// of the product is left.
        holds: i64,
    }
}

table! {
    /// The positions between which a day was posted. For positions outside this span the sums of the day are enough.
    pub struct SalesDay = "sales_days" on conflict Replace {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
            /// Business day, ISO.
            day: String,
        }
        /// Position of the first posting.
        first_position: i64,
        /// Position of the last posting.
        last_position: i64,
    }
}

table! {
    /// The sum of all posted amounts without their signs. While it fits 64 bits, every sum of postings also fits, in
    /// any table or query.
    pub struct SalesSize = "sales_sizes" on conflict Replace {
        key {
            /// Basis: `booked`, `shipped` or `cash`.
            basis: String,
        }
        /// Minor units of every amount, in the orders' currencies and as converted.
        size: i64,
    }
}

table! {
    /// The tax rate of an order's line, which only some of the events of the line name.
    pub struct SalesLine = "sales_lines" on conflict Replace {
        key {
            /// The order's number.
            order_id: i64,
            /// Line number.
            line: i64,
            /// The product of the line.
            product_id: Uuid,
        }
        /// Percent.
        tax_rate: String,
    }
}
