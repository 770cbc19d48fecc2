//! Whether what a consumer delivers follows on what it delivered before.

use super::message::Stamp;

/// What a delivered message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next one; messages between it and the one before were filtered out or deleted.
    Follows,
    /// One that was delivered before, and says so.
    Again,
    /// Messages that the consumer delivered did not arrive.
    Gap,
    /// One that was delivered before, or an older one, and it does not say so.
    Back,
}

/// Follows one consumer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// The last message's sequence in the stream.
    sequence: u64,
    /// How many messages this consumer has delivered.
    delivered: u64,
}

impl Order {
    /// Of a new consumer that begins behind `sequence`.
    pub(super) fn behind(sequence: u64) -> Self {
        Self { sequence, delivered: 0 }
    }

    /// Looks at the next message.
    pub(super) fn next(&mut self, stamp: &Stamp) -> Next {
        // A consumer whose state was set back counts anew, so this is asked before its count is.
        if stamp.sequence <= self.sequence && stamp.deliveries == 1 {
            return Next::Back;
        }
        if stamp.number != self.delivered + 1 {
            return Next::Gap;
        }
        self.delivered = stamp.number;
        if stamp.sequence > self.sequence {
            self.sequence = stamp.sequence;
            return Next::Follows;
        }
        Next::Again
    }

    /// How many messages of this consumer arrived.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(sequence: u64, number: u64, deliveries: u64) -> Stamp {
        Stamp { deliveries, sequence, number, nanos: 0 }
    }

    #[test]
    fn deleted_and_filtered_messages_leave_no_gap() {
        let mut order = Order::behind(10);
        let stamps = [stamp(11, 1, 1), stamp(15, 2, 1), stamp(16, 3, 1)];
        assert!(stamps.iter().all(|stamp| order.next(stamp) == Next::Follows));
        assert_eq!(order.delivered(), 3);
    }

    #[test]
    fn what_did_not_arrive_leaves_a_gap() {
        let mut order = Order::behind(0);
        assert_eq!(order.next(&stamp(1, 1, 1)), Next::Follows);
        assert_eq!(order.next(&stamp(3, 3, 1)), Next::Gap);
        assert_eq!(Order::behind(5).next(&stamp(7, 2, 1)), Next::Gap);
    }

    #[test]
    fn going_back_is_told_from_a_redelivery() {
        let mut order = Order::behind(5);
        assert_eq!(order.next(&stamp(6, 1, 1)), Next::Follows);
        assert_eq!(order.next(&stamp(6, 2, 2)), Next::Again);
        assert_eq!(order.next(&stamp(6, 3, 1)), Next::Back);
        assert_eq!(Order::behind(5).next(&stamp(1, 1, 1)), Next::Back);
        assert_eq!(order.next(&stamp(1, 1, 1)), Next::Back, "a consumer that begins again");
    }
}
