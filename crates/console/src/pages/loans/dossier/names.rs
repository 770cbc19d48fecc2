//! Names of files in a dossier: safe on every system, and none twice.

/// The longest name, in bytes: paths of Windows are short.
const LONGEST: usize = 100;
/// An ending longer than this is no ending.
const LONGEST_ENDING: usize = 12;

/// `folder/0001-name`: the number makes it the only one, whatever the case, keeps the order, and keeps names of devices
/// (`con`), of commands (`-rf`) and of hidden files (`.x`) away.
pub(super) fn numbered(folder: &str, number: usize, name: &str) -> String {
    let name = safe(name);
    let dash = if name.is_empty() { "" } else { "-" };
    format!("{folder}/{number:04}{dash}{name}")
}

/// A name in which nothing means anything to a file system, a shell's list of hashes, or an eye.
pub(super) fn safe(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_control() && !is_invisible(*c));
    let name: String = kept.map(|c| if c.is_alphanumeric() || "._-()+,&'".contains(c) { c } else { ' ' }).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = shortened(name.trim_matches(['.', ' ']));
    name.trim_matches(['.', ' ']).to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Cut, but with its ending, so that it still opens.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() > LONGEST_ENDING { "" } else { ending };
    let mut end = LONGEST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_nothing() {
        for (name, expected) in [
            ("Sale agreement.pdf", "d/0007-Sale agreement.pdf"),
            ("../../etc/passwd", "d/0007-etc passwd"),
            ("..\\..\\boot.ini", "d/0007-boot.ini"),
            ("C:\\con.txt", "d/0007-C con.txt"),
            ("nul", "d/0007-nul"),
            ("invoice\u{202e}fdp.exe", "d/0007-invoicefdp.exe"),
            ("a\r\nb\0c", "d/0007-abc"),
            ("<img src=x onerror=alert(1)>", "d/0007-img src x onerror alert(1)"),
            ("Ħaġar.pdf", "d/0007-Ħaġar.pdf"),
            (" . ", "d/0007"),
            ("", "d/0007"),
        ] {
            assert_eq!(numbered("d", 7, name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = safe(&format!("{}.pdf", "ü".repeat(5_000)));
        assert!(name.len() <= LONGEST && name.ends_with("ü.pdf"), "{name}");
    }
}
