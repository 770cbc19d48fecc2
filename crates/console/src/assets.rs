//! Styles, the script for passkeys, and the icon: part of the binary.

use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

/// One file.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    media_type: &'static str,
    text: &'static str,
}

pub(crate) static STYLE: Asset = Asset {
    path: "/console/assets/console.css",
    media_type: "text/css; charset=utf-8",
    text: concat!(
        include_str!("../assets/console.css"),
        include_str!("../assets/loans.css"),
        include_str!("../assets/parts.css"),
        include_str!("../assets/operations.css"),
        include_str!("../assets/status.css")
    ),
};

pub(crate) static PASSKEYS: Asset = Asset {
    path: "/console/assets/passkeys.js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../assets/passkeys.js"),
};

pub(crate) static COPY: Asset = Asset {
    path: "/console/assets/copy.js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../assets/copy.js"),
};

pub(crate) static AS_OF: Asset = Asset {
    path: "/console/assets/as_of.js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../assets/as_of.js"),
};

/// htmx 2.0.11 as its makers publish it, with their licence.
pub(crate) static HTMX: Asset = Asset {
    path: "/console/assets/htmx.js",
    media_type: "text/javascript; charset=utf-8",
    text: concat!(
        "/* htmx 2.0.11, https://htmx.org\n\n",
        include_str!("../assets/htmx.LICENSE"),
        "*/\n",
        include_str!("../assets/htmx.min.js")
    ),
};

pub(crate) static STATUS: Asset = Asset {
    path: "/console/assets/status.js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../assets/status.js"),
};

pub(crate) static ICON: Asset =
    Asset { path: "/console/assets/icon.svg", media_type: "image/svg+xml", text: include_str!("../assets/icon.svg") };

impl Asset {
    /// Its address, which changes with it: browsers may keep what they have.
    pub(crate) fn address(&self) -> String {
        format!("{}?v={:016x}", self.path, fingerprint(self.text))
    }

    /// The file as a reply.
    pub(crate) fn answer(&'static self) -> std::future::Ready<Response> {
        let mut response = Response::new(self.text.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        std::future::ready(response)
    }
}

/// FNV-1a: tells versions apart and protects nothing.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
