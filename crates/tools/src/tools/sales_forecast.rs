//! sales.forecast: the expected sales of the days ahead, and how good such forecasts were for days that are over.

mod learned;
mod measure;
mod missed;
mod said;
mod weeks;

use std::sync::Arc;

use chrono::{Days as DaysLater, NaiveDate};
use orderlog_domain::{
    phrase::{self, DateRange, Direction},
    rejection::{Code, Rejection},
};
use orderlog_forecast::{Ahead, Band, Estimate, Forecast, MAX_AHEAD, forecast_in_parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::missed::{Missed, missed};
use self::{
    learned::Learned,
    measure::{Amount, Measure},
};
use crate::{
    answer::{Short, Told},
    facts::{Members, as_object, in_words},
    failure::Failure,
    principal::Caller,
    query::{Frame, read_filters},
    schema::Object,
    sentences::plural,
    shop::OpenShop,
    table::{Row, Table},
    tool::Tool,
};

/// Days ahead, if the caller names none.
const DEFAULT_DAYS: u32 = 7;
/// The present day, which is not over, is one of the days.
const LONGEST: u32 = MAX_AHEAD as u32 - 1;

/// Weekdays in the order of the answer.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What days ahead will bring, with bands and how well such forecasts did on past days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Days after today; 7 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = LONGEST))]
    days: Option<u32>,
    /// Or a phrase such as "next week" or "this month".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// SKU or name.
    #[serde(default)]
    #[schemars(length(max = 254))]
    product: Option<String>,
    /// revenue when left out; units for a product.
    #[serde(default)]
    measure: Option<Measure>,
    /// As forecast then: a time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// revenue, orders or units.
    measure: &'static str,
    /// Of the days together.
    total: Expected,
    /// What the days of the range that are over have brought; not part of `total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    already: Option<Already>,
    /// What the present day has had, where it is among the days; part of `total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    today_so_far: Option<Amount>,
    /// Day by day; they add up to `total`.
    days: Vec<Day>,
    /// The same by week, where the days are many: the short answer has them instead.
    #[serde(skip)]
    weeks: Vec<(String, Expected)>,
    /// Percent of an average day that each weekday usually has.
    #[serde(skip_serializing_if = "Object::is_empty")]
    weekdays: Object,
    /// How it was made.
    model: String,
    /// Too few days to tell weekdays apart.
    too_short: bool,
    /// Measured on past days that were held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<AccuracyView>,
    /// The days learned from.
    learned_from: LearnedFrom,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Already {
    value: Amount,
    from: NaiveDate,
    to: NaiveDate,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Expected {
    value: Amount,
    /// From and to, four times in five.
    band_80: [Amount; 2],
    /// From and to, nineteen times in twenty.
    band_95: [Amount; 2],
}

#[derive(Debug, Serialize, JsonSchema)]
struct Day {
    date: NaiveDate,
    weekday: String,
    #[serde(flatten)]
    expected: Expected,
}

/// Errors relative to that of the seasonal naive within the days learned from (MASE), and in percent (sMAPE).
#[derive(Debug, Serialize, JsonSchema)]
struct AccuracyView {
    /// Absent where the seasonal naive makes no error.
    #[serde(skip_serializing_if = "Option::is_none")]
    mase: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seasonal_naive_mase: Option<f64>,
    smape: f64,
    seasonal_naive_smape: f64,
    /// Percent of held-out days that fell inside the band.
    inside_80: f64,
    inside_95: f64,
    /// Times that a week was held out.
    folds: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LearnedFrom {
    from: NaiveDate,
    to: NaiveDate,
    days: usize,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let row = |day: Day| {
            let Expected { value, band_80: [from, to], .. } = day.expected;
            let row = Row::default().cell("date", day.date.to_string()).cell("weekday", day.weekday);
            row.cell("expected", value.plain()).cell("from", from.plain()).cell("to", to.plain())
        };
        let week = |(label, expected): (String, Expected)| {
            let Expected { value, band_80: [from, to], .. } = expected;
            let row = Row::default().cell("week", label);
            row.cell("expected", value.plain()).cell("from", from.plain()).cell("to", to.plain())
        };
        let by_week = !self.weeks.is_empty();
        let rows: Table = match by_week {
            true => self.weeks.into_iter().map(week).collect(),
            false => self.days.into_iter().map(row).collect(),
        };
        let Expected { value, band_80: [from_80, to_80], band_95: [from_95, to_95] } = self.total;
        let total = [("from_80", from_80), ("to_80", to_80), ("from_95", from_95), ("to_95", to_95)];
        let total: Members =
            [("expected", value)].into_iter().chain(total).map(|(n, amount)| (n, amount.plain())).collect();
        let weekdays = |name| Some((name, self.weekdays.remove(name)?));
        let weekdays: Members = WEEKDAYS.into_iter().filter_map(weekdays).collect();
        let LearnedFrom { from, to, days: learned } = self.learned_from;
        let rows_are = by_week.then(|| "Rows are weeks; detail: \"full\" has the days.".to_owned());
        let short = self.frame.open().lines(rows_are).lines(rows.in_words(None));
        // The sentence adds the days that are over; these figures do not contain them.
        let rest = if self.already.is_some() { "of the days from today on " } else { "" };
        let words = format!("{rest}{}", in_words(&total));
        let short = short.fact("measure", self.measure).worded("total", as_object(total), words);
        let short = short
            .said(if by_week { "weeks" } else { "days" }, rows.into_json())
            .some("already", self.already.map(|sold| sold.value.plain()));
        let short = short.some("today_so_far", self.today_so_far.map(Amount::plain));
        let usual = format!("percent of an average day, in the last weeks: {}", in_words(&weekdays));
        let short = if weekdays.is_empty() { short } else { short.worded("weekdays", as_object(weekdays), usual) };
        let method = format!("method: {}", self.model);
        let short = short.worded("model", self.model, method).flag("too_short", self.too_short);
        let short = match self.accuracy {
            Some(accuracy) => {
                let words = accuracy.in_words();
                short.worded("accuracy", as_object(accuracy.in_short()), words)
            }
            None => short,
        };
        let learned_from =
            vec![("days", learned.into()), ("from", from.to_string().into()), ("to", to.to_string().into())];
        let words =
            format!("learned from {}, {from} to {to}", plural(i64::try_from(learned).unwrap_or(i64::MAX), "day"));
        self.frame.close(short.worded("learned_from", as_object(learned_from), words))
    }
}

pub(super) fn tool() -> Tool {
    Tool::query("sales.forecast", "Forecast sales", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, _: Caller) -> Result<Output, Failure> {
    let calendar = &shop.settings.calendar;
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    let now = as_of.map_or_else(|| shop.clock.now(), |as_of| as_of.at);
    // The first day that is not over: at the end of a day it is the next day.
    let over_by = as_of.and_then(|as_of| as_of.over_by()).unwrap_or(now);
    let today = calendar.business_date(over_by);
    let range = match (&input.date_range, input.days) {
        (Some(_), Some(_)) => return Err(Rejection::invalid("days", "Give days or date_range, not both.").into()),
        (Some(phrase), None) => phrase::read(phrase, now, calendar, Direction::Future)?,
        (None, days) => {
            let phrase = format!("next {} days", days.unwrap_or(DEFAULT_DAYS));
            phrase::read(&phrase, now, calendar, Direction::Future)?
        }
    };
    let ahead = ahead(&range, today)?;
    let mut read = read_filters(&shop, None, None, input.product.as_deref()).await?;
    let measure = input.measure.unwrap_or(if read.products.is_empty() { Measure::Revenue } else { Measure::Units });
    let then = as_of.map(|as_of| as_of.position);
    let learned = Learned::read(&shop, measure, read.products.clone(), today, then).await?;
    let weeks = weeks::weeks(ahead, today, calendar.week_start);
    let parts: Vec<Ahead> = weeks.iter().map(|week| week.ahead).collect();
    let mut made = forecast_in_parts(&learned.values, ahead, &parts)
        .ok_or_else(|| anyhow::anyhow!("no forecast of {ahead:?} from {} days", learned.values.len()))?;
    // At the end of a day the next day has not begun.
    let begun = calendar.day_bounds(today).0 < over_by;
    let so_far = (ahead.first == 1 && begun).then_some(learned.today);
    if let Some(so_far) = so_far {
        let rest = Learned::rest_of_day(&shop, measure, read.products.clone(), over_by, then).await?;
        made = made.under_way(so_far, rest);
    }

    let already = range.from.filter(|from| *from < today).map(|from| (from, learned.sum_since(from)));
    let name = read.called.clone();
    let text = said::in_words(
        &shop,
        &said::Said { measure, name, range: &range, so_far, already, made: &made, learned: &learned, as_of },
    );
    read.interpretation.as_of_position = as_of.map(|as_of| as_of.position.0);
    read.interpretation.reading = Some(measure.reading(!read.products.is_empty()).to_owned());
    read.take_range(range);
    let amount = |value| measure.amount(&shop, value);
    let first = today + DaysLater::new(ahead.first as u64 - 1);
    let days = first.iter_days().zip(&made.days).map(|(date, day)| Day {
        date,
        weekday: date.format("%A").to_string(),
        expected: Expected::of(day, amount),
    });
    Ok(Output {
        measure: measure.name(),
        total: Expected::of(&made.total, amount),
        already: already.map(|(from, value)| Already { value: amount(value), from, to: learned.last }),
        today_so_far: so_far.map(amount),
        days: days.collect(),
        weeks: weeks.into_iter().zip(&made.parts).map(|(week, sum)| (week.label, Expected::of(sum, amount))).collect(),
        weekdays: weekdays(&made, today),
        model: made.method.to_string(),
        too_short: made.weekdays.is_none() && made.accuracy.is_none(),
        accuracy: made.accuracy.map(AccuracyView::of),
        learned_from: LearnedFrom {
            from: today - DaysLater::new(made.learned as u64),
            to: today - DaysLater::new(1),
            days: made.learned,
        },
        frame: Frame::of(&learned.answer, None, read.interpretation, text),
    })
}

/// The days of the range that are not over, counted from the last day that is: today is the first.
fn ahead(range: &DateRange, today: NaiveDate) -> Result<Ahead, Rejection> {
    let (from, to) = (range.from.unwrap_or(today).max(today), range.to.unwrap_or(today));
    if to < today {
        let message = format!("{} is over: there is nothing to forecast.", range.phrase);
        return Err(Rejection::new(Code::UseOtherTool, message)
            .field("date_range")
            .hint("orders_report_sales reports past days."));
    }
    let step = |day: NaiveDate| usize::try_from((day - today).num_days()).unwrap_or(usize::MAX).saturating_add(1);
    let (first, last) = (step(from), step(to));
    if last > MAX_AHEAD {
        let until = today + DaysLater::new(LONGEST.into());
        let message = format!("A forecast reaches {LONGEST} days ahead, until {until}; {} ends on {to}.", range.phrase);
        return Err(Rejection::invalid("date_range", message));
    }
    Ok(Ahead { first, last })
}

/// The usual sales of each weekday.
fn weekdays(made: &Forecast, today: NaiveDate) -> Object {
    let shares = made.weekdays.into_iter().flatten();
    let percent = |share: f64| Value::from((share * 100.0).round() as i64);
    today.iter_days().zip(shares).map(|(day, share)| (day.format("%A").to_string(), percent(share))).collect()
}

impl Expected {
    fn of(estimate: &Estimate, amount: impl Fn(i64) -> Amount) -> Expected {
        let band = |band: Band| [amount(band.from), amount(band.to)];
        Expected { value: amount(estimate.value), band_80: band(estimate.band_80), band_95: band(estimate.band_95) }
    }
}

impl AccuracyView {
    /// The meaning of each measure, for readers who want to know; the sentence says what follows for the owner.
    fn in_words(&self) -> String {
        let Self { smape, seasonal_naive_smape, inside_80, inside_95, folds, .. } = self;
        let beside = match self.mase.zip(self.seasonal_naive_mase) {
            Some((mase, naive)) => format!("error (MASE) {mase} beside {naive} of the week before, "),
            None => String::new(),
        };
        format!(
            "{beside}sMAPE {smape} % beside {seasonal_naive_smape} %; {inside_80} % of days fell inside the 80 % band and \
             {inside_95} % inside the 95 % band, tried {folds} times"
        )
    }

    fn in_short(self) -> Members {
        let mase = [("mase", self.mase), ("seasonal_naive_mase", self.seasonal_naive_mase)];
        let mut members: Members = mase.into_iter().filter_map(|(name, mase)| Some((name, mase?.into()))).collect();
        members.extend([("smape", self.smape.into()), ("seasonal_naive_smape", self.seasonal_naive_smape.into())]);
        members.extend([("inside_80", self.inside_80.into()), ("inside_95", self.inside_95.into())]);
        members.push(("folds", self.folds.into()));
        members
    }

    fn of(accuracy: orderlog_forecast::Accuracy) -> AccuracyView {
        let rounded = |value: f64, to: f64| (value * to).round() / to;
        AccuracyView {
            mase: accuracy.mase.map(|mase| rounded(mase, 1e3)),
            seasonal_naive_mase: accuracy.naive_mase.map(|mase| rounded(mase, 1e3)),
            smape: rounded(accuracy.smape, 10.0),
            seasonal_naive_smape: rounded(accuracy.naive_smape, 10.0),
            inside_80: rounded(100.0 * accuracy.inside_80, 10.0),
            inside_95: rounded(100.0 * accuracy.inside_95, 10.0),
            folds: accuracy.folds,
        }
    }
}

#[cfg(test)]
mod tests {
    use orderlog_domain::calendar::BusinessCalendar;

    use super::*;

    fn of(phrase: &str) -> Result<(usize, usize), Rejection> {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        let calendar = BusinessCalendar::default();
        let range = phrase::read(phrase, now, &calendar, Direction::Future)?;
        ahead(&range, calendar.business_date(now)).map(|ahead| (ahead.first, ahead.last))
    }

    #[test]
    fn days_ahead_are_counted_from_the_last_complete_one() {
        for (phrase, steps) in [
            ("today", (1, 1)),
            ("tomorrow", (2, 2)),
            ("next 7 days", (2, 8)),
            ("7 days", (2, 8)),
            ("next week", (2, 8)),
            ("this month", (1, 9)),
            ("Monday", (2, 2)),
            ("December", (10, 40)),
            ("next 90 days", (2, 91)),
        ] {
            assert_eq!(of(phrase).unwrap(), steps, "{phrase}");
        }
        assert_eq!(of("last week").unwrap_err().code, Code::UseOtherTool);
        assert_eq!(of("yesterday").unwrap_err().code, Code::UseOtherTool);
        let message = of("next 91 days").unwrap_err().message;
        assert!(message.contains("until 2027-02-20"), "{message}");
    }
}
