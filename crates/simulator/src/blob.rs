//! Bytes that belong to an entity, and the reference that its event carries.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use continuity_base::Timestamp;
use sha2::{Digest, Sha256};

use crate::json::{Json, object};

mod served;

pub use served::{Served, SigningKey};

/// How the bytes of documents, task items and attachments travel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlobMode {
    /// Inside the event, as base64 (contract section 3: up to 64 KiB).
    #[default]
    Inline,
    /// Beside the feed: events say `OBJECT_STORE` with bucket and key, and [`crate::Emitted::blobs`] holds the bytes.
    Files,
    /// On a server: events say `URL` with a signed URL that expires. Files are of many kinds and sizes, and each version of a
    /// document keeps its own.
    Served(Served),
}

/// The bytes behind an `OBJECT_STORE` reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobFile {
    /// Bucket of the reference.
    pub bucket: &'static str,
    /// Key of the reference, a relative path of plain characters.
    pub key: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl BlobFile {
    /// Writes the bytes to `<directory>/<bucket>/<key>`, where the replica's file feed looks for them.
    pub fn write_below(&self, directory: &Path) -> io::Result<()> {
        let path = directory.join(self.bucket).join(&self.key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &self.bytes)
    }
}

const BUCKET: &str = "banclo-documents";
const PDF: &str = "application/pdf";

/// A file of the platform: what its entity says about it, and its blob reference.
pub(crate) struct Stored {
    pub(crate) file_name: String,
    pub(crate) sha256: String,
    pub(crate) media_type: &'static str,
    pub(crate) size: u64,
    pub(crate) reference: Json,
    /// Whether rows of `versions` carry the reference, too.
    pub(crate) in_versions: bool,
    pub(crate) file: Option<BlobFile>,
}

/// Keeps what `make` makes under the id `blob_id` and gives the reference to put into an event at `now`.
pub(crate) fn store(
    mode: &BlobMode,
    blob_id: &str,
    file_name: String,
    now: Timestamp,
    make: impl FnOnce() -> Vec<u8>,
) -> Stored {
    if let BlobMode::Served(served) = mode {
        return served.store(blob_id, now);
    }
    let bytes = make();
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let (size, mut file) = (bytes.len() as u64, None);
    let fetch = if *mode == BlobMode::Files {
        let key = format!("{}/{sha256}.pdf", &sha256[..2]);
        file = Some(BlobFile { bucket: BUCKET, key: key.clone(), bytes });
        object! { "kind" => "OBJECT_STORE", "bucket" => BUCKET, "key" => key }
    } else {
        object! { "kind" => "INLINE", "base64" => STANDARD.encode(&bytes) }
    };
    let reference = object! {
        "blobId" => blob_id.to_owned(), "sha256" => &sha256, "sizeBytes" => size, "mediaType" => PDF,
        "fileName" => &file_name, "fetch" => fetch,
    };
    let reference = Json::raw(&reference.to_text());
    Stored { file_name, sha256, media_type: PDF, size, reference, in_versions: false, file }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn inline_bytes_come_back_whole() {
        let stored = store(&BlobMode::Inline, "blb_1", "a \"b\".pdf".to_owned(), NOW, || b"%PDF".to_vec());
        let value: serde_json::Value = serde_json::from_str(&stored.reference.to_text()).unwrap();
        assert_eq!(STANDARD.decode(value["fetch"]["base64"].as_str().unwrap()).unwrap(), b"%PDF");
        assert_eq!(value["sha256"], stored.sha256);
        assert_eq!((value["sizeBytes"].as_u64(), stored.file), (Some(4), None));
    }

    #[test]
    fn files_lie_where_the_reference_says() {
        let stored = store(&BlobMode::Files, "blb_1", "a.pdf".to_owned(), NOW, || b"%PDF".to_vec());
        let file = stored.file.unwrap();
        let directory = std::env::temp_dir().join(format!("continuity-blob-{}", std::process::id()));
        file.write_below(&directory).unwrap();
        let value: serde_json::Value = serde_json::from_str(&stored.reference.to_text()).unwrap();
        let path =
            directory.join(value["fetch"]["bucket"].as_str().unwrap()).join(value["fetch"]["key"].as_str().unwrap());
        assert_eq!(std::fs::read(path).unwrap(), b"%PDF");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
