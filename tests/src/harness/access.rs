//! What a client has to know to get in.

use std::path::PathBuf;

/// Where a replica listens, whom to trust, and the credentials of a client.
#[derive(Clone, Debug)]
pub struct Access {
    /// `https://localhost:PORT`.
    pub base_url: String,
    /// Its metrics page.
    pub metrics_url: String,
    /// The certificate authority, PEM.
    pub ca_file: PathBuf,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
}
