//! MCP over HTTP and stdio: lists, calls, elicitation, prompts, resources. `crates/tools` carries out the calls.
//!
//! A request's path over HTTP: `http` reads it → `envelope` refuses what is no JSON-RPC → the protocol library → `handler` →
//! a tool.

mod client;
mod elicit;
mod envelope;
mod handler;
mod http;
mod limits;
mod list;
mod prompts;
mod resources;
mod scope;
mod session;
mod stdio;
mod views;

pub use self::{
    http::{Access, Endpoint, LargeBodies, drain},
    limits::{MAX_BODY_BYTES, RETRY_AFTER_SECONDS},
    list::Names,
    stdio::serve as serve_stdio,
};
