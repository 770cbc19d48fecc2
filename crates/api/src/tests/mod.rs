//! Over the real router.
