//! The writer: decides the commands that wait, in turn, appends their events in one batch, and answers each.
//!
//! Read it in this order: `submission` (what goes in and comes out), `batch` (deciding), `writer` (the queue and the loop).
//! `recovery` is what happens after a lost swap or an unknown outcome, `outage` while the log takes nothing, `warming` after a
//! start.

mod submission;
pub use submission::{Origin, Receipt, Submission, SubmitError};

mod load;

mod duplicates;

mod replayed_receipt;
pub use replayed_receipt::receipt_of;

mod batch;

mod answers;
pub use answers::OnAppend;

mod recovery;

mod admission;
pub use admission::{Condition, LONGEST_WAIT};

mod outage;

mod warming;

mod writer;
pub use writer::{Options, QUEUE_COMMANDS, Writer};

mod verify;
pub use verify::verify_snapshots;
