//! Which lines of two texts are the same.

/// Most cells of the table that finds the longest common part; larger texts are compared less finely.
const CELLS: usize = 9_000_000;

/// One line of a comparison: indexes into the two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// In both.
    Same(usize, usize),
    /// Only in the first.
    Left(usize),
    /// Only in the second.
    Right(usize),
}

/// Compares two lists of lines.
pub fn lines<T: PartialEq>(a: &[T], b: &[T]) -> Vec<Edit> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (x, y) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let mut out: Vec<Edit> = (0..head).map(|i| Edit::Same(i, i)).collect();
    let (n, m) = (x.len(), y.len());
    if n * m > CELLS || n == 0 || m == 0 {
        out.extend((0..n).map(|i| Edit::Left(head + i)));
        out.extend((0..m).map(|i| Edit::Right(head + i)));
    } else {
        // Longest common part of every pair of ends.
        let mut longest = vec![0_u16; (n + 1) * (m + 1)];
        let at = |i: usize, j: usize| i * (m + 1) + j;
        for i in (0..n).rev() {
            for j in (0..m).rev() {
                longest[at(i, j)] = if x[i] == y[j] {
                    longest[at(i + 1, j + 1)].saturating_add(1)
                } else {
                    longest[at(i + 1, j)].max(longest[at(i, j + 1)])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < n || j < m {
            if i < n && j < m && x[i] == y[j] {
                out.push(Edit::Same(head + i, head + j));
                (i, j) = (i + 1, j + 1);
            } else if j == m || (i < n && longest[at(i + 1, j)] >= longest[at(i, j + 1)]) {
                out.push(Edit::Left(head + i));
                i += 1;
            } else {
                out.push(Edit::Right(head + j));
                j += 1;
            }
        }
    }
    out.extend((0..tail).map(|i| Edit::Same(a.len() - tail + i, b.len() - tail + i)));
    out
}

/// A comparison as text with `-` and `+`, and `context` equal lines around what differs.
pub fn unified(a: &str, b: &str, context: usize) -> Vec<(char, String)> {
    let (x, y): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let edits = lines(&x, &y);
    let near = |at: usize| {
        let from = at.saturating_sub(context);
        edits[from..(at + context + 1).min(edits.len())].iter().any(|e| !matches!(e, Edit::Same(..)))
    };
    let mut out = Vec::new();
    let mut gap = false;
    for (at, edit) in edits.iter().enumerate() {
        match edit {
            Edit::Same(i, j) if near(at) => {
                if std::mem::take(&mut gap) {
                    out.push(('@', format!("line {}", j + 1)));
                }
                out.push((' ', x[*i].to_owned()));
            }
            Edit::Same(..) => gap = true,
            Edit::Left(i) => out.push(('-', x[*i].to_owned())),
            Edit::Right(j) => out.push(('+', y[*j].to_owned())),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_found() {
        use Edit::*;
        assert_eq!(lines(&[1, 2, 3, 4], &[1, 3, 5, 4]), [Same(0, 0), Left(1), Same(2, 1), Right(2), Same(3, 3)]);
        assert_eq!(lines::<u8>(&[], &[]), []);
        assert_eq!(lines(&[1], &[]), [Left(0)]);
        let a: String = (0..20).map(|i| format!("l{i}\n")).collect();
        let shown = unified(&a, &a.replace("l10\n", "new\n"), 1);
        let text: Vec<String> = shown.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        assert_eq!(text, ["@line 10", " l9", "-l10", "+new", " l11"]);
    }
}
