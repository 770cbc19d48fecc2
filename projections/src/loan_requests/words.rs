//! Words as people search for them: case, accents and punctuation do not count.

use std::collections::BTreeSet;
use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words are compared up to this many bytes, so that no key grows without bound.
const LONGEST: usize = 64;

/// What a person searches for: words, each the beginning of a word of what is found, in any order.
///
/// It can name people, so its `Debug` does not say what it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Search(Vec<String>);

impl Search {
    /// The longest text, in characters.
    pub const MOST_CHARACTERS: usize = 200;
    /// The most words in it.
    pub const MOST_WORDS: usize = 8;

    /// What stands between words, as a class of a regular expression: white space as Unicode has it, commas, semicolons,
    /// slashes and ampersands.
    pub const BETWEEN: &str =
        "\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000,;/&";

    /// Reads what was typed. `None` when it is too long, has no word or too many. Words without a letter or a digit find
    /// nothing where there is no other one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().nth(Self::MOST_CHARACTERS).is_some() {
            return None;
        }
        let between = |letter: char| letter.is_whitespace() || [',', ';', '/', '&'].contains(&letter);
        let typed = text.split(between).filter(|word| !word.is_empty());
        let typed: Vec<&str> = typed.collect();
        if typed.is_empty() || typed.len() > Self::MOST_WORDS {
            return None;
        }
        let typed = typed.into_iter().map(|word| cut(&Spelled::of(word).letters).to_owned());
        let mut typed: Vec<String> = typed.filter(|word| !word.is_empty()).collect();
        typed.sort_unstable();
        // What begins another word is found with it.
        let mut words: Vec<String> = Vec::new();
        for word in typed {
            match words.last_mut() {
                Some(last) if word.starts_with(last.as_str()) => *last = word,
                _ => words.push(word),
            }
        }
        Some(Self(words))
    }

    /// Each word once, and none that begins another; none at all finds nothing.
    pub(super) fn words(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({} words)", self.0.len())
    }
}

/// Adds what a text is found by. From each of its parts one word runs to the text's end without what stands between parts:
/// so `PE-2026-000199` is found by its whole, by `pe20`, by `2026-000` and by `000199`, and `O'Quillan` by `oq` and `quil`.
pub(super) fn add(text: &str, words: &mut BTreeSet<String>) {
    let spelled = Spelled::of(text);
    words.extend(spelled.parts.iter().map(|part| cut(&spelled.letters[*part..]).to_owned()));
}

fn cut(word: &str) -> &str {
    &word[..word.floor_char_boundary(LONGEST)]
}

/// A text reduced to what is compared.
struct Spelled {
    /// Its letters and digits.
    letters: String,
    /// Where in them its parts begin.
    parts: Vec<usize>,
}

impl Spelled {
    fn of(text: &str) -> Self {
        let (mut letters, mut parts, mut inside) = (String::with_capacity(text.len()), Vec::new(), false);
        for letter in plain(text) {
            let counts = letter.is_alphanumeric() && !is_modifier(letter);
            if counts && !inside {
                parts.push(letters.len());
            }
            if counts {
                letters.push(letter);
            }
            inside = counts;
        }
        Self { letters, parts }
    }
}

/// Apostrophes and the like that Unicode calls letters.
fn is_modifier(letter: char) -> bool {
    ('\u{2b0}'..='\u{2ff}').contains(&letter)
}

/// Lower case, in compatible forms, without marks, in the letters that a keyboard without them has.
fn plain(text: &str) -> impl Iterator<Item = char> {
    let unmarked = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    unmarked.flat_map(char::to_lowercase).nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(spelled)
}

