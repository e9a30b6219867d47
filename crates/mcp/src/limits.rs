//! Limits of the endpoint: sizes and waiting times. docs/OPERATIONS.md lists them for operators.

use std::time::Duration;

/// Largest body of a request to MCP, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Bytes of a too large body that are read and dropped; if it is longer, the connection is closed.
pub(crate) const MAX_DRAINED_BYTES: usize = 16 * 1024 * 1024;
/// Longest time a body may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// A body up to this size does not count for the limit below, in bytes.
pub(crate) const SMALL_BODY_BYTES: usize = 16 * 1024;
/// Larger bodies that may be on their way at once.
pub(crate) const MAX_LARGE_BODIES: usize = 256;
/// After so many seconds a client should try again that was refused for lack of room.
pub const RETRY_AFTER_SECONDS: u32 = 1;
