//! OSC 52: text for the clipboard of the terminal at the other end, through tmux and screen as well.

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Longest text in bytes: terminals drop longer ones, some with the connection.
pub const MOST: usize = 74_000;
/// Longest piece that screen hands on.
const PIECE: usize = 512;

/// What stands between us and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing that we know of.
    None,
    /// tmux, here.
    Tmux,
    /// screen, here.
    Screen,
    /// One of the two at the other end of a line: its name is in `TERM` only.
    Far,
}

impl Multiplexer {
    /// Of an environment.
    pub fn of(environment: impl Fn(&str) -> Option<String>) -> Self {
        let has = |name| environment(name).is_some_and(|value| !value.is_empty());
        let term = environment("TERM").unwrap_or_default();
        match () {
            () if has("TMUX") => Self::Tmux,
            () if has("STY") => Self::Screen,
            () if term.starts_with("screen") => Self::Far,
            () => Self::None,
        }
    }
}

/// The longest beginning of a text that may be copied.
pub fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(MOST)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// What the terminal is told.
pub fn sequence(text: &str, multiplexer: Multiplexer) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match multiplexer {
        Multiplexer::None | Multiplexer::Tmux => plain,
        Multiplexer::Screen => through_screen(&plain),
        // tmux takes the first and drops the second, screen the other way round.
        Multiplexer::Far => plain.clone() + &through_screen(&plain),
    }
}

/// screen hands on what stands in such brackets, piece by piece.
fn through_screen(plain: &str) -> String {
    let bytes = plain.as_bytes();
    bytes.chunks(PIECE).map(|piece| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece))).collect()
}

/// tmux drops what programs say about the clipboard unless it is told otherwise, but takes a text as its own buffer and hands it on.
/// Nobody waits for it.
pub fn tell_tmux(text: String) {
    thread::spawn(move || {
        let mut tmux = Command::new("tmux");
        tmux.args(["load-buffer", "-w", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut child) = tmux.spawn() {
            if let Some(mut input) = child.stdin.take() {
                let _ = input.write_all(text.as_bytes());
            }
            let _ = child.wait();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_multiplexer_gets_what_it_hands_on() {
        let of = |all: &'static [(&'static str, &'static str)]| {
            Multiplexer::of(|name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(of(&[("TERM", "xterm-256color")]), Multiplexer::None);
        assert_eq!(of(&[("TMUX", "/tmp/x,1,0"), ("TERM", "screen")]), Multiplexer::Tmux);
        assert_eq!(of(&[("STY", "1.pts"), ("TERM", "screen")]), Multiplexer::Screen);
        assert_eq!(of(&[("TERM", "screen-256color")]), Multiplexer::Far);
        assert_eq!(sequence("hi", Multiplexer::Tmux), "\x1b]52;c;aGk=\x07");
        assert_eq!(sequence("hi", Multiplexer::Screen), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        let long = sequence(&"x".repeat(3000), Multiplexer::Screen);
        let pieces: Vec<&str> = long.split("\x1bP").skip(1).collect();
        assert!(pieces.len() > 7 && pieces.iter().all(|p| p.len() <= PIECE + 2 && p.ends_with("\x1b\\")), "{pieces:?}");
        assert_eq!(cut(&"é".repeat(MOST)).len(), MOST);
    }
}
