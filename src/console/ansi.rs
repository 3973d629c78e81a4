//! Cells as what a terminal understands: where the cursor goes, in which colours, and the letters. As few bytes as that takes.

use std::io::{self, Write};

use ratatui::{
    buffer::Cell,
    style::{Color, Modifier},
};

use super::widgets::text::{is_uncertain, width};

/// How letters are written: ink, paper, and what else.
type Look = (Color, Color, Modifier);
/// As a terminal writes that nobody told anything.
const PLAIN: Look = (Color::Reset, Color::Reset, Modifier::empty());

/// Codes that turn something on.
const ON: [(Modifier, u8); 5] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
];

/// Writes cells, each with its column and row; afterwards the terminal writes plainly again.
///
/// # Errors
/// Those of the terminal.
pub fn write(out: &mut impl Write, cells: &[(u16, u16, &Cell)]) -> io::Result<()> {
    let mut look = PLAIN;
    let mut cursor = None;
    for (x, y, cell) in cells {
        if cursor != Some((*x, *y)) {
            write!(out, "\x1b[{};{}H", y + 1, x + 1)?;
        }
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if wanted != look {
            change(out, look, wanted)?;
            look = wanted;
        }
        let symbol = cell.symbol();
        out.write_all(symbol.as_bytes())?;
        // The column after a letter that terminals don't agree about is gone to, not reached: so nothing behind it moves.
        cursor = (!is_uncertain(symbol)).then(|| (x + width(symbol) as u16, *y));
    }
    if look != PLAIN { out.write_all(b"\x1b[0m") } else { Ok(()) }
}

/// From one look to another.
fn change(out: &mut impl Write, from: Look, to: Look) -> io::Result<()> {
    let mut codes: Vec<String> = Vec::new();
    // What was turned on goes off only with all the rest, on every terminal.
    let off = !(from.2 - to.2).is_empty() || to == PLAIN;
    let from = if off { PLAIN } else { from };
    if off {
        codes.push("0".into());
    }
    codes.extend(ON.iter().filter(|(m, _)| (to.2 - from.2).contains(*m)).map(|(_, code)| code.to_string()));
    if from.0 != to.0 {
        codes.push(colour(to.0, 30));
    }
    if from.1 != to.1 {
        codes.push(colour(to.1, 40));
    }
    write!(out, "\x1b[{}m", codes.join(";"))
}

/// A colour's code; `base` is 30 for ink, 40 for paper. The sixteen have codes that the oldest terminals know.
fn colour(colour: Color, base: u8) -> String {
    use Color as C;
    let one_of_16 = |n: u8| if n < 8 { base + n } else { base + 60 + n - 8 }.to_string();
    match colour {
        C::Reset => (base + 9).to_string(),
        C::Black => one_of_16(0),
        C::Red => one_of_16(1),
        C::Green => one_of_16(2),
        C::Yellow => one_of_16(3),
        C::Blue => one_of_16(4),
        C::Magenta => one_of_16(5),
        C::Cyan => one_of_16(6),
        C::Gray => one_of_16(7),
        C::DarkGray => one_of_16(8),
        C::LightRed => one_of_16(9),
        C::LightGreen => one_of_16(10),
        C::LightYellow => one_of_16(11),
        C::LightBlue => one_of_16(12),
        C::LightMagenta => one_of_16(13),
        C::LightCyan => one_of_16(14),
        C::White => one_of_16(15),
        C::Indexed(n) => format!("{};5;{n}", base + 8),
        C::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    fn written(parts: &[(u16, &str, Style)]) -> String {
        let before = Buffer::empty(Rect::new(0, 0, 20, 2));
        let mut after = before.clone();
        for (x, text, style) in parts {
            after.set_string(*x, 1, text, *style);
        }
        let mut out = Vec::new();
        write(&mut out, &before.diff(&after)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_few_bytes_as_it_takes() {
        let red = Style::new().fg(Color::Red);
        assert_eq!(written(&[(3, "ab", Style::new())]), "\x1b[2;4Hab");
        assert_eq!(written(&[(0, "a", red), (1, "b", Style::new())]), "\x1b[2;1H\x1b[31ma\x1b[0mb");
        let loud = red.add_modifier(Modifier::BOLD).bg(Color::LightBlue);
        assert_eq!(written(&[(0, "a", red), (1, "b", loud)]), "\x1b[2;1H\x1b[31ma\x1b[1;104mb\x1b[0m");
        let deep = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(200));
        assert_eq!(written(&[(0, "a", deep)]), "\x1b[2;1H\x1b[38;2;1;2;3;48;5;200ma\x1b[0m");
    }

    #[test]
    fn what_follows_a_letter_of_unknown_width_is_gone_to() {
        assert_eq!(written(&[(0, "日ab", Style::new())]), "\x1b[2;1H日ab");
        assert_eq!(written(&[(0, "e\u{301}ab", Style::new())]), "\x1b[2;1He\u{301}\x1b[2;2Hab");
    }
}
