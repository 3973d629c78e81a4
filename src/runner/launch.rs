//! Starts a program without copying this process: until it execs, the child borrows the supervisor's memory (as `vfork`
//! does), so that nothing is paid for page tables and copied pages.
//!
//! `std::process::Command` forks as soon as a `pre_exec` is needed, which the parent-death signal does.

use std::{
    ffi::{CString, OsStr},
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsRawFd, BorrowedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    process::ExitStatus,
    ptr,
};

use libc::{c_char, c_int, c_void};
use rustix::process::{Pid, WaitOptions, waitpid};

/// What is to be started.
pub struct Program<'a> {
    /// Program and arguments; a name without `/` is looked for in PATH.
    pub argv: &'a [String],
    /// All of its environment, as `NAME=value`.
    pub env: Vec<CString>,
    /// Its working folder; `None`: the one of this process.
    pub folder: Option<&'a Path>,
    /// Its stdin.
    pub stdin: BorrowedFd<'a>,
    /// Its stdout and stderr.
    pub output: BorrowedFd<'a>,
    /// A descriptor that it inherits under its own number.
    pub kept: Option<BorrowedFd<'a>>,
}

/// A started process, which leads a process group of its own.
pub struct Process {
    pid: Pid,
}

impl Process {
    /// Its pid, which is also its group.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// How it ended; `None` while it runs.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        use std::os::unix::process::ExitStatusExt;
        let ended = waitpid(Some(self.pid), WaitOptions::NOHANG)?;
        Ok(ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw())))
    }
}

/// An environment entry.
pub fn entry(name: &OsStr, value: &OsStr) -> io::Result<CString> {
    let mut text = Vec::with_capacity(name.len() + value.len() + 2);
    text.extend_from_slice(name.as_bytes());
    text.push(b'=');
    text.extend_from_slice(value.as_bytes());
    CString::new(text).map_err(|_| io::Error::other("a variable of its environment holds a NUL byte"))
}

/// Bytes of stack for the child's few calls (`execvpe` copies the program's path there).
const STACK: usize = 64 * 1024;

/// Everything that the child needs; made before, since it may not allocate.
struct Plan {
    program: *const c_char,
    argv: *const *const c_char,
    env: *const *const c_char,
    folder: *const c_char,
    stdin: RawFd,
    output: RawFd,
    kept: RawFd,
    supervisor: libc::pid_t,
    signals: libc::sigset_t,
    /// Why it did not start; 0 if it did.
    error: c_int,
}

/// Starts it, in a process group of its own that gets KILL when this process dies.
pub fn start(program: &Program<'_>) -> io::Result<Process> {
    let argv = program.argv.iter().map(|a| CString::new(a.as_str())).collect::<Result<Vec<_>, _>>();
    let argv = argv.map_err(|_| io::Error::other("an argument holds a NUL byte"))?;
    let first = argv.first().ok_or_else(|| io::Error::other("the task has no command"))?;
    let folder = program.folder.map(|f| CString::new(f.as_os_str().as_bytes())).transpose();
    let folder = folder.map_err(|_| io::Error::other("the folder's name holds a NUL byte"))?;
    let (argv_pointers, env_pointers) = (pointers(&argv), pointers(&program.env));
    let mut stack: Vec<MaybeUninit<u8>> = Vec::with_capacity(STACK);
    // SAFETY: one past the end of the allocation, aligned down to 16 bytes as every ABI wants it.
    let top = unsafe { stack.as_mut_ptr().add(STACK) };
    let top = top.wrapping_sub(top.addr() % 16).cast::<c_void>();
    let mut plan = Plan {
        program: first.as_ptr(),
        argv: argv_pointers.as_ptr(),
        env: env_pointers.as_ptr(),
        folder: folder.as_ref().map_or(ptr::null(), |f| f.as_ptr()),
        stdin: program.stdin.as_raw_fd(),
        output: program.output.as_raw_fd(),
        kept: program.kept.map_or(-1, |fd| fd.as_raw_fd()),
        supervisor: std::process::id() as libc::pid_t,
        // SAFETY: filled below, before anybody reads it.
        signals: unsafe { std::mem::zeroed() },
        error: 0,
    };
    // SAFETY: the child runs on a stack of its own while this thread, the only one, is suspended until it execs or ends
    // (CLONE_VFORK); `plan` and all it points to live until then. No signal handler may run in the borrowed memory, so
    // signals are blocked meanwhile; the child gets the mask back.
    let pid = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const all, &raw mut plan.signals);
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let pid = libc::clone(child, top, flags, (&raw mut plan).cast::<c_void>());
        let failed = io::Error::last_os_error();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const plan.signals, ptr::null_mut());
        if pid < 0 {
            return Err(failed);
        }
        pid
    };
    let process = Process { pid: Pid::from_raw(pid).ok_or_else(|| io::Error::other("a process without a pid"))? };
    // SAFETY: the child wrote it, if at all, before this thread went on.
    match unsafe { ptr::read_volatile(&raw const plan.error) } {
        0 => Ok(process),
        error => {
            let _ = waitpid(Some(process.pid), WaitOptions::empty());
            Err(io::Error::from_raw_os_error(error))
        }
    }
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|t| t.as_ptr()).chain([ptr::null()]).collect()
}

