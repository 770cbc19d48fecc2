//! Durable positions, committed to a group as a favour to tools that show lag.

use std::collections::BTreeMap;
use std::time::Duration;

use continuity_base::Clock;
use continuity_events::record::SourcePosition;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::context::{Consumer, Context};

/// How often at most.
const EVERY: Duration = Duration::from_secs(5);

/// Positions that wait to be committed: one a partition.
#[derive(Debug, Default)]
pub(super) struct Commits {
    waiting: BTreeMap<(String, i32), i64>,
    committed_at: Option<Duration>,
}

impl Commits {
    /// Everything up to the position is durable here.
    pub(super) fn add(&mut self, position: &SourcePosition) {
        if let SourcePosition::Topic { topic, partition, offset, .. } = position {
            self.waiting.insert((topic.clone(), *partition), offset.saturating_add(1));
        }
    }

    /// Sends what waits, one request at a time and not all the time. What fails is sent with the next one, or never.
    pub(super) fn send(&mut self, consumer: &Consumer, context: &Context, clock: &dyn Clock) {
        let now = clock.monotonic();
        let early = self.committed_at.is_some_and(|at| now.saturating_sub(at) < EVERY);
        if self.waiting.is_empty() || early || !context.begin_commit() {
            return;
        }
        self.committed_at = Some(now);
        let mut list = TopicPartitionList::with_capacity(self.waiting.len());
        for ((topic, partition), next) in std::mem::take(&mut self.waiting) {
            if let Err(error) = list.add_partition_offset(&topic, partition, Offset::Offset(next)) {
                tracing::debug!(%error, topic, partition, "an offset cannot be committed");
            }
        }
        if let Err(error) = consumer.commit(&list, CommitMode::Async) {
            context.end_commit();
            tracing::debug!(%error, "the offsets were not committed; they are a favour only");
        }
    }
}
