//! How the shop introduces itself: what an assistant is told before its first call.

use orderlog_domain::{calendar::DayMonthOrder, decide::Shop, format::weekday_in_words};

use crate::{echo::sentence, shop::OpenShop};

/// Of every shop.
const USE: &str = "Orderlog runs a shop's orders. Amounts going in are decimal strings such as \"999.00\"; \
    dates may be phrases such as \"last week\", read in the shop's time zone. Answers begin with sentences that can be read aloud as \
    they stand, then facts and tables; detail \"full\" adds every field. Give each change an idempotency_key and repeat it when you repeat the call: it then acts once. \
    dry_run shows what a change would do; what is hard to take back answers CONFIRMATION_REQUIRED first, with a confirm_token to send once the user agreed. \
    expected_version refuses a change at another version; allow_duplicate does once more what answered DUPLICATE_SUSPECTED; request_text keeps the user's words and reason why; as_of asks how it was then: a time (RFC 3339), a day (its end) or a log position; limit is 20 when left out, cursor the next_cursor of the page before. \
    Errors say what to do next in `hint` and `candidates`.";

/// Arguments of many tools, which the introduction explains for all of them.
pub const INTRODUCED: [&str; 12] = [
    "allow_duplicate",
    "as_of",
    "confirm_token",
    "cursor",
    "detail",
    "dry_run",
    "expected_version",
    "idempotency_key",
    "limit",
    "order_id",
    "reason",
    "request_text",
];

/// How to use the tools, what the shop counts in, and the day. A client may keep this for long; a call reads "today" anew.
#[derive(Debug)]
pub struct Introduction {
    /// All but the day, written once: the protocol library wants the introduction with every request.
    stays: String,
}

impl Introduction {
    /// Of this shop.
    pub fn of(shop: &OpenShop) -> Introduction {
        let name =
            shop.name.as_deref().map(|name| format!(" The shop is called {}.", sentence(name))).unwrap_or_default();
        Introduction { stays: format!("{USE}{name} {}", facts(&shop.settings)) }
    }

    /// As it is told today.
    pub fn told(&self, shop: &OpenShop) -> String {
        let today = shop.settings.calendar.business_date(shop.clock.now());
        format!("{} Today is {}.", self.stays, today.format("%A, %-d %B %Y"))
    }
}

fn facts(settings: &Shop) -> String {
    let calendar = &settings.calendar;
    let numbers = match calendar.day_month_order {
        DayMonthOrder::DayFirst => "11/12 is 11 December",
        DayMonthOrder::MonthFirst => "11/12 is November 12",
        DayMonthOrder::Unset => "11/12 has to be said in words",
    };
    format!(
        "The shop's time zone is {}, its currency {}; its weeks begin on {}, its fiscal year in {}; {numbers}. Orders are \
         numbered from 1001 (order_id). It takes no payments and sends no parcels: it records that they were taken and sent.",
        calendar.timezone,
        settings.currency,
        weekday_in_words(calendar.week_start),
        calendar.fiscal_year_start.name(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_says_how_it_counts_days_and_money() {
        let told = facts(&Shop::default());
        for fact in ["Asia/Kolkata", "INR", "weeks begin on Monday", "fiscal year in April", "11/12 is 11 December"] {
            assert!(told.contains(fact), "{fact}: {told}");
        }
    }

    #[test]
    fn what_the_list_leaves_out_is_explained_here() {
        let told = format!("{USE} {}", facts(&Shop::default()));
        let words: Vec<&str> = told.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
        for argument in INTRODUCED {
            assert!(words.contains(&argument), "{argument}: {told}");
        }
    }
}
