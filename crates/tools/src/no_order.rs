//! For how long something was not ordered, as `no_order_for` says it.

use chrono::NaiveDate;
use orderlog_domain::{
    phrase::{self, Direction},
    rejection::Rejection,
};

use crate::{failure::Failure, shop::OpenShop};

/// How it is said.
const HINT: &str = "Say \"3 months\", \"90 days\" or a day.";

/// The day since which nothing was ordered: "3 months" ago, or the first day of any other phrase.
pub(crate) fn unordered_since(shop: &OpenShop, text: &str) -> Result<NaiveDate, Failure> {
    let read =
        |phrase: &str| phrase::read_unbounded(phrase, shop.clock.now(), &shop.settings.calendar, Direction::Past);
    let text = text.trim();
    let since = match read(&format!("older than {text}")) {
        // What is older ends the day before.
        Ok(older) => older.to.and_then(|to| to.succ_opt()),
        Err(_) => read(text).map_err(|rejection| rejection.field("no_order_for").hint(HINT))?.from,
    };
    let none = || Rejection::invalid("no_order_for", "names no day since which nothing was ordered.").hint(HINT);
    Ok(since.ok_or_else(none)?)
}
