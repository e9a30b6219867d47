//! What the endpoint holds, waits for and reads at most. docs/OPERATIONS.md lists them for operators.

use std::time::Duration;

/// Largest body of a request to MCP, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Of a body that is too large this much is read and thrown away, in bytes; a longer one finds the connection closed.
pub(crate) const MAX_DRAINED_BYTES: usize = 16 * 1024 * 1024;
/// Longest time a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// A body up to this size counts for nothing below, in bytes.
pub(crate) const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Larger bodies that may be on their way at once.
pub(crate) const MAX_LARGE_BODIES: usize = 256;
/// When a client that is refused for want of room should come again, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;
