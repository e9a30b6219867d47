//! A list in a short answer: one row an item, the same cells as text and as JSON.

use serde_json::Value;

use crate::{echo::cut, facts::plain, schema::Object};

/// Characters of a cell in the text; the JSON has all of them.
const CELL_CHARS: usize = 40;
/// Rows of a long table, and the characters of a cell there: a hundred rows must stay readable, and below 9 kB.
const LONG_TABLE: usize = 50;
const LONG_TABLE_CELL_CHARS: usize = 30;
/// Characters of an id, an address or a number of a parcel: cut, it would lead nowhere.
const ID_CHARS: usize = 64;

/// Rows that have the same columns.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

/// What is told of one item.
#[derive(Default)]
pub(crate) struct Row(Vec<Cell>);

struct Cell {
    name: &'static str,
    value: Value,
    place: Place,
    /// What the text says in place of the value.
    words: Option<String>,
}

impl Cell {
    fn new(name: &'static str, value: impl Into<Value>, place: Place) -> Cell {
        Cell { name, value: value.into(), place, words: None }
    }
}

/// Where a cell stands in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Column,
    /// A column whose texts are not cut.
    Text,
    /// Behind the cell before it: `3, 2 shipped`.
    Aside,
    /// Only programs need it.
    Json,
}

impl Row {
    /// A cell that every row has.
    pub(crate) fn cell(mut self, name: &'static str, value: impl Into<Value>) -> Row {
        self.0.push(Cell::new(name, value, Place::Column));
        self
    }

    /// The same, which the text says in these words.
    pub(crate) fn worded(mut self, name: &'static str, value: impl Into<Value>, words: String) -> Row {
        self.0.push(Cell { words: Some(words), ..Cell::new(name, value, Place::Column) });
        self
    }

    /// The same for a sentence, which is not cut.
    pub(crate) fn text(self, name: &'static str, text: String) -> Row {
        self.some_text(name, Some(text))
    }

    /// The same, where there is one.
    pub(crate) fn some_text(mut self, name: &'static str, text: Option<String>) -> Row {
        self.0.push(Cell::new(name, text, Place::Text));
        self
    }

    /// A cell that every row has, empty where nothing is known.
    pub(crate) fn some(self, name: &'static str, value: Option<impl Into<Value>>) -> Row {
        self.cell(name, value.map_or(Value::Null, Into::into))
    }

    /// Behind the cell before it.
    pub(crate) fn aside(mut self, name: &'static str, value: impl Into<Value>) -> Row {
        self.0.push(Cell::new(name, value, Place::Aside));
        self
    }

    /// Only where it holds, behind the cell before it.
    pub(crate) fn flag(self, name: &'static str, holds: bool) -> Row {
        if holds { self.aside(name, true) } else { self }
    }

    /// Only where there are any, behind the cell before it.
    pub(crate) fn count(self, name: &'static str, count: i64) -> Row {
        if count == 0 { self } else { self.aside(name, count) }
    }

    /// For programs only.
    pub(crate) fn json(mut self, name: &'static str, value: impl Into<Value>) -> Row {
        self.0.push(Cell::new(name, value, Place::Json));
        self
    }

    /// The same, where there is anything.
    pub(crate) fn json_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Row {
        match value {
            Some(value) => self.json(name, value),
            None => self,
        }
    }

    /// The same, where it holds: the text says it in other words.
    pub(crate) fn json_flag(self, name: &'static str, holds: bool) -> Row {
        self.json_some(name, holds.then_some(true))
    }

    /// Adds the row to a text, as a line.
    fn say(&self, line: &mut String, cell_chars: usize) {
        line.push('\n');
        for (index, cell) in self.0.iter().enumerate() {
            match (cell.place, &cell.value) {
                (Place::Json, _) => continue,
                (Place::Column | Place::Text, _) if index == 0 => {}
                (Place::Column | Place::Text, _) => line.push_str(" | "),
                (Place::Aside, Value::Bool(_)) => {
                    line.push_str(", ");
                    line.push_str(&cell.name.replace('_', " "));
                    continue;
                }
                (Place::Aside, value) => {
                    line.push_str(&format!(", {} {}", plain(value), cell.name.replace('_', " ")));
                    continue;
                }
            }
            match (&cell.words, &cell.value) {
                (Some(words), _) => line.push_str(words),
                (None, Value::Null) => line.push('-'),
                (None, Value::String(text)) => {
                    let is_id = || text.len() <= ID_CHARS && !text.contains(char::is_whitespace);
                    let whole = cell.place == Place::Text || text.len() <= cell_chars || is_id();
                    let told = cut(text, if whole { usize::MAX } else { cell_chars });
                    // A name must not look like the next cell.
                    match told.contains('|') {
                        true => line.push_str(&told.replace('|', "/")),
                        false => line.push_str(&told),
                    }
                }
                (None, value) => line.push_str(&plain(value)),
            }
        }
    }

    fn into_json(self) -> Value {
        let known = self.0.into_iter().filter(|cell| !cell.value.is_null());
        Value::Object(known.map(|cell| (cell.name.to_owned(), cell.value)).collect::<Object>())
    }
}

impl FromIterator<Row> for Table {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Table {
        Table(rows.into_iter().collect())
    }
}

impl Table {
    /// `20 of 98` where it is a page of a longer list, then the names of the columns, then a line a row; nothing without rows.
    pub(crate) fn in_words(&self, total: Option<i64>) -> Option<String> {
        let first = self.0.first()?;
        let columns = first.0.iter().filter(|cell| matches!(cell.place, Place::Column | Place::Text));
        let names = columns.map(|cell| cell.name.replace('_', " "));
        let mut text = total.map(|total| format!("{} of {total}\n", self.0.len())).unwrap_or_default();
        text.push_str(&names.collect::<Vec<_>>().join(" | "));
        let chars = if self.0.len() > LONG_TABLE { LONG_TABLE_CELL_CHARS } else { CELL_CHARS };
        self.0.iter().for_each(|row| row.say(&mut text, chars));
        Some(text)
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Array(self.0.into_iter().map(Row::into_json).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_json_have_the_same_cells() {
        let row = |id: i64, name: &str, held, shipped: i64| {
            let row = Row::default().cell("order_id", id).cell("customer", name).flag("on_hold", held);
            row.cell("units", 3).count("shipped", shipped).some("due", None::<String>).json("id", "x")
        };
        let table: Table = [row(1001, "Asha | Rao", true, 2), row(1002, "Ben", false, 0)].into_iter().collect();
        assert_eq!(
            table.in_words(Some(98)).unwrap(),
            "2 of 98\norder id | customer | units | due\n1001 | Asha / Rao, on hold | 3, 2 shipped | -\n1002 | Ben | 3 | -"
        );
        let expected = json!([
            { "order_id": 1001, "customer": "Asha | Rao", "on_hold": true, "units": 3, "shipped": 2, "id": "x" },
            { "order_id": 1002, "customer": "Ben", "units": 3, "id": "x" },
        ]);
        assert_eq!(table.into_json(), expected);
        assert_eq!(Table::default().in_words(Some(0)), None);
    }

    #[test]
    fn long_texts_are_cut_and_ids_are_not() {
        let id = "b36e059f-f150-5643-8c7a-0b090c8f2a11";
        let row =
            |_| Row::default().cell("name", "A very long name of a product that no table can show").cell("undo", id);
        let table: Table = (0..=LONG_TABLE).map(row).collect();
        let text = table.in_words(None).unwrap();
        assert_eq!(text.lines().nth(1).unwrap(), format!("A very long name of a product … | {id}"));
    }
}
