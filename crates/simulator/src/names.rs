//! The words that believable loans are made of. All people and firms are made up from lists.

/// Given names of many alphabets' worth of letters.
pub(crate) const GIVEN: &[&str] = &[
    "Aino",
    "Bartłomiej",
    "Chloé",
    "Dwejra",
    "Élodie",
    "Fjodor",
    "Ġorġ",
    "Håkon",
    "İpek",
    "Jürgen",
    "Katarína",
    "Liu Wei",
    "Mårten",
    "Nadège",
    "Ħaġar",
    "Øystein",
    "Perla",
    "Renée",
    "Søren",
    "Tomáš",
    "Ümit",
    "Valérie",
    "Xandru",
    "Yāsmīn",
    "Żaren",
    "Anne-Marie",
    "D'Arcy",
    "Zoë",
];

/// Family names; combined with any given name.
pub(crate) const FAMILY: &[&str] = &[
    "Ashdown",
    "Bjørnsson-Test",
    "Camenzuli Vale",
    "Dragović",
    "Ezzahri",
    "Fenħolm",
    "Grechwood",
    "Hartmann-Muster",
    "Ivanko",
    "Jankowska",
    "Kowhai",
    "L'Estrange",
    "Mallia Brook",
    "Nørgaard",
    "O'Quillan",
    "Pisanello",
    "Quist",
    "Ruzsa",
    "Sant'Olmo",
    "Tabonelli",
    "Urbanska",
    "van der Muster",
    "Wölfling",
    "Xuerebson",
    "Yıldızlı",
    "Zammitfield",
];

/// Streets of no real town.
pub(crate) const STREETS: &[&str] = &[
    "Triq il-Ħarrub",
    "Harbour Row",
    "Rue des Tilleuls",
    "Lindenweg",
    "Via dell'Olmo",
    "Ulica Żurawia",
    "Quarry Lane",
];

/// Localities.
pub(crate) const LOCALITIES: &[&str] =
    &["Bir-Zebbuġ", "Northmoor", "Saint-Elbe", "Grünwick", "Ponteverde", "Wysokie", "Marsa l-Ġdida"];

/// Employers.
pub(crate) const EMPLOYERS: &[&str] = &[
    "Salt & Sail Ltd",
    "Northmoor Foundry plc",
    "Café \"Le Phare\"",
    "Kliniċi Ġodda",
    "Self-employed",
    "Grünwick GmbH",
];

/// Occupations.
pub(crate) const OCCUPATIONS: &[&str] =
    &["teacher", "marine engineer", "nurse", "baker", "software tester", "notary's clerk"];

/// A loan product: code, name, currency, decimal places of its amounts, smallest and largest amount, term in months.
pub(crate) struct Product {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) decimals: u32,
    pub(crate) amounts: (u64, u64),
    pub(crate) terms: &'static [u64],
}

/// The products on offer.
pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        code: "HOME",
        name: "Home loan",
        currency: "EUR",
        decimals: 2,
        amounts: (60_000, 650_000),
        terms: &[240, 300, 360],
    },
    Product {
        code: "HOME_GBP",
        name: "Home loan (sterling)",
        currency: "GBP",
        decimals: 2,
        amounts: (50_000, 500_000),
        terms: &[240, 300],
    },
    Product {
        code: "PERSONAL",
        name: "Personal loan",
        currency: "EUR",
        decimals: 2,
        amounts: (1_500, 30_000),
        terms: &[24, 36, 60],
    },
    Product {
        code: "GREEN",
        name: "Prêt vert / green renovation",
        currency: "CHF",
        decimals: 2,
        amounts: (5_000, 90_000),
        terms: &[60, 120],
    },
    Product {
        code: "YEN",
        name: "円建てローン",
        currency: "JPY",
        decimals: 0,
        amounts: (900_000, 60_000_000),
        terms: &[120, 240],
    },
    Product {
        code: "DINAR",
        name: "Bridging loan",
        currency: "KWD",
        decimals: 3,
        amounts: (9_000, 120_000),
        terms: &[6, 12, 18],
    },
];

/// What a loan is for.
pub(crate) const PURPOSES: &[&str] =
    &["PURCHASE", "CONSTRUCTION", "REFINANCE", "HOME_IMPROVEMENT", "EQUITY_RELEASE", "OTHER"];

/// What people write in chats and comments.
pub(crate) const SENTENCES: &[&str] = &[
    "Could you send the latest payslips, please?",
    "Thank you — all received. 🙏",
    "The valuer visits on Tuesday at 09:30.",
    "We need the \"promise of sale\" as well; page 3 is missing.",
    "Grazzi ħafna, nibgħat illum.",
    "Das Gutachten liegt bei (siehe Anhang).",
    "Line one\nline two\n\n- a bullet\n- another \\ with a backslash",
    "Is the rate fixed for 3 or for 5 years?",
    "ご確認ください。",
    "<b>Not</b> markup & not a problem: 50% > 40%",
    "Combining: e\u{301}, joiner: 👩\u{200d}👩\u{200d}👧, bidi: \u{202b}مرحبا\u{202c}, line separator: \u{2028}.",
];