/// The child's side. Only async-signal-safe calls, nothing that allocates or unwinds.
extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: `start` handed it over and waits.
    let plan = unsafe { &mut *plan.cast::<Plan>() };
    // SAFETY: descriptors, strings and arrays of the plan are valid; what is changed belongs to the child alone (its
    // descriptors, dispositions, group and folder are not shared).
    unsafe {
        let prepared = libc::setpgid(0, 0) == 0
            && libc::dup2(plan.stdin, 0) >= 0
            && libc::dup2(plan.output, 1) >= 0
            && libc::dup2(plan.output, 2) >= 0
            && (plan.kept < 0 || libc::fcntl(plan.kept, libc::F_SETFD, 0) >= 0)
            && (plan.folder.is_null() || libc::chdir(plan.folder) == 0)
            && libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0;
        if prepared {
            // The supervisor may have died before prctl took effect.
            if libc::getppid() != plan.supervisor {
                libc::_exit(127);
            }
            // Rust ignores it for itself; a shell's pipes need it.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const plan.signals, ptr::null_mut());
            libc::execvpe(plan.program, plan.argv, plan.env);
        }
        ptr::write_volatile(&raw mut plan.error, io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO));
        libc::_exit(127)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::Read,
        os::fd::{AsFd, OwnedFd},
        path::PathBuf,
    };

    use super::*;

    fn run(argv: &[&str], env: &[(&str, &str)], folder: Option<&Path>) -> io::Result<(String, ExitStatus)> {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let null = File::open("/dev/null")?;
        let argv: Vec<String> = argv.iter().map(|a| (*a).to_string()).collect();
        let env = env.iter().map(|(n, v)| entry(n.as_ref(), v.as_ref())).collect::<io::Result<_>>()?;
        let process =
            start(&Program { argv: &argv, env, folder, stdin: null.as_fd(), output: write.as_fd(), kept: None })?;
        drop::<OwnedFd>(write);
        let mut text = String::new();
        File::from(read).read_to_string(&mut text)?;
        let (_, status) = waitpid(Some(process.pid()), WaitOptions::empty())?.unwrap();
        use std::os::unix::process::ExitStatusExt;
        Ok((text, ExitStatus::from_raw(status.as_raw())))
    }

    #[test]
    fn a_program_gets_its_arguments_environment_folder_and_group() {
        let folder = std::fs::canonicalize(tempfile::tempdir().unwrap().path().parent().unwrap()).unwrap();
        let script = r#"echo "$1|$A|$(pwd)"; env | grep -c HOME=; echo err >&2; exit 7"#;
        let (text, status) =
            run(&["/bin/sh", "-c", script, "sh", "a b"], &[("A", "b=c"), ("PATH", "/usr/bin:/bin")], Some(&folder))
                .unwrap();
        assert_eq!(text, format!("a b|b=c|{}\n0\nerr\n", folder.display()));
        assert_eq!(status.code(), Some(7));
        let (text, _) =
            run(&["/bin/sh", "-c", "echo $$; ps -o pgid= -p $$"], &[("PATH", "/usr/bin:/bin")], None).unwrap();
        let numbers: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(numbers[0], numbers[1], "it leads its group");
    }

    #[test]
    fn a_name_is_looked_for_in_the_path_and_broken_pipes_end_writers() {
        let (text, _) =
            run(&["sh", "-c", "yes | head -n 1; echo ${PIPESTATUS:-}"], &[("PATH", "/usr/bin:/bin")], None).unwrap();
        assert_eq!(text, "y\n\n");
        let (text, status) =
            run(&["bash", "-c", "yes | head -n 1; exit ${PIPESTATUS[0]}"], &[("PATH", "/usr/bin:/bin")], None).unwrap();
        assert_eq!((text.as_str(), status.code()), ("y\n", Some(128 + libc::SIGPIPE)));
    }

    #[test]
    fn what_cannot_start_says_why_and_leaves_no_zombie() {
        let error = run(&["/no/such/program"], &[], None).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let error = run(&["/bin/sh", "-c", "true"], &[], Some(&PathBuf::from("/no/such/folder"))).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = run(&[file.path().to_str().unwrap()], &[], None).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EACCES));
        assert!(run(&["/bin/echo", "a\0b"], &[], None).is_err());
    }
}
