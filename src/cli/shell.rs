//! What a verb works with: its streams, the output format, and the place (home, DAG folder, settings).

use std::{
    cell::{Cell, OnceCell},
    ffi::OsString,
    io::{self, BufRead, IsTerminal, Write},
};

use clap::ValueEnum;
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::FieldRenderer;
use super::{Environment, mask::Mask, table, yaml};
use crate::{
    command,
    config::Place,
    error::{Error, Result},
    protocol::{Command, Request},
    store::pages,
};

/// How documents are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// A header and tab-separated values.
    Plain,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
}

impl Format {
    /// The whole document is printed, not a choice of columns.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// What a verb works with.
pub struct Shell {
    environment: Environment,
    place: OnceCell<Place>,
    folder_is_checked: Cell<bool>,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Renders the fields of tasks that no try has rendered; `None` where nobody can.
    pub renders: Option<FieldRenderer>,
    /// The same act as a shell command, for the audit log.
    pub command_line: String,
    /// Someone sits there who can be asked.
    pub asks: bool,
    /// Progress may be drawn on stderr.
    pub err_is_terminal: bool,
    /// Width of the terminal that stdout is.
    pub width: Option<usize>,
}

const CLOSED_PIPE: &str = "the reader of the output is gone";

/// True for the error of writing to a pipe whose reader ended.
pub fn is_closed_pipe(error: &Error) -> bool {
    error.message == CLOSED_PIPE
}

fn write_error(e: io::Error) -> Error {
    if e.kind() == io::ErrorKind::BrokenPipe {
        return Error::refused(CLOSED_PIPE);
    }
    Error::system("can't write the output", e)
}

impl Shell {
    /// A shell on the process's own streams.
    pub fn of_process(environment: Environment, arguments: &[OsString]) -> Self {
        let stdout = io::stdout();
        let width = stdout.is_terminal().then(|| {
            let size = rustix::termios::tcgetwinsize(&stdout);
            size.ok().map(|s| usize::from(s.ws_col)).filter(|w| *w > 20).unwrap_or(80)
        });
        let mut shell = Self::with(environment, Box::new(io::BufWriter::new(stdout)), Box::new(io::stderr()));
        shell.command_line = quoted(arguments);
        shell.asks = io::stdin().is_terminal() && io::stderr().is_terminal();
        shell.err_is_terminal = io::stderr().is_terminal();
        shell.width = width;
        shell
    }

    /// A shell that writes to the given streams and asks nobody.
    pub fn with(environment: Environment, out: Box<dyn Write>, err: Box<dyn Write>) -> Self {
        Self {
            environment,
            place: OnceCell::new(),
            folder_is_checked: Cell::new(false),
            out,
            err,
            renders: None,
            command_line: "dagdeck".into(),
            asks: false,
            err_is_terminal: false,
            width: None,
        }
    }

    /// Home, DAG folder and settings; read at the first use.
    ///
    /// # Errors
    /// What reading the settings says.
    pub fn place(&self) -> Result<&Place> {
        if let Some(place) = self.place.get() {
            return Ok(place);
        }
        let place = self.environment.place()?;
        Ok(self.place.get_or_init(|| place))
    }

    /// The store, for reading.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub fn store(&self) -> Result<Connection> {
        pages::open(&self.place()?.db())
    }

    /// The secrets of this home, for masking.
    ///
    /// # Errors
    /// `System` if the store can't be read.
    pub fn mask(&self, conn: &Connection) -> Result<Mask> {
        Mask::load(conn, &self.place()?.settings)
    }

    /// Does something: through the scheduler if one runs, else with the writer's lock.
    ///
    /// # Errors
    /// What the command says.
    pub fn submit(&self, command: Command) -> Result<Value> {
        self.check_folder()?;
        command::submit(self.place()?, &self.command_line, command)
    }

    /// Asks the running scheduler, whatever DAG folder was named: the home says which scheduler is meant.
    ///
    /// # Errors
    /// `NoScheduler` if none runs; else what it answers.
    pub fn ask_scheduler(&self, request: Request) -> Result<Value> {
        let place = self.place()?;
        command::scheduler_request(place, request)?.ok_or_else(|| no_scheduler(place))
    }

    /// Facts about the running scheduler; `None` if none runs.
    ///
    /// # Errors
    /// `Refused` if it has another DAG folder than the one named.
    pub fn scheduler(&self) -> Result<Option<Value>> {
        let place = self.place()?;
        let Some(status) = command::scheduler_request(place, Request::Status)? else { return Ok(None) };
        // Only a folder that was named: who names none means the scheduler's.
        if self.environment.dags_folder.is_some()
            && let Some(other) = status["dags_folder"].as_str().map(std::path::Path::new)
            && other != place.dags_folder
            && other.canonicalize().ok() != place.dags_folder.canonicalize().ok()
        {
            let (named, other) = (place.dags_folder.display(), other.display());
            return Err(Error::refused(format!(
                "the DAG folder {named} was named, and the running scheduler of {} has {other}",
                place.home.display()
            ))
            .hint("leave the folder out, or stop the scheduler and start it with the other folder"));
        }
        Ok(Some(status))
    }

    fn check_folder(&self) -> Result<()> {
        if !self.folder_is_checked.get() && self.environment.dags_folder.is_some() {
            self.scheduler()?;
        }
        self.folder_is_checked.set(true);
        Ok(())
    }

