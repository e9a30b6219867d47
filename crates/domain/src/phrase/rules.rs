//! The grammar of dates: one table of everything that is understood, and how a phrase finds its row.

use std::sync::LazyLock;

use chrono::{DateTime, Month, Utc, Weekday};

use super::{
    meanings::range_warning,
    moment::{Direction, Miss, Moment, Read, Reading},
    offers::{few_ago, last_few, next_few},
    parts::{Third, edge},
    spans::{Unit, month, weekday},
    wording::Wording,
    words::{Word, Words},
};

/// One row: what is said, how sentences say it, and what it means.
///
/// In what is said, `a|b` is either word, `{n}` a count, `{unit}` day to fiscal year, `{dd}` one or two digits, `{yy}`
/// two, `{year}` four, `{weekday}` and `{month}` a name, `{instant}` a moment in RFC 3339, `{rest}` all that follows.
/// Sentences that say nothing (`""`) tell the days alone.
struct Rule(&'static str, &'static str, fn(&Moment<'_>, &Found<'_>) -> Read);

/// Rows are tried from the top; the first that fits decides.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    // Days by name.
    Rule("today",                            "today",                     |m, _| m.calendar_unit(Unit::Day, 0)),
    Rule("today todate",                     "today",                     |m, _| m.calendar_unit(Unit::Day, 0)),
    Rule("todate today",                     "today",                     |m, _| m.calendar_unit(Unit::Day, 0)),
    Rule("yesterday",                        "yesterday",                 |m, _| m.calendar_unit(Unit::Day, -1)),
    Rule("day before yesterday",             "the day before yesterday",  |m, _| m.calendar_unit(Unit::Day, -2)),
    Rule("tomorrow",                         "tomorrow",                  |m, _| m.calendar_unit(Unit::Day, 1)),
    Rule("day after tomorrow",               "the day after tomorrow",    |m, _| m.calendar_unit(Unit::Day, 2)),
    // This, last, next: the calendar unit. Past: rolling.
    Rule("this {unit}",                      "this {unit}",               |m, f| m.calendar_unit(f.unit, 0)),
    Rule("last {unit}",                      "last {unit}",               |m, f| m.calendar_unit(f.unit, -1)),
    Rule("previous {unit}",                  "the previous {unit}",       |m, f| m.calendar_unit(f.unit, -1)),
    Rule("next {unit}",                      "next {unit}",               |m, f| m.calendar_unit(f.unit, 1)),
    Rule("past {unit}",                      "the past {unit}",           |m, f| m.rolling(f.unit, 1)),
    Rule("{unit} before last",               "the {unit} before last",    |m, f| m.calendar_unit(f.unit, -2)),
    Rule("{unit} after next",                "the {unit} after next",     |m, f| m.calendar_unit(f.unit, 2)),
    // With a count: "last" rolls and includes today, "previous" is the complete units before the present one.
    Rule("last|past {n} {unit}",             "the last {n} {unit}",       |m, f| m.rolling(f.unit, f.n(0))),
    Rule("previous {n} {unit}",              "the previous {n} {unit}",   |m, f| m.previous(f.unit, f.n(0))),
    Rule("next {n} {unit}",                  "the next {n} {unit}",       |m, f| m.ahead(f.unit, f.n(0))),
    Rule("{n} {unit} ago",                   "{n} {unit} ago",            |m, f| m.calendar_unit(f.unit, -f.n(0))),
    Rule("in {n} {unit}",                    "",                          |m, f| m.calendar_unit(f.unit, f.n(0))),
    Rule("{n} {unit}",                       "",                          |m, f| m.nearest_units(f.unit, f.n(0))),
    Rule("last|past {n} hour|hours",         "",                          |m, f| m.last_hours(f.n(0))),
    Rule("last|past hour",                   "",                          |m, _| m.last_hours(1)),
    // To date.
    Rule("{unit} todate",                    "the {unit} to date",        |m, f| m.so_far(f.unit)),
    Rule("this {unit} todate",               "this {unit} to date",       |m, f| m.so_far(f.unit)),
    Rule("todate this {unit}",               "this {unit} to date",       |m, f| m.so_far(f.unit)),
    Rule("wtd",                              "the week to date",          |m, _| m.so_far(Unit::Week)),
    Rule("mtd",                              "the month to date",         |m, _| m.so_far(Unit::Month)),
    Rule("qtd",                              "the quarter to date",       |m, _| m.so_far(Unit::Quarter)),
    Rule("ytd",                              "the year to date",          |m, _| m.so_far(Unit::Year)),
    Rule("fytd",                             "the fiscal year to date",   |m, _| m.so_far(Unit::FiscalYear)),
    // Weekends and weekdays.
    Rule("this weekend",                     "this weekend",              |m, _| m.weekend(0)),
    Rule("weekend",                          "the weekend",               |m, _| m.weekend(0)),
    Rule("last|previous|past weekend",       "last weekend",              |m, _| m.weekend(-1)),
    Rule("next weekend",                     "next weekend",              |m, _| m.weekend(1)),
    Rule("{weekday}",                        "{weekday}",                 |m, f| m.weekday(f.weekday)),
    Rule("this {weekday}",                   "this {weekday}",            |m, f| m.weekday_of_week(f.weekday, 0)),
    Rule("last|previous|past {weekday}",     "last {weekday}",            |m, f| m.weekday_before(f.weekday)),
    Rule("next {weekday}",                   "next {weekday}",            |m, f| m.weekday_after(f.weekday)),
    Rule("{weekday} this week",              "{weekday} this week",       |m, f| m.weekday_of_week(f.weekday, 0)),
    Rule("{weekday} last|previous week",     "{weekday} last week",       |m, f| m.weekday_of_week(f.weekday, -1)),
    Rule("{weekday} next week",              "{weekday} next week",       |m, f| m.weekday_of_week(f.weekday, 1)),
    // Months, quarters, years.
    Rule("{month}",                          "{month}",                   |m, f| m.month(f.month)),
    Rule("{month} {year}",                   "{month} {year}",            |m, f| m.month_of(f.month, f.year(0))),
    Rule("{year} {month}",                   "{month} {year}",            |m, f| m.month_of(f.month, f.year(0))),
    Rule("{month} -|/ {year}",               "{month} {year}",            |m, f| m.month_of(f.month, f.year(0))),
    Rule("last|previous|past {month}",       "last {month}",              |m, f| m.month_before(f.month)),
    Rule("this {month}",                     "this {month}",              |m, f| m.month_away(f.month, 0)),
    Rule("next {month}",                     "next {month}",              |m, f| m.month_after(f.month)),
    Rule("{month} this year",                "{month} this year",         |m, f| m.month_away(f.month, 0)),
    Rule("{month} last|previous year",       "{month} last year",         |m, f| m.month_away(f.month, -1)),
    Rule("{month} next year",                "{month} next year",         |m, f| m.month_away(f.month, 1)),
    Rule("{dd} / {year}",                    "{dd}/{year}",               |m, f| m.iso_month(f.year(1), f.number(0))),
    Rule("{year} - {dd}",                    "{year}-{dd}",               |m, f| m.iso_month(f.year(0), f.number(1))),
    Rule("q {dd}",                           "Q{dd}",                     |m, f| m.quarter(f.number(0))),
    Rule("q {dd} {year}",                    "Q{dd} {year}",              |m, f| m.quarter_of(f.number(0), f.year(1))),
    Rule("q {dd} -|/ {year}",                "Q{dd} {year}",              |m, f| m.quarter_of(f.number(0), f.year(1))),
    Rule("q {dd} this year",                 "Q{dd} this year",           |m, f| m.quarter_away(f.number(0), 0)),
    Rule("q {dd} last|previous year",        "Q{dd} last year",           |m, f| m.quarter_away(f.number(0), -1)),
    Rule("q {dd} next year",                 "Q{dd} next year",           |m, f| m.quarter_away(f.number(0), 1)),
    Rule("{year} q {dd}",                    "Q{dd} {year}",              |m, f| m.quarter_of(f.number(1), f.year(0))),
    Rule("{year} - q {dd}",                  "Q{dd} {year}",              |m, f| m.quarter_of(f.number(1), f.year(0))),
    Rule("{year}",                           "{year}",                    |m, f| m.year(f.year(0))),
    Rule("fy|fiscalyear {year} -|/ {yy}",    "FY{year}-{yy}",             |m, f| m.fiscal_year(f.year(0), f.number(1))),
    Rule("fy|fiscalyear {year} -|/ {year}",  "FY{year}-{year}",           |m, f| m.fiscal_year(f.year(0), f.number(1))),
    Rule("fy|fiscalyear {yy} -|/ {yy}",      "FY{yy}-{yy}",               |m, f| m.fiscal_year(f.short_year(0), f.number(1))),
    Rule("fy|fiscalyear {year}",             "FY{year}",                  |m, f| m.fiscal_year_by_one(f.year(0))),
    Rule("fy|fiscalyear {yy}",               "FY{yy}",                    |m, f| m.fiscal_year_by_one(f.short_year(0))),
    // Weeks of ISO 8601.
    Rule("{year} - w {dd}",                  "{year}-W{dd}",              |m, f| m.iso_week_of(f.number(1), f.year(0))),
    Rule("{year} w|week {dd}",               "week {dd} {year}",          |m, f| m.iso_week_of(f.number(1), f.year(0))),
    Rule("w|week {dd} {year}",               "week {dd} {year}",          |m, f| m.iso_week_of(f.number(0), f.year(1))),
    Rule("w|week {dd} -|/ {year}",           "week {dd} {year}",          |m, f| m.iso_week_of(f.number(0), f.year(1))),
    Rule("w|week {dd}",                      "week {dd}",                 |m, f| m.iso_week(f.number(0))),
    // Dates.
    Rule("{year} - {dd} - {dd}",             "{year}-{dd}-{dd}",          |m, f| m.date(f.year(0), f.number(1), f.number(2))),
    Rule("{year} /|. {dd} /|. {dd}",         "{year}-{dd}-{dd}",          |m, f| m.date(f.year(0), f.number(1), f.number(2))),
    Rule("{dd} {month}",                     "{dd} {month}",              |m, f| m.day_of(f.month, f.number(0))),
    Rule("{month} {dd}",                     "{month} {dd}",              |m, f| m.day_of(f.month, f.number(0))),
    Rule("{dd} {month} {year}",              "{dd} {month} {year}",       |m, f| m.date(f.year(1), f.month_number(), f.number(0))),
    Rule("{month} {dd} {year}",              "{month} {dd} {year}",       |m, f| m.date(f.year(1), f.month_number(), f.number(0))),
    Rule("{dd} - {month} - {year}",          "{dd} {month} {year}",       |m, f| m.date(f.year(1), f.month_number(), f.number(0))),
    Rule("{dd} - {month} - {yy}",            "{dd} {month} {yy}",         |m, f| m.date(f.short_year(1), f.month_number(), f.number(0))),
    Rule("{dd} {month} {yy}",                "{dd} {month} {yy}",         |m, f| m.date(f.short_year(1), f.month_number(), f.number(0))),
    Rule("{dd} - {month}",                   "{dd} {month}",              |m, f| m.day_of(f.month, f.number(0))),
    Rule("{month} - {dd}",                   "{month} {dd}",              |m, f| m.day_of(f.month, f.number(0))),
    Rule("{dd} {month} this year",           "{dd} {month} this year",    |m, f| m.date_away(f.month, f.number(0), 0)),
    Rule("{dd} {month} last|previous year",  "{dd} {month} last year",    |m, f| m.date_away(f.month, f.number(0), -1)),
    Rule("{weekday} {dd} {month}",           "{weekday} {dd} {month}",    |m, f| m.on(f.weekday, m.day_of(f.month, f.number(0)))),
    Rule("{weekday} {month} {dd}",           "{weekday} {month} {dd}",    |m, f| m.on(f.weekday, m.day_of(f.month, f.number(0)))),
    Rule("{weekday} {dd} {month} {year}",    "{weekday} {dd} {month} {year}", |m, f| m.on(f.weekday, m.date(f.year(1), f.month_number(), f.number(0)))),
    Rule("{weekday} {month} {dd} {year}",    "{weekday} {month} {dd} {year}", |m, f| m.on(f.weekday, m.date(f.year(1), f.month_number(), f.number(0)))),
    Rule("{dd} /|.|- {dd} /|.|- {year}",     "{dd}/{dd}/{year}",          |m, f| m.slashed(f.number(0), f.number(1), Some(f.year(2)))),
    Rule("{dd} /|.|- {dd} /|.|- {yy}",       "{dd}/{dd}/{yy}",            |m, f| m.slashed(f.number(0), f.number(1), Some(f.short_year(2)))),
    Rule("{dd} / {dd}",                      "{dd}/{dd}",                 |m, f| m.slashed(f.number(0), f.number(1), None)),
    // Days of one month: "Nov 1-15".
    Rule("{month} {dd} -|to|..|and {dd}",    "{month} {dd}–{dd}",         |m, f| m.days_of(f.month, f.number(0), f.number(1))),
    Rule("{dd} -|to|..|and {dd} {month}",    "{dd}–{dd} {month}",         |m, f| m.days_of(f.month, f.number(0), f.number(1))),
    Rule("{month} {dd} -|to|..|and {dd} {year}", "{month} {dd}–{dd} {year}",  |m, f| m.days_in(f.year(2), f.month, f.number(0), f.number(1))),
    Rule("{dd} -|to|..|and {dd} {month} {year}", "{dd}–{dd} {month} {year}",  |m, f| m.days_in(f.year(2), f.month, f.number(0), f.number(1))),
    // Moments, as answers print them where days are too coarse.
    Rule("{instant} to|..|until|-|and|/ {instant}", "",                          |m, f| m.between(f.instant(0), f.instant(1))),
    Rule("{instant} ..",                     "",                          |m, f| m.between(f.instant(0), Some(m.now))),
    Rule("{instant}",                        "",                          |m, f| m.day_around(f.instant(0))),
    Rule("since {instant}",                  "",                          |m, f| m.between(f.instant(0), Some(m.now))),
    // Half open.
    // Parts of units, and days counted from others.
    Rule("older|longer|more than {n} {unit}", "",                         |m, f| m.older(f.unit, f.n(0))),
    Rule("same|this day last|previous {unit}", "the same day last {unit}", |m, f| m.same_day(f.unit, 1)),
    Rule("{n} {unit} ago today",             "",                          |m, f| m.same_day(f.unit, f.n(0))),
    Rule("today {n} {unit} ago",             "",                          |m, f| m.same_day(f.unit, f.n(0))),
    Rule("this|today morning|afternoon|evening", "today",                 |m, _| m.part_of(m.calendar_unit(Unit::Day, 0))),
    Rule("tonight",                          "today",                     |m, _| m.part_of(m.calendar_unit(Unit::Day, 0))),
    Rule("yesterday morning|afternoon|evening|night", "yesterday",        |m, _| m.part_of(m.calendar_unit(Unit::Day, -1))),
    Rule("last night",                       "yesterday",                 |m, _| m.part_of(m.calendar_unit(Unit::Day, -1))),
    Rule("{weekday} morning|afternoon|evening|night", "{weekday}",        |m, f| m.part_of(m.weekday(f.weekday))),
    Rule("last|previous working|business day", "",                        |m, _| m.last_working_day()),
    Rule("last|past fortnight",              "the last 2 weeks",          |m, _| m.rolling(Unit::Week, 2)),
    Rule("previous fortnight",               "the previous 2 weeks",      |m, _| m.previous(Unit::Week, 2)),
    Rule("{dd} st|nd|rd|th",                 "",                          |m, f| m.days_of_a_month(f.number(0), f.number(0))),
    Rule("{dd} st|nd|rd|th to|-|..|and|until {dd} st|nd|rd|th", "",       |m, f| m.days_of_a_month(f.number(0), f.number(1))),
    Rule("h {dd} {year}",                    "H{dd} {year}",              |m, f| m.half_year(f.number(0), f.year(1))),
    Rule("h {dd}",                           "H{dd}",                     |m, f| m.latest_half(f.number(0))),
    Rule("fiscal|financial q {dd}",          "fiscal Q{dd}",              |m, f| m.fiscal_quarter(f.number(0))),
    Rule("fiscal|financial q {dd} {rest}",   "",                          |m, f| m.quarter_within(f.number(0), &read_simple(m, f.rest)?)),
    Rule("q {dd} fy|fiscalyear {year}",      "",                          |m, f| m.fiscal_quarter_by_one(f.number(0), f.year(1))),
    Rule("q {dd} fy|fiscalyear {yy}",        "",                          |m, f| m.fiscal_quarter_by_one(f.number(0), f.short_year(1))),
    Rule("fy|fiscalyear {year} q {dd}",      "",                          |m, f| m.fiscal_quarter_by_one(f.number(1), f.year(0))),
    Rule("fy|fiscalyear {yy} q {dd}",        "",                          |m, f| m.fiscal_quarter_by_one(f.number(1), f.short_year(0))),
    Rule("q {dd} {rest}",                    "",                          |m, f| m.quarter_within(f.number(0), &read_simple(m, f.rest)?)),
    Rule("early {rest}",                     "",                          |m, f| m.third_within(&read_simple(m, f.rest)?, Third::Early)),
    Rule("mid|middle {rest}",                "",                          |m, f| m.third_within(&read_simple(m, without_dash(f.rest))?, Third::Mid)),
    Rule("late {rest}",                      "",                          |m, f| m.third_within(&read_simple(m, f.rest)?, Third::Late)),
    Rule("week {rest}",                      "",                          |m, f| m.week_of(&read_simple(m, f.rest)?)),
    Rule("first week {rest}",                "",                          |m, f| m.week_within(&read_simple(m, f.rest)?, true)),
    Rule("last week {rest}",                 "",                          |m, f| m.week_within(&read_simple(m, f.rest)?, false)),
    Rule("first half {rest}",                "",                          |m, f| m.half_within(&read_simple(m, f.rest)?, true)),
    Rule("second half {rest}",               "",                          |m, f| m.half_within(&read_simple(m, f.rest)?, false)),
    Rule("start|beginning {rest}",           "",                          |m, f| edge(&read_simple(m, f.rest)?, true)),
    Rule("end {rest}",                       "",                          |m, f| edge(&read_simple(m, f.rest)?, false)),
    Rule("since {rest}",                     "",                          |m, f| m.since(&read_simple(m, f.rest)?)),
    Rule("after {rest}",                     "",                          |m, f| m.after(&read_simple(m, f.rest)?)),
    Rule("before {rest}",                    "",                          |m, f| m.before(&read_simple(m, f.rest)?)),
    Rule("until|.. {rest}",                  "",                          |m, f| m.until(&read_simple(m, f.rest)?)),
    Rule("all|everything|ever|always|any",   "",                          |_, _| Ok(Reading::UNBOUNDED)),
    Rule("all|any time|orders|days",         "",                          |_, _| Ok(Reading::UNBOUNDED)),
    // Too vague to guess.
    Rule("recently|recent|lately",           "",                          |_, _| Err(Miss::Vague(&["last 7 days", "last 30 days", "this month"]))),
    Rule("soon|upcoming",                    "",                          |_, _| Err(Miss::Vague(&["next 7 days", "next week", "next 30 days"]))),
    Rule("other day",                        "",                          |_, _| Err(Miss::Vague(&["yesterday", "day before yesterday", "last 7 days"]))),
    Rule("a|some while|time ago|back",       "",                          |_, _| Err(Miss::Vague(&["last 30 days", "last 3 months", "last 12 months"]))),
    Rule("few {unit}",                       "",                          |_, f| Err(Miss::Vague(last_few(f.unit)))),
    Rule("last|past few {unit}",             "",                          |_, f| Err(Miss::Vague(last_few(f.unit)))),
    Rule("next few {unit}",                  "",                          |_, f| Err(Miss::Vague(next_few(f.unit)))),
    Rule("few {unit} ago|back",              "",                          |_, f| Err(Miss::Vague(few_ago(f.unit)))),
];

