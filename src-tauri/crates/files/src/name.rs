//! Names that somebody else chose, made safe for every file system and for the eye.
//!
//! `ui/src/call/files/name.ts` is the same in TypeScript; both are tested with `tests/names.json`.

use unicode_normalization::UnicodeNormalization as _;

/// What a name becomes at most, in UTF-8 bytes: file systems take 255, and a number may follow.
pub const MAX_NAME_BYTES: usize = 200;
/// The longest end of a name that is kept as its type when the name is cut, with its dot.
const MAX_EXTENSION_BYTES: usize = 20;

/// What Windows takes for a device, whatever follows the first dot.
const DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

/// Makes a name safe: no folder, no device, nothing hidden, nothing that looks like another name. Never empty, and a
/// safe name stays as it is.
#[must_use]
pub fn safe(name: &str) -> String {
    // What is longer than any name costs nothing.
    let visible: String = name.chars().take(4096).filter(|c| !is_invisible(*c)).map(replaced).nfc().collect();
    // Runs of spaces push the true end of a name out of sight.
    let joined = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let trimmed = joined.trim_end_matches(['.', ' ']);
    let shown = match trimmed.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => trimmed.to_owned(),
    };
    let named = if is_device(&shown) { format!("_{shown}") } else { shown };
    let short = cut(&named, MAX_NAME_BYTES);
    if short.is_empty() { "file".to_owned() } else { short }
}

/// The name for the `n`th file that would be called so: `photo.jpg`, `photo (2).jpg` ...
#[must_use]
pub fn numbered(name: &str, n: u32) -> String {
    if n < 2 {
        return name.to_owned();
    }
    let (stem, extension) = parted(name);
    format!("{stem} ({n}){extension}")
}

/// The name in at most `most` bytes, with its end.
#[must_use]
pub(crate) fn cut(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let (stem, extension) = parted(name);
    let mut room = most - extension.len();
    while !stem.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{extension}", stem[..room].trim_end_matches(['.', ' ']))
}

/// A name and its end, with the dot; the end is empty where there is none, or none that is a type's.
fn parted(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION_BYTES => name.split_at(dot),
        _ => (name, ""),
    }
}

/// What has a meaning to a shell or a file system becomes a line.
fn replaced(c: char) -> char {
    if c.is_control() || "/\\:*?\"<>|\u{2028}\u{2029}".contains(c) { '_' } else { c }
}

/// Turns the direction of what follows, or is not seen at all (Unicode's Default_Ignorable_Code_Point, but the
/// selectors of emoji).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let port = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut rest = rest.chars();
            rest.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && rest.next().is_none()
        })
    };
    DEVICES.contains(&stem.as_str()) || port("COM") || port("LPT")
}