/// Letters with a stroke and the like have no decomposition in Unicode; people type them all the same.
fn spelled(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ı' => ('i', None),
        'ł' => ('l', None),
        'ŧ' => ('t', None),
        'ς' => ('σ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn indexed(text: &str) -> Vec<String> {
        let mut words = BTreeSet::new();
        add(text, &mut words);
        words.into_iter().collect()
    }

    fn asked(text: &str) -> Vec<String> {
        Search::parse(text).map(|search| search.0).unwrap_or_default()
    }

    #[test]
    fn texts_are_found_from_each_part_on() {
        assert_eq!(indexed("PE-2026-000199"), ["000199", "2026000199", "pe2026000199"]);
        assert_eq!(
            indexed("Johanna  Müller-Lüdenscheidt"),
            ["johannamullerludenscheidt", "ludenscheidt", "mullerludenscheidt"]
        );
        assert_eq!(indexed("O’Quillan"), ["oquillan", "quillan"]);
        assert_eq!(indexed("Hawaiʻi"), ["hawaii", "i"]);
        assert_eq!(indexed(" -- "), Vec::<String>::new());
    }

    #[test]
    fn case_accents_and_forms_do_not_count() {
        let cases = [
            ("ŁUKASZ", "lukasz"),
            ("Øystein", "oystein"),
            ("Ħaġar", "hagar"),
            ("Yıldızlı", "yildizli"),
            ("İpek", "ipek"),
            ("GROẞE", "grosse"),
            ("Æthelþryð", "aethelthryd"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("ＡＢＣ１", "abc1"),
            ("e\u{301}", "e"),
            ("é", "e"),
            ("Nguyễn", "nguyen"),
            ("王伟", "王伟"),
            ("ﬁnn", "finn"),
            ("Жанна", "жанна"),
        ];
        for (text, expected) in cases {
            assert_eq!(indexed(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_typed_becomes_words() {
        assert_eq!(asked("mull joh"), ["joh", "mull"]);
        assert_eq!(asked(" Müller,Johanna;MULL "), ["johanna", "muller"]);
        assert_eq!(asked("PE-2026-000199"), ["pe2026000199"]);
        assert_eq!(asked("an anna an ann b"), ["anna", "b"]);
        assert_eq!(asked("d'Arcy"), ["darcy"]);
        for unusable in ["", " ", ",;", &"x".repeat(201), "a b c d e f g h i", "- - - - - - - - -"] {
            assert_eq!(Search::parse(unusable), None, "{unusable}");
        }
        for void in ["-", "'' --", "\u{89}", "\u{feff}"] {
            assert_eq!(Search::parse(void), Some(Search::default()), "{void}: finds nothing");
        }
        assert_eq!(asked("paul\u{a0}jean\u{3000}kim"), ["jean", "kim", "paul"]);
        assert!(Search::parse(&"é".repeat(200)).is_some() && Search::parse("a b c d e f g h").is_some());
        assert_eq!(format!("{:?}", Search::parse("Johanna Müller")), "Some(Search(2 words))");
    }

    #[test]
    fn words_are_cut_between_letters() {
        let (long, other) = ("ж".repeat(40), "ж".repeat(33));
        assert_eq!(indexed(&long)[0].len(), LONGEST);
        assert_eq!(asked(&other), indexed(&long), "letters beyond the bound are not compared");
        assert_eq!(asked(&format!("a{other}"))[0].len(), LONGEST - 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_text_is_found_by_the_beginning_of_each_part(text in "[a-zA-Z0-9éßŁÅ' -]{0,24}", any in any::<String>()) {
            for text in [text, any] {
                let words = indexed(&text);
                for part in text.split(' ') {
                    for end in part.char_indices().map(|(at, _)| at).skip(1).chain([part.len()]) {
                        for word in asked(&part[..end]) {
                            prop_assert!(words.iter().any(|known| known.starts_with(&word)), "{word} of {text}: {words:?}");
                        }
                    }
                }
            }
        }

        #[test]
        fn what_is_plain_stays(text in any::<String>()) {
            let once: String = plain(&text).collect();
            prop_assert_eq!(plain(&once).collect::<String>(), once);
        }
    }
}
