//! Bytes that belong to an entity, and the reference that its event carries.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::json::{Json, object};

/// How the bytes of documents, task items and attachments travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlobMode {
    /// Inside the event, as base64 (contract section 3: up to 64 KiB).
    #[default]
    Inline,
    /// Beside the feed: events say `OBJECT_STORE` with bucket and key, and [`crate::Emitted::blobs`] holds the bytes.
    Files,
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

/// A file of the platform: what its entity says about it, and its blob reference.
pub(crate) struct Stored {
    pub(crate) file_name: String,
    pub(crate) sha256: String,
    pub(crate) size: usize,
    pub(crate) reference: Json,
    pub(crate) file: Option<BlobFile>,
}

/// Keeps `bytes` under the id `blob_id` and gives the reference to put into an event.
pub(crate) fn store(mode: BlobMode, blob_id: &str, file_name: String, bytes: Vec<u8>) -> Stored {
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let (size, mut file) = (bytes.len(), None);
    let fetch = match mode {
        BlobMode::Inline => object! { "kind" => "INLINE", "base64" => STANDARD.encode(&bytes) },
        BlobMode::Files => {
            let key = format!("{}/{sha256}.pdf", &sha256[..2]);
            file = Some(BlobFile { bucket: BUCKET, key: key.clone(), bytes });
            object! { "kind" => "OBJECT_STORE", "bucket" => BUCKET, "key" => key }
        }
    };
    let reference = object! {
        "blobId" => blob_id.to_owned(), "sha256" => &sha256, "sizeBytes" => size, "mediaType" => "application/pdf",
        "fileName" => &file_name, "fetch" => fetch,
    };
    Stored { file_name, sha256, size, reference: Json::raw(&reference.to_text()), file }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_bytes_come_back_whole() {
        let stored = store(BlobMode::Inline, "blb_1", "a \"b\".pdf".to_owned(), b"%PDF".to_vec());
        let value: serde_json::Value = serde_json::from_str(&stored.reference.to_text()).unwrap();
        assert_eq!(STANDARD.decode(value["fetch"]["base64"].as_str().unwrap()).unwrap(), b"%PDF");
        assert_eq!(value["sha256"], stored.sha256);
        assert_eq!((value["sizeBytes"].as_u64(), stored.file), (Some(4), None));
    }

    #[test]
    fn files_lie_where_the_reference_says() {
        let stored = store(BlobMode::Files, "blb_1", "a.pdf".to_owned(), b"%PDF".to_vec());
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
