//! The release binary's demo as a child process.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Certificate and key that the replica serves with; the bare server takes the same.
pub(crate) struct Certificates {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) authority: PathBuf,
}

/// A running demo; it is killed when dropped.
pub(crate) struct Replica {
    child: Child,
    pub(crate) pid: u32,
    pub(crate) base_url: String,
    pub(crate) token: String,
    pub(crate) certificates: Certificates,
    pub(crate) metrics_url: String,
    pub(crate) data_dir: PathBuf,
}

/// The program, built with the same profile as this benchmark.
pub(crate) fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a program knows its path");
    let profile = own.parent().and_then(|deps| deps.parent()).expect("benchmarks stand in target/PROFILE/deps");
    let binary = profile.join("continuity");
    assert!(binary.is_file(), "{} is missing: cargo build --release --package continuity", binary.display());
    binary
}

impl Replica {
    /// Starts the demo with `options` and waits for its JSON line.
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["demo", "--json", "--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is connected");
        BufReader::new(output).read_line(&mut line).expect("it prints a line");
        let access: Value = serde_json::from_str(&line).expect("the line is JSON");
        let text = |name: &str| access[name].as_str().expect("a text").to_owned();
        let authority = PathBuf::from(text("caFile"));
        let beside = |name: &str| authority.with_file_name(name);
        let certificates = Certificates {
            certificate: beside("certificate.pem"),
            key: beside("key.pem"),
            authority: authority.clone(),
        };
        let mut replica = Self {
            pid: child.id(),
            child,
            base_url: text("baseUrl"),
            token: String::new(),
            certificates,
            metrics_url: text("metricsUrl"),
            data_dir: PathBuf::from(text("dataDir")),
        };
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            text("clientId"),
            text("clientSecret")
        );
        let reply = replica.curl(&["-d", &form], "/api/v1/oauth/token");
        let token: Value = serde_json::from_slice(&reply).expect("a token reply");
        token["access_token"].as_str().expect("a token").clone_into(&mut replica.token);
        replica
    }

    fn curl(&self, options: &[&str], path: &str) -> Vec<u8> {
        let mut command = Command::new("curl");
        command.args(["-s", "--fail", "--cacert"]).arg(&self.certificates.authority).args(options);
        let output = command.arg(format!("{}{path}", self.base_url)).output().expect("curl is installed");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The body of a GET.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.curl(&["-H", &format!("Authorization: Bearer {}", self.token)], path)
    }

    /// The id of the first loan that a list gives.
    pub(crate) fn first_loan(&self, list: &str) -> String {
        let list: Value = serde_json::from_slice(&self.get(list)).expect("a list");
        list["loanRequests"][0]["id"].as_str().expect("a loan").to_owned()
    }

    /// Ends it as a signal would, and waits.
    pub(crate) fn stop(mut self) {
        drop(Command::new("kill").arg(self.pid.to_string()).status());
        drop(self.child.wait());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
