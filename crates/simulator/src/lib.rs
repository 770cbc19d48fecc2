//! A stand-in cloud platform: believable loans, seeded, with faults on demand
