//! The bare cost: the same processes, started by nobody in particular.

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use super::numbers::ms;

/// What it took.
pub struct Bare {
    /// Time, ms.
    pub ms: f64,
    /// CPU of the processes and of starting them, ms.
    pub cpu_ms: f64,
}

fn measured(work: impl FnOnce()) -> Bare {
    let (before, began) = (cpu_ms(), Instant::now());
    work();
    Bare { ms: ms(began.elapsed()), cpu_ms: cpu_ms() - before }
}

/// One after the other.
pub fn sequential(times: usize, argv: &[&str]) -> Bare {
    measured(|| (0..times).for_each(|_| start(argv)))
}

/// `bash -c true`, so many at once.
pub fn in_flight(times: usize, at_once: usize) -> Bare {
    let left = AtomicUsize::new(times);
    measured(|| {
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                        start(&["bash", "-c", "true"]);
                    }
                });
            }
        });
    })
}

fn start(argv: &[&str]) {
    Command::new(argv[0]).args(&argv[1..]).stdin(Stdio::null()).status().unwrap();
}

/// The interpreter behind `python3`.
pub fn interpreter() -> String {
    let out = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_string()
}

/// CPU of this process and of its children that ended.
fn cpu_ms() -> f64 {
    let of = |who| {
        // SAFETY: getrusage fills the struct that it is given.
        let used = unsafe {
            let mut used: libc::rusage = std::mem::zeroed();
            libc::getrusage(who, &raw mut used);
            used
        };
        [used.ru_utime, used.ru_stime].iter().map(|t| t.tv_sec as f64 * 1e3 + t.tv_usec as f64 / 1e3).sum::<f64>()
    };
    of(libc::RUSAGE_SELF) + of(libc::RUSAGE_CHILDREN)
}
