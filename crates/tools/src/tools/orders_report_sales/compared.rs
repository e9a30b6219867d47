//! The days that a report's days are compared with (rule D6).

use chrono::{DateTime, Datelike as _, Days as DaysLater, Months, NaiveDate, Utc};
use orderlog_domain::{
    calendar::BusinessCalendar,
    phrase::{self, Direction},
    rejection::Rejection,
};

/// When nothing else was said.
pub(super) const PREVIOUS: &str = "previous period";

/// Other words for the days right before.
const BEFORE: [&str; 7] =
    ["previous period", "previous", "period before", "prior period", "last period", "preceding period", "before"];
/// Other words for the same days a year earlier.
const YEAR: [&str; 6] = ["last year", "previous year", "prior year", "yoy", "year over year", "year on year"];

/// The first and the last of the days that `from` to `to` are compared with. Where the last is not over, no more days are
/// taken than have begun.
pub(super) fn days(
    text: &str,
    (from, to): (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
) -> Result<(NaiveDate, NaiveDate), Rejection> {
    let until = calendar.business_date(now).clamp(from, to);
    let earlier = |first: &dyn Fn(NaiveDate) -> NaiveDate| {
        // The end of a month stays the end of a month.
        let day_after = |day: NaiveDate| day + DaysLater::new(1);
        let last = if until == to { first(day_after(to)) - DaysLater::new(1) } else { first(until) };
        (first(from), last)
    };
    let by_months = |months: u32| earlier(&|day: NaiveDate| day - Months::new(months));
    let by_days = |days: u64| earlier(&|day: NaiveDate| day - DaysLater::new(days));
    let words = text.to_lowercase().replace(['_', '-'], " ");
    let words =
        words.trim().trim_start_matches("the ").trim_start_matches("same period ").trim_start_matches("same days ");
    let words = words.trim_start_matches("same day ").trim_start_matches("a ").trim();
    let unit = ["day", "week", "month", "quarter", "year"].into_iter().find(|unit| {
        ["before", "earlier", "ago"].iter().any(|after| words == format!("{unit} {after}"))
            || words == format!("previous {unit}")
            || (words == format!("last {unit}") && text.to_lowercase().starts_with("same"))
    });
    // "The Sunday before", of a Sunday.
    let weekday = from.format("%A").to_string().to_lowercase();
    let same_weekday =
        from == to && [format!("{weekday} before"), format!("previous {weekday}")].iter().any(|one| words == one);
    Ok(match unit {
        _ if same_weekday => by_days(7),
        _ if BEFORE.contains(&words) => match whole_months(from, to) {
            Some(months) => by_months(months),
            None => by_days(u64::try_from((to - from).num_days() + 1).unwrap_or(0)),
        },
        _ if YEAR.contains(&words) => by_months(12),
        Some("day") => by_days(1),
        Some("week") => by_days(7),
        Some("month") => by_months(1),
        Some("quarter") => by_months(3),
        Some(_) => by_months(12),
        None => {
            let range = phrase::read(text, now, calendar, Direction::Past).map_err(|rejection| {
                rejection
                    .field("compare_to")
                    .hint("Write \"previous period\", \"last year\" or days such as \"last week\".")
            })?;
            (range.from.unwrap_or(from), range.to.unwrap_or(to))
        }
    })
}

/// How many calendar months these days are, if they are whole ones.
pub(super) fn whole_months(from: NaiveDate, to: NaiveDate) -> Option<u32> {
    let next = to + DaysLater::new(1);
    let months = (next.year() - from.year()) * 12 + next.month0() as i32 - from.month0() as i32;
    (from.day() == 1 && next.day() == 1).then(|| u32::try_from(months).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_compared_with_as_many_and_months_with_months() {
        let calendar = BusinessCalendar::default();
        // Sunday.
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (text, from, to, first, last) in [
            ("previous period", "2026-11-09", "2026-11-15", "2026-11-02", "2026-11-08"),
            ("the week before", "2026-11-09", "2026-11-15", "2026-11-02", "2026-11-08"),
            ("previous period", "2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30"),
            ("previous period", "2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
            ("previous_period", "2026-07-01", "2026-09-30", "2026-04-01", "2026-06-30"),
            // The month is not over: as many of its days as have begun.
            ("previous period", "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-22"),
            ("previous period", "2026-11-22", "2026-11-28", "2026-11-15", "2026-11-15"),
            ("previous period", "2026-11-21", "2026-11-21", "2026-11-20", "2026-11-20"),
            ("last year", "2026-11-21", "2026-11-21", "2025-11-21", "2025-11-21"),
            ("Same day last year", "2026-11-21", "2026-11-21", "2025-11-21", "2025-11-21"),
            ("same day last week", "2026-11-21", "2026-11-21", "2026-11-14", "2026-11-14"),
            ("a week ago", "2026-11-21", "2026-11-21", "2026-11-14", "2026-11-14"),
            ("the Saturday before", "2026-11-21", "2026-11-21", "2026-11-14", "2026-11-14"),
            ("last year", "2026-02-01", "2026-02-28", "2025-02-01", "2025-02-28"),
            ("last year", "2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
            ("last week", "2026-11-16", "2026-11-22", "2026-11-09", "2026-11-15"),
            ("October", "2026-11-01", "2026-11-30", "2026-10-01", "2026-10-31"),
        ] {
            let compared = days(text, (day(from), day(to)), now, &calendar).unwrap();
            assert_eq!(compared, (day(first), day(last)), "{text} for {from}..{to}");
        }
        let refused = days("the good times", (day("2026-11-09"), day("2026-11-15")), now, &calendar).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("compare_to"));
    }
}
