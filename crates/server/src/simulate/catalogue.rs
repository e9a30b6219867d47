//! The articles of the simulated shop.

use orderlog_domain::{
    commands::UpsertProduct,
    money::{Currency, plain},
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// One article.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) sku: String,
    pub(super) name: String,
    /// Whole units of the shop's currency.
    pub(super) price: i64,
    tax_percent: &'static str,
}

/// SKU prefix, name, price of the plainest variant, tax. Most are cheap, few are dear.
const KINDS: &[(&str, &str, i64, &str)] = &[
    ("TEE", "Cotton T-Shirt", 399, "5"),
    ("MUG", "Stoneware Mug", 249, "12"),
    ("NTB", "Notebook", 149, "12"),
    ("PEN", "Gel Pen", 49, "18"),
    ("TEA", "Assam Tea 250 g", 279, "5"),
    ("COF", "Filter Coffee 500 g", 449, "5"),
    ("BTL", "Steel Bottle", 699, "18"),
    ("TOT", "Canvas Tote", 349, "12"),
    ("CUS", "Cushion Cover", 299, "12"),
    ("TWL", "Bath Towel", 549, "5"),
    ("LMP", "Desk Lamp", 1_299, "18"),
    ("CLK", "Wall Clock", 899, "18"),
    ("SNK", "Canvas Sneakers", 1_799, "18"),
    ("BPK", "Backpack", 1_599, "18"),
    ("KUR", "Linen Kurta", 1_199, "5"),
    ("SCF", "Silk Scarf", 999, "12"),
    ("HPH", "Headphones", 2_499, "18"),
    ("SPK", "Bluetooth Speaker", 2_199, "18"),
    ("PAN", "Cast Iron Pan", 1_449, "12"),
    ("KTL", "Electric Kettle", 1_899, "18"),
    ("RUG", "Wool Rug", 4_999, "12"),
    ("CHR", "Office Chair", 7_499, "18"),
    ("TAB", "Oak Side Table", 8_999, "18"),
    ("BIK", "City Bicycle", 14_999, "12"),
];

/// SKU suffix, name, price in percent of the plainest variant.
const VARIANTS: &[(&str, &str, i64)] = &[
    ("CLA", "Classic", 100),
    ("BLU", "Blue", 105),
    ("GRN", "Green", 105),
    ("BLK", "Black", 110),
    ("LUX", "Deluxe", 160),
];

/// The cost of an article for the shop, in percent of its price.
const COST_PERCENT: i64 = 62;
/// Articles from this price on have a longer lead time.
const DEAR: i64 = 1_000;
const LEAD_TIME_DAYS: i64 = 5;
const LONG_LEAD_TIME_DAYS: i64 = 14;

/// Every article, best sellers first: the cheap ones.
pub(super) fn articles() -> Vec<Article> {
    let mut articles = Vec::with_capacity(KINDS.len() * VARIANTS.len());
    for (suffix, variant, percent) in VARIANTS {
        for (prefix, kind, price, tax_percent) in KINDS {
            let (sku, name) = (format!("{prefix}-{suffix}"), format!("{kind}, {variant}"));
            articles.push(Article { sku, name, price: price * percent / 100, tax_percent });
        }
    }
    articles.sort_by_key(|article| article.price);
    articles
}

/// Picks an article; those at the front sell about five times as often as those at the end.
pub(super) fn which(articles: usize, rng: &mut ChaCha8Rng) -> usize {
    let (one, other) = (rng.random_range(0..articles), rng.random_range(0..articles));
    if rng.random_ratio(2, 3) { one.min(other) } else { one }
}

impl Article {
    /// The catalogue entry of the article.
    pub(super) fn product(&self, currency: Currency, low_stock_threshold: i64) -> UpsertProduct {
        UpsertProduct {
            sku: self.sku.clone(),
            name: Some(self.name.clone()),
            price: Some(plain(self.price * 10_i64.pow(currency.exponent()), currency)),
            tax_rate: Some(self.tax_percent.to_owned()),
            low_stock_threshold: Some(low_stock_threshold),
            cost: Some(plain(self.price * COST_PERCENT * 10_i64.pow(currency.exponent()) / 100, currency)),
            lead_time_days: Some(if self.price < DEAR { LEAD_TIME_DAYS } else { LONG_LEAD_TIME_DAYS }),
            ..UpsertProduct::default()
        }
    }
}
