//! Bars as SVG: with a title and a description, in the colours of the page, beside a table with the same figures.

use maud::{Markup, html};
use serde_json::Value;

use crate::parts::{items, money, number, text};

/// Width of the drawing, in its own units; the page scales it.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 220;
/// Above and below the bars.
const TOP: i64 = 20;
const BOTTOM: i64 = 26;
/// Names under the bars at most; more would run into each other.
const NAMES: usize = 6;
/// Room that a name needs.
const NAME_WIDTH: i64 = 110;
/// Bars at most.
const BARS: usize = 100;
/// Characters of a name under a bar.
const NAME_CHARS: usize = 14;

/// Which figure of a report a bar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Revenue,
    Cash,
    Units,
}

/// One bar.
#[derive(Debug, Default)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: i64,
    /// The value as text.
    pub(crate) shown: String,
    /// The value with which it is compared.
    pub(crate) before: Option<i64>,
    /// The band in which it is expected.
    pub(crate) band: Option<(i64, i64)>,
}

/// The groups of a report as bars; empty if there are no groups.
pub(crate) fn of_report(report: &Value, title: &str, of: Of) -> Markup {
    let bars = items(&report["groups"]).iter().take(BARS).map(|group| {
        let amount = if of == Of::Cash { &group["total"] } else { &group["revenue"] };
        let before = group["before"]["revenue"]["minor"].as_i64().filter(|_| of != Of::Units);
        let (value, shown) = match of {
            Of::Units => (number(&group["units"]), number(&group["units"]).to_string()),
            Of::Revenue | Of::Cash => (number(&amount["minor"]), money(amount).to_owned()),
        };
        Bar { name: text(&group["label"]).to_owned(), value, shown, before, band: None }
    });
    bars_of(title, text(&report["text"]), &bars.collect::<Vec<_>>())
}

pub(crate) fn bars_of(title: &str, description: &str, bars: &[Bar]) -> Markup {
    if bars.is_empty() {
        return html! {};
    }
    let scale = Scale::of(bars);
    let wide = (WIDTH / bars.len() as i64).max(1);
    let every = bars.len().div_ceil(NAMES);
    let largest = bars.iter().max_by_key(|bar| bar.value).map(|bar| bar.shown.as_str()).unwrap_or_default();
    html! {
        div class="scroll chart" tabindex="0" role="region" aria-label=(title) {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (title) ". " (description) } {
                title { (title) }
                desc { (description) }
                text class="axis" x="0" y="12" { "highest: " (largest) }
                @for (index, bar) in bars.iter().enumerate() {
                    @let left = index as i64 * WIDTH / bars.len() as i64;
                    @let (top, tall) = scale.span(0, bar.value);
                    g {
                        title { (bar.name) ": " (bar.shown) }
                        @if let Some(before) = bar.before {
                            @let (top, tall) = scale.span(0, before);
                            rect class="before" x=(left) y=(top) width=((wide - 1).max(1)) height=(tall) {}
                        }
                        rect class="bar" x=(left + wide / 6) y=(top) width=((wide * 2 / 3).max(1)) height=(tall) {}
                        @if let Some((from, to)) = bar.band {
                            @let (top, tall) = scale.span(from, to);
                            rect class="band" x=(left + wide / 2 - 1) y=(top) width="3" height=(tall) {}
                        }
                    }
                    @if index % every == 0 {
                        @let (x, anchor) = if left > WIDTH - NAME_WIDTH { (WIDTH, "end") } else { (left, "start") };
                        text class="axis" x=(x) y=(HEIGHT - 6) text-anchor=(anchor) { (cut(&bar.name)) }
                    }
                }
                line class="zero" x1="0" x2=(WIDTH) y1=(scale.y(0)) y2=(scale.y(0)) {}
            }
        }
    }
}

fn cut(name: &str) -> String {
    let mut short: String = name.chars().take(NAME_CHARS).collect();
    if name.chars().count() > NAME_CHARS {
        short.push('…');
    }
    short
}

/// From the lowest to the highest value, always with zero.
struct Scale {
    low: i128,
    high: i128,
}

impl Scale {
    fn of(bars: &[Bar]) -> Scale {
        let values = bars.iter().flat_map(|bar| {
            let band = bar.band.into_iter().flat_map(|(from, to)| [from, to]);
            band.chain(bar.before).chain([0, bar.value])
        });
        let (low, high) = values.fold((0, 0), |(low, high), value| (i64::min(low, value), i64::max(high, value)));
        Scale { low: low.into(), high: i128::from(high).max(i128::from(low) + 1) }
    }

    fn y(&self, value: i64) -> i64 {
        let room = i128::from(HEIGHT - TOP - BOTTOM);
        let down = (self.high - i128::from(value)) * room / (self.high - self.low);
        TOP + i64::try_from(down).unwrap_or(0)
    }

    /// The beginning and the height of a bar between two values; a bar that is not zero is always visible.
    fn span(&self, from: i64, to: i64) -> (i64, i64) {
        let (one, other) = (self.y(from), self.y(to));
        let least = i64::from(from != to);
        (one.min(other), (one - other).abs().max(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: i64) -> Bar {
        Bar { name: "<b>".to_owned(), value, shown: value.to_string(), ..Bar::default() }
    }

    #[test]
    fn bars_stand_on_nothing_and_hang_from_it() {
        let scale = Scale::of(&[bar(300), bar(-100), bar(0)]);
        let (zero, room) = (scale.y(0), HEIGHT - TOP - BOTTOM);
        assert_eq!(scale.span(0, 300), (TOP, room * 3 / 4));
        assert_eq!(scale.span(0, -100), (zero, HEIGHT - BOTTOM - zero));
        assert_eq!(scale.span(0, 0).1, 0);
        assert_eq!(Scale::of(&[bar(i64::MAX), bar(1)]).span(0, 1).1, 1);
        assert_eq!(Scale::of(&[bar(0)]).span(0, 0).1, 0);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let drawn = bars_of("Sold", "Seven & more", &[bar(7)]).into_string();
        for part in ["<title>Sold</title>", "<desc>Seven &amp; more</desc>", "<title>&lt;b&gt;: 7</title>"] {
            assert!(drawn.contains(part), "{part} is not in {drawn}");
        }
        assert_eq!(bars_of("Sold", "", &[]).into_string(), "");
    }
}