    /// The flags that every verb takes, as given.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The asked output format.
    pub fn format(&self) -> Format {
        if self.environment.plain { Format::Plain } else { self.environment.output.unwrap_or_default() }
    }

    /// Prints rows: all fields as a document, the given columns as a table.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn show_rows(&mut self, rows: Vec<Value>, columns: &[&str]) -> Result<()> {
        match self.format() {
            Format::Json | Format::Yaml => self.document(&Value::Array(rows)),
            Format::Plain => self.text(&table::plain(&rows, columns)),
            Format::Table if rows.is_empty() => self.say("nothing found"),
            Format::Table => self.text(&table::aligned(&rows, columns, self.width)),
        }
    }

    /// Prints one document: as it is, or as lines of `field value`.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn show(&mut self, document: &Value) -> Result<()> {
        match self.format() {
            Format::Json | Format::Yaml => self.document(document),
            Format::Plain => self.text(&table::fields(document, false)),
            Format::Table => self.text(&table::fields(document, true)),
        }
    }

    /// Prints one document; for people nested objects become `name.field` lines.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn show_flat(&mut self, document: Value) -> Result<()> {
        let Value::Object(fields) = document else { return self.show(&document) };
        if self.format().is_document() {
            return self.show(&Value::Object(fields));
        }
        let mut flat = Map::new();
        for (name, value) in fields {
            match value {
                Value::Object(inner) => flat.extend(inner.into_iter().map(|(key, v)| (format!("{name}.{key}"), v))),
                value => {
                    flat.insert(name, value);
                }
            }
        }
        self.show(&Value::Object(flat))
    }

    /// Prints one document as JSON or YAML (JSON unless YAML was asked for).
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn document(&mut self, document: &Value) -> Result<()> {
        if self.format() == Format::Yaml {
            return self.text(&yaml::emit(document));
        }
        let text = serde_json::to_string_pretty(document).map_err(|e| Error::system("can't write JSON", e))?;
        self.text(&format!("{text}\n"))
    }

    /// Writes to stdout as it is.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn text(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(write_error)
    }

    /// Writes a line to stdout.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn line(&mut self, line: &str) -> Result<()> {
        self.text(line)?;
        self.text("\n")
    }

    /// A message for people, on stderr.
    ///
    /// # Errors
    /// Never: a lost stderr harms nothing.
    pub fn say(&mut self, message: &str) -> Result<()> {
        // What was printed before stands before it, where both are one terminal. (An error is told at the end.)
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{message}");
        Ok(())
    }

    /// Replaces the progress line on stderr, if that is a terminal.
    pub fn progress(&mut self, line: &str) {
        if self.err_is_terminal {
            let _ = write!(self.err, "\r\x1b[K{line}");
            let _ = self.err.flush();
        }
    }

    /// Asks; true only for an explicit yes.
    ///
    /// # Errors
    /// `System` if stdin can't be read.
    pub fn confirm(&mut self, question: &str) -> Result<bool> {
        self.flush()?;
        let _ = write!(self.err, "{question} [y/N] ");
        let _ = self.err.flush();
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|e| Error::system("can't read the answer", e))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Hands what was written to the reader.
    ///
    /// # Errors
    /// `System` if it can't be written.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(write_error)
    }

    /// Prints an error: what, why, what to do instead.
    pub fn complain(&mut self, error: Error) {
        let mut error = self.environment.explained(error);
        if let Some(hint) = &mut error.hint {
            *hint = hint.replace("help VERB", &format!("help {}", verb_of(&self.command_line)));
        }
        let _ = writeln!(self.err, "error: {error}");
    }
}

/// The error for a home without a scheduler.
pub fn no_scheduler(place: &Place) -> Error {
    Error::new(crate::error::Kind::NoScheduler, format!("no scheduler runs for the home {}", place.home.display()))
        .hint("`dagdeck scheduler start` starts one")
}

/// The verb of a command line: its first words, without flags and what follows those that have a value.
fn verb_of(line: &str) -> String {
    let mut words = line.split(' ').skip(1).peekable();
    let mut verb = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "--home" | "--dags-folder" | "--context" | "--output" | "-o" => drop(words.next()),
            flag if flag.starts_with('-') => {}
            word => verb.push(word),
        }
        if verb.len() == 2 || verb.first().is_some_and(|group| matches!(*group, "logs" | "screen" | "open")) {
            break;
        }
    }
    if verb.is_empty() { "VERB".into() } else { verb.join(" ") }
}

/// A command line that can be pasted into a shell.
fn quoted(arguments: &[OsString]) -> String {
    let mut line = String::from("dagdeck");
    for argument in arguments {
        line.push(' ');
        line.push_str(&quote(&argument.to_string_lossy()));
    }
    line
}

/// One word, quoted for a POSIX shell where it must be.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("manual__2026-01-01T00:00:00+00:00"), "manual__2026-01-01T00:00:00+00:00");
        assert_eq!(quote(r#"{"a": "it's"}"#), r#"'{"a": "it'\''s"}'"#);
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn the_verb_of_a_command_line() {
        assert_eq!(verb_of("dagdeck --home /h -o json dags details churn"), "dags details");
        assert_eq!(verb_of("dagdeck --plain logs churn latest"), "logs");
        assert_eq!(verb_of("dagdeck"), "VERB");
    }
}