/// What follows "mid", which may be written with a dash.
fn without_dash(words: &[Word]) -> &[Word] {
    match words {
        [dash, rest @ ..] if dash.text() == "-" => rest,
        _ => words,
    }
}

/// Words between the two ends of a range.
const SEPARATORS: &[&str] = &["to", "..", "until", "-", "and"];

/// What stands behind a beginning that has no end.
const OPEN_ENDS: &[&str] = &["..", "onwards", "onward", "on"];

/// Reads a whole phrase: one row, or two rows with a separator between them.
pub(super) fn read(moment: &Moment<'_>, phrase: &Words) -> Read {
    let words = phrase.as_slice();
    if words.is_empty() {
        return Ok(Reading::UNBOUNDED);
    }
    match (read_simple(moment, words), phrase.since()) {
        (Err(Miss::NoRule), _) => {}
        // "from 15 November" begins there; "from last week" is that week. Sentences say "from" themselves.
        (Ok(day), Some(since)) if is_date(words, &day) => {
            return Ok(Reading { wording: None, ..read_simple(moment, &since)? });
        }
        (read, _) => return read,
    }
    if let [start @ .., last] = words
        && OPEN_ENDS.contains(&last.text())
    {
        let reading = moment.since(&read_simple(moment, start)?)?;
        let wording = reading.wording.filter(|_| last.text() != "..");
        return Ok(Reading { wording, ..reading });
    }
    read_range(moment, words)
}

