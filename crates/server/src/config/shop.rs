//! The settings of the shop that change figures, as the texts in its log.

use std::str::FromStr as _;

use chrono::{Month, NaiveTime, Weekday};
use orderlog_domain::{
    calendar::{BusinessCalendar, DayMonthOrder},
    decide::Shop,
    format::Locale,
    guarded::Guarded,
    money::Currency,
};

use super::{
    error::ConfigError,
    readers::{known_locales, timezone},
    sources::{Texts, Values},
};

/// A setting that was given and is another in the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contradiction {
    pub(crate) name: String,
    /// The given value.
    pub(crate) given: String,
    /// The origin of the value: `--currency`, `ORDERLOG_CURRENCY`.
    pub(crate) origin: String,
    /// The value in the log.
    pub(crate) recorded: String,
}

/// Acts to which people must agree.
pub(crate) const CONFIRMED_BY_PEOPLE: &str = "confirmed-by-people";

/// The settings that change figures, and the acts that wait for people. The way in which amounts are written (`locale`)
/// is not one of them.
pub(crate) fn texts(shop: &Shop) -> Texts {
    let calendar = &shop.calendar;
    let week_start = match calendar.week_start {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    };
    let day_month_order = match calendar.day_month_order {
        DayMonthOrder::DayFirst => "day-month",
        DayMonthOrder::MonthFirst => "month-day",
        DayMonthOrder::Unset => "ask",
    };
    [
        ("currency", shop.currency.code().to_owned()),
        ("timezone", calendar.timezone.name().to_owned()),
        ("day-start", calendar.day_start.format("%H:%M").to_string()),
        ("week-start", week_start.to_owned()),
        ("fiscal-year-start", calendar.fiscal_year_start.name().to_lowercase()),
        ("day-month-order", day_month_order.to_owned()),
        (CONFIRMED_BY_PEOPLE, shop.confirmed_by_people.to_string()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text))
    .collect()
}

/// The shop with these settings in place of its own; settings that only a newer release knows are ignored.
///
/// # Errors
/// Lists every value that cannot be used.
pub(crate) fn with_texts(shop: &Shop, changed: &Texts, origin: &str) -> Result<Shop, ConfigError> {
    let mut all = texts(shop);
    all.extend(changed.clone());
    all.insert("locale".to_owned(), shop.locale.tag().to_owned());
    let mut values = Values::of(&all, origin);
    match (read(&mut values), values.problems()) {
        (Some(shop), problems) if problems.is_empty() => Ok(shop),
        (_, problems) => Err(ConfigError(problems)),
    }
}

/// `None` if any value could not be read; the problems say which.
pub(super) fn read(values: &mut Values) -> Option<Shop> {
    let locale = values.read("locale", |text| Locale::from_str(text).map_err(|_| known_locales()));
    let timezone = values.read("timezone", timezone);
    let currency = values.read("currency", |text| {
        Currency::given(text).map_err(|_| "no ISO 4217 code; use one such as INR, USD or EUR".to_owned())
    });
    let week_start = values.read("week-start", |text| {
        Weekday::from_str(text).map_err(|_| "expected a weekday such as monday or sunday".to_owned())
    });
    let fiscal_year_start = values.read("fiscal-year-start", |text| {
        Month::from_str(text).map_err(|_| "expected a month such as april".to_owned())
    });
    let day_start = values.read("day-start", |text| {
        NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "expected a time such as 00:00 or 04:30".to_owned())
    });
    let day_month_order = values.read("day-month-order", |text| match text {
        "day-month" => Ok(DayMonthOrder::DayFirst),
        "month-day" => Ok(DayMonthOrder::MonthFirst),
        "ask" => Ok(DayMonthOrder::Unset),
        _ => Err("expected `day-month`, `month-day` or `ask`".to_owned()),
    });
    let confirmed_by_people = values.read(CONFIRMED_BY_PEOPLE, Guarded::from_str);
    let calendar = BusinessCalendar {
        timezone: timezone?,
        day_start: day_start?,
        week_start: week_start?,
        fiscal_year_start: fiscal_year_start?,
        day_month_order: day_month_order?,
    };
    let (currency, locale, confirmed_by_people) = (currency?, locale?, confirmed_by_people?);
    Some(Shop { currency, calendar, locale, confirmed_by_people })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Given};

    #[test]
    fn every_value_is_written_in_one_way_that_can_be_read_again() {
        for day in ["monday", "Tue", "WEDNESDAY", "thu", "friday", "Sat", "sunday"] {
            for (order, month) in [("day-month", "April"), ("month-day", "jan"), ("ask", "december")] {
                let given = Given::of(&[
                    ("currency", "JPY"),
                    ("timezone", "asia/tokyo"),
                    ("day-start", "04:30"),
                    ("week-start", day),
                    ("fiscal-year-start", month),
                    ("day-month-order", order),
                ]);
                let shop = Config::load(&given).unwrap().shop;
                let texts = texts(&shop);
                assert_eq!((texts["timezone"].as_str(), texts["day-start"].as_str()), ("Asia/Tokyo", "04:30"));
                let again = with_texts(&Shop::default(), &texts, "test").unwrap();
                assert_eq!((again.currency, again.calendar), (shop.currency, shop.calendar));
            }
        }
    }

    #[test]
    fn the_log_is_taken_over_what_was_left_out_and_compared_with_what_was_given() {
        let recorded: Texts = [("currency", "EUR"), ("timezone", "Europe/Berlin"), ("moon-phase", "full")]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        let mut config = Config::load(&Given::of(&[("timezone", "europe/berlin"), ("locale", "de-DE")])).unwrap();
        assert_eq!(config.adopt(&recorded).unwrap(), [], "the same zone, typed otherwise");
        assert_eq!((config.shop.currency.code(), config.shop.locale.tag()), ("EUR", "de-DE"));

        let mut config = Config::load(&Given::of(&[("currency", "USD")])).unwrap();
        let contradictions = config.adopt(&recorded).unwrap();
        let [one] = contradictions.as_slice() else { panic!("{contradictions:?}") };
        assert_eq!((one.origin.as_str(), one.given.as_str(), one.recorded.as_str()), ("--currency", "USD", "EUR"));
        assert_eq!(config.shop.currency.code(), "EUR");
    }
}
