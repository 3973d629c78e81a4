//! Control sequences out of log text: what a task prints can't drive the terminal.

use vte::{Parser, Perform};

/// Keeps what a terminal would show as text: colours, cursor moves, titles and links are dropped, a carriage return
/// starts the line over (progress bars), a backspace takes one character back, a tab goes to the next eighth column.
pub fn clean(text: &str) -> String {
    if !text.bytes().any(|b| b < 0x20 || b == 0x7f || b >= 0xc2) {
        return text.to_owned();
    }
    let mut out = Out::default();
    Parser::new().advance(&mut out, text.as_bytes());
    if out.fresh { out.before } else { out.line }
}

#[derive(Default)]
struct Out {
    line: String,
    /// What stood there before a carriage return, kept if nothing follows.
    before: String,
    fresh: bool,
}

impl Perform for Out {
    fn print(&mut self, c: char) {
        // Characters that reorder or hide text are no control codes, but deceive as well.
        if matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{80}'..='\u{9f}')
        {
            return;
        }
        self.fresh = false;
        self.line.push(c);
    }
    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => {
                self.before = std::mem::take(&mut self.line);
                self.fresh = true;
            }
            b'\t' => {
                self.fresh = false;
                let n = 8 - self.line.chars().count() % 8;
                self.line.extend(std::iter::repeat_n(' ', n));
            }
            8 => {
                self.line.pop();
            }
            b'\n' => self.print(' '),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_left() {
        for (dirty, text) in [
            ("plain", "plain"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]52;c;aGk=\u{1b}\\x", "x"),
            ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}[2J\u{1b}[Hhome", "home"),
            ("\u{1b}Pq#0\u{1b}\\sixel", "sixel"),
            ("10%\r50%\r100%", "100%"),
            ("100%\r", "100%"),
            ("a\tb", "a       b"),
            ("ab\u{8}c", "ac"),
            ("\u{9b}31mx", "31mx"),
            ("日本\u{202e}x", "日本x"),
            ("bell\u{7}", "bell"),
        ] {
            assert_eq!(clean(dirty), text, "{dirty:?}");
        }
    }
}
