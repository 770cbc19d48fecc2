//! Writes a history to standard output: `feed SEED LOANS`.

use std::io::Write;

use continuity_base::Timestamp;
use continuity_simulator::Simulator;

fn main() -> std::io::Result<()> {
    let number = |index, otherwise| std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for emitted in
        Simulator::loans(number(1, 1), Timestamp::from_micros(1_767_600_000_000_000), number(2, 100)).history()
    {
        writeln!(out, "{}", emitted.line)?;
    }
    out.flush()
}