/// Whether the words name one day by its number.
fn is_date(words: &[Word], reading: &Reading) -> bool {
    let has_month = words.iter().any(|word| month(word.text()).is_some());
    let has_words = words.iter().any(|word| word.text().starts_with(char::is_alphabetic));
    reading.from == reading.to && (has_month || !has_words)
}

/// The elements of each pattern of [`RULES`], in their order.
static PATTERNS: LazyLock<Vec<Vec<&'static str>>> =
    LazyLock::new(|| RULES.iter().map(|Rule(pattern, ..)| pattern.split_whitespace().collect()).collect());

/// Every word that some pattern has.
pub(super) fn literals() -> impl Iterator<Item = &'static str> {
    let said = PATTERNS.iter().flatten().filter(|element| !element.starts_with('{'));
    said.flat_map(|element| element.split('|')).filter(|word| word.chars().all(char::is_alphabetic))
}

fn read_simple(moment: &Moment<'_>, words: &[Word]) -> Read {
    for (Rule(_, template, meaning), pattern) in RULES.iter().zip(&*PATTERNS) {
        if let Some(found) = find(pattern, words) {
            let reading = meaning(moment, &found)?;
            let wording = reading.wording.or_else(|| Wording::of(template, &found.said, found.unit, found.n(0)));
            return Ok(Reading { wording, ..reading });
        }
    }
    Err(Miss::NoRule)
}

