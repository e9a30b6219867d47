//! Selects units of an order: by line number, by product, or all of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    limits,
    order::{Line, Order},
    rejection::{Code, Problems, Rejection},
    text,
};

/// Some units of one line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineSelection {
    /// From 1. This or `product`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// SKU or name. This or `line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: Option<String>,
    /// Units.
    #[schemars(range(min = 1, max = limits::UNITS))]
    pub quantity: i64,
}

/// A line and the number of selected units, at least 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selected<'a> {
    pub(super) line: &'a Line,
    pub(super) units: i64,
}

/// The selected units of `order`; without a selection, all that `rest` counts on each line.
pub(super) fn select<'a>(
    order: &'a Order,
    selection: Option<&[LineSelection]>,
    rest: fn(&Line) -> i64,
) -> Result<Vec<Selected<'a>>, Rejection> {
    let Some(selection) = selection else {
        let all = order.lines.iter().map(|line| Selected { line, units: rest(line) });
        return Ok(all.filter(|selected| selected.units > 0).collect());
    };
    check(selection)?;
    let mut units = vec![0_i64; order.lines.len()];
    for (i, wanted) in selection.iter().enumerate() {
        units[find(order, i, wanted)?] += wanted.quantity;
    }
    let selected = order.lines.iter().zip(units).map(|(line, units)| Selected { line, units });
    Ok(selected.filter(|selected| selected.units > 0).collect())
}

fn check(selection: &[LineSelection]) -> Result<(), Rejection> {
    let mut problems = Problems::default();
    if selection.is_empty() || selection.len() > limits::LINES_PER_ORDER {
        problems.add("lines", format!("must have 1 to {} entries, or be left out", limits::LINES_PER_ORDER));
    }
    for (i, wanted) in selection.iter().enumerate().take(limits::LINES_PER_ORDER) {
        text::check_units(&format!("lines[{i}].quantity"), wanted.quantity, &mut problems);
        match (&wanted.line, &wanted.product) {
            (Some(_), None) => {}
            (None, Some(product)) => {
                text::check_line(&format!("lines[{i}].product"), product, limits::REFERENCE_CHARS, &mut problems);
            }
            (None, None) | (Some(_), Some(_)) => {
                problems.add(format!("lines[{i}]"), "needs exactly one of line and product");
            }
        }
    }
    problems.check()
}

/// Notes for the answer, about lines that were named by only some words of their product.
pub(super) fn readings(order: &Order, selection: Option<&[LineSelection]>) -> Vec<String> {
    let typed = selection.into_iter().flatten().filter_map(|wanted| wanted.product.as_deref());
    let read = typed.filter_map(|typed| match named(order, typed) {
        (found, true) => Some((typed, &order.lines[*found.first()?])),
        (_, false) => None,
    });
    let said = read.map(|(typed, line)| format!("`{typed}` was read as {} ({}).", line.name, line.sku));
    said.collect()
}

/// Indices of the lines whose product is called `typed`: by SKU, otherwise by the complete name, otherwise by all of
/// its words in any order. The second value says whether it was by words.
fn named(order: &Order, typed: &str) -> (Vec<usize>, bool) {
    let indices = |fits: &dyn Fn(&Line) -> bool| -> Vec<usize> {
        order.lines.iter().enumerate().filter(|(_, line)| fits(line)).map(|(i, _)| i).collect()
    };
    let by_sku = indices(&|line| text::key(&line.sku) == text::key(typed));
    if !by_sku.is_empty() {
        return (by_sku, false);
    }
    let by_name = indices(&|line| text::name_key(&line.name) == text::name_key(typed));
    if !by_name.is_empty() {
        return (by_name, false);
    }
    let mut wanted = words(typed);
    wanted.retain(|word| !text::FILLERS.contains(&word.as_str()));
    let by_words = indices(&|line| {
        let has = words(&format!("{} {}", line.name, line.sku));
        !wanted.is_empty() && wanted.iter().all(|word| has.contains(word))
    });
    (by_words, true)
}

/// The words of a name in comparable form.
fn words(name: &str) -> Vec<String> {
    text::name_key(name).split_whitespace().map(|word| text::stem(word, true)).collect()
}

/// Index of the selected line.
fn find(order: &Order, index: usize, wanted: &LineSelection) -> Result<usize, Rejection> {
    let (field, found) = match (wanted.line, &wanted.product) {
        (Some(number), _) => {
            let found = order.lines.iter().position(|line| line.line == number);
            (format!("lines[{index}].line"), found.into_iter().collect())
        }
        (None, product) => {
            let typed = product.as_deref().unwrap_or_default();
            (format!("lines[{index}].product"), named(order, typed).0)
        }
    };
    let candidates = |indices: Vec<usize>| -> Vec<serde_json::Value> {
        let lines = indices.into_iter().map(|i| &order.lines[i]);
        lines.map(|line| json!({ "line": line.line, "sku": line.sku, "product": line.name })).take(5).collect()
    };
    match found[..] {
        [one] => Ok(one),
        [] => Err(Rejection::new(Code::NotFound, format!("Order #{} has no such line.", order.id))
            .field(field)
            .candidates(candidates((0..order.lines.len()).collect()))),
        _ => Err(Rejection::new(Code::Ambiguous, format!("Several lines of order #{} fit.", order.id))
            .field(field)
            .hint("Give the line's number instead.")
            .candidates(candidates(found))),
    }
}
