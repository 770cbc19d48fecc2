//! How fast messages come, beside a bare consumer: run by hand, with `--ignored --nocapture`.

use async_nats::jetstream::consumer::{AckPolicy, pull};
use continuity_base::{Clock, Stop, SystemClock};
use continuity_ingest::{Known, Source};
use continuity_tests::brokers::NATS;

use super::support::{Broker, STREAM, next};

const MESSAGES: u64 = 100_000;
const BYTES: usize = 1_800;

#[test]
#[ignore = "it measures"]
fn events_a_second() {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_many("changes.1", &"x".repeat(BYTES), MESSAGES);
    for _ in 0..3 {
        let bare =
            broker.bare(STREAM, pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() }, MESSAGES);
        let mut source = broker.source();
        let clock = SystemClock::new();
        source.resume(&Known::default()).unwrap();
        let mut count = 0;
        while count < MESSAGES {
            let batch = source.next_batch(4_096, 16 << 20, &Stop::new()).unwrap();
            count += u64::try_from(batch.messages.len()).unwrap();
            if let Some(last) = batch.messages.last() {
                source.acknowledge(&last.position).unwrap();
            }
        }
        let ours = clock.monotonic();
        assert!(next(&mut source).unwrap().messages.is_empty());
        let rate = |took: std::time::Duration| f64::from(u32::try_from(MESSAGES).unwrap()) / took.as_secs_f64();
        let ratio = bare.as_secs_f64() / ours.as_secs_f64();
        println!("bare {:.0}/s, source {:.0}/s, ratio {ratio:.2}", rate(bare), rate(ours));
    }
}
