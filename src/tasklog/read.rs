//! Bytes of a log: the last lines without reading the rest, what was added since, and waiting for more.

use std::{
    fs::File,
    io::{Read, Result, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::inotify,
};

const BLOCK: u64 = 64 * 1024;
/// Bytes that are read at once from a log.
const PART: u64 = 1024 * 1024;

/// The last `lines` whole lines, and the offset after them; reads only as much of the file's end as it must.
///
/// # Errors
/// What the file system says.
pub fn tail(path: &Path, lines: usize) -> Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut start = file.seek(SeekFrom::End(0))?;
    // Newest first. One newline more than lines is looked for: it ends the line before the first wanted one.
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut newlines = 0;
    while start > 0 && newlines <= lines {
        let block = BLOCK.min(start);
        start -= block;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(block).unwrap_or(0)];
        file.read_exact(&mut bytes)?;
        newlines += bytes.iter().filter(|b| **b == b'\n').count();
        blocks.push(bytes);
    }
    blocks.reverse();
    let mut found = blocks.concat();
    let whole = found.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    found.truncate(whole);
    let mut skip = newlines.saturating_sub(lines);
    let from = found.iter().position(|b| {
        let wanted = skip == 0;
        skip -= usize::from(*b == b'\n' && skip > 0);
        wanted
    });
    let text = String::from_utf8_lossy(&found[from.unwrap_or(found.len())..]).into_owned();
    Ok((text, start + whole as u64))
}

/// Whole lines after an offset, and the offset after them: about a megabyte at a time, so that a log of any length fits into
/// memory; empty when nothing is left. A file that became shorter is read from its start.
///
/// # Errors
/// What the file system says.
pub fn read_from(path: &Path, offset: u64) -> Result<(String, u64)> {
    let mut file = File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    let start = if end < offset { 0 } else { offset };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    let mut left = end - start;
    while left > 0 {
        let part = left.min(PART);
        let read = (&mut file).take(part).read_to_end(&mut bytes)?;
        left = if read == 0 { 0 } else { left - read as u64 };
        // A line longer than a part is read on to its end.
        if bytes.contains(&b'\n') {
            break;
        }
    }
    // A line is handed over once it is whole.
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    bytes.truncate(whole);
    Ok((String::from_utf8_lossy(&bytes).into_owned(), start + whole as u64))
}

/// Waits until the file (or, while it isn't there, its folder) changes, at most so long.
///
/// # Errors
/// What the operating system says; not that the file isn't there.
pub fn wait_for_change(path: &Path, limit: Duration) -> Result<()> {
    let watcher = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let events = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    let watched = inotify::add_watch(&watcher, path, events)
        .or_else(|e| path.parent().map_or(Err(e), |folder| inotify::add_watch(&watcher, folder, events)));
    // Not even a folder: look again soon.
    let limit = if watched.is_ok() { limit } else { limit.min(Duration::from_millis(100)) };
    let limit = Timespec::try_from(limit).ok();
    match poll(&mut [PollFd::new(&watcher, PollFlags::IN)], limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_end_of_a_long_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let text: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&path, format!("{text}unfinished")).unwrap();
        let (last, end) = tail(&path, 2).unwrap();
        assert_eq!(last, "line 49998\nline 49999\n");
        assert_eq!(end, text.len() as u64);
        assert_eq!(tail(&path, 1_000_000).unwrap().0, text);
        assert_eq!(tail(&path, 0).unwrap().0, "");
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b" now whole\nnext").unwrap();
        let (more, end) = read_from(&path, end).unwrap();
        assert_eq!(more, "unfinished now whole\n");
        assert_eq!(read_from(&path, end).unwrap().0, "");
    }

    #[test]
    fn a_long_file_comes_in_parts_of_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let long = "x".repeat(3 * PART as usize);
        let text = format!("{}{long}\nlast\nunfinished", "a line of the log\n".repeat(200_000));
        std::fs::write(&path, &text).unwrap();
        let (mut all, mut offset, mut parts) = (String::new(), 0, 0);
        loop {
            let (part, next) = read_from(&path, offset).unwrap();
            if part.is_empty() {
                break;
            }
            assert!(part.ends_with('\n') && part.len() <= long.len() + 1 + PART as usize, "{}", part.len());
            (offset, parts) = (next, parts + 1);
            all.push_str(&part);
        }
        assert_eq!(format!("{all}unfinished"), text);
        assert!(parts > 4, "{parts}");
    }

    #[test]
    fn a_change_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "").unwrap();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                std::thread::sleep(Duration::from_millis(50));
                std::fs::write(path, "x\n").unwrap();
            }
        });
        let began = std::time::Instant::now();
        wait_for_change(&path, Duration::from_secs(20)).unwrap();
        assert!(began.elapsed() < Duration::from_secs(10));
        writer.join().unwrap();
    }
}
