//! Which days are reported.

use orderlog_domain::{
    format::day_in_words,
    phrase::{self, Direction},
    rejection::Rejection,
};

use crate::{failure::Failure, query::Read, shop::OpenShop};

/// Reads one day or several; today where neither is given.
pub(super) async fn read_days(
    shop: &OpenShop,
    date: &Option<String>,
    date_range: &Option<String>,
    read: &mut Read,
) -> Result<(), Failure> {
    let said = |text: &'static str, given: &Option<String>| {
        given.clone().filter(|given| !given.trim().is_empty()).map(|given| (text, given))
    };
    let (field, text) = match (said("date", date), said("date_range", date_range)) {
        (Some(_), Some(_)) => {
            let message = "Give date or date_range, not both.";
            return Err(Rejection::invalid("date", message).hint("One day is a date_range, too.").into());
        }
        (Some(given), None) | (None, Some(given)) => given,
        (None, None) => ("date", "today".to_owned()),
    };
    let (now, calendar) = (shop.clock.now(), &shop.settings.calendar);
    match phrase::read(&text, now, calendar, Direction::Past) {
        Ok(range) => read.take_range(range),
        Err(rejection) => {
            let rejection = rejection.field(field);
            // "All time" lasts from the log's first day until today.
            let open = phrase::read_unbounded(&text, now, calendar, Direction::Past).ok();
            return Err(match open.zip(shop.moments.log_begins().await?) {
                Some((open, begins)) => {
                    let (from, to) = (open.from.unwrap_or(begins), open.to.unwrap_or(calendar.business_date(now)));
                    let begins = day_in_words(begins);
                    rejection
                        .hint(format!("The log begins on {begins}: give date_range \"{from}..{to}\" for all of it."))
                }
                None => rejection,
            }
            .into());
        }
    }
    Ok(())
}
