//! When two names are the same to a person who reads them.
//!
//! Pure. Two questions, two answers: [`plain`] tells whether somebody has changed their name; [`looks`] tell whether a
//! name could be taken for another one (Unicode Technical Standard 39, "confusable").

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

/// A name without what nobody means by it: width and other compatibility forms (NFKC), case, spaces, and characters that
/// are not seen.
#[must_use]
pub(crate) fn plain(name: &str) -> String {
    fold(&name.nfkc().filter(|c| !is_unseen(*c)).collect::<String>())
}

/// What a name looks like, in two ways. Names that share one of them could be taken for each other. Letters are
/// compared as they stand, so that a capital I is found that looks like a small l, and in lower case, so that
/// `BOB` is found under `Bob`. Nothing to see gives nothing.
#[must_use]
pub(crate) fn looks(name: &str) -> Vec<String> {
    let seen: String = name.nfkc().filter(|c| !is_unseen(*c)).collect();
    let as_it_stands = fold(&skeleton(&seen).collect::<String>());
    let folded: String = skeleton(&fold(&seen)).collect();
    let mut looks = vec![as_it_stands, fold(&folded)];
    looks.dedup();
    looks.retain(|look| !look.is_empty());
    looks
}

/// Case and spaces away. By way of the upper case, so that letters with several small forms become one.
fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// Characters without a shape: those that Unicode calls ignorable by default, and a blank that is called a pattern.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        let others = looks(other);
        looks(one).iter().any(|look| others.contains(look))
    }

    #[test]
    fn what_reads_the_same_looks_alike() {
        let pairs = [
            ("Bob", "bob"),
            ("Bob", "BOB"),
            ("Bob", " B ob "),
            ("Bob", "B\u{a0}ob"),
            ("Bob", "Bo\u{200b}b"),
            ("Bob", "Bob\u{fe0f}"),
            ("Bob", "\u{ff22}\u{ff4f}\u{ff42}"),
            ("Bob", "\u{1d401}\u{1d428}\u{1d41b}"),
            // Cyrillic Ve, Greek omicron, Cyrillic o.
            ("Bob", "\u{412}\u{3bf}b"),
            ("Bob", "B\u{43e}b"),
            ("Alice", "\u{391}lice"),
            ("Alice", "AIice"),
            ("Alice", "A1ice"),
            ("Alice", "a|ice"),
            ("Ann O", "Ann 0"),
            ("Tom", "Torn"),
            ("Straße", "STRASSE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("李雷", "李 雷"),
            ("Zo\u{eb}", "Zoe\u{308}"),
        ];
        for (one, other) in pairs {
            assert!(alike(one, other), "{one:?} and {other:?}: {:?} {:?}", looks(one), looks(other));
        }
    }

    #[test]
    fn what_reads_differently_does_not() {
        for (one, other) in
            [("Bob", "Rob"), ("Bob", "Bobby"), ("Ann", "Anna"), ("Zoe", "Zoë"), ("李雷", "李磊"), ("", "")]
        {
            assert!(!alike(one, other), "{one:?} and {other:?}");
        }
        assert!(looks(" \u{200b}\u{3164}\u{2800}").is_empty());
    }

    #[test]
    fn a_name_is_changed_by_letters_alone() {
        for same in ["bob", "B o b", "\u{ff22}ob", "Bob\u{200d}"] {
            assert_eq!(plain(same), plain("Bob"), "{same:?}");
        }
        for other in ["Bobby", "B\u{43e}b", "8ob"] {
            assert_ne!(plain(other), plain("Bob"), "{other:?}");
        }
    }
}
