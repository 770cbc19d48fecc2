//! Tests over the whole crate: random histories against a naive model, and the corpus of malformed input.

mod corpus;
mod model;
