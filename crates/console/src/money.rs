//! Amounts for people. They are decimal texts and are never made numbers: every digit is shown as it came.

use crate::texts::{Texts, fill};

/// An amount with its currency.
pub(crate) fn money(t: &Texts, amount: &str, currency: &str) -> String {
    let amount = grouped(t, amount);
    if amount.is_empty() || currency.is_empty() { amount } else { fill(t.data.money, &[currency, &amount]) }
}

/// A size or a count with its thousands set apart.
pub(crate) fn figure(t: &Texts, number: u64) -> String {
    grouped(t, &number.to_string())
}

/// A decimal number with its thousands set apart; what is none as it is.
pub(crate) fn grouped(t: &Texts, number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return number.to_owned();
    }
    let mut shown = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            shown.push_str(t.data.thousands);
        }
        shown.push(digit);
    }
    if digits.contains('.') {
        shown.push_str(t.data.decimal_point);
        shown.push_str(fraction);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn every_digit_stays() {
        for (amount, shown) in [
            ("466147.00", "EUR 466,147.00"),
            ("0.10", "EUR 0.10"),
            ("999", "EUR 999"),
            ("1000", "EUR 1,000"),
            ("-1234567.5", "EUR −1,234,567.5"),
            ("123456789012345678901234567890.123456789", "EUR 123,456,789,012,345,678,901,234,567,890.123456789"),
            ("1e6", "EUR 1e6"),
            ("soon", "EUR soon"),
            ("", ""),
        ] {
            assert_eq!(money(&ENGLISH, amount, "EUR"), shown);
        }
        assert_eq!(money(&ENGLISH, "5", ""), "5");
    }
}
