//! Import of a shop's files: products, customers and orders from CSV. Everything is tried before anything is written.
//!
//! Reading order: `sheet` takes the file apart, `rows` and `times` read its cells, `trial` decides every entry on the log as
//! it stands, `run` writes what is good, `problems` puts what is wrong in the words of the file.

mod content;
mod entries;
mod meaning;
mod preview;
mod problems;
mod report;
mod rows;
mod run;
mod sheet;
mod times;
mod trial;

pub use self::{
    entries::{Kind, Note, RowError},
    preview::{Preview, parse},
    report::{Options, Report},
    run::run,
    sheet::read_bytes,
};
