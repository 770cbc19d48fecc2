//! The bytes of documents and attachments, verified before they are served
