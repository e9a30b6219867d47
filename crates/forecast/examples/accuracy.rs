//! How well forecasts did on days they had not seen: `accuracy FILE.csv [WEEKS [DAYS_LEARNED]]`, where the file has the
//! columns series, day (ISO) and value. docs/FORECAST.md says where the files come from.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    io::Write as _,
    time::Instant,
};

use chrono::NaiveDate;
use orderlog_forecast::{Ahead, Band, Forecast, forecast};

/// Days judged after each origin, and the part of them that is judged by itself.
const DAYS: usize = 28;
const WEEK: usize = 7;

/// What came of one origin of one series, in mean errors of the seasonal naive.
#[derive(Default)]
struct Judged {
    error: f64,
    naive: f64,
    inside_80: f64,
    inside_95: f64,
    days: f64,
    total_80: f64,
    totals: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("accuracy FILE.csv [WEEKS [DAYS_LEARNED]]")?;
    let weeks: usize = arguments.next().map_or(Ok(13), |weeks| weeks.parse())?;
    let learned: usize = arguments.next().map_or(Ok(usize::MAX), |days| days.parse())?;
    let text = std::fs::read_to_string(file)?;
    let all = read(&text)?;
    let mut judged = [Judged::default(), Judged::default()];
    let (mut methods, mut series_judged, mut forecasts) = (HashMap::<String, u32>::new(), 0, 0_u32);
    let mut slowest = 0.0_f64;
    for values in all.values() {
        let mut of_series = [Judged::default(), Judged::default()];
        for week in 0..weeks {
            let Some(origin) = values.len().checked_sub(DAYS + week * WEEK).filter(|origin| *origin >= DAYS) else {
                break;
            };
            let past = &values[origin.saturating_sub(learned)..origin];
            let scale = naive_error(past);
            if scale == 0.0 {
                continue;
            }
            let started = Instant::now();
            let made = [WEEK, DAYS].map(|last| forecast(past, Ahead { first: 1, last }));
            slowest = slowest.max(started.elapsed().as_secs_f64() * 500.0);
            for (judged, made) in of_series.iter_mut().zip(made) {
                let made = made.ok_or("a forecast of a series that is not empty")?;
                *methods.entry(made.method.to_string()).or_default() += 1;
                judged.judge(&made, past, &values[origin..], scale);
            }
            forecasts += 1;
        }
        if of_series[0].days > 0.0 {
            series_judged += 1;
            for (judged, of_series) in judged.iter_mut().zip(of_series) {
                judged.add(of_series);
            }
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{series_judged} series, {forecasts} origins, slowest forecast {slowest:.1} ms")?;
    writeln!(out, "| days ahead | MASE | seasonal naive | ratio | inside 80 % | inside 95 % | total inside 80 % |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for (days, of) in [WEEK, DAYS].iter().zip(&judged) {
        let (mase, naive, n) = (of.error, of.naive, f64::from(series_judged));
        let share = |inside: f64| 100.0 * inside / of.days;
        writeln!(
            out,
            "| 1–{days} | {:.3} | {:.3} | {:.3} | {:.1} % | {:.1} % | {:.1} % |",
            mase / n,
            naive / n,
            mase / naive,
            share(of.inside_80),
            share(of.inside_95),
            100.0 * of.total_80 / of.totals,
        )?;
    }
    let mut methods: Vec<_> = methods.into_iter().collect();
    methods.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (method, count) in methods {
        writeln!(out, "{:>5.1} % {method}", 100.0 * f64::from(count) / f64::from(forecasts * 2))?;
    }
    Ok(())
}

impl Judged {
    fn judge(&mut self, made: &Forecast, past: &[i64], came: &[i64], scale: f64) {
        let inside = |band: Band, value: i64| f64::from(u8::from(band.from <= value && value <= band.to));
        for (at, (day, came)) in made.days.iter().zip(came).enumerate() {
            let naive = past[past.len() - WEEK + at % WEEK];
            self.error += (came - day.value).abs() as f64 / scale;
            self.naive += (came - naive).abs() as f64 / scale;
            self.inside_80 += inside(day.band_80, *came);
            self.inside_95 += inside(day.band_95, *came);
            self.days += 1.0;
        }
        self.total_80 += inside(made.total.band_80, came[..made.days.len()].iter().sum());
        self.totals += 1.0;
    }

    /// A series counts once, however many origins it has.
    fn add(&mut self, of_series: Judged) {
        self.error += of_series.error / of_series.days;
        self.naive += of_series.naive / of_series.days;
        self.inside_80 += of_series.inside_80;
        self.inside_95 += of_series.inside_95;
        self.days += of_series.days;
        self.total_80 += of_series.total_80;
        self.totals += of_series.totals;
    }
}

/// Mean difference of a day to the same weekday a week before.
fn naive_error(past: &[i64]) -> f64 {
    let sum: i64 = past.iter().zip(&past[WEEK..]).map(|(before, now)| (now - before).abs()).sum();
    sum as f64 / (past.len() - WEEK) as f64
}

/// Series by name, a value a day from their first day to their last; days without a line are 0.
fn read(text: &str) -> Result<BTreeMap<&str, Vec<i64>>, Box<dyn Error>> {
    let mut lines: BTreeMap<&str, BTreeMap<NaiveDate, i64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let [series, day, value] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` is not series,day,value").into());
        };
        *lines.entry(series).or_default().entry(day.parse()?).or_default() += value.parse::<i64>()?;
    }
    let whole = |days: BTreeMap<NaiveDate, i64>| match (days.keys().next(), days.keys().next_back()) {
        (Some(first), Some(last)) => {
            first.iter_days().take_while(|day| day <= last).map(|day| days.get(&day).copied().unwrap_or(0)).collect()
        }
        _ => vec![],
    };
    Ok(lines.into_iter().map(|(series, days)| (series, whole(days))).collect())
}
