//! Every screen in every theme, from the smallest size to a large one: the same letters everywhere, and for each its colours as a fingerprint.

use dagdeck::console::{Stage, Theme};
use ratatui::{buffer::Buffer, style::Color};

use super::home::{NOW, build};

/// Screens and the keys that lead there.
pub const SCREENS: &[(&str, &str)] = &[
    ("triage", ""),
    ("dags", "2"),
    ("runs", "3"),
    ("instances", "4"),
    ("backfills", "5"),
    ("pods", "6"),
    ("assets", "7"),
    ("settings", "8"),
    ("audit", "9"),
    ("system", "0"),
    ("grid", "2 Enter j j j j Enter ]"),
    ("gantt", "2 Enter v t"),
    ("graph", "2 Enter ] v d"),
    ("calendar", "2 v c"),
    ("source", "2 v s"),
    ("versions", "2 v h"),
    ("about", "2 d"),
    ("log", "Enter"),
    ("details", "Enter d"),
    ("inputs", "Enter i"),
    ("xcom_tab", "Enter x"),
    ("why", "Enter b"),
    ("logs", "2 Enter j j j j o"),
    ("xcom", "2 Enter v t x Esc"),
    ("compare", "Enter ="),
    ("clear", "Enter C"),
    ("mark", "Enter M s"),
    ("retry", "Enter R"),
    ("trigger", "2 T"),
    ("backfill", "2 B"),
    ("note", "Enter q 3 N"),
    ("claim", "H"),
    ("silence", "Z"),
    ("edit", "8 E"),
    ("new", "8 I"),
    ("delete", "8 G D"),
    ("help", "?"),
    ("palette", ":"),
    ("session", "@"),
    ("quit", "q"),
];

/// A short number for everything that a frame shows besides its letters.
pub fn fingerprint(frame: &Buffer) -> u32 {
    let style = |cell: &ratatui::buffer::Cell| format!("{:?} {:?} {:?};", cell.fg, cell.bg, cell.modifier).into_bytes();
    sum(frame.content.iter().flat_map(style))
}

fn sum(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[test]
fn every_screen_in_every_theme() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let mut table = String::new();
    for (name, keys) in SCREENS {
        for size in [(60, 16), (80, 24), (160, 45), (250, 80)] {
            let mut stage = Stage::new(dir.path().to_owned(), size, NOW, true).unwrap();
            stage.keys(keys);
            let text = stage.text();
            assert!(text.lines().last().is_some_and(|hints| !hints.is_empty()), "{name} at {size:?}:\n{text}");
            table.push_str(&format!("{name} {}x{}", size.0, size.1));
            // At the smallest and the largest size the letters are a number too; the system screen has a folder's name in it.
            let at_an_end = size.0 != 80 && size.0 != 160;
            if at_an_end && *name != "system" {
                table.push_str(&format!(" letters={:08x}", sum(text.bytes())));
            }
            for theme in Theme::names().filter(|name| !at_an_end || *name == "default") {
                stage.theme(theme).unwrap();
                let frame = stage.frame();
                assert_eq!(stage.text(), text, "{name}: {theme} shows other letters");
                // What a task printed in colours keeps them in its log.
                if theme == "mono" && size == (80, 24) && !name.starts_with("log") {
                    let plain = |c: Color| c == Color::Reset;
                    assert!(frame.content.iter().all(|c| plain(c.fg) && plain(c.bg)), "{name}: a colour in mono");
                }
                table.push_str(&format!(" {theme}={:08x}", fingerprint(&frame)));
            }
            table.push('\n');
        }
    }
    insta::assert_snapshot!("themes", table);
}

/// States differ by their letters, never by colour alone; in every theme a failed one looks other than one that is fine.
#[test]
fn states_are_told_apart_without_colour() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    for theme in Theme::names() {
        let mut stage = Stage::new(dir.path().to_owned(), (80, 24), NOW, true).unwrap();
        stage.theme(theme).unwrap().keys("2");
        let (text, frame) = (stage.text(), stage.frame());
        let y = text.lines().position(|l| l.contains("SSSSSSSSSSSFF")).unwrap();
        let x = text.lines().nth(y).unwrap().find("SSSSSSSSSSSFF").unwrap();
        // Of a row that isn't under the cursor, which has a style of its own.
        stage.keys("j");
        let frame = {
            let _ = frame;
            stage.frame()
        };
        let style = |x: usize| {
            let c = &frame[(x as u16, y as u16)];
            (c.fg, c.bg, c.modifier)
        };
        assert_ne!(style(x), style(x + 12), "{theme}");
    }
}
