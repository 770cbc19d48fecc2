//! Who reads, as one text: records of reads have a place for a client's id and name, and a person who let the client in
//! stands in the same places, behind a mark that neither holds.

/// No id has it.
const IDS: char = '/';
/// No e-mail address has it (unit separator).
const NAMES: char = '\u{1f}';

/// The text for a client that speaks for an account.
pub(crate) fn join(client: &str, account: &str) -> String {
    format!("{client}{IDS}{account}")
}

/// The name to go with it.
pub(crate) fn name(client: &str, email: &str) -> String {
    format!("{client}{NAMES}{email}")
}

/// The client's id, and the account's if there is one.
pub(crate) fn split(reader: &str) -> (&str, Option<&str>) {
    reader.split_once(IDS).map_or((reader, None), |(client, account)| (client, Some(account)))
}

/// The client's name, and the person's address if there is one.
pub(crate) fn split_name(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once(NAMES).map_or((name, None), |(client, email)| (client, Some(email)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_comes_apart() {
        assert_eq!(split("client-1"), ("client-1", None));
        assert_eq!(split(&join("client-1", "4f9d")), ("client-1", Some("4f9d")));
        assert_eq!(split_name("Reports / nightly"), ("Reports / nightly", None));
        assert_eq!(split_name(&name("Reports", "a/b@bank.example")), ("Reports", Some("a/b@bank.example")));
    }
}
