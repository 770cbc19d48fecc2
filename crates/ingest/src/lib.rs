//! Sources, validation, deduplication, order and gaps, quarantine: append, then acknowledge
