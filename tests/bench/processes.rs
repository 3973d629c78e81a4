//! The processes of a home: scheduler, spawner, supervisors.

use std::{fs, path::Path};

/// One of them.
pub struct Process {
    pub pid: u32,
    pub name: &'static str,
    /// CPU that it and the tasks that it waited for took until the look at it, ms (as coarse as 10 ms).
    cpu_ms: f64,
}

/// All of a home, at one moment.
pub struct Processes(Vec<Process>);

impl Processes {
    /// Those that name the home in their command line. Tasks don't.
    pub fn of(home: &Path) -> Self {
        let home = home.to_str().unwrap();
        let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
        let mut all: Vec<Process> = pids.filter_map(|pid| look(pid, home)).collect();
        // Supervisors are forked from the spawner and look like it; it came first.
        if let Some(first) = all.iter_mut().filter(|p| p.name == "supervisor").min_by_key(|p| p.pid) {
            first.name = "spawner";
        }
        Self(all)
    }

    pub fn all(&self) -> &[Process] {
        &self.0
    }

    /// CPU that those that are here now took since, ms. What has ended meanwhile isn't counted.
    pub fn cpu_ms_since(&self, before: &Self) -> f64 {
        let then = |pid| before.0.iter().find(|p| p.pid == pid).map_or(0.0, |p| p.cpu_ms);
        self.0.iter().map(|p| p.cpu_ms - then(p.pid)).sum()
    }

    /// Ends them.
    pub fn end(&self) {
        for process in &self.0 {
            // SAFETY: processes of our own home.
            unsafe { libc::kill(process.pid as i32, libc::SIGTERM) };
        }
    }
}

fn look(pid: u32, home: &str) -> Option<Process> {
    let line = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).ok()?).into_owned();
    let spawner = line.contains("\0spawner\0");
    let ours = line.contains(home) && (spawner || line.contains("\0scheduler\0run\0"));
    ours.then(|| Process { pid, name: if spawner { "supervisor" } else { "scheduler" }, cpu_ms: cpu_ms(pid) })
}

fn cpu_ms(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0.0 };
    // utime, stime, cutime, cstime, in hundredths of a second
    let ticks: u64 = rest.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks as f64 * 10.0
}

/// Memory of a process with its share of what it shares.
pub fn pss_mb(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("Pss:")).unwrap_or("Pss: 0 kB");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
