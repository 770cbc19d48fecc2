//! A blob reference (event contract, section 3), read leniently where that is safe and strictly where it is not.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::BlobError;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A reference that can be acted upon.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) sha256: [u8; 32],
    pub(crate) size: Option<u64>,
    pub(crate) media_type: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) fetch: Fetch,
}

/// Where the bytes are.
#[derive(Debug)]
pub(crate) enum Fetch {
    Inline(String),
    Object { bucket: String, key: String },
    FileUrl(String),
}

impl Reference {
    pub(crate) fn parse(json: &str) -> Result<Self, BlobError> {
        let members: Option<Map<String, Value>> =
            serde_json::from_str(json).map_err(|_| unreadable("its reference is not an object"))?;
        let reference = Value::from(members.ok_or(BlobError::Erased)?);
        if !reference["erasedAt"].is_null() {
            return Err(BlobError::Erased);
        }
        let fetch = fetch(&reference["fetch"])?;
        let digest = text(&reference["sha256"]).ok_or_else(|| unreadable("its reference has no sha256"))?;
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&digest, &mut sha256).map_err(|_| unreadable("its reference has no valid sha256"))?;
        let size = size(&reference["sizeBytes"]).map_err(|detail| BlobError::Damaged { sha256: digest, detail })?;
        let (media_type, file_name) = (text(&reference["mediaType"]), text(&reference["fileName"]));
        Ok(Self { sha256, size, media_type, file_name, fetch })
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

fn fetch(value: &Value) -> Result<Fetch, BlobError> {
    let member = |name: &str| text(&value[name]).ok_or_else(|| unreadable("its fetch lacks a member"));
    match value["kind"].as_str() {
        Some("INLINE") => Ok(Fetch::Inline(member("base64")?)),
        Some("OBJECT_STORE") => Ok(Fetch::Object { bucket: member("bucket")?, key: member("key")? }),
        Some("URL") => {
            let url = member("url")?;
            if url.starts_with("file:") {
                return Ok(Fetch::FileUrl(url));
            }
            Err(BlobError::NotSynced("they are behind a URL that this replica does not fetch"))
        }
        Some("ERASED") => Err(BlobError::Erased),
        _ => Err(BlobError::NotSynced("the reference does not say where they are")),
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
