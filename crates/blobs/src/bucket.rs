//! The client of a bucket: one way to make it, for feeds, for the platform's files and for our own store.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{Certificate, ClientOptions, RetryConfig};

use crate::causes;
use crate::remote::RemoteOptions;

/// How long a request may take, or one that streams may bring nothing.
const LIMIT: Duration = Duration::from_mins(2);

/// A client for the bucket of the options, whose requests are short; it connects when it is used. The error says what in
/// the options is wrong.
pub(crate) fn client(options: &RemoteOptions) -> Result<AmazonS3, String> {
    made(options, ClientOptions::new().with_timeout(LIMIT))
}

/// A client whose answers may take as long as they like, and are read at our own pace, as long as something comes.
pub(crate) fn streaming(options: &RemoteOptions) -> Result<AmazonS3, String> {
    made(options, ClientOptions::new().with_timeout_disabled().with_read_timeout(LIMIT))
}

fn made(options: &RemoteOptions, client: ClientOptions) -> Result<AmazonS3, String> {
    let mut client = client.with_allow_http(options.allow_http).with_connect_timeout(Duration::from_secs(10));
    if let Some(path) = &options.ca {
        let pem = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(|e| causes(&e))? {
            client = client.with_root_certificate(certificate);
        }
    }
    let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() };
    let mut builder =
        AmazonS3Builder::from_env().with_bucket_name(&options.bucket).with_client_options(client).with_retry(retry);
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some((key, secret)) = &options.key {
        builder = builder.with_access_key_id(key).with_secret_access_key(secret);
    }
    if let Some(token) = &options.session_token {
        builder = builder.with_token(token);
    }
    builder.build().map_err(|e| causes(&e))
}