fn read_range(moment: &Moment<'_>, words: &[Word]) -> Read {
    // What parts two ends and nothing else is tried first.
    let between = words.iter().position(|word| word.text() == "..");
    for at in between.into_iter().chain(0..words.len()) {
        let (left, right) = (&words[..at], &words[at + 1..]);
        // ISO 8601 puts a slash between the ends of an interval; elsewhere it parts the numbers of a date.
        let of_iso = words[at].text() == "/" && is_iso(left) && is_iso(right);
        if !of_iso && !SEPARATORS.contains(&words[at].text()) {
            continue;
        }
        match (read_simple(moment, left), read_simple(moment, right)) {
            (Err(Miss::NoRule), _) | (_, Err(Miss::NoRule)) => {}
            (Err(miss), _) | (_, Err(miss)) => return Err(miss),
            (Ok(from), Ok(to)) => return join(moment, (left, from), (right, to)),
        }
    }
    Err(Miss::NoRule)
}

/// Whether a day, week or month is written as ISO 8601 has it: `2026-11-01`, `2026-W46`.
fn is_iso(words: &[Word]) -> bool {
    matches!(words, [year, dash, ..] if year.digits(4..=4).is_some() && dash.text() == "-")
}

/// Joins two readings. An end that left its year open is read again from the other end: the first one after the
/// beginning, or the last one before the end. Where both did, a range that would run ahead is the latest that is over.
fn join(moment: &Moment<'_>, left: (&[Word], Reading), right: (&[Word], Reading)) -> Read {
    let ((left_words, mut from), (right_words, mut to)) = (left, right);
    if let (Some(start), Some(end)) = (from.from, to.to) {
        let last_before_end =
            |words| read_simple(&Moment { anchor: end, direction: Direction::Past, ..*moment }, words);
        match (from.open, to.open) {
            (None, None) => {}
            (Some(_), None) => from = last_before_end(left_words)?,
            (open, Some(_)) => {
                let next = Moment { anchor: start, direction: Direction::Future, ..*moment };
                let next = read_simple(&next, right_words)?;
                let ahead = moment.runs_ahead(&from, &next);
                match open {
                    Some(_) if ahead => from = last_before_end(left_words)?,
                    _ => to = next,
                }
                if ahead {
                    from.warnings.extend(range_warning(&from, &to));
                }
            }
        }
    }
    if from.instants.is_some() || to.instants.is_some() {
        return Err(Miss::NoRule);
    }
    from.warnings.append(&mut to.warnings);
    let wording = from.wording.zip(to.wording).and_then(|(from, to)| from.to(&to));
    Ok(Reading { from: from.from, to: to.to, instants: None, open: None, warnings: from.warnings, wording })
}

