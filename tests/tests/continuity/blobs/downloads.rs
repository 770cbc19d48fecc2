//! Downloads with the clients that people use: curl, and a reader of PDFs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use continuity_simulator::objects::{ObjectOptions, ObjectServer};
use continuity_simulator::{BlobId, FileKind};
use continuity_tests::harness::{Failure, Replica};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{config, loan};
use crate::clients::python;
use crate::feeds::START;
use crate::rig::succeeded;

const SIZE: u64 = 20_000_000;

/// A replica with one document of each kind, and what curl needs to ask for them.
struct Rig {
    replica: Replica,
    directory: TempDir,
    token: String,
    _server: ObjectServer,
}

impl Rig {
    async fn start() -> Result<Self, Failure> {
        let directory = TempDir::new()?;
        let server = ObjectServer::start(ObjectOptions { seed: 5, ..ObjectOptions::default() })?;
        let feed = directory.path().join("feed.ndjson");
        fs::write(&feed, events(&server))?;
        let replica = Replica::new().config(&config(&feed, &server)).start().await?;
        replica.until("live", crate::rig::LIMIT, |health| crate::rig::state(health) == "live").await?;
        replica.until_bytes(crate::rig::LIMIT).await?;
        let token = replica.client("documents:read").await?.token().to_owned();
        Ok(Self { replica, directory, token, _server: server })
    }

    /// Runs curl on a document's download, with these options.
    async fn curl(&self, document: &str, options: &[&str]) -> Result<Output, Failure> {
        let access = self.replica.access();
        let mut command = Command::new("curl");
        command.args(["-sS", "--cacert"]).arg(&access.ca_file).args(options);
        command.arg("-H").arg(format!("Authorization: Bearer {}", self.token));
        command.arg(format!("{}/api/v1/loan-requests/L1/documents/{document}/download", access.base_url));
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn id(kind: FileKind) -> BlobId {
    BlobId::new(kind, if kind == FileKind::Pdf { SIZE } else { 300_000 }, 9)
}

const KINDS: [(&str, FileKind); 5] = [
    ("pdf", FileKind::Pdf),
    ("png", FileKind::Png),
    ("jpeg", FileKind::Jpeg),
    ("docx", FileKind::Docx),
    ("xlsx", FileKind::Xlsx),
];

/// A loan with a document of each kind.
fn events(server: &ObjectServer) -> String {
    loan(KINDS.map(|(name, kind)| {
        let blob = server.served().reference(id(kind), START);
        (name, format!(r#""fileName":"Gehaltsnachweis Jänner.{name}","blob":{blob}"#))
    }))
}

fn digest(path: &Path) -> Result<String, Failure> {
    Ok(hex::encode(Sha256::digest(fs::read(path)?)))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_and_a_pdf_reader_open_them() -> Result<(), Failure> {
    let rig = Rig::start().await?;
    for (name, kind) in KINDS {
        let (file, headers) = (rig.path(name), rig.path("headers"));
        succeeded(&rig.curl(name, &["--fail", "-D", text(&headers), "-o", text(&file)]).await?);
        let content = id(kind).content();
        assert_eq!(digest(&file)?, hex::encode(content.sha256()), "{name}");
        let headers = fs::read_to_string(&headers)?.to_lowercase();
        let type_of = format!("content-type: {}\r\n", kind.media_type());
        for expected in [
            type_of.as_str(),
            "x-content-type-options: nosniff\r\n",
            "accept-ranges: bytes\r\n",
            "attachment; filename",
        ] {
            assert!(headers.contains(expected), "{expected} is not in {headers}");
        }
    }
    ranges(&rig).await?;
    let mut reader = Command::new(python());
    reader.arg(format!("{}/clients/file_reader.py", env!("CARGO_MANIFEST_DIR")));
    let output = reader.args(KINDS.map(|(name, _)| rig.path(name))).output()?;
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().count(), KINDS.len(), "{said}");
    Ok(())
}

/// `-r`, `-C -` behind a download that broke off, and `If-Range`.
async fn ranges(rig: &Rig) -> Result<(), Failure> {
    let (all, part) = (fs::read(rig.path("pdf"))?, rig.path("part"));
    let code = ["-w", "%{http_code}", "-o", text(&part)];
    let asked = async |options: &[&str]| -> Result<(String, Vec<u8>), Failure> {
        let output = rig.curl("pdf", &[options, &code].concat()).await?;
        Ok((String::from_utf8(output.stdout)?, fs::read(rig.path("part")).unwrap_or_default()))
    };
    let range = |from: usize, to: usize| ("206".to_owned(), all[from..to].to_vec());
    assert!(asked(&["-r", "1000-1999"]).await? == range(1_000, 2_000));
    assert!(asked(&["-r", "-500"]).await? == range(all.len() - 500, all.len()));
    let tag = format!("If-Range: \"{}\"", hex::encode(Sha256::digest(&all)));
    assert!(asked(&["-r", "5-9", "-H", &tag]).await? == range(5, 10));
    assert!(asked(&["-r", "5-9", "-H", "If-Range: \"other\""]).await? == ("200".to_owned(), all.clone()));
    assert!(asked(&["-r", "0-1,5-6"]).await? == ("200".to_owned(), all.clone()), "several ranges: everything");
    assert_eq!(asked(&["-r", "20000000-"]).await?.0, "416");
    // The connection was cut: curl goes on where the file ends.
    fs::write(&part, &all[..7_000_001])?;
    assert!(asked(&["-C", "-"]).await? == ("206".to_owned(), all));
    Ok(())
}
