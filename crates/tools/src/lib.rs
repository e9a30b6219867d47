//! The tools: arguments, answers, sentences. `tools.rs` is their table; tools with work of their own have a file in
//! `tools/`. This crate does not know HTTP or MCP.
//!
//! A call's path: [`Tools::find`] finds the tool, and [`Tool::run`] checks the arguments (`arguments`). A command goes
//! on in `command_call`, a query in the tool's own file. `sentences` and `views` put the answer in words and in JSON.

pub mod agreeing;
mod answer;
mod arguments;
mod by_day;
mod call;
mod calls;
mod candidates;
mod changes;
mod clock;
mod command_answer;
mod command_call;
pub mod completion;
mod confirm;
mod confirmations;
mod counts;
pub mod directory;
pub mod echo;
mod facts;
mod failure;
pub mod history;
mod introduction;
pub mod json;
mod late;
mod latest;
mod left_behind;
mod left_open;
pub mod low_products;
pub mod metrics;
pub mod moments;
mod news;
mod no_order;
pub mod open_orders;
pub mod people;
mod permit;
pub mod principal;
mod progress;
mod query;
mod recent_acts;
mod request;
mod sales_figures;
mod schema;
mod sealing;
pub mod sentences;
mod shares;
mod shop;
mod slim;
mod table;
mod targets;
mod tool;
mod tools;
pub mod undelivered;
mod unknown_order;
pub mod unsubscribe_link;
mod views;
mod waiting;
mod wording;

pub use self::{
    answer::Answer,
    arguments::nearest_tool,
    call::Call,
    calls::{CALL_DEADLINE, run_in_task},
    clock::Clock,
    command_answer::CommandAnswer,
    command_call::carry_out,
    confirm::TOKEN as CONFIRM_TOKEN,
    failure::{Failure, in_words},
    introduction::{INTRODUCED, Introduction},
    latest::earlier,
    left_behind::LeftBehind,
    news::{About, news},
    permit::{permit, seen_by},
    progress::{Progress, Steps},
    request::{AGAIN, Request, keyed_command},
    schema::Object,
    shop::OpenShop,
    slim::slim,
    targets::Target,
    tool::{Danger, Tool},
    tools::{Missed, Tools, can_take_back, history_json, missed, order_json, register},
    wording::{local, plain_amount},
};
