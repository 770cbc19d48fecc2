//! Where the bytes of documents come from and where they are kept, with the real thing at the other end.

mod arrive;
mod downloads;
mod jetstream;
mod moto;
mod places;

use std::path::Path;
use std::time::Duration;

use continuity_blobs::origin::{FetchError, Have, Incoming, Origin};
use continuity_blobs::{Fetch, Reference};
use continuity_simulator::objects::ObjectServer;
use futures_util::TryStreamExt;
use sha2::{Digest as _, Sha256};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Bytes in which a part that is missing or in the wrong place shows.
fn bytes(length: u32) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at ^ (at >> 8) ^ (at >> 16)) & 0xff).unwrap()).collect()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn object(bucket: &str, key: &str) -> Reference {
    let fetch = Fetch::Object { bucket: bucket.to_owned(), key: key.to_owned() };
    Reference { sha256: [0; 32], size: None, media_type: None, file_name: None, blob_id: None, fetch }
}

/// What there is of an origin's answer, with its bytes.
#[derive(Debug)]
struct Got {
    from: u64,
    total: Option<u64>,
    tag: Option<String>,
    media_type: Option<String>,
    bytes: Vec<u8>,
}

async fn read(origin: &dyn Origin, reference: &Reference, have: &Have) -> Result<Got, FetchError> {
    let Incoming { from, total, tag, media_type, bytes } = origin.fetch(reference, have).await?;
    let pieces: Vec<_> = bytes.try_collect().await?;
    Ok(Got { from, total, tag, media_type, bytes: pieces.concat() })
}

/// A replica that follows the feed and gets its bytes from the server.
pub(crate) fn config(feed: &Path, server: &ObjectServer) -> String {
    format!(
        "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[blobs]\nparallel = 16\nper_host = 16\n\
         [blobs.http]\nhosts = ['{}']\nreference_url = '{}'\nallow_http = true\n",
        feed.display(),
        server.address(),
        server.reference_url()
    )
}

/// The events of the loan L1 with these documents: id, and what there is of it beside.
fn loan<'a>(documents: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entity = |entity: &str, id: &str, rest: &str| {
        format!(r#"{{"entity":"{entity}","id":"{id}","version":1,"after":{{"id":"{id}"{rest}}}}}"#)
    };
    let of_documents = documents.into_iter().map(|(id, rest)| entity("document", id, &format!(",{rest}")));
    let all = std::iter::once(entity("loanRequest", "L1", "")).chain(of_documents);
    let events = all.enumerate().map(|(at, data)| {
        format!(
            r#"{{"specversion":"1.0","id":"e{at}","source":"/s","type":"com.banclo.DocumentUploaded","subject":"loan-requests/L1","time":"2026-01-05T08:00:00Z","sequence":"{}","data":{data}}}"#,
            at + 1
        ) + "\n"
    });
    events.collect()
}
