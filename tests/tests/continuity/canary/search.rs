//! Finding a secret in whatever was written, in each form that it could have there.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use continuity_tests::harness::Failure;

use crate::stage::encoded;

/// What a search begins with; no form of a secret is shorter.
const HEAD: usize = 8;

/// Secrets with their names, in all their forms.
#[derive(Default)]
pub(crate) struct Secrets {
    forms: Vec<(String, Vec<u8>)>,
    /// The forms that begin with these bytes.
    heads: HashMap<[u8; HEAD], Vec<usize>>,
    /// Whether any form begins with these two bytes: most places are left after one look.
    begins: Vec<bool>,
}

impl Secrets {
    /// One more; an error when a form of it is so short that it could stand somewhere by chance.
    pub(crate) fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.begins.resize(1 << 16, false);
        for (form, bytes) in forms(secret.as_ref()) {
            let head: [u8; HEAD] = bytes.get(..HEAD).ok_or_else(|| format!("{name} is too short"))?.try_into()?;
            self.begins[usize::from(u16::from_le_bytes([head[0], head[1]]))] = true;
            self.heads.entry(head).or_default().push(self.forms.len());
            self.forms.push((format!("{name}, {form}"), bytes));
        }
        Ok(())
    }

    pub(crate) fn count(&self) -> usize {
        self.forms.len()
    }

    /// The names of what stands in these bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(HEAD).enumerate() {
            if !self.begins[usize::from(u16::from_le_bytes([window[0], window[1]]))] {
                continue;
            }
            let Some(known) = window.try_into().ok().and_then(|head: [u8; HEAD]| self.heads.get(&head)) else {
                continue;
            };
            let here = known.iter().map(|form| &self.forms[*form]).filter(|(_, form)| bytes[at..].starts_with(form));
            found.extend(here.map(|(name, _)| name.clone()));
        }
        found
    }
}

/// As it is, and as programs write bytes and texts down.
fn forms(secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![
        ("as it is".to_owned(), secret.to_vec()),
        ("in hexadecimal".to_owned(), hex::encode(secret).into_bytes()),
        ("in capital hexadecimal".to_owned(), hex::encode_upper(secret).into_bytes()),
        ("as numbers".to_owned(), numbers(secret)),
        ("backwards".to_owned(), secret.iter().rev().copied().collect()),
    ];
    for (name, alphabet) in [("base 64", &STANDARD), ("base64url", &URL_SAFE)] {
        // Where it begins within three bytes decides how it looks.
        for before in 0..3 {
            let text = alphabet.encode([&[0; 2][..before], secret].concat());
            let (first, last) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
            forms.push((format!("in {name}, {before} bytes behind"), text.as_bytes()[first..last].to_vec()));
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let wide = || text.encode_utf16();
        forms.push(("percent-encoded".to_owned(), encoded(text).into_bytes()));
        forms.push(("in UTF-16".to_owned(), wide().flat_map(u16::to_le_bytes).collect()));
        forms.push(("in UTF-16, the other way round".to_owned(), wide().flat_map(u16::to_be_bytes).collect()));
        let quoted = serde_json::Value::from(text).to_string();
        forms.push(("in JSON".to_owned(), quoted.trim_matches('"').as_bytes().to_vec()));
    }
    forms.sort_by(|one, two| one.1.cmp(&two.1));
    forms.dedup_by(|one, two| one.1 == two.1);
    forms
}

/// As Rust and Python show a list of bytes.
fn numbers(secret: &[u8]) -> Vec<u8> {
    secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    Ok(files)
}

/// Every form of a secret is found where it is planted, and where it is not, nothing is.
#[test]
fn what_is_planted_is_found() {
    let mut secrets = Secrets::default();
    let planted = ["Trout-Lantern \"42\"/+é", "rt_0123456789abcdef.7", "0123456789"];
    for secret in planted {
        secrets.add(secret, secret).unwrap();
    }
    secrets.add("bytes", [0x00, 0xff, 0x80, 0x7f, 0x01, 0xfe, 0x41, 0x42, 0x99, 0xaa]).unwrap();
    assert!(secrets.add("short", "1234567").is_err());
    let noise: Vec<u8> = (0..4_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    assert_eq!(secrets.found_in(&noise), BTreeSet::new());
    for (name, form) in &secrets.forms {
        for before in [0, 1, 777] {
            let file = [&noise[..before], form, &noise[before..]].concat();
            assert!(secrets.found_in(&file).contains(name), "{name}");
        }
        let cut = [&noise[..], &form[..form.len() - 1]].concat();
        assert!(!secrets.found_in(&cut).contains(name), "a part is not the whole: {name}");
    }
    let told = STANDARD.encode(format!("some-client:{}", planted[0]));
    assert!(!secrets.found_in(told.as_bytes()).is_empty(), "HTTP Basic has it too");
}
