//! How the shop writes amounts and times.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use orderlog_domain::{
    decide::Shop,
    format::{Locale, MoneyOut},
    money::{Currency, plain},
};
use serde_json::Value;

/// The shop's locale, currency and zone.
#[derive(Debug, Clone)]
pub struct Wording {
    locale: Locale,
    currency: Currency,
    zone: Tz,
}

impl Wording {
    /// As the shop's settings have it.
    pub fn of(settings: &Shop) -> Wording {
        Wording { locale: settings.locale, currency: settings.currency, zone: settings.calendar.timezone }
    }

    /// An amount in an answer.
    pub(crate) fn money(&self, minor: i64, currency: Currency) -> MoneyOut {
        self.locale.money(minor, currency)
    }

    /// An amount whose currency a read model keeps as text.
    pub(crate) fn money_in(&self, minor: i64, code: &str) -> MoneyOut {
        // Most amounts are in the shop's own currency, and the codes of all others are searched one by one.
        let currency = if code == self.currency.code() { self.currency } else { code.parse().unwrap_or(self.currency) };
        self.money(minor, currency)
    }

    /// An amount in a sentence.
    pub(crate) fn amount(&self, minor: i64, currency: Currency) -> String {
        self.locale.money_in_words(minor, currency)
    }

    /// An amount in a sentence that is no more exact than its whole units: `₹45,000` for 44,999.60.
    pub(crate) fn about(&self, minor: i64, currency: Currency) -> String {
        let unit = 10_i64.saturating_pow(currency.exponent());
        let whole = (2 * minor.abs() + unit) / (2 * unit) * minor.signum();
        self.amount(whole.saturating_mul(unit), currency)
    }

    /// A time in an answer, in the shop's zone.
    pub(crate) fn time(&self, at: DateTime<Utc>) -> String {
        local(at, self.zone)
    }
}

/// An amount of a full answer as spreadsheets read it, such as `1234.50`; nothing where it is none.
pub fn plain_amount(amount: &Value) -> Option<String> {
    let currency = amount["currency"].as_str()?.parse().ok()?;
    Some(plain(amount["minor"].as_i64()?, currency))
}

/// RFC 3339 with the zone's offset.
pub fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}
