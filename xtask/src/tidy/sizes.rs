//! Files of at most 500 lines and functions of at most 70, without their tests; module documentation in each file.

use super::Source;

const FILE_LIMIT: usize = 500;
const FUNCTION_LIMIT: usize = 70;

/// What `source` breaks.
pub(super) fn check(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let production = production_lines(source);
    if production.len() > FILE_LIMIT {
        problems.push(format!("{}: {} lines, the limit is {FILE_LIMIT}", source.path, production.len()));
    }
    if !source.text.trim_start_matches("#![").lines().take(3).any(|line| line.starts_with("//!")) {
        problems.push(format!("{}: begins without module documentation (//!)", source.path));
    }
    for (name, length) in functions(&production).into_iter().filter(|(_, length)| *length > FUNCTION_LIMIT) {
        problems.push(format!("{}: fn {name} has {length} lines, the limit is {FUNCTION_LIMIT}", source.path));
    }
    problems
}

/// The longest file and function, for people who like to know.
pub(super) fn longest(sources: &[Source]) -> String {
    let file = sources.iter().map(|s| (production_lines(s).len(), s.path.as_str())).max().unwrap_or_default();
    let function = sources.iter().flat_map(|s| functions(&production_lines(s))).max_by_key(|f| f.1).unwrap_or_default();
    format!("longest file {} ({} lines), longest function {} ({} lines)", file.1, file.0, function.0, function.1)
}

/// Lines before the tests; none of a file that is all tests.
fn production_lines(source: &Source) -> Vec<&str> {
    let is_test =
        source.path.starts_with("tests/") || source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    if is_test {
        return Vec::new();
    }
    source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).collect()
}

/// Name and length of each function: from the line of its `fn` to the brace that closes it at the same indentation.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function_name(code) else { continue };
        let indentation = &line[..line.len() - code.len()];
        let close = format!("{indentation}}}");
        let one_line = line.trim_end().ends_with(['}', ';']);
        if let Some(end) = lines[start..].iter().position(|l| *l == close).filter(|_| !one_line) {
            found.push((name.to_owned(), end + 1));
        }
    }
    found
}

fn function_name(code: &str) -> Option<&str> {
    let mut rest = code;
    for word in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "crates/x/src/lib.rs".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn long_functions_and_files_are_named() {
        let long =
            format!("//! Doc.\nfn short() {{\n}}\npub async fn long<T>() {{\n{}}}\n", "    step();\n".repeat(80));
        assert_eq!(check(&source(&long)), ["crates/x/src/lib.rs: fn long has 82 lines, the limit is 70"]);
        let file = format!("//! Doc.\n{}", "const A: u8 = 1;\n".repeat(600));
        assert_eq!(check(&source(&file)), ["crates/x/src/lib.rs: 601 lines, the limit is 500"]);
    }

    #[test]
    fn tests_do_not_count_but_documentation_is_asked_for() {
        let text = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(700));
        assert_eq!(check(&source(&text)), ["crates/x/src/lib.rs: begins without module documentation (//!)"]);
    }
}
