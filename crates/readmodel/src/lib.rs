//! The read-model engine: ledger, fold, redb stores, rebuilds, digests