/// Values that are legal JSON and that a careless replica changes.
pub(crate) const NASTY: &[&str] = &[
    r#"{"ratio":1.10,"weight":1e2,"tiny":1E-7,"zero":-0,"exact":12345678901234567890.123456789012345678}"#,
    r#"{ "spaced" : [ 1.0 , 2.50,3e0 ] , "empty":{ } , "none":null }"#,
    r#"{"escaped":"\u0041\u00e9\/\b\f\r\ud83c\udfe0","nul":"a\u0000b","upper":"\u00C9"}"#,
    r#"{"":"the empty name","a.b/c~d":{"$ref":"/nowhere"},"__proto__":{"x":true},"ключ":"значение"}"#,
    r"[[[[[[1]]]]],18446744073709551616,0.30000000000000004,100000000000000000000000]",
    r#""only a string with \"quotes\" and \u2028""#,
    "1.000",
];

/// What uploaders call their files, before number and extension.
pub(crate) const FILE_STEMS: &[&str] = &[
    "Payslip",
    "scan",
    "IMG_",
    "Bank statement",
    "Valuation report",
    "Gutachten",
    "Pjanta tal-art",
    "Relevé de compte",
    "promise of sale",
    "見積書",
    "WhatsApp Image 2026-01-05 at 11.20.33",
];

/// Names that nobody should give a file and somebody does: paths, header injection, other types, odd letters, too long.
pub const NASTY_FILE_NAMES: &[&str] = &[
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/shadow",
    "C:\\autoexec.bat",
    "\\\\server\\share\\file.pdf",
    "..",
    ".",
    "",
    " ",
    ".htaccess",
    "~/.ssh/authorized_keys",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%c0%af..%c0%afetc",
    "file:///etc/passwd",
    "a.pdf\r\nSet-Cookie: session=1",
    "a.pdf\r\n\r\n<script>alert(1)</script>",
    "a\nb.pdf",
    "tab\there.pdf",
    "nul\u{0}byte.pdf",
    "bell\u{7}.pdf",
    "delete\u{7f}.pdf",
    "c1\u{85}next-line.pdf",
    "quote\".pdf",
    "\"; filename=\"evil.exe",
    "semi;colon.pdf",
    "a.pdf; filename*=UTF-8''evil.exe",
    "back\\slash.pdf",
    "comma, and = sign.pdf",
    "100%.pdf",
    "%0d%0aX-Injected: 1.pdf",
    "=?utf-8?B?ZXZpbC5leGU=?=",
    "<img src=x onerror=alert(1)>.html",
    "page.html",
    "image.svg",
    "invoice.pdf.exe",
    "statement.js",
    "run.sh",
    "${jndi:ldap://example.invalid/a}.pdf",
    "'; DROP TABLE documents; --.pdf",
    "=HYPERLINK(\"http://example.invalid\").xlsx",
    "CON.pdf",
    "LPT1",
    "name:stream.pdf",
    "question?.pdf",
    "star*.pdf",
    "pipe|less.pdf",
    "trailing dot.",
    "trailing space.pdf ",
    "\u{202e}fdp.exe",
    "zero\u{200b}width.pdf",
    "\u{feff}mark.pdf",
    "e\u{301} and é.pdf",
    "👩\u{200d}👩\u{200d}👧.png",
    "line\u{2028}separator.pdf",
    "مرحبا.pdf",
    "very long, very long, very long, very long, very long, very long, very long, very long, very long, very long, very long, \
     very long, very long, very long, very long, very long, very long, very long, very long, very long, very long, very long, \
     very long, very long, very long, very long, very long, very long, very long.pdf",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nasty_values_are_legal_json_on_one_line() {
        for text in NASTY {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
            assert!(!text.contains('\n'));
        }
    }

    #[test]
    fn nasty_file_names_are_many_and_one_is_longer_than_a_file_system_takes() {
        assert!(NASTY_FILE_NAMES.len() >= 50);
        assert!(NASTY_FILE_NAMES.iter().any(|name| name.len() > 255));
    }

    #[test]
    fn products_have_codes_of_their_own() {
        for (i, product) in PRODUCTS.iter().enumerate() {
            assert!(PRODUCTS[..i].iter().all(|p| p.code != product.code));
            assert!(product.amounts.0 < product.amounts.1 && !product.terms.is_empty());
        }
    }
}