/// What the placeholders of a row stood for, in order of appearance.
struct Found<'a> {
    /// Each placeholder with the word that stood for it.
    said: Vec<(&'static str, &'a str)>,
    numbers: Vec<u32>,
    instants: Vec<DateTime<Utc>>,
    unit: Unit,
    weekday: Weekday,
    month: Month,
    rest: &'a [Word],
}

impl Found<'_> {
    fn number(&self, index: usize) -> u32 {
        self.numbers.get(index).copied().unwrap_or_default()
    }

    fn n(&self, index: usize) -> i64 {
        i64::from(self.number(index))
    }

    fn year(&self, index: usize) -> i32 {
        i32::try_from(self.number(index)).unwrap_or_default()
    }

    /// A year of this century written in two digits.
    fn short_year(&self, index: usize) -> i32 {
        2000 + self.year(index)
    }

    fn instant(&self, index: usize) -> Option<DateTime<Utc>> {
        self.instants.get(index).copied()
    }

    fn month_number(&self) -> u32 {
        self.month.number_from_month()
    }
}

/// The element that takes all words that are left, at least one.
const REST: &str = "{rest}";

/// What the words mean to a pattern, if they fit it.
fn find<'a>(pattern: &[&'static str], words: &'a [Word]) -> Option<Found<'a>> {
    // Most patterns are longer or shorter, which shows at once.
    if pattern.len() != words.len() && pattern.last() != Some(&REST) {
        return None;
    }
    let mut found = Found {
        said: vec![],
        numbers: vec![],
        instants: vec![],
        unit: Unit::Day,
        weekday: Weekday::Mon,
        month: Month::January,
        rest: &words[..0],
    };
    let mut rest = words;
    for &element in pattern {
        let (word, after) = rest.split_first()?;
        match element {
            REST => {
                found.rest = rest;
                return Some(found);
            }
            "{n}" => found.numbers.push(word.count().filter(|n| *n > 0)?),
            "{dd}" => found.numbers.push(word.digits(1..=2)?),
            "{yy}" => found.numbers.push(word.digits(2..=2)?),
            "{year}" => found.numbers.push(word.digits(4..=4)?),
            "{instant}" => found.instants.push(word.instant()?),
            "{unit}" => found.unit = Unit::named(word.text())?,
            "{weekday}" => found.weekday = weekday(word.text())?,
            "{month}" => found.month = month(word.text())?,
            literal => {
                literal.split('|').find(|literal| *literal == word.text())?;
            }
        }
        if element.starts_with('{') {
            found.said.push((element, word.text()));
        }
        rest = after;
    }
    rest.is_empty().then_some(found)
}
