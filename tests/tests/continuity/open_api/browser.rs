//! A person in front of a browser.

use std::process::Command;

use continuity_tests::harness::Failure;

use super::{demo, succeeds, told, workshop};

/// Authorises Swagger UI with id and secret, tries calls in it, and reads the reference on three screens; every page
/// asks this replica alone, and keeps to its own content security policy. `CONTINUITY_PICTURES` names a folder for pictures.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_tries_and_reads_the_api_in_chromium() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    let pictures = std::env::var_os("CONTINUITY_PICTURES").unwrap_or_else(|| folder.path().into());
    let mut browser = Command::new("node");
    told(browser.current_dir(folder.path()).arg("browser.mjs"), &demo)?.arg(pictures);
    let said = succeeds(browser).await?;
    assert_eq!(said.lines().count(), 5, "{said}");
    Ok(())
}
