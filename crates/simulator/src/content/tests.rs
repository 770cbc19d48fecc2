//! Files can be read, are as large as asked, and their ranges are slices of the whole.

use super::*;

#[test]
fn files_of_every_kind_and_size_can_be_read() {
    for kind in FileKind::ALL {
        let smallest = kind.smallest();
        let near = smallest..smallest + 12;
        let some = [5_000, 9_999, 16_383, 16_384, 65_535, 100_001, 327_700];
        for (seed, size) in (0..).zip(near.chain(some)) {
            let bytes = BlobId::new(kind, size, seed).content().bytes();
            assert_eq!(bytes.len() as u64, size, "{kind:?} {size}");
            readers::check(kind, &bytes).unwrap_or_else(|wrong| panic!("{kind:?} of {size}: {wrong}"));
        }
    }
}

#[test]
fn no_size_is_in_the_way_of_its_own_digits() {
    // Lengths are written into the file: each number of digits that they cross is a size of its own.
    for size in (pdf::SMALLEST..1_900).chain(9_950..10_400).chain(100_100..100_900) {
        assert_eq!(layout::size(&pdf::parts(size, 1)), size, "{size}");
    }
    for size in layout::UNIT + 250..layout::UNIT + 400 {
        let jpeg = BlobId::new(FileKind::Jpeg, size, 2).content();
        assert_eq!(jpeg.size(), size);
        assert!(readers::jpeg(&jpeg.bytes()).is_ok());
    }
}

#[test]
fn a_document_has_as_many_pages_as_suit_its_size() {
    let pages = |size| readers::pdf(&BlobId::new(FileKind::Pdf, size, 3).content().bytes()).unwrap();
    assert_eq!((pages(2_000), pages(100_000), pages(1_000_000), pages(5_000_000)), (1, 4, 40, 120));
}

#[test]
fn an_image_of_a_seed_differs_from_that_of_another() {
    let greys = |seed| readers::jpeg(&BlobId::new(FileKind::Jpeg, 4_000, seed).content().bytes()).unwrap();
    let (a, b) = (greys(1), greys(2));
    assert!(a.len() == 64 && a != b && a.iter().all(|grey| (-16..16).contains(grey)));
    assert_eq!(readers::png(&BlobId::new(FileKind::Png, 20_000, 1).content().bytes()), Ok((160, 90)));
}

#[test]
fn ranges_are_slices_of_the_whole_and_the_digest_is_that_of_the_bytes() {
    for kind in FileKind::ALL {
        let content = BlobId::new(kind, 300_000, 11).content();
        let whole = content.bytes();
        assert_eq!(content.sha256(), <[u8; 32]>::from(Sha256::digest(&whole)));
        for (start, end) in [(0, 1), (0, 300_000), (1_000, 1_001), (150_000, 290_000), (299_999, 400_000), (7, 7)] {
            let mut out = vec![];
            content.write_range(start..end, &mut out).unwrap();
            let slice = &whole[usize::try_from(start).unwrap()..usize::try_from(end.min(300_000)).unwrap()];
            assert!(out == slice, "{kind:?} {start}..{end}");
        }
    }
}

#[test]
fn the_largest_files_are_whole_too_and_need_little_memory() {
    for kind in FileKind::ALL {
        let content = BlobId::new(kind, u64::MAX, 5).content();
        assert_eq!((content.size(), content.id().size()), (LARGEST, LARGEST));
        let mut end = [0; 64];
        assert_eq!(content.read_at(LARGEST - 32, &mut end), 32);
    }
    // Its checksum, from squares of the repeating part, is that of all its bytes.
    let bytes = BlobId::new(FileKind::Png, 4_000_000, 5).content().bytes();
    assert_eq!(readers::png(&bytes), Ok((160, 90)));
}

#[test]
fn a_seed_gives_the_same_bytes_for_good() {
    let digest = |kind| hex::encode(BlobId::new(kind, 70_000, 2026).content().sha256())[..16].to_owned();
    assert_eq!(
        FileKind::ALL.map(digest),
        ["1bb3b4e85ca30c2c", "8ac24eb11d41e425", "d203557f1b2cd402", "cdfe6e27e33ac2ac", "c11bcd880de90a6a"]
    );
}
