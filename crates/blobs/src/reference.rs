//! A blob reference (event contract, section 3), read leniently where that is safe and strictly where it is not.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::BlobError;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The most bytes of an `INLINE` reference (contract, section 3: 64 KiB; some grace for producers that count otherwise).
pub(crate) const MAX_INLINE: u64 = 1024 * 1024;

/// A reference that can be acted upon: it names a digest, and the bytes were not erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// How many bytes there are, where the reference says so.
    pub size: Option<u64>,
    /// `mediaType`, as received.
    pub media_type: Option<String>,
    /// `fileName`, as received: not safe as a path, nor as a header value.
    pub file_name: Option<String>,
    /// `blobId`: what the platform knows the blob by.
    pub blob_id: Option<String>,
    /// Where the bytes are.
    pub fetch: Fetch,
}

/// Where the bytes of a reference are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// In the reference itself, in base64.
    Inline(String),
    /// In an object store.
    Object {
        /// The bucket.
        bucket: String,
        /// The key in it.
        key: String,
    },
    /// Behind a URL of any scheme.
    Url(String),
    /// The reference does not say, or in a way that this version does not know.
    Unknown,
}

impl Reference {
    /// Reads a raw JSON reference. `null`, a reference with `erasedAt` and one of the kind `ERASED` are
    /// [`BlobError::Erased`].
    pub fn parse(json: &str) -> Result<Self, BlobError> {
        let members: Option<Map<String, Value>> =
            serde_json::from_str(json).map_err(|_| unreadable("its reference is not an object"))?;
        let reference = Value::from(members.ok_or(BlobError::Erased)?);
        if !reference["erasedAt"].is_null() || reference["fetch"]["kind"] == "ERASED" {
            return Err(BlobError::Erased);
        }
        let digest = text(&reference["sha256"]).ok_or_else(|| unreadable("its reference has no sha256"))?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&digest, &mut sha256).map_err(|_| unreadable("its reference has no valid sha256"))?;
        let damaged = |detail| BlobError::Damaged { sha256: digest.clone(), detail };
        let size = size(&reference["sizeBytes"]).map_err(damaged)?;
        let fetch = fetch(&reference["fetch"]).map_err(damaged)?;
        let (media_type, file_name) = (text(&reference["mediaType"]), text(&reference["fileName"]));
        Ok(Self { sha256, size, media_type, file_name, blob_id: text(&reference["blobId"]), fetch })
    }

    pub(crate) fn damaged(&self, detail: String) -> BlobError {
        BlobError::Damaged { sha256: hex::encode(self.sha256), detail }
    }

    pub(crate) fn inline_bytes(&self, base64: &str, max: u64) -> Result<Vec<u8>, BlobError> {
        let at_least = (base64.len() as u64 / 4).saturating_sub(1).saturating_mul(3);
        if at_least > max {
            return Err(BlobError::TooLarge { size: at_least, max });
        }
        let bytes = BASE64.decode(base64).map_err(|error| self.damaged(format!("its base64 is wrong: {error}")))?;
        let size = bytes.len() as u64;
        if size > max { Err(BlobError::TooLarge { size, max }) } else { Ok(bytes) }
    }
}

fn fetch(value: &Value) -> Result<Fetch, String> {
    let member = |name: &str| text(&value[name]).ok_or_else(|| format!("its fetch lacks {name}"));
    match value["kind"].as_str() {
        Some("INLINE") => Ok(Fetch::Inline(member("base64")?)),
        Some("OBJECT_STORE") => Ok(Fetch::Object { bucket: member("bucket")?, key: member("key")? }),
        Some("URL") => Ok(Fetch::Url(member("url")?)),
        _ => Ok(Fetch::Unknown),
    }
}

fn size(value: &Value) -> Result<Option<u64>, String> {
    let size = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    size.map(Some).ok_or_else(|| "its reference has no valid sizeBytes".to_owned())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn unreadable(detail: &str) -> BlobError {
    BlobError::Damaged { sha256: String::new(), detail: detail.to_owned() }
}
