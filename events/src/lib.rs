//! The vocabulary: CloudEvents envelope, catalogue of event names and entities, stored records
