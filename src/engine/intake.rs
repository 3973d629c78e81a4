//! The loop's other half: waits until something happens or is due, and takes it in.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    conn::Conn,
    core::{Engine, NOTICE_EVERY},
};
use crate::{
    clock,
    error::{Error, Result},
};

impl Engine {
    fn timeout(&self) -> Duration {
        let now = Instant::now();
        let mut times: Vec<Duration> = self.next_scan.map(|at| at.saturating_duration_since(now)).into_iter().collect();
        times.extend(self.triggerers.next_wake().map(|at| at.saturating_duration_since(now)));
        times.extend(self.commit_by.map(|at| at.saturating_duration_since(now)));
        if self.changed {
            times.push(NOTICE_EVERY.saturating_sub(self.last_notice.elapsed()));
        }
        if !self.adopted.is_empty() || self.tries.wants_looks() {
            times.push(self.next_look.saturating_duration_since(now));
        }
        // While nothing can be written, only the next attempt to write is waited for.
        let deciding = !self.stopping && self.stuck.is_none();
        let deciding_wakes = [self.world.next_wake(), self.next_held, self.deadlines.next_wake()];
        let deciding_wakes = deciding_wakes.map(|at| at.filter(|_| deciding));
        let wake = [self.waits.next_wake(), self.deferrals.next_wake()].into_iter().chain(deciding_wakes);
        for at in wake.flatten() {
            let micros = at.as_microsecond().saturating_sub(clock::now().as_microsecond()).max(0) as u64;
            // A little later rather than a little too early, which would spin.
            times.push(Duration::from_micros(micros + 500));
        }
        times.into_iter().min().unwrap_or(Duration::from_secs(30)).min(Duration::from_secs(60))
    }

    pub(super) fn wait_and_take_in(&mut self) -> Result<()> {
        let timeout = self.timeout();
        let mut ready: Vec<u64> = Vec::new();
        let (mut accept, mut parsed, mut spawner, mut signal, mut saved) = (false, false, false, false, false);
        let mut pods = false;
        {
            let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
            let mut fds = Vec::with_capacity(self.conns.len() + 6);
            fds.push(PollFd::new(&self.listener, PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.parsing.wake().as_fd(), PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.spawner.stream().as_fd(), PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(self.signals.reader().as_fd(), PollFlags::IN));
            let watch = self.watch.fd().map(|fd| fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            let of_pods = self.pods.wake().map(|fd| {
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                fds.len() - 1
            });
            let first = fds.len();
            let mut ids = Vec::with_capacity(self.conns.len());
            for (id, conn) in &self.conns {
                let flags = if conn.has_output() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
                fds.push(PollFd::from_borrowed_fd(conn.stream.as_fd(), flags));
                ids.push(*id);
            }
            self.ticks.waits();
            match poll(&mut fds, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Error::system("the scheduler cannot wait for events", e)),
            }
            self.ticks.wakes();
            let is_ready = |i: usize| !fds[i].revents().is_empty();
            accept = accept || is_ready(0);
            parsed = parsed || is_ready(1);
            spawner = spawner || is_ready(2);
            signal = signal || is_ready(3);
            saved = saved || (watch.is_some() && is_ready(4));
            pods = pods || of_pods.is_some_and(is_ready);
            ready.extend(ids.iter().enumerate().filter(|(i, _)| is_ready(i + first)).map(|(_, id)| *id));
        }
        if signal && self.signals.take() {
            self.stopping = true;
        }
        if saved && self.watch.take() {
            self.scan_soon();
        }
        if accept {
            self.accept();
        }
        for id in ready {
            self.receive(id)?;
        }
        if spawner {
            self.hear_spawner();
        }
        if parsed {
            self.take_parsed()?;
        }
        if pods {
            self.hear_pods();
        }
        self.tick()
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if let Ok(conn) = Conn::new(stream) {
                let id = self.add_conn(conn);
                // Its first line has usually arrived already.
                let _ = self.receive(id);
            }
        }
    }

    pub(super) fn add_conn(&mut self, conn: Conn) -> u64 {
        let id = self.next_conn;
        self.next_conn += 1;
        self.conns.insert(id, conn);
        id
    }

    fn receive(&mut self, id: u64) -> Result<()> {
        let Some(conn) = self.conns.get_mut(&id) else { return Ok(()) };
        let alive = conn.flush();
        let (lines, open) = conn.receive();
        for line in lines {
            self.line(id, &line)?;
        }
        if !open || !alive {
            self.lost(id);
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.next_scan.is_some_and(|at| now >= at) {
            let every = self.place.settings.number("dag_processor", "refresh_interval").unwrap_or(30.0);
            self.next_scan = Some(now + Duration::from_secs_f64(every.clamp(1.0, 3600.0)));
            self.scan_files()?;
            give_back_memory();
        }
        if now >= self.next_look {
            self.next_look = now + Duration::from_secs(1);
            self.look_at_quiet();
        }
        self.tend_triggerers();
        let now = clock::now();
        self.end_late_deferrals(now);
        self.miss_deadlines(now);
        self.apply_held(now)?;
        self.poke(now)
    }
}

/// Hands memory that is free again to the operating system: a large DAG file needs much for a moment.
fn give_back_memory() {
    // SAFETY: malloc_trim has no preconditions.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
