//! Rejections in the words of a file: the row and column at fault, and advice for a person at a terminal.

use orderlog_domain::rejection::{Code, Rejection};

use crate::{entries::RowError, sheet::Row};

/// The problems of a rejection, each at its row: `lines[2].quantity` is the third row's quantity.
pub(crate) fn of_rows(rejection: &Rejection, rows: &[&Row]) -> Vec<RowError> {
    let problems: Vec<(&str, &str)> = if rejection.problems.is_empty() {
        vec![(rejection.field.as_deref().unwrap_or_default(), &rejection.message)]
    } else {
        rejection.problems.iter().map(|problem| (problem.field.as_str(), problem.message.as_str())).collect()
    };
    let of_problem = |(field, message): (&str, &str)| {
        // The column is shown beside the message already.
        let message = message.strip_prefix(field).unwrap_or(message).trim_start().trim_end_matches('.');
        let (index, column) = match field.strip_prefix("lines[").and_then(|rest| rest.split_once(']')) {
            Some((index, column)) => (index.parse().unwrap_or(0), column.trim_start_matches('.')),
            None => (0, field),
        };
        let row = rows.get(index).or(rows.first())?;
        Some(row.error(column_of(column), message, advice(rejection.code, column, message)))
    };
    problems.into_iter().filter_map(of_problem).collect()
}

/// The column of the file for an argument of a command.
fn column_of(field: &str) -> &str {
    match field {
        "lines" => "quantity",
        "external_reference" => "order_ref",
        "occurred_at" => "placed_at",
        "delta" => "counted",
        other => other,
    }
}

fn advice(code: Code, column: &str, message: &str) -> &'static str {
    match (code, column) {
        (Code::NotFound, "customer") => "Import the customers first, or correct the cell.",
        (Code::NotFound, "product") => "Import the products first, or correct the cell.",
        (Code::Ambiguous, "customer") => "Write the customer's e-mail address.",
        (Code::Ambiguous, "product") => "Write the product's SKU.",
        (Code::InsufficientStock, _) => "Order fewer units, or bring the stock up to date first.",
        (Code::InvalidArgument, "product") if message.contains("archived") => {
            "Sell it again by importing it with archived = no, or say with placed_at when the order was placed."
        }
        (Code::StaleRead | Code::Unavailable | Code::RateLimited, _) => "Import the file again in a moment.",
        _ => "Correct the cell.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_rejection_is_told_at_the_row_it_speaks_of() {
        let row = |line, product: &str| Row { line, cells: HashMap::from([("product", product.to_owned())]) };
        let (first, second) = (row(2, "A"), row(3, "OLD"));
        let rejection =
            Rejection::invalid("lines[1].product", "lines[1].product `OLD` is archived and no longer sold.");
        let told = of_rows(&rejection, &[&first, &second]);
        let [error] = &told[..] else { panic!("one problem: {told:?}") };
        assert_eq!((error.row, error.column.as_str(), error.value.as_str()), (3, "product", "OLD"));
        assert_eq!(error.problem, "`OLD` is archived and no longer sold");
        let rejection =
            Rejection::new(Code::InsufficientStock, "Not enough in stock: 3 of Mug available, 5 asked for.")
                .field("lines")
                .hint("Order fewer units, or receive stock first with inventory_receive.");
        let told = of_rows(&rejection, &[&first, &second]);
        assert_eq!((told[0].row, told[0].column.as_str()), (2, "quantity"));
        assert!(!told[0].advice.contains('_'), "no tool is named: {}", told[0].advice);
    }
}
