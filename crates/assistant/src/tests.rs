//! The corpus, sentences of which none acts, and plans said back.

mod corpus;
mod said_back;
