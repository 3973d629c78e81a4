//! What stands out of a log's line when values are highlighted: numbers, texts in quotes, names before `=`.

use std::ops::Range;

use crate::console::theme::Role;

/// The parts of a text, from left to right, and what each is.
pub fn values(text: &str) -> Vec<(Range<usize>, Role)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' | b'\'' if !word_before(bytes, at) => match quoted(bytes, at) {
                Some(end) => {
                    out.push((at..end, Role::Good));
                    end
                }
                None => at + 1,
            },
            b'0'..=b'9' if !word_before(bytes, at) => {
                let end = run(bytes, at, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'%' | b':'));
                // A point at the end is the sentence's.
                let end = end - bytes[at..end].iter().rev().take_while(|b| matches!(b, b'.' | b':')).count();
                out.push((at..end, Role::Key));
                end
            }
            b if b.is_ascii_alphabetic() || *b == b'_' => {
                let end = run(bytes, at, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
                if bytes.get(end) == Some(&b'=') && bytes.get(end + 1).is_some_and(|b| *b != b'=' && *b != b' ') {
                    out.push((at..end, Role::Title));
                }
                end
            }
            _ => at + 1,
        };
        at = end;
    }
    out
}

/// A letter or digit stands before: what follows is part of a word.
fn word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes.get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
}

fn run(bytes: &[u8], from: usize, fits: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|b| fits(**b)).count()
}

/// Where a text in quotes ends, if it does.
fn quoted(bytes: &[u8], from: usize) -> Option<usize> {
    let quote = bytes[from];
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b if *b == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_texts_and_names_stand_out() {
        let line = r#"epoch 3/100 loss=0.37, path='a "b" 5' it's v2 took 12ms. Füße7 x==1 "open"#;
        let found: Vec<(&str, Role)> = values(line).into_iter().map(|(r, role)| (&line[r], role)).collect();
        assert_eq!(
            found,
            [
                ("3", Role::Key),
                ("100", Role::Key),
                ("loss", Role::Title),
                ("0.37", Role::Key),
                ("path", Role::Title),
                (r#"'a "b" 5'"#, Role::Good),
                ("12ms", Role::Key),
                ("1", Role::Key),
            ]
        );
        assert!(values("ends with \\\"").is_empty() && values("\"\\").is_empty());
    }
}
