//! What a stranger can see of Orderlog, tried on the real binary: run with tests/run.

mod auditors;
mod bad_input;
mod command_line;
mod contention;
mod dialogue;
mod edge;
mod ends;
mod faults;
mod figures;
mod guards;
mod history;
mod money;
mod names;
mod observed;
mod one_key;
mod operations;
mod people;
mod protocol;
mod read_models;
mod safe_hands;
mod sentences;
mod shop_settings;
mod stopping;
mod tampering;
mod time_travel;
mod two_nodes;
