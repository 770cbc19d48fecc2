//! One large document to many clients at once: throughput and CPU of the replica beside nginx, which serves the same file
//! over TLS with the same certificate, and the replica's memory meanwhile.
//!
//! `cargo bench --package continuity-tests --bench downloads [-- ROUNDS CLIENTS MEGABYTES]`. It needs `curl` and `nginx`
//! (`apt-get install nginx-light`). Servers and clients share this machine; rounds are interleaved, the first is dropped,
//! medians are printed. Ratios are the result.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use sha2::{Digest, Sha256};
use support::cost::{Meter, median, number};
use support::replica::{Certificates, Replica};
use tempfile::TempDir;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let mut argument = |name: &str, usual: u64| arguments.next().map_or(usual, |text| text.parse().expect(name));
    let (rounds, clients, megabytes) = (
        argument("ROUNDS is a number", 6),
        argument("CLIENTS is a number", 20),
        argument("MEGABYTES is a number", 200),
    );
    let directory = TempDir::new().expect("a directory");
    let feed = feed(directory.path(), megabytes * 1_000_000);
    let replica = Replica::start(&["--feed", feed.to_str().expect("a plain path")]);
    let nginx = Nginx::start(directory.path(), &replica.certificates);
    let bearer = format!("Authorization: Bearer {}", replica.token);
    let ours = format!("{}/api/v1/loan-requests/L1/documents/big/download", replica.base_url);
    println!("{clients} clients, {megabytes} MB each, {rounds} rounds of which the first is dropped; medians");
    let idle = resident(replica.pid);
    let (mut replicas, mut baselines, mut most) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let (figures, peak) = watched(replica.pid, || load(&ours, Some(&bearer), clients, &replica, &[replica.pid]));
        replicas.push(figures);
        most = most.max(peak);
        baselines.push(load(&nginx.url, None, clients, &replica, &nginx.workers()));
    }
    let bytes = number(clients * megabytes * 1_000_000);
    let of = |figures: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| median(figures[1..].iter().map(pick).collect());
    let (wall, base) = (of(&replicas, |f| f.0), of(&baselines, |f| f.0));
    let (cpu, base_cpu) = (of(&replicas, |f| f.1), of(&baselines, |f| f.1));
    println!("replica  {:>7.0} MB/s, {:.2} s of CPU a GB", bytes / wall / 1e6, cpu / bytes * 1e9);
    println!("nginx    {:>7.0} MB/s, {:.2} s of CPU a GB", bytes / base / 1e6, base_cpu / bytes * 1e9);
    println!("ratio    {:.2} of nginx's throughput, {:.2} of its CPU", base / wall, cpu / base_cpu);
    println!("memory   {} MB at rest, at most {} MB in any round", idle / 1_000_000, most / 1_000_000);
}

/// A loan with one document of that size.
fn feed(directory: &Path, size: u64) -> PathBuf {
    fs::create_dir_all(directory.join("blobs/b")).expect("a directory");
    // Nothing that could be compressed: the same bytes in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(usize::try_from(size / 8).expect("it fits into memory"))
    .flatten()
    .collect();
    fs::write(directory.join("blobs/b/big"), &bytes).expect("room on the disk");
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let blob = format!(
        r#"{{"sha256":"{sha256}","sizeBytes":{},"mediaType":"application/pdf","fetch":{{"kind":"OBJECT_STORE","bucket":"b","key":"big"}}}}"#,
        bytes.len()
    );
    let data = [
        r#"{"entity":"loanRequest","id":"L1","version":1,"after":{"id":"L1"}}"#.to_owned(),
        format!(r#"{{"entity":"document","id":"big","version":1,"after":{{"id":"big","blob":{blob}}}}}"#),
    ];
    let lines = data.iter().enumerate().map(|(at, data)| {
        format!(
            r#"{{"specversion":"1.0","id":"e{at}","source":"/s","type":"com.banclo.DocumentUploaded","subject":"loan-requests/L1","time":"2026-01-05T08:00:00Z","sequence":"{}","data":{data}}}{}"#,
            at + 1,
            "\n"
        )
    });
    let feed = directory.join("feed.ndjson");
    fs::write(&feed, lines.collect::<String>()).expect("room on the disk");
    feed
}

/// Seconds of wall time until every client has everything, and of the servers' CPU time.
fn load(url: &str, header: Option<&str>, clients: u64, replica: &Replica, servers: &[u32]) -> (f64, f64) {
    let clock = SystemClock::new();
    let meters: Vec<_> = servers.iter().map(|pid| Meter::start(*pid, &clock)).collect();
    let started = clock.monotonic();
    let running: Vec<Child> = (0..clients).map(|_| curl(url, header, replica)).collect();
    for mut client in running {
        assert!(client.wait().expect("curl ends").success(), "a download of {url} failed");
    }
    let wall = clock.monotonic().saturating_sub(started).as_secs_f64();
    (wall, meters.into_iter().map(|meter| meter.stop(1).cpu.as_secs_f64()).sum())
}

fn curl(url: &str, header: Option<&str>, replica: &Replica) -> Child {
    let mut command = Command::new("curl");
    command.args(["-sS", "--fail", "--http1.1", "-o", "/dev/null", "--cacert"]).arg(&replica.certificates.authority);
    if let Some(header) = header {
        command.args(["-H", header]);
    }
    command.arg(url).stdin(Stdio::null()).spawn().expect("curl is installed")
}

/// What `work` gives, and the most memory that the process had meanwhile.
fn watched<T>(pid: u32, work: impl FnOnce() -> T) -> (T, u64) {
    let (done, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let watcher = {
        let (done, most) = (Arc::clone(&done), Arc::clone(&most));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(resident(pid), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    };
    let result = work();
    done.store(true, Ordering::Relaxed);
    watcher.join().expect("the watcher ends");
    (result, most.load(Ordering::Relaxed))
}

/// Anonymous memory of the process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1_024
}

/// nginx over one file; it ends when this is dropped.
struct Nginx {
    child: Child,
    url: String,
}

impl Nginx {
    fn start(directory: &Path, certificates: &Certificates) -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let root = directory.display();
        let (certificate, key) = (certificates.certificate.display(), certificates.key.display());
        let text = format!(
            "daemon off; worker_processes auto; pid {root}/nginx.pid; error_log {root}/nginx.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; client_body_temp_path {root}/n1; proxy_temp_path {root}/n2;\n\
             fastcgi_temp_path {root}/n3; uwsgi_temp_path {root}/n4; scgi_temp_path {root}/n5;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
             ssl_protocols TLSv1.2 TLSv1.3; root {root}/blobs; }} }}\n"
        );
        let file = directory.join("nginx.conf");
        fs::write(&file, text).expect("room on the disk");
        // Its workers are another user when root starts it: they have to reach the file.
        let _ = Command::new("chmod").args(["-R", "a+rX"]).arg(directory).status();
        let child = Command::new("nginx").arg("-c").arg(&file).stderr(Stdio::null()).spawn();
        let child = child.expect("nginx is installed: apt-get install nginx-light");
        let nginx = Self { child, url: format!("https://localhost:{port}/b/big") };
        let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        let in_time = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            answers()
        });
        let log = || fs::read_to_string(directory.join("nginx.log")).unwrap_or_default();
        assert!(in_time, "nginx does not answer: {}", log());
        nginx
    }

    /// Itself and its workers.
    fn workers(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().filter_map(|pid| pid.parse().ok()).chain([id]).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked to, it ends its workers too.
        drop(Command::new("kill").arg(self.child.id().to_string()).status());
        drop(self.child.wait());
    }
}
