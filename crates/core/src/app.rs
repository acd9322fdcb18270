//! Runs a tool: reads its command line, hands it what it needs, and turns how it ended into words
//! and a number.
//!
//! Invariant: nobody else prints errors or ends the process.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::ExitCode;
use std::rc::Rc;

use ami_cli::args::Args;
use ami_cli::help;
use ami_cli::parse::{Request, parse};
use ami_cli::spec::Spec;
use signal_hook::low_level::emulate_default_handler;

use crate::codes::Codes;
use crate::environment::drop_empty_variables;
use crate::error::Error;
use crate::id::Id;
use crate::interrupt::{Interrupt, Signal};
use crate::output::{Gone, Output, Record, State, write};
use crate::progress::Progress;
use crate::reference::{Located, Reference};
use crate::region::Region;
use crate::session::Session;
use crate::settings::{Settings, Talk};

/// "Of several operands some failed; the rest are done."
const SOME_FAILED: u8 = 6;
/// As if ended by SIGPIPE, which Rust programs ignore.
const STDOUT_CLOSED: u8 = 128 + 13;

/// What a tool works with.
#[derive(Debug)]
pub struct Context {
    /// What was typed.
    pub args: Args,
    /// What the common options say.
    pub settings: Settings,
    /// The way to AWS.
    pub session: Session,
    /// Standard error.
    pub progress: Rc<Progress>,
    /// Whether the tool was asked to stop.
    pub interrupt: Rc<Interrupt>,
    output: Output,
    report: RefCell<Report>,
    codes: Codes,
    /// How the command ended that the tool has run.
    command: Cell<u8>,
}

impl Context {
    fn new(args: Args, codes: Codes) -> Result<Self, Error> {
        let settings = Settings::read(&args)?;
        let progress = Progress::new(args.spec().name, settings.talk).of_verb(args.verb());
        let progress = Rc::new(progress);
        let interrupt: Rc<Interrupt> = Rc::default();
        Ok(Self {
            session: Session::new(
                settings.clone(),
                Rc::clone(&progress),
                Rc::clone(&interrupt),
            )?,
            output: Output::new(settings.format, settings.bare, Rc::clone(&progress)),
            interrupt,
            report: RefCell::default(),
            codes,
            command: Cell::new(0),
            args,
            settings,
            progress,
        })
    }

    /// Prints a result.
    ///
    /// # Errors
    /// When standard output is gone. The reference then is on standard error, and a tool ends what
    /// it has begun and begins nothing more.
    pub async fn print(&self, record: &impl Record) -> Result<(), Gone> {
        self.output.print(record, self.session.home().await)
    }

    /// Prints a finished text, such as a picture.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn print_text(&self, text: &str) -> Result<(), Gone> {
        self.output.print_text(text)
    }

    /// How a resource is called here.
    pub async fn reference(&self, located: &Located) -> String {
        self.output.reference(located, self.session.home().await)
    }

    /// Puts references into their regions; those that cannot be fail.
    pub async fn locate_all(&self, batch: Vec<Result<Reference, Error>>) -> Vec<Located> {
        let mut all = Vec::with_capacity(batch.len());
        for reference in batch {
            let located = match reference {
                Ok(reference) => self.session.locate(reference).await,
                Err(error) => Err(error),
            };
            match located {
                Ok(located) => all.push(located),
                Err(error) => self.fail(&error),
            }
        }
        all
    }

    /// The same for references that were not `seen` before, by region.
    pub async fn locate_new(
        &self,
        batch: Vec<Result<Reference, Error>>,
        seen: &mut BTreeSet<Located>,
    ) -> BTreeMap<Region, Vec<Id>> {
        let mut regions: BTreeMap<Region, Vec<Id>> = BTreeMap::new();
        for located in self.locate_all(batch).await {
            if seen.insert(located.clone()) {
                regions.entry(located.region).or_default().push(located.id);
            }
        }
        regions
    }

    /// Makes a table's column of references as wide as these, where they are known before the first
    /// row is printed.
    pub async fn settle_width(&self, all: impl IntoIterator<Item = &Located>) {
        let home = self.session.home().await;
        let references = all
            .into_iter()
            .map(|located| self.output.reference(located, home));
        if let Some(width) = references.map(|reference| reference.len()).max() {
            self.output.settle_width(width);
        }
    }

    /// Is standard output gone?
    pub fn output_is_gone(&self) -> bool {
        self.output.is_gone()
    }

    /// Notes that standard output could not be written, by a tool that writes data to it itself.
    pub fn output_lost(&self, error: &std::io::Error) {
        self.output.lose(error);
    }

    /// Notes that an operand is done.
    pub fn done(&self) {
        self.report.borrow_mut().done += 1;
    }

    /// Notes that what is done is all that was asked for: what failed beside it is no failure.
    pub fn enough(&self) {
        self.report.borrow_mut().failed.clear();
    }

    /// Says why an operand failed, and goes on.
    pub fn fail(&self, error: &Error) {
        self.progress.error(error);
        let code = self.codes.of(error);
        self.report.borrow_mut().failed.push(code);
    }

    /// Ends, if nothing else fails, as the command did that the tool has run: see
    /// [`Codes::OfCommand`].
    pub fn end_like(&self, status: u8) {
        self.command.set(status);
    }

    fn code(&self) -> u8 {
        match (self.report.borrow().code(), self.codes) {
            (0, _) => self.command.get(),
            (SOME_FAILED, Codes::OfCommand { .. }) => self.report.borrow().failed[0],
            (code, _) => code,
        }
    }
}

