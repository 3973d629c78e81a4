//! A frame for terminals that can't show all of it: fewer colours, only ASCII.

use ratatui::{buffer::Buffer, style::Color};

use crate::error::{Error, Result};

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colours {
    /// None: letters, bold, reverse.
    Never,
    /// The 16 that every terminal has.
    Sixteen,
    /// 256.
    Indexed,
    /// All.
    #[default]
    True,
}

impl Colours {
    /// What `--color` says; without it (or with `auto`) what the environment tells about the terminal.
    ///
    /// # Errors
    /// `Usage` for an unknown word.
    pub fn choose(asked: Option<&str>, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let has = |name: &str, part: &str| environment(name).is_some_and(|v| v.contains(part));
        Ok(match asked.unwrap_or("auto") {
            "never" => Self::Never,
            "16" => Self::Sixteen,
            "256" => Self::Indexed,
            "true" => Self::True,
            "auto" if environment("NO_COLOR").is_some_and(|v| !v.is_empty()) => Self::Never,
            "auto" if environment("TERM").is_some_and(|term| is_colourless(&term)) => Self::Never,
            "auto" if has("COLORTERM", "truecolor") || has("COLORTERM", "24bit") => Self::True,
            "auto" if has("TERM", "256color") => Self::Indexed,
            "auto" => Self::Sixteen,
            other => {
                return Err(
                    Error::usage(format!("--color {other}: no such choice")).hint("one of auto, never, 16, 256, true")
                );
            }
        })
    }
}

/// Terminals that show no colour, by their name.
fn is_colourless(term: &str) -> bool {
    let known = ["dumb", "vt52", "vt100", "vt102", "vt220", "xterm-mono", "screen.mono"].contains(&term);
    known || term.ends_with("-mono") || term.ends_with("-m")
}

/// Whether the locale that the environment names can't show more than ASCII.
pub fn ascii_locale(environment: impl Fn(&str) -> Option<String>) -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|n| environment(n).filter(|v| !v.is_empty()));
    // No locale at all says nothing about the terminal.
    named.is_some_and(|v| {
        let v = v.to_lowercase();
        !v.contains("utf-8") && !v.contains("utf8")
    })
}

/// Brings a frame down to what the terminal can show.
pub fn reduce(buf: &mut Buffer, colours: Colours, ascii: bool) {
    if colours == Colours::True && !ascii {
        return;
    }
    for cell in &mut buf.content {
        cell.fg = fewer(cell.fg, colours);
        cell.bg = fewer(cell.bg, colours);
        if ascii && !cell.symbol().is_ascii() {
            cell.set_symbol("?");
        }
    }
}

fn fewer(colour: Color, colours: Colours) -> Color {
    match (colours, colour) {
        (Colours::Never, _) => Color::Reset,
        (Colours::Sixteen, Color::Indexed(n)) if n >= 16 => {
            let (r, g, b) = rgb_of(n);
            nearest(r, g, b)
        }
        (Colours::Sixteen, Color::Rgb(r, g, b)) => nearest(r, g, b),
        (Colours::Indexed, Color::Rgb(r, g, b)) => {
            // The 6x6x6 cube starts at 16.
            let step = |v: u8| (u16::from(v) * 5 + 127) / 255;
            Color::Indexed((16 + 36 * step(r) + 6 * step(g) + step(b)) as u8)
        }
        _ => colour,
    }
}

/// The colour of an index from 16 on.
fn rgb_of(n: u8) -> (u8, u8, u8) {
    if n >= 232 {
        let v = 8 + (n - 232) * 10;
        return (v, v, v);
    }
    let level = |i: u8| if i == 0 { 0 } else { 55 + i * 40 };
    let n = n - 16;
    (level(n / 36), level(n / 6 % 6), level(n % 6))
}

fn nearest(r: u8, g: u8, b: u8) -> Color {
    use Color as C;
    const BASIC: [(Color, [i32; 3]); 16] = [
        (C::Black, [0, 0, 0]),
        (C::Red, [205, 0, 0]),
        (C::Green, [0, 205, 0]),
        (C::Yellow, [205, 205, 0]),
        (C::Blue, [0, 0, 238]),
        (C::Magenta, [205, 0, 205]),
        (C::Cyan, [0, 205, 205]),
        (C::Gray, [229, 229, 229]),
        (C::DarkGray, [127, 127, 127]),
        (C::LightRed, [255, 0, 0]),
        (C::LightGreen, [0, 255, 0]),
        (C::LightYellow, [255, 255, 0]),
        (C::LightBlue, [92, 92, 255]),
        (C::LightMagenta, [255, 0, 255]),
        (C::LightCyan, [0, 255, 255]),
        (C::White, [255, 255, 255]),
    ];
    let wanted = [i32::from(r), i32::from(g), i32::from(b)];
    let far = |c: &[i32; 3]| c.iter().zip(wanted).map(|(a, b)| (a - b) * (a - b)).sum::<i32>();
    BASIC.iter().min_by_key(|(_, c)| far(c)).map_or(C::Reset, |(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_and_the_option_choose() {
        let choose = |asked, all: &'static [(&'static str, &'static str)]| {
            Colours::choose(asked, |n| all.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned())).unwrap()
        };
        assert_eq!(choose(None, &[("TERM", "xterm-256color")]), Colours::Indexed);
        assert_eq!(choose(None, &[("TERM", "linux")]), Colours::Sixteen);
        assert_eq!(choose(None, &[("TERM", "xterm-16color")]), Colours::Sixteen);
        assert_eq!(choose(None, &[("TERM", "vt100")]), Colours::Never);
        assert_eq!(choose(Some("16"), &[("TERM", "vt220")]), Colours::Sixteen);
        assert_eq!(choose(None, &[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Colours::True);
        assert_eq!(choose(None, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Colours::Never);
        assert_eq!(choose(Some("16"), &[("NO_COLOR", "1")]), Colours::Sixteen);
        assert!(Colours::choose(Some("pink"), |_| None).is_err());
        let locale = |v: &'static str| ascii_locale(|n| (n == "LANG").then(|| v.to_owned()));
        assert!(locale("C") && locale("de_DE.ISO-8859-1") && !locale("en_US.UTF-8") && !locale(""));
    }

    #[test]
    fn colours_and_letters_are_brought_down() {
        assert_eq!(fewer(Color::Rgb(250, 10, 10), Colours::Sixteen), Color::LightRed);
        assert_eq!(fewer(Color::Indexed(196), Colours::Sixteen), Color::LightRed);
        assert_eq!(fewer(Color::Rgb(255, 0, 0), Colours::Indexed), Color::Indexed(196));
        assert_eq!(fewer(Color::Green, Colours::Never), Color::Reset);
        let mut buf = Buffer::with_lines(["a日b"]);
        reduce(&mut buf, Colours::True, true);
        assert!(buf.content.iter().all(|c| c.symbol().is_ascii()));
    }
}
