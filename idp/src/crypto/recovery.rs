//! Recovery codes: 80 random bits in letters and digits that nobody confuses.

use zeroize::Zeroizing;

use super::random::{Entropy, NoEntropy};

/// Crockford's base32: no i, l, o and u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARS: usize = 16;

/// A new code as it is hashed: sixteen characters.
///
/// # Errors
/// When there is no randomness to be had.
pub fn generate(entropy: Entropy) -> Result<Zeroizing<String>, NoEntropy> {
    let bytes = Zeroizing::new(entropy.bytes::<CHARS>()?);
    let chars = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied());
    Ok(Zeroizing::new(chars.map(char::from).collect()))
}

/// As people read and copy it: in groups of four.
#[must_use]
pub fn shown(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What was typed, as it is hashed. `None` when it can not be a code.
#[must_use]
pub fn typed(text: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::with_capacity(CHARS));
    for char in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let char = match char.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        if code.len() >= CHARS || !u8::try_from(char).is_ok_and(|byte| ALPHABET.contains(&byte)) {
            return None;
        }
        code.push(char);
    }
    (code.len() == CHARS).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H5
    #[test]
    fn a_code_has_eighty_bits_and_is_read_back_however_it_is_typed() {
        let code = generate(Entropy::of_the_system()).unwrap();
        assert_eq!(code.len(), 16);
        let shown = shown(&code);
        assert_eq!(shown.len(), 19);
        assert_eq!(typed(&shown).unwrap(), code);
        assert_eq!(typed(&shown.to_uppercase().replace('-', " ").replace('0', "O")).unwrap(), code);
        for text in ["", "abcd", "uuuu-uuuu-uuuu-uuuu", &"0".repeat(17), "0000-0000-0000-000\u{e9}"] {
            assert!(typed(text).is_none(), "{text}");
        }
    }
}
