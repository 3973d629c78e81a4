//! The terminal: taken, written to only where cells changed, and always given back.

use std::{
    io::{self, BufWriter, Stdout, Write, stdin, stdout},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor::{Hide, Show},
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
        EnableMouseCapture,
    },
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{buffer::Buffer, layout::Rect};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{
    ansi,
    clipboard::{self, Multiplexer},
};

/// Another program has the terminal.
pub(super) static LENT: AtomicBool = AtomicBool::new(false);
static TAKEN: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The terminal while the console has it. Dropping gives it back.
pub struct Terminal {
    out: BufWriter<Stdout>,
    multiplexer: Multiplexer,
    last: Option<Buffer>,
}

impl Terminal {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        enter()?;
        let out = BufWriter::with_capacity(64 * 1024, stdout());
        Ok(Self { out, multiplexer: Multiplexer::of(|name| std::env::var(name).ok()), last: None })
    }

    /// Writes what differs from the last frame, in one synchronized update; nothing if nothing differs.
    pub fn show(&mut self, frame: Buffer) -> io::Result<()> {
        let last = match self.last.take() {
            Some(last) if last.area() == frame.area() => last,
            _ => {
                queue!(self.out, Clear(ClearType::All))?;
                Buffer::empty(*frame.area())
            }
        };
        if write_changes(&mut self.out, &last, &frame)? {
            self.out.flush()?;
        }
        self.last = Some(frame);
        Ok(())
    }

    /// The next frame is written whole.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Has the terminal report the mouse, or not.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Puts text into the clipboard of the terminal at the other end; what is longer than [`clipboard::MOST`] is cut.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let text = clipboard::cut(text);
        if self.multiplexer == Multiplexer::Tmux {
            clipboard::tell_tmux(text.to_owned());
        }
        self.out.write_all(clipboard::sequence(text, self.multiplexer).as_bytes())?;
        self.out.flush()
    }

    /// Asks the terminal where its cursor is (DSR 6): every one answers, with an escape sequence that is no key and that the
    /// library which reads keys knows and keeps to itself.
    pub fn ask_cursor(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x1b[6n")?;
        self.out.flush()
    }

    /// Gives the terminal to other work, and takes it again.
    pub fn lend(&mut self, work: impl FnOnce()) -> io::Result<()> {
        leave();
        let before = tcgetattr(stdin());
        LENT.store(true, Ordering::SeqCst);
        work();
        LENT.store(false, Ordering::SeqCst);
        // Work that was killed may have left its own modes, which would be taken for those to go back to.
        if let Ok(before) = before {
            let _ = tcsetattr(stdin(), OptionalActions::Drain, &before);
        }
        enter()?;
        self.forget();
        Ok(())
    }

    /// Gives the terminal back, stops until `fg`, takes it again. Where no shell could bring it back nothing stops.
    pub fn suspend(&mut self) -> io::Result<()> {
        leave();
        // The whole group, as the terminal's own key would do: whoever started us and waits stops too.
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        enter()?;
        self.forget();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

/// Writes the cells that differ in one synchronized update; false and nothing if none does.
fn write_changes(out: &mut impl Write, last: &Buffer, frame: &Buffer) -> io::Result<bool> {
    let changed = last.diff(frame);
    if changed.is_empty() {
        return Ok(false);
    }
    queue!(out, BeginSynchronizedUpdate)?;
    ansi::write(out, &changed)?;
    queue!(out, EndSynchronizedUpdate)?;
    Ok(true)
}

/// How many bytes a terminal that shows one frame gets for another of the same size.
pub fn changed_bytes(last: &Buffer, frame: &Buffer) -> usize {
    change(last, frame).len()
}

/// What a terminal that shows one frame gets for another of the same size.
pub fn change(last: &Buffer, frame: &Buffer) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing into memory can't fail.
    let _ = write_changes(&mut out, last, frame);
    out
}

/// An empty frame of a size.
pub fn frame(size: (u16, u16)) -> Buffer {
    Buffer::empty(Rect { x: 0, y: 0, width: size.0, height: size.1 })
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, Hide, EnableBracketedPaste, EnableFocusChange)?;
    if MOUSE.load(Ordering::SeqCst) { execute!(stdout(), EnableMouseCapture) } else { Ok(()) }
}

/// Gives the terminal back, if the console has it. Errors don't matter any more: it may be gone.
pub fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(stdout(), DisableMouseCapture);
        }
        let _ = execute!(stdout(), DisableFocusChange, DisableBracketedPaste, Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// A panic gives the terminal back before its message is printed.
pub fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        leave();
        before(info);
    }));
}
