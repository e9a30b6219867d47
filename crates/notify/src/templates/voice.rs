//! How amounts and times are written in templates: the filters `money`, `money_in_words`, `date` and `time`.

use std::fmt::{Display, Write as _};

use chrono::{
    DateTime, NaiveDate, NaiveTime, TimeZone,
    format::{Item, StrftimeItems},
};
use minijinja::{Environment, Error, ErrorKind, value::Value};
use orderlog_domain::{calendar::BusinessCalendar, decide::Shop, format::Locale, money::Currency};

/// `20 Nov 2026`, as in the sentences.
const DATE: &str = "%-d %b %Y";
/// `10:15`
const TIME: &str = "%H:%M";

/// The shop's way of writing.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    locale: Locale,
    calendar: BusinessCalendar,
    /// What the shop is called.
    pub(super) shop: String,
}

impl Voice {
    pub(crate) fn of(shop: &Shop, name: Option<&str>) -> Voice {
        Voice { locale: shop.locale, calendar: shop.calendar.clone(), shop: name.unwrap_or("Orderlog").to_owned() }
    }

    pub(super) fn teach(&self, engine: &mut Environment<'static>) {
        let (locale, zone) = (self.locale, self.calendar.timezone);
        engine.add_filter("money", move |value: Value| {
            amount(&value).map(|(minor, currency)| locale.money(minor, currency).formatted)
        });
        engine.add_filter("money_in_words", move |value: Value| {
            amount(&value).map(|(minor, currency)| locale.money_in_words(minor, currency))
        });
        engine.add_filter("date", move |value: Value, form: Option<String>| {
            moment(&value, zone, form.as_deref().unwrap_or(DATE))
        });
        engine.add_filter("time", move |value: Value| moment(&value, zone, TIME));
    }
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn amount(value: &Value) -> Result<(i64, Currency), Error> {
    let part = |name: &str| value.get_attr(name).ok();
    let minor = part("minor").and_then(|minor| i64::try_from(minor).ok());
    let currency = part("currency").and_then(|code| code.as_str().and_then(|code| code.parse().ok()));
    minor.zip(currency).ok_or_else(|| wrong("money takes an amount, such as order.total"))
}

fn moment<Zone: TimeZone<Offset: Display>>(value: &Value, zone: Zone, form: &str) -> Result<String, Error> {
    let items: Vec<Item<'_>> = StrftimeItems::new(form).collect();
    if items.iter().any(|item| matches!(item, Item::Error)) {
        return Err(wrong("this form of a date cannot be read; %d.%m.%Y is one"));
    }
    let text = value.as_str().unwrap_or_default();
    let day = || {
        text.parse::<NaiveDate>()
            .ok()
            .and_then(|day| zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest())
    };
    let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&zone)).or_else(day);
    let at = at.ok_or_else(|| wrong("date and time take a moment, such as at"))?;
    let mut written = String::new();
    write!(written, "{}", at.format_with_items(items.iter()))
        .map_err(|_| wrong("this form of a date cannot be written"))?;
    Ok(written)
}
