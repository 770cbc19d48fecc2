//! Files on a server: signed URLs that expire, and references with them.

use std::time::Duration;

use continuity_base::Timestamp;

use super::Stored;
use crate::content::{BlobId, Sizes};
use crate::json::{Json, object};

/// Where files are served, and how long a URL is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Scheme, host and port, without a slash at the end: `http://127.0.0.1:9000`.
    pub base_url: String,
    /// What URLs are signed with.
    pub key: SigningKey,
    /// How large files are.
    pub sizes: Sizes,
    /// How long a URL is good for, from the `time` of its event on.
    pub valid: Duration,
}

impl Served {
    /// Small files at `base_url` whose URLs are good for a year.
    pub fn at(base_url: impl Into<String>, key: SigningKey) -> Self {
        Self { base_url: base_url.into(), key, sizes: Sizes::Small, valid: Duration::from_hours(365 * 24) }
    }

    /// The URL of a file for one who asks at `now`: `{base}/objects/{blobId}?expires={seconds}&signature={hex}`.
    pub fn url(&self, id: BlobId, now: Timestamp) -> String {
        let expires = now.plus(self.valid).as_seconds().unsigned_abs();
        let signature = self.key.sign(id, expires);
        format!("{}/objects/{id}?expires={expires}&signature={signature}", self.base_url)
    }

    /// The reference to a file, as JSON (contract section 3), for one who asks at `now`. Reads the file once for its digest.
    pub fn reference(&self, id: BlobId, now: Timestamp) -> String {
        self.reference_to(id, &hex::encode(id.content().sha256()), now).to_text()
    }

    pub(crate) fn reference_to(&self, id: BlobId, sha256: &str, now: Timestamp) -> Json {
        object! {
            "blobId" => id.to_string(), "sha256" => sha256.to_owned(), "sizeBytes" => id.size(),
            "mediaType" => id.kind().media_type(), "fileName" => id.file_name(),
            "fetch" => object! { "kind" => "URL", "url" => self.url(id, now) },
        }
    }

    /// The file of an event at `now`; what it is like follows from `name`, the id that it would have elsewhere.
    pub(crate) fn store(&self, name: &str, now: Timestamp) -> Stored {
        let mut seed = [0; 8];
        seed.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
        let id = BlobId::drawn(self.sizes, u64::from_le_bytes(seed));
        let sha256 = hex::encode(id.content().sha256());
        let reference = Json::raw(&self.reference_to(id, &sha256, now).to_text());
        let (file_name, media_type, size) = (id.file_name(), id.kind().media_type(), id.size());
        Stored { file_name, sha256, media_type, size, reference, in_versions: true, file: None }
    }
}

/// What a server of files and those who hand out its URLs share. Not a secret worth keeping: it follows from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// The same seed gives the same key, so a server that was restarted takes the URLs of the one before.
    pub fn of_seed(seed: u64) -> Self {
        Self(blake3::derive_key("continuity simulator 2026 signed object urls", &seed.to_le_bytes()))
    }

    /// The signature of a URL that is good until `expires`, in seconds since 1970.
    pub fn sign(&self, id: BlobId, expires: u64) -> String {
        blake3::keyed_hash(&self.0, format!("{id}\n{expires}").as_bytes()).to_hex().to_string()
    }

    /// Whether `signature` is the one for it.
    pub fn verify(&self, id: BlobId, expires: u64, signature: &str) -> bool {
        // Comparison of blake3 hashes takes constant time.
        let expected = blake3::keyed_hash(&self.0, format!("{id}\n{expires}").as_bytes());
        blake3::Hash::from_hex(signature).is_ok_and(|given| given == expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::FileKind;

    #[test]
    fn a_signature_is_good_for_its_file_and_expiry_alone() {
        let (key, id) = (SigningKey::of_seed(1), BlobId::new(FileKind::Pdf, 9_000, 1));
        let signature = key.sign(id, 100);
        assert!(key.verify(id, 100, &signature));
        assert!(!key.verify(id, 101, &signature) && !key.verify(BlobId::new(FileKind::Pdf, 9_000, 2), 100, &signature));
        assert!(!SigningKey::of_seed(2).verify(id, 100, &signature) && !key.verify(id, 100, "zz"));
    }

    #[test]
    fn a_reference_says_what_the_file_is() {
        let served = Served::at("http://127.0.0.1:1", SigningKey::of_seed(1));
        let id = BlobId::new(FileKind::Docx, 9_000, 1);
        let text = served.reference(id, Timestamp::from_micros(0));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&value["blobId"], &value["sizeBytes"]), (&id.to_string().into(), &9_000.into()));
        assert_eq!(value["sha256"], hex::encode(id.content().sha256()));
        let url = value["fetch"]["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://127.0.0.1:1/objects/{id}?expires=31536000&signature=")), "{url}");
        assert_eq!(value["fetch"]["kind"], "URL");
    }
}
