//! Clock, time stamps and the life cycle of tasks; no domain words
