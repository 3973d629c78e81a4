//! Keys from the terminal and signals from the system, as events.

use std::{
    io::{PipeWriter, Read, Write, stdin},
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use rustix::event::{PollFd, PollFlags, poll};

use super::{message::Event, terminal::LENT};

/// Leaves the signals that matter to a thread which waits for them: no handler, no race.
pub fn watch_signals(events: Sender<Event>) {
    // SAFETY: the set is initialised by sigemptyset before it is used, and lives as long as the calls.
    let set = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in [libc::SIGHUP, libc::SIGTERM, libc::SIGINT, libc::SIGWINCH] {
            libc::sigaddset(&mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        set
    };
    thread::spawn(move || {
        loop {
            let mut signal = 0;
            // SAFETY: both pointers are valid for the call.
            if unsafe { libc::sigwait(&set, &mut signal) } != 0 {
                return;
            }
            // Ctrl-C while another program has the terminal is meant for that one.
            if signal == libc::SIGINT && LENT.load(Ordering::SeqCst) {
                continue;
            }
            let event = match signal {
                libc::SIGWINCH => match crossterm::terminal::size() {
                    Ok((w, h)) => Event::Resize(w, h),
                    Err(_) => continue,
                },
                _ => Event::Hangup,
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
}

/// Stops and restarts the reading of keys, while another program has the terminal.
pub struct Gate {
    orders: PipeWriter,
    stopped: Receiver<()>,
    asked: Arc<Mutex<Option<Instant>>>,
}

/// How long an answer of the terminal is waited for before another program gets it.
const ANSWER: Duration = Duration::from_millis(500);

impl Gate {
    /// The terminal is being asked where its cursor is: input that is no key is its answer.
    pub fn asks(&self) {
        if let Ok(mut asked) = self.asked.lock() {
            *asked = Some(Instant::now());
        }
    }

    /// Waits a moment for the terminal's answer, so that no other program gets it.
    fn settle(&self) {
        let is_open = || self.asked.lock().is_ok_and(|a| a.is_some_and(|at| at.elapsed() < ANSWER));
        while is_open() {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// No key is read from here on, until [`Gate::open`].
    pub fn close(&mut self) {
        self.settle();
        if self.orders.write_all(b"c").is_ok() {
            let _ = self.stopped.recv_timeout(Duration::from_secs(2));
        }
    }
    /// Keys are read again.
    pub fn open(&mut self) {
        let _ = self.orders.write_all(b"o");
    }
}

/// Reads keys until the terminal is gone.
///
/// # Errors
/// No pipe can be made for the gate.
pub fn read_keys(events: Sender<Event>) -> std::io::Result<Gate> {
    let (mut orders, writer) = std::io::pipe()?;
    let (say_stopped, stopped) = channel();
    let asked = Arc::new(Mutex::new(None::<Instant>));
    let open = asked.clone();
    thread::spawn(move || {
        loop {
            // The library below would read an ended terminal in a circle, so its end is looked for first.
            let input = stdin();
            let mut fds = [PollFd::new(&input, PollFlags::IN), PollFd::new(&orders, PollFlags::IN)];
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => break,
                Ok(_) => {}
            }
            if !fds[1].revents().is_empty() {
                let mut order = [0];
                let mut next = || orders.read_exact(&mut order).map(|()| order[0]);
                let _ = next();
                // Nobody waits for keys any more if the gate's other end is gone.
                if say_stopped.send(()).is_err() || next().is_err() {
                    return;
                }
                continue;
            }
            if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                break;
            }
            let came = Instant::now();
            let mut keys = 0;
            while let Ok(true) = event::poll(Duration::ZERO) {
                keys += 1;
                let Ok(found) = event::read() else { break };
                if let Some(event) = translate(found)
                    && events.send(event).is_err()
                {
                    return;
                }
            }
            // The answer to our question is no key. With a key beside it nobody can tell when it came.
            let asked = open.lock().ok().and_then(|mut asked| asked.take_if(|at| *at < came));
            if let Some(asked) = asked.filter(|_| keys == 0) {
                let round_trip = i64::try_from((came - asked).as_micros()).unwrap_or(i64::MAX);
                if events.send(Event::Answered(round_trip)).is_err() {
                    return;
                }
            }
        }
        let _ = events.send(Event::Hangup);
    });
    Ok(Gate { orders: writer, stopped, asked })
}

fn translate(found: event::Event) -> Option<Event> {
    match found {
        event::Event::Key(key) if key.kind != KeyEventKind::Release => stroke(key).map(Event::Key),
        event::Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Event::Click(mouse.column, mouse.row)),
            MouseEventKind::ScrollUp => Some(Event::Wheel(-1)),
            MouseEventKind::ScrollDown => Some(Event::Wheel(1)),
            _ => None,
        },
        event::Event::Paste(text) => Some(Event::Paste(text)),
        event::Event::Resize(w, h) => Some(Event::Resize(w, h)),
        event::Event::FocusGained => Some(Event::Focus(true)),
        event::Event::FocusLost => Some(Event::Focus(false)),
        _ => None,
    }
}

/// A key's name as in the key map.
pub fn stroke(key: KeyEvent) -> Option<String> {
    let name = match key.code {
        KeyCode::Char(' ') if key.modifiers.contains(KeyModifiers::CONTROL) => "Ctrl-Space".into(),
        KeyCode::Char(' ') => "Space".into(),
        KeyCode::Null => "Ctrl-Space".into(),
        KeyCode::Char(c) => {
            if key.modifiers.contains(KeyModifiers::CONTROL) {
                return Some(format!("Ctrl-{}", c.to_ascii_lowercase()));
            }
            if key.modifiers.contains(KeyModifiers::ALT) {
                return None;
            }
            c.to_string()
        }
        KeyCode::Enter => "Enter".into(),
        KeyCode::Esc => "Esc".into(),
        KeyCode::Tab => "Tab".into(),
        KeyCode::BackTab => "Shift-Tab".into(),
        KeyCode::Backspace => "Backspace".into(),
        KeyCode::Delete => "Delete".into(),
        KeyCode::Up => "Up".into(),
        KeyCode::Down => "Down".into(),
        KeyCode::Left => "Left".into(),
        KeyCode::Right => "Right".into(),
        KeyCode::Home => "Home".into(),
        KeyCode::End => "End".into(),
        KeyCode::PageUp => "PgUp".into(),
        KeyCode::PageDown => "PgDn".into(),
        KeyCode::F(n) => format!("F{n}"),
        _ => return None,
    };
    Some(name)
}
