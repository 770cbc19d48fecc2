//! One file per read model: a pure, synchronous fold
