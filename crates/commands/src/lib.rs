//! The writer: takes the commands that wait, decides them in turn, appends them at once, answers each.
//!
//! Reading order: [`submission`] is what goes in and comes out, [`writer`] the task, `draft` the deciding, `load` the
//! states it decides on, `recent` the orders of the last minutes, `desk` the answering, `settle` what happens when a swap
//! is lost or an outcome unknown, `history` the answer to a command that was carried out before.

pub mod submission;
pub mod writer;

mod desk;
mod draft;
mod history;
mod load;
mod recent;
mod settle;

pub use history::receipt_of;
pub use submission::{Origin, Receipt, Submission, SubmitError};
pub use writer::{OnAppend, Options, QUEUE_COMMANDS, Writer};
