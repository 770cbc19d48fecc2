//! Random groups, a power cut at a random step, any subset of what was not synced: nothing acknowledged is lost,
//! nothing partial is visible, the chain holds, and writing goes on.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::Options;

#[derive(Clone, Debug)]
struct Life {
    groups: Vec<Vec<usize>>,
    /// How many tickets are out at a time.
    in_flight: usize,
    ends_after: u64,
    /// The seed of the power cut; without one only the process ends, and what was not synced stays as it is.
    power_cut: Option<u64>,
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let sizes = vec(prop_oneof![4 => 0..200usize, 1 => 200..3000usize], 1..6);
    let life = (vec(sizes, 1..25), 1..4usize, 0..90u64, prop::option::of(any::<u64>()));
    let life =
        life.prop_map(|(groups, in_flight, ends_after, power_cut)| Life { groups, in_flight, ends_after, power_cut });
    vec(life, 1..5)
}

/// Lives until the power goes or the process is killed; returns the last acknowledged head, and the highest position that may be there.
fn live(disk: &MemoryDisk, options: Options, life: &Life, at_least: Head) -> (Head, u64) {
    disk.cut_power(life.ends_after);
    let Ok(mut opened) = open_with(disk, options, &[]) else { return (at_least, u64::MAX) };
    let mut acknowledged = opened.log.head();
    let mut tickets = std::collections::VecDeque::new();
    for sizes in &life.groups {
        let first = opened.writer.next_position();
        match opened.writer.append(group(first, sizes)) {
            Ok(ticket) => tickets.push_back(ticket),
            Err(_) => break,
        }
        if tickets.len() >= life.in_flight {
            match tickets.pop_front().map(crate::Ticket::wait) {
                Some(Ok(head)) => acknowledged = head,
                _ => break,
            }
        }
    }
    for ticket in tickets {
        acknowledged = ticket.wait().unwrap_or(acknowledged);
    }
    let appended = opened.writer.next_position() - 1;
    (acknowledged, appended)
}

/// Checks, on a copy, what is left against what was acknowledged.
fn check(disk: &MemoryDisk, sizes: &mut Vec<usize>, acknowledged: Head, appended: u64) {
    let trial = disk.crash(CrashPolicy::Keep);
    let opened = open_with(&trial, small(), &[checkpoint(acknowledged.position, acknowledged.hash)]).unwrap();
    let head = opened.log.head();
    assert!((acknowledged.position..=appended).contains(&head.position), "{acknowledged:?} {head:?} {appended}");
    assert_eq!(opened.recovery.stale, []);
    sizes.truncate(usize::try_from(head.position).unwrap());
    assert!(read_all(&opened.log) == group(1, sizes), "the records are those that were appended");
    assert_eq!(opened.log.verify(&mut |_, _| {}).unwrap().head, head);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("CONTINUITY_SOAK").is_some() { 4_000 } else { 96 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_acknowledged_is_lost(lives in lives()) {
        let mut disk = MemoryDisk::new();
        let mut acknowledged = Head::default();
        let mut sizes = Vec::new();
        for life in &lives {
            let (now, appended) = live(&disk, small(), life, acknowledged);
            acknowledged = now;
            sizes.extend(life.groups.iter().flatten());
            let appended = appended.min(sizes.len() as u64);
            match life.power_cut {
                Some(seed) => disk = disk.crash(CrashPolicy::Random(seed)),
                None => disk.mend(),
            }
            check(&disk, &mut sizes, acknowledged, appended);
        }
    }

    #[test]
    fn rot_is_never_taken_for_the_truth(
        groups in vec(vec(0..300usize, 1..4), 1..20), place in any::<prop::sample::Index>(), bit in 0..8u8,
    ) {
        let disk = MemoryDisk::new();
        let mut opened = open(&disk).unwrap();
        for sizes in &groups {
            let first = opened.writer.next_position();
            opened.writer.append(group(first, sizes)).unwrap().wait().unwrap();
        }
        let head = opened.log.head();
        drop(opened);
        let sizes: Vec<usize> = groups.into_iter().flatten().collect();
        let names = segments(&disk);
        let name = &names[place.index(names.len())];
        let length = disk.contents(name).unwrap().len();
        assert!(disk.flip(name, place.index(length) as u64, 1 << bit));
        // Either opening finds it, or verifying, or it hit nothing that counts: the reserve behind the end.
        if let Ok(opened) = open(&disk) {
            prop_assert_eq!(opened.log.head(), head);
            if opened.log.verify(&mut |_, _| {}).is_ok() {
                prop_assert!(read_all(&opened.log) == group(1, &sizes));
            }
        }
    }
}
