//! What the read model serves after a script.
