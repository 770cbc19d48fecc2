//! Sort bytes compare as what they stand for.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

/// Every text sorts strictly after the one before it.
fn check_ascending(meaning: Meaning, raws: &[&str]) {
    let keys: Vec<_> = raws.iter().map(|raw| of_raw(raw, meaning).unwrap_or_else(lowest)).collect();
    for (pair, raw) in keys.windows(2).zip(raws.windows(2)) {
        assert!(pair[0] < pair[1], "{} must sort before {}", raw[0], raw[1]);
    }
}

fn check_equal(meaning: Meaning, raws: &[&str]) {
    for raw in raws {
        assert_eq!(of_raw(raw, meaning), of_raw(raws[0], meaning), "{raw} must sort as {}", raws[0]);
    }
}

#[test]
fn numbers_compare_by_value_not_by_literal() {
    let ascending = [
        "null",
        "-1e400",
        r#""-100000000000000000000000""#,
        "-2",
        "-1.53",
        "-1.5",
        "-0.15",
        "-0.0001",
        "0",
        "1e-400",
        r#""0.009""#,
        "0.01",
        "9",
        "10",
        r#""1500.00""#,
        "1500.01",
        r#""99999999999999999999999999.99""#,
        "1e99",
        "1e9223372036854775806",
    ];
    check_ascending(Meaning::Decimal, &ascending);
    check_equal(Meaning::Decimal, &["1500", r#""1500.00""#, "1.5e3", "15E+2", r#""01500""#, r#""+1500.0""#]);
    check_equal(Meaning::Decimal, &["0", "-0", "0.000", r#""-0e5""#, "0e99999999999999999999"]);
}

#[test]
fn what_is_no_number_is_lowest() {
    let unreadable = [
        "null", r#""""#, r#""abc""#, r#""1,5""#, r#""1.""#, r#"".5""#, r#""1e""#, r#""--1""#, "[1]", "{}", "true",
        r#"" 1""#,
    ];
    for raw in unreadable {
        assert_eq!(of_raw(raw, Meaning::Decimal), None, "{raw}");
    }
}

#[test]
fn instants_of_any_precision_and_offset() {
    let ascending = [
        "5",
        r#""1969-12-31T23:59:59Z""#,
        r#""2024-02-29T10:00:00Z""#,
        r#""2024-02-29T10:00:00.000000000001Z""#,
        r#""2024-02-29T10:00:00.1Z""#,
        r#""2024-02-29T12:00:00.11+02:00""#,
        r#""2024-02-29T10:00:01Z""#,
    ];
    check_ascending(Meaning::Instant, &ascending);
    check_equal(
        Meaning::Instant,
        &[r#""2024-02-29T10:00:00Z""#, r#""2024-02-29T10:00:00.000Z""#, r#""2024-02-29T11:30:00+01:30""#],
    );
    for raw in ["null", r#""yesterday""#, "1709200800", r#""2024-02-29""#] {
        assert_eq!(of_raw(raw, Meaning::Instant), None, "{raw}");
    }
}

#[test]
fn texts_compare_by_code_point() {
    check_ascending(
        Meaning::Text,
        &["null", r#""""#, r#""A""#, r#""AB""#, r#""a""#, r#""\u00e4""#, r#""\uffee""#, r#""😀""#],
    );
    check_equal(Meaning::Text, &[r#""\u0041""#, r#""A""#]);
}

#[test]
fn members_are_found_by_name() {
    let members = json::members(r#"{"a":1,"createdAt":"2024-01-01T00:00:00Z"}"#).unwrap();
    assert_eq!(of_member(&members, "createdAt", Meaning::Instant), of_instant("2024-01-01T01:00:00+01:00"));
    assert_eq!(of_member(&members, "missing", Meaning::Instant), lowest());
    assert_eq!(of_member(&members, "a", Meaning::Decimal), of_u64(1));
}

#[test]
fn keys_stay_bounded() {
    let long = format!("\"{}\"", "9".repeat(100_000));
    assert!(of_raw(&long, Meaning::Text).unwrap().len() <= MAX_TEXT_BYTES + 1);
    assert!(of_raw(&long, Meaning::Decimal).unwrap().len() <= MAX_DIGITS + 10);
}

/// Integers scaled by a power of ten, written in different ways.
fn literal() -> impl Strategy<Value = (i128, String)> {
    (any::<i32>(), 0_u32..12, any::<bool>(), any::<bool>()).prop_map(|(number, scale, exponent, quoted)| {
        let value = i128::from(number) * 10_i128.pow(12 - scale);
        let text = if exponent { format!("{number}e-{scale}") } else { plain(i128::from(number), scale) };
        (value, if quoted { format!("\"{text}\"") } else { text })
    })
}

fn plain(number: i128, scale: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let unit = 10_u128.pow(scale);
    let (whole, fraction) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction:0width$}", width = scale as usize)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn decimals_sort_as_numbers(a in literal(), b in literal()) {
        let (left, right) = (of_raw(&a.1, Meaning::Decimal).unwrap(), of_raw(&b.1, Meaning::Decimal).unwrap());
        prop_assert_eq!(left.cmp(&right), a.0.cmp(&b.0), "{} and {}", a.1, b.1);
    }

    #[test]
    fn instants_sort_as_instants(a in 0_i64..4_000_000, b in 0_i64..4_000_000, hours in 0_i64..24) {
        let utc = format!("2024-03-01T{:02}:{:02}:{:02}.{:03}Z", a / 3_600_000 % 24, a / 60_000 % 60, a / 1_000 % 60, a % 1_000);
        let there = b + hours * 3_600_000;
        let (day, hour) = (1 + there / 86_400_000, there / 3_600_000 % 24);
        let offset = format!(
            "2024-03-{day:02}T{hour:02}:{:02}:{:02}.{:03}000+{hours:02}:00", there / 60_000 % 60, there / 1_000 % 60, there % 1_000,
        );
        prop_assert_eq!(of_instant(&utc).cmp(&of_instant(&offset)), a.cmp(&b), "{} and {}", utc, offset);
    }

    #[test]
    fn texts_sort_by_code_point(a in ".*", b in ".*") {
        let by_code_point: Ordering = a.chars().cmp(b.chars());
        prop_assert_eq!(of_text(&a).cmp(&of_text(&b)), by_code_point);
    }
}
