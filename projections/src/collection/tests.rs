//! Collections against a naive model.