/// What `--version` prints.
pub fn version(spec: &Spec) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("{} (ami-tools) {version}\n", spec.name)
}

/// How the operands fared.
#[derive(Debug, Default)]
struct Report {
    done: usize,
    failed: Vec<u8>,
}

impl Report {
    fn code(&self) -> u8 {
        let Some(first) = self.failed.first() else {
            return 0;
        };
        if self.done == 0 && self.failed.iter().all(|code| code == first) {
            *first
        } else {
            SOME_FAILED
        }
    }
}

/// Runs a tool from its command line, without the program's name, to its exit code.
pub fn main(
    spec: &'static Spec,
    words: Vec<OsString>,
    run: impl AsyncFnOnce(&Context) -> Result<(), Error>,
) -> ExitCode {
    main_with(spec, Codes::ByKind, words, run)
}

/// The same, for a tool with other exit codes.
pub fn main_with(
    spec: &'static Spec,
    codes: Codes,
    words: Vec<OsString>,
    run: impl AsyncFnOnce(&Context) -> Result<(), Error>,
) -> ExitCode {
    let (typed, mut codes) = (codes, codes.of_words(&words));
    drop_empty_variables();
    admit_defects(spec.name);
    let (context, verb) = match parse(spec, words) {
        Ok(Request::Help(verb)) => return print(spec, &help::render(spec, verb)),
        Ok(Request::Version) => return print(spec, &version(spec)),
        Ok(Request::Run(args)) => {
            codes = typed.of_call(&args);
            let verb = args.verb();
            (Context::new(args, codes), verb)
        }
        Err(usage) => {
            let verb = usage.verb();
            (Err(usage.into()), verb)
        }
    };
    match context {
        Ok(context) => drive(context, run),
        Err(error) => refuse_with(spec, verb, codes, &error),
    }
}

/// A panic is a defect of the program; a user is told so in one line instead of a backtrace.
fn admit_defects(tool: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no words");
        let error = Error::failed(format!(
            "a defect of this program, please report it: {what}"
        ));
        Progress::new(tool, Talk::Normal).error(&error.hint(place));
    }));
}

/// Runs the tool on one thread: what it does is waiting, and one thread starts fastest and needs
/// no locks.
fn drive(context: Context, run: impl AsyncFnOnce(&Context) -> Result<(), Error>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::failed(format!("cannot start: {error}"));
            let args = &context.args;
            return refuse_with(args.spec(), args.verb(), context.codes, &error);
        }
    };
    runtime.block_on(async {
        let run = async {
            context.session.check().await?;
            run(&context).await
        };
        tokio::select! {
            biased;
            result = run => conclude(&context, result),
            signal = context.interrupt.watch() => {
                context.progress.hint(&format!("stopped at once by signal {}", signal.number()));
            }
        }
    });
    // A name that is being looked up cannot be given up and is not waited for.
    runtime.shutdown_background();
    let signal = context.interrupt.seen();
    let (code, codes) = (context.code(), context.codes);
    let progress = Rc::clone(&context.progress);
    match (signal, context.output.into_state()) {
        (Some(signal), _) => end_by(signal),
        (None, State::Closed) => ExitCode::from(STDOUT_CLOSED),
        (None, State::Failed(error)) => {
            progress.error(&error);
            ExitCode::from(codes.of(&error))
        }
        (None, State::Open) => ExitCode::from(code),
    }
}

fn conclude(context: &Context, result: Result<(), Error>) {
    match result {
        Err(error) => context.fail(&error),
        Ok(()) => {
            // An option that the tool forgot is found by the first test that runs it through.
            let unread = context.args.unread();
            debug_assert!(unread.is_empty(), "never asked for: {unread:?}");
        }
    }
}

/// Dies of the signal instead of exiting with its number, so that a shell which was interrupted
/// too can tell that the program did not handle it and ends its script.
fn end_by(signal: Signal) -> ExitCode {
    let number = signal.number();
    // It returns only when it failed; then the number must do.
    let _ = emulate_default_handler(number);
    ExitCode::from(128 + u8::try_from(number).unwrap_or_default())
}

/// Says why a command line is refused, or why a tool could not begin.
pub fn refuse(spec: &'static Spec, error: &Error) -> ExitCode {
    refuse_with(spec, None, Codes::ByKind, error)
}

fn refuse_with(
    spec: &'static Spec,
    verb: Option<&'static str>,
    codes: Codes,
    error: &Error,
) -> ExitCode {
    let progress = Progress::new(spec.name, Talk::Normal).of_verb(verb);
    progress.error(error);
    ExitCode::from(codes.of(error))
}

/// Prints a text that was asked for, such as the help.
pub fn print(spec: &'static Spec, text: &str) -> ExitCode {
    match write(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::from(STDOUT_CLOSED)
        }
        Err(error) => refuse(
            spec,
            &Error::failed(format!("cannot write standard output: {error}")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn codes_of_operands_are_merged() {
        let code = |done, failed: &[u8]| {
            let failed = failed.to_vec();
            Report { done, failed }.code()
        };
        assert_eq!(code(0, &[]), 0);
        assert_eq!(code(3, &[]), 0);
        assert_eq!(code(0, &[5]), 5);
        assert_eq!(code(0, &[3, 3]), 3);
        assert_eq!(code(1, &[3, 3]), 6);
        assert_eq!(code(0, &[3, 4]), 6);
    }
}
