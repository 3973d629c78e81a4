//! Control sequences out of log text: what a task prints can't drive the terminal. Only its colours are kept.

use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use vte::{Params, Parser, Perform};

use crate::console::widgets::text::is_hidden;

/// Text without control sequences, and which parts of it the task coloured (in bytes).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clean {
    /// The text.
    pub text: String,
    /// Coloured parts, in order.
    pub spans: Vec<(Range<usize>, Style)>,
}

/// Keeps what a terminal would show as text, with its colours: cursor moves, titles and links are dropped, a carriage
/// return starts the line over (progress bars), a backspace takes one character back, a tab goes to the next eighth column.
pub fn clean(text: &str) -> Clean {
    if !text.bytes().any(|b| b < 0x20 || b == 0x7f || b >= 0xc2) {
        return Clean { text: text.to_owned(), spans: Vec::new() };
    }
    let mut out = Out::default();
    Parser::new().advance(&mut out, text.as_bytes());
    let cells = if out.fresh { out.before } else { out.line };
    let mut clean = Clean::default();
    for (c, style) in cells {
        let from = clean.text.len();
        clean.text.push(c);
        let to = clean.text.len();
        match clean.spans.last_mut() {
            Some((range, last)) if *last == style && range.end == from => range.end = to,
            _ if style == Style::new() => {}
            _ => clean.spans.push((from..to, style)),
        }
    }
    clean
}

#[derive(Default)]
struct Out {
    line: Vec<(char, Style)>,
    /// What stood there before a carriage return, kept if nothing follows.
    before: Vec<(char, Style)>,
    fresh: bool,
    style: Style,
}

impl Out {
    fn push(&mut self, c: char) {
        self.fresh = false;
        self.line.push((c, self.style));
    }
}

impl Perform for Out {
    fn print(&mut self, c: char) {
        // Characters that reorder or hide text are no control codes, but deceive as well.
        if !is_hidden(c) && !c.is_control() {
            self.push(c);
        }
    }
    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => {
                self.before = std::mem::take(&mut self.line);
                self.fresh = true;
            }
            b'\t' => {
                for _ in 0..8 - self.line.len() % 8 {
                    self.push(' ');
                }
            }
            8 => drop(self.line.pop()),
            b'\n' => self.push(' '),
            _ => {}
        }
    }
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if action == 'm' && intermediates.is_empty() && !ignore {
            self.style = colours(self.style, params);
        }
    }
}

/// A style after a "select graphic rendition" sequence. Hidden and blinking text is shown as it is.
fn colours(mut style: Style, params: &Params) -> Style {
    let numbers: Vec<u16> = params.iter().flatten().copied().collect();
    let mut rest = numbers.as_slice();
    while let [n, more @ ..] = rest {
        rest = more;
        style = match n {
            0 => Style::new(),
            1 => style.add_modifier(Modifier::BOLD),
            2 => style.add_modifier(Modifier::DIM),
            3 => style.add_modifier(Modifier::ITALIC),
            4 => style.add_modifier(Modifier::UNDERLINED),
            7 => style.add_modifier(Modifier::REVERSED),
            22 => Style { add_modifier: style.add_modifier - Modifier::BOLD - Modifier::DIM, ..style },
            23 => Style { add_modifier: style.add_modifier - Modifier::ITALIC, ..style },
            24 => Style { add_modifier: style.add_modifier - Modifier::UNDERLINED, ..style },
            27 => Style { add_modifier: style.add_modifier - Modifier::REVERSED, ..style },
            30..=37 => style.fg(basic(n - 30)),
            40..=47 => style.bg(basic(n - 40)),
            90..=97 => style.fg(basic(n - 90 + 8)),
            100..=107 => style.bg(basic(n - 100 + 8)),
            39 => Style { fg: None, ..style },
            49 => Style { bg: None, ..style },
            38 | 48 => {
                let colour = match rest {
                    [5, i, more @ ..] => {
                        rest = more;
                        Some(if *i < 16 { basic(*i) } else { Color::Indexed((*i).min(255) as u8) })
                    }
                    [2, r, g, b, more @ ..] => {
                        rest = more;
                        let part = |n: &u16| (*n).min(255) as u8;
                        Some(Color::Rgb(part(r), part(g), part(b)))
                    }
                    _ => None,
                };
                match colour {
                    Some(colour) if *n == 38 => style.fg(colour),
                    Some(colour) => style.bg(colour),
                    None => style,
                }
            }
            _ => style,
        };
    }
    style
}

fn basic(n: u16) -> Color {
    use Color as C;
    const ALL: [Color; 16] = [
        C::Black,
        C::Red,
        C::Green,
        C::Yellow,
        C::Blue,
        C::Magenta,
        C::Cyan,
        C::Gray,
        C::DarkGray,
        C::LightRed,
        C::LightGreen,
        C::LightYellow,
        C::LightBlue,
        C::LightMagenta,
        C::LightCyan,
        C::White,
    ];
    ALL[usize::from(n) % 16]
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
            assert_eq!(clean(dirty).text, text, "{dirty:?}");
        }
    }

    #[test]
    fn colours_are_kept() {
        let spans = |text: &str| clean(text).spans;
        assert_eq!(
            spans("a\u{1b}[1;31mred\u{1b}[0m b \u{1b}[38;5;200mx\u{1b}[39my"),
            [
                (1..4, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)),
                (7..8, Style::new().fg(Color::Indexed(200)))
            ]
        );
        assert_eq!(spans("\u{1b}[48;2;1;2;300mx"), [(0..1, Style::new().bg(Color::Rgb(1, 2, 255)))]);
        assert_eq!(spans("\u{1b}[31mold\rnew"), [(0..3, Style::new().fg(Color::Red))]);
        assert_eq!(spans("\u{1b}[38;5mx\u{1b}[1;22my"), []);
    }
}
