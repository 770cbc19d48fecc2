//! The authorization server, the token verifier and the control log
