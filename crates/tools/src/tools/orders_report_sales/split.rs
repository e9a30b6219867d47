//! By what a report is split: things and periods, of which two go together, or what comes again, or cities.

use chrono::Weekday;
use orderlog_domain::{calendar::BusinessCalendar, rejection::Rejection};
use orderlog_projections::daily_sales::{GroupBy, Rhythm};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GroupInput {
    Day,
    Week,
    Month,
    Weekday,
    Hour,
    Product,
    Customer,
    City,
    TaxRate,
}

/// How the figures are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// By nothing, by one of these, or by one and then by another.
    Things(Option<GroupBy>, Option<GroupBy>),
    Rhythm(Rhythm),
    City,
}

impl Split {
    pub(super) fn read(given: &[GroupInput], calendar: &BusinessCalendar) -> Result<Split, Rejection> {
        let alone = given.first().map(|first| match first {
            GroupInput::Weekday => Some(Split::Rhythm(Rhythm::Weekday(calendar.week_start))),
            GroupInput::Hour => Some(Split::Rhythm(Rhythm::Hour(calendar.timezone))),
            GroupInput::City => Some(Split::City),
            _ => None,
        });
        let others = given.iter().skip(1).filter(|one| given.first() != Some(one));
        let things: Option<Vec<GroupBy>> = given.iter().map(|one| thing(*one, calendar.week_start)).collect();
        match (alone.flatten(), things) {
            (Some(split), _) if others.count() == 0 => Ok(split),
            (_, Some(things)) => {
                let first = things.first().copied();
                Ok(Split::Things(first, things.get(1).copied().filter(|second| Some(*second) != first)))
            }
            (_, None) => {
                Err(Rejection::invalid("group_by", "Hours, weekdays and cities cannot be combined with another group.")
                    .hint("Group by one of them alone; `product` and `customer` still choose whose sales are counted."))
            }
        }
    }
}

fn thing(given: GroupInput, week_start: Weekday) -> Option<GroupBy> {
    Some(match given {
        GroupInput::Day => GroupBy::Day,
        GroupInput::Week => GroupBy::Week(week_start),
        GroupInput::Month => GroupBy::Month,
        GroupInput::Product => GroupBy::Product,
        GroupInput::Customer => GroupBy::Customer,
        GroupInput::TaxRate => GroupBy::TaxRate,
        GroupInput::Weekday | GroupInput::Hour | GroupInput::City => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_stands_alone() {
        use GroupInput::{City, Customer, Hour, Product, Weekday};
        let calendar = BusinessCalendar::default();
        let read = |given: &[GroupInput]| Split::read(given, &calendar);
        assert_eq!(read(&[]), Ok(Split::Things(None, None)));
        assert_eq!(read(&[Customer, Product]), Ok(Split::Things(Some(GroupBy::Customer), Some(GroupBy::Product))));
        assert_eq!(read(&[Customer, Customer]), Ok(Split::Things(Some(GroupBy::Customer), None)));
        assert_eq!(read(&[City]), Ok(Split::City));
        assert_eq!(read(&[Hour, Hour]), Ok(Split::Rhythm(Rhythm::Hour(calendar.timezone))));
        for two in [[Weekday, Hour], [City, Product], [Product, City], [Customer, Weekday]] {
            assert_eq!(read(&two).unwrap_err().field.as_deref(), Some("group_by"), "{two:?}");
        }
    }
}
