//! One line of text being typed.

use unicode_segmentation::UnicodeSegmentation;

/// Text and the cursor in it, as a byte offset at a grapheme's start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// The text.
    pub text: String,
    /// Cursor.
    pub at: usize,
}

impl Input {
    /// An input with a text; the cursor is at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// Takes a key; true if it meant something here.
    pub fn key(&mut self, key: &str) -> bool {
        match key {
            "Left" => self.at = self.before(),
            "Right" => self.at = self.after(),
            "Home" => self.at = 0,
            "End" => self.at = self.text.len(),
            "Backspace" => {
                let start = self.before();
                self.text.replace_range(start..self.at, "");
                self.at = start;
            }
            "Delete" => {
                let end = self.after();
                self.text.replace_range(self.at..end, "");
            }
            "Ctrl-u" => {
                self.text.replace_range(..self.at, "");
                self.at = 0;
            }
            "Ctrl-w" => {
                let head = self.text[..self.at].trim_end();
                let start = head.rfind(' ').map_or(0, |i| i + 1);
                self.text.replace_range(start..self.at, "");
                self.at = start;
            }
            "Space" => self.insert(" "),
            one if one.graphemes(true).count() == 1 => self.insert(one),
            _ => return false,
        }
        true
    }

    /// Inserts text (a paste) at the cursor, line ends and control characters as spaces.
    pub fn insert(&mut self, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(i, _)| i)
    }

    fn after(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |g| self.at + g.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphemes_are_typed_and_deleted_whole() {
        let mut input = Input::default();
        for key in ["a", "é", "日", "Space", "b", "Left", "Backspace", "Backspace"] {
            assert!(input.key(key), "{key}");
        }
        assert_eq!((input.text.as_str(), input.at), ("aéb", 3));
        assert!(!input.key("PgUp"));
        input.insert("x\ny");
        assert_eq!(input.text, "aéx yb");
        input.key("Ctrl-w");
        assert_eq!(input.text, "aéx b");
    }
}
