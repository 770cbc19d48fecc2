//! The metrics of a log, each with the label `log` (which log of the process).

use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{gauge, histogram};

/// Seconds that making a group durable took.
pub const FSYNC_SECONDS: &str = "continuity_log_fsync_seconds";
/// Records made durable.
pub const APPENDED_RECORDS: &str = "continuity_log_appended_records_total";
/// Bytes made durable, as stored.
pub const APPENDED_BYTES: &str = "continuity_log_appended_bytes_total";
/// The last durable position.
pub const HEAD_POSITION: &str = "continuity_log_head_position";
/// Bytes of the log's files.
pub const SIZE_BYTES: &str = "continuity_log_size_bytes";
/// 1 once the writer has stopped after an error.
pub const WRITER_STOPPED: &str = "continuity_log_writer_stopped";

/// Tells the recorder what the metrics mean. Call it once, after the recorder is installed.
pub fn describe() {
    describe_histogram!(FSYNC_SECONDS, Unit::Seconds, "Time to make one group of records durable");
    describe_counter!(APPENDED_RECORDS, Unit::Count, "Records made durable in the log");
    describe_counter!(APPENDED_BYTES, Unit::Bytes, "Bytes made durable in the log, as stored");
    describe_gauge!(HEAD_POSITION, Unit::Count, "Last durable position of the log");
    describe_gauge!(SIZE_BYTES, Unit::Bytes, "Bytes of the log's files, without what is only reserved");
    describe_gauge!(WRITER_STOPPED, Unit::Count, "1 once the log takes no more records after a failed write or sync");
}

/// The handles of one log's metrics.
pub(crate) struct Meters {
    pub(crate) fsync: Histogram,
    pub(crate) records: Counter,
    pub(crate) bytes: Counter,
    pub(crate) head: Gauge,
    pub(crate) size: Gauge,
    pub(crate) stopped: Gauge,
}

impl Meters {
    pub(crate) fn new(log: &'static str) -> Meters {
        Meters {
            fsync: histogram!(FSYNC_SECONDS, "log" => log),
            records: counter!(APPENDED_RECORDS, "log" => log),
            bytes: counter!(APPENDED_BYTES, "log" => log),
            head: gauge!(HEAD_POSITION, "log" => log),
            size: gauge!(SIZE_BYTES, "log" => log),
            stopped: gauge!(WRITER_STOPPED, "log" => log),
        }
    }
}

/// Runs `work` and says how long it took.
#[expect(clippy::disallowed_methods, reason = "measures how long something takes and never says when it is")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

/// A number as gauges take it: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, far beyond any log")]
pub(crate) fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::{
        MemoryDisk,
        testing::{group, open},
    };

    /// The value of a metric of the test's log in the exposition `text`.
    fn value(text: &str, name: &str) -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}{{log=\"test\"}} ")));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }

    #[test]
    fn every_metric_is_described_and_moves() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let disk = MemoryDisk::new();
        let (log, size) = metrics::with_local_recorder(&recorder, || {
            describe();
            let mut opened = open(&disk).unwrap();
            opened.writer.append(group(1, &[100; 5])).unwrap().wait().unwrap();
            let size = opened.log.size_bytes();
            disk.fail_sync(0);
            opened.writer.append(group(6, &[100])).unwrap().wait().unwrap_err();
            (opened.log, size)
        });
        let text = handle.render();
        for name in [FSYNC_SECONDS, APPENDED_RECORDS, APPENDED_BYTES, HEAD_POSITION, SIZE_BYTES, WRITER_STOPPED] {
            assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
        }
        assert_eq!(value(&text, APPENDED_RECORDS), 5);
        assert_eq!(value(&text, HEAD_POSITION), log.head().position);
        assert_eq!(value(&text, SIZE_BYTES), size);
        assert_eq!(value(&text, APPENDED_BYTES), size - 64, "all but the segment's header");
        assert_eq!(value(&text, WRITER_STOPPED), 1);
        assert_eq!(value(&text, &format!("{FSYNC_SECONDS}_count")), 1);
    }
}
