//! The console in a terminal, as a person starts it.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// From the start of the process until a text is on its screen.
pub fn until_drawn(program: &Path, environment: &[(&str, PathBuf)], text: &str) -> Duration {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(program);
    command.env("TERM", "xterm-256color");
    environment.iter().for_each(|(name, value)| command.env(name, value));
    let mut output = pty.master.try_clone_reader().unwrap();
    let lines = |n: u16| std::num::NonZero::new(n).unwrap();
    let mut screen = vt100::Parser::new(lines(size.rows), lines(size.cols), 0);
    let mut chunk = [0u8; 64 * 1024];
    let began = Instant::now();
    let mut child = pty.slave.spawn_command(command).unwrap();
    let took = loop {
        let n = output.read(&mut chunk).unwrap();
        assert!(n > 0, "the console ended: {}", screen.screen().contents());
        screen.process(&chunk[..n]);
        if screen.screen().contents().contains(text) {
            break began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "never drawn: {}", screen.screen().contents());
    };
    // It asks before it leaves, perhaps; nobody answers.
    let _ = pty.master.take_writer().unwrap().write_all(b"q");
    let _ = child.kill();
    let _ = child.wait();
    took
}
