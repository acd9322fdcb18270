//! Standard output: data for the next program, in one of three formats.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Write};
use std::rc::Rc;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::error::Error;
use crate::escape::{escape, escape_json};
use crate::progress::Progress;
use crate::reference::Located;
use crate::region::Region;
use crate::settings::Format;
use crate::startup::stdout_was_closed;

/// A column of a table. Rows are printed as they come, so its width is settled beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading: capital words joined by underscores, by which our own tables are recognised.
    pub title: &'static str,
    /// The width of a usual value.
    pub width: usize,
    /// Does it hold references, so that it is no narrower than the first one?
    has_references: bool,
}

impl Column {
    /// A column.
    pub const fn new(title: &'static str, width: usize) -> Self {
        Self {
            title,
            width,
            has_references: false,
        }
    }

    /// A column of references beside the first one.
    pub const fn of_references(title: &'static str) -> Self {
        Self {
            title,
            width: ID_WIDTH,
            has_references: true,
        }
    }
}

/// The width of an ID in a table.
pub const ID_WIDTH: usize = 21;
/// Blanks between columns.
const GAP: usize = 2;
/// The width of most regions' codes.
const REGION_WIDTH: usize = 14;

/// One result.
pub trait Record {
    /// Is it lost with the line that cannot be printed, because it was made, or waited for? What was
    /// only looked up can be looked up again.
    const IS_NEWS: bool = true;

    /// The columns of its table, that of the reference first.
    const COLUMNS: &'static [Column];

    /// What it is about.
    fn located(&self) -> &Located;

    /// Its cells, as many as there are columns; `reference` is how it is called here.
    fn cells(&self, reference: &str) -> Vec<String>;

    /// What follows the reference after a tab where references are printed alone; for what was
    /// asked for expressly.
    fn beside(&self) -> Option<String> {
        None
    }

    /// The object of its JSON line, whose fields are those of the tool's table.
    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a;
}

/// Nobody reads standard output any more, or it cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Standard output of one run.
#[derive(Debug)]
pub struct Output {
    format: Format,
    bare: bool,
    progress: Rc<Progress>,
    /// The width of the first column, which holds references; settled with the header.
    reference_width: Cell<Option<usize>>,
    has_header: Cell<bool>,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
pub(crate) enum State {
    #[default]
    Open,
    /// Its reader has closed it.
    Closed,
    /// It could not be written.
    Failed(Error),
}

impl Output {
    /// An output of that format.
    pub fn new(format: Format, bare: bool, progress: Rc<Progress>) -> Self {
        Self {
            format,
            bare,
            progress,
            reference_width: Cell::new(None),
            has_header: Cell::new(false),
            state: RefCell::new(match stdout_was_closed() {
                true => State::Failed(Error::failed("standard output is closed")),
                false => State::Open,
            }),
        }
    }

    /// Prints a result at once, for a reader in the region `home`. Where that is not possible any
    /// more the reference goes to standard error, so that it is not lost.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn print<R: Record>(&self, record: &R, home: Option<&Region>) -> Result<(), Gone> {
        let located = record.located();
        let reference = self.reference(located, home);
        let printed = self.print_text(&self.render(record, &reference));
        if printed.is_err() && R::IS_NEWS {
            self.progress.insist(&reference);
        }
        printed
    }

    /// Prints a text as it is; what is untrusted in it was escaped by those who made it.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn print_text(&self, text: &str) -> Result<(), Gone> {
        if self.is_gone() {
            return Err(Gone);
        }
        let written = self.progress.suspend(|| write(text));
        let Err(error) = written else { return Ok(()) };
        self.lose(&error);
        Err(Gone)
    }

    /// Notes that standard output could not be written, by who writes data to it past this.
    pub fn lose(&self, error: &std::io::Error) {
        *self.state.borrow_mut() = match error.kind() {
            ErrorKind::BrokenPipe => State::Closed,
            _ => State::Failed(Error::failed(format!(
                "cannot write standard output: {error}"
            ))),
        };
    }

    /// How a resource is called here, for a reader in the region `home`.
    pub fn reference(&self, located: &Located, home: Option<&Region>) -> String {
        match self.bare {
            true => located.id.to_string(),
            false => located.seen_from(home),
        }
    }

    /// Makes the column of references as wide as it has to be, where that is known before the first
    /// row is printed.
    pub fn settle_width(&self, width: usize) {
        if !self.has_header.get() {
            self.reference_width.set(Some(width));
        }
    }

    /// Is there nobody to print to?
    pub fn is_gone(&self) -> bool {
        !matches!(*self.state.borrow(), State::Open)
    }

    pub(crate) fn into_state(self) -> State {
        self.state.into_inner()
    }

    fn render<R: Record>(&self, record: &R, reference: &str) -> String {
        match self.format {
            Format::References => match record.beside() {
                Some(text) => format!("{reference}\t{}\n", escape(&text)),
                None => format!("{reference}\n"),
            },
            Format::Json => {
                // Our records hold nothing that JSON cannot.
                let json = serde_json::to_string(&record.json(reference)).unwrap_or_default();
                format!("{}\n", escape_json(&json))
            }
            Format::Columns => {
                let mut text = String::new();
                let width = self.reference_width.get().unwrap_or_else(|| {
                    let has_region = reference.contains('@');
                    ID_WIDTH + if has_region { REGION_WIDTH + 1 } else { 0 }
                });
                self.reference_width.set(Some(width));
                if !self.has_header.replace(true) {
                    let titles = R::COLUMNS.iter().map(|column| column.title.to_owned());
                    text.push_str(&row(width, R::COLUMNS, titles));
                }
                text.push_str(&row(width, R::COLUMNS, record.cells(reference)));
                text
            }
        }
    }
}

fn row(first: usize, columns: &[Column], cells: impl IntoIterator<Item = String>) -> String {
    let mut line = String::new();
    let width = |column: &Column| match column.has_references {
        true => column.width.max(first),
        false => column.width,
    };
    let widths = columns.iter().map(width).skip(1);
    for (width, cell) in std::iter::once(first).chain(widths).zip(cells) {
        // An empty cell would move its neighbours into its column for those who split by blanks.
        let cell = if cell.is_empty() {
            "-".to_owned()
        } else {
            escape(&cell)
        };
        // A cell that is one letter too long takes it from the gap, and the next stays in line.
        let pad = (width + GAP).saturating_sub(cell.width()).max(1);
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', pad));
    }
    format!("{}\n", line.trim_end())
}

/// Writes and flushes, so that the next program in the pipe has the line now.
pub(crate) fn write(text: &str) -> std::io::Result<()> {
    if stdout_was_closed() {
        return Err(std::io::Error::other("it is closed"));
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::{Column, row};

    #[test]
    fn rows_are_aligned_and_hold_no_empty_cell() {
        let columns = [
            Column::new("IMAGE_ID", 12),
            Column::new("NAME", 6),
            Column::new("STATE", 5),
        ];
        let cells = |texts: [&str; 3]| texts.map(str::to_owned);
        assert_eq!(
            row(12, &columns, cells(["IMAGE_ID", "NAME", "STATE"])),
            "IMAGE_ID      NAME    STATE\n"
        );
        assert_eq!(
            row(12, &columns, cells(["ami-12345678", "東京", "ok"])),
            "ami-12345678  東京    ok\n"
        );
        assert_eq!(
            row(12, &columns, cells(["ami-12345678", "", "a\u{1b}b"])),
            "ami-12345678  -       a\\u{1b}b\n"
        );
    }
}
