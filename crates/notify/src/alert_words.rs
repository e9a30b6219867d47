//! The words of an alert, and its data for programs. They come from its event alone, which holds no particulars of anybody.

use chrono::{DateTime, Utc};
use orderlog_domain::{decide::Shop, event::Alert};
use serde_json::{Value, json};

pub(crate) fn in_words(shop: &Shop, alert: &Alert) -> (String, Value) {
    let clock = |at: DateTime<Utc>| at.with_timezone(&shop.calendar.timezone).format("%H:%M on %-d %b %Y");
    match alert {
        Alert::RelayStopped { since, waiting } => {
            let wait = match waiting {
                Some(1) => "1 event waits".to_owned(),
                Some(count) => format!("{count} events wait"),
                None => "events may wait".to_owned(),
            };
            let text = format!(
                "Nothing has been published to NATS since {}, and {wait}. Orders are taken as usual. Programs that follow \
                 the stream hear of nothing until it goes on; /readyz says why it stands still.",
                clock(*since)
            );
            (text, json!({ "since": since, "waiting": waiting }))
        }
        Alert::VerifyFailed { at, fault } => {
            let place = at.map_or_else(String::new, |at| format!(" at event {at}"));
            let text = format!(
                "A check of the log found a fault{place}. It says: {fault}. Somebody altered the database, or a disk failed. \
                 Keep a copy of the database as it is, and run `orderlog verify`."
            );
            (text, json!({ "at": at, "fault": fault }))
        }
        Alert::ForecastMissed { day, currency, sold, expected, from, to, .. } => {
            let locale = &shop.locale;
            let money = |amount: i64| locale.money_in_words(amount, *currency);
            let side = if sold < from { "less" } else { "more" };
            let text = format!(
                "Sales on {} were {}: {side} than forecast. The forecast said {}, and four days in five lie between {} and {}.",
                day.format("%A, %-d %b %Y"),
                money(*sold),
                money(*expected),
                money(*from),
                money(*to)
            );
            let amount = |amount: i64| locale.money(amount, *currency);
            let data = json!({
                "day": day, "sold": amount(*sold), "expected": amount(*expected),
                "band_80": [amount(*from), amount(*to)],
            });
            (text, data)
        }
    }
}
