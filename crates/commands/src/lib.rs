//! The writer: takes the commands that wait, decides them in turn, appends them at once, answers each.
//!
//! Reading order: [`submission`] is what goes in and comes out, [`writer`] the task, `draft` the deciding, `load` the
//! states it decides on, `recent` the orders of the last minutes, `desk` the answering, `settle` what happens when a swap
//! is lost or an outcome unknown, `history` the answer to a command that was carried out before, `outage` what happens
//! while the log takes nothing, `admission` who may wait.

pub mod submission;
pub mod writer;

mod admission;
mod desk;
mod draft;
mod history;
mod load;
mod outage;
mod recent;
mod settle;
mod verify;

pub use admission::{Condition, LONGEST_WAIT};
pub use history::receipt_of;
pub use submission::{Origin, Receipt, Submission, SubmitError};
pub use verify::verify_snapshots;
pub use writer::{OnAppend, Options, QUEUE_COMMANDS, Writer};
