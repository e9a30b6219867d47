//! The contract of every log, tested on PostgreSQL and SQLite.

#![expect(clippy::unwrap_used, reason = "a test may panic, and its helpers are tests too")]

#[path = "contract/support.rs"]
mod support;

#[path = "contract/appending.rs"]
mod appending;
#[path = "contract/damaged_tables.rs"]
mod damaged_tables;
#[path = "contract/failures.rs"]
mod failures;
#[path = "contract/identity.rs"]
mod identity;
#[path = "contract/immutability.rs"]
mod immutability;
#[path = "contract/reading.rs"]
mod reading;
#[path = "contract/settings.rs"]
mod settings;
#[path = "contract/stretches.rs"]
mod stretches;
#[path = "contract/verifying.rs"]
mod verifying;
