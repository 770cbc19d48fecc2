//! The rows of the control store.

use continuity_log::Kind;
use continuity_readmodel::{Place, Store};

use super::*;

#[test]
fn a_record_that_does_not_decode_fails() {
    let store = Store::open(Place::memory(), "control", VERSION, TABLES, 1 << 20).unwrap();
    let mut batch = store.batch();
    let record = Record { kind: Kind::Operator, subject: String::new(), sequence: 0, arrived_at: 0, payload: vec![9] };
    assert!(apply(&record, 1, &mut batch.rows()).is_err());
}
