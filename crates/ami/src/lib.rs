//! `ami`: all tools in one program.
//!
//! Invariant: this is the only crate that imports tools.

pub mod spec;

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use ami_cli::help;
use ami_cli::parse::{Request, Usage, parse};
use ami_cli::spec::Spec;
use ami_cli::suggest::nearest;
use ami_core::app;

/// A tool as this program knows it.
pub struct Tool {
    /// Its table.
    pub spec: &'static Spec,
    /// Runs it from the words after its name.
    pub main: fn(Vec<OsString>) -> ExitCode,
}

/// All tools, by name.
pub const TOOLS: &[Tool] = &[
    Tool {
        spec: &ami_bundle::spec::SPEC,
        main: ami_bundle::main,
    },
    Tool {
        spec: &ami_chroot::spec::SPEC,
        main: ami_chroot::main,
    },
    Tool {
        spec: &ami_clone::spec::SPEC,
        main: ami_clone::main,
    },
    Tool {
        spec: &ami_copy_image::spec::SPEC,
        main: ami_copy_image::main,
    },
    Tool {
        spec: &ami_create_image::spec::SPEC,
        main: ami_create_image::main,
    },
    Tool {
        spec: &ami_describe_ancestors::spec::SPEC,
        main: ami_describe_ancestors::main,
    },
    Tool {
        spec: &ami_describe_children::spec::SPEC,
        main: ami_describe_children::main,
    },
    Tool {
        spec: &ami_register_image::spec::SPEC,
        main: ami_register_image::main,
    },
    Tool {
        spec: &ami_tag_image::spec::SPEC,
        main: ami_tag_image::main,
    },
    Tool {
        spec: &ami_waiton::spec::SPEC,
        main: ami_waiton::main,
    },
];

/// Runs the tool that the program was called as, or the one that its first operand names.
pub fn main(words: Vec<OsString>) -> ExitCode {
    let mut words = words.into_iter();
    let called = words.next().unwrap_or_default();
    let name = Path::new(&called)
        .file_name()
        .and_then(|name| name.to_str());
    if let Some(tool) = TOOLS.iter().find(|tool| name == Some(tool.spec.name)) {
        return (tool.main)(words.collect());
    }
    match parse(&spec::SPEC, words.collect()) {
        Ok(Request::Help(_)) => app::print(&spec::SPEC, &help_text()),
        Ok(Request::Version) => app::print(&spec::SPEC, &app::version(&spec::SPEC)),
        Ok(Request::Run(args)) => match find(args.operands()) {
            Ok(tool) => (tool.main)(args.operands()[1..].to_vec()),
            Err(usage) => app::refuse(&spec::SPEC, &usage.into()),
        },
        Err(usage) => app::refuse(&spec::SPEC, &usage.into()),
    }
}

fn find(operands: &[OsString]) -> Result<&'static Tool, Usage> {
    let Some(word) = operands.first() else {
        return Err(Usage::new(format!("name a tool: {}", names().join(", "))));
    };
    let word = word.to_string_lossy();
    let is_called = |tool: &&Tool| tool.spec.name == word || short_name(tool.spec) == word;
    TOOLS.iter().find(is_called).ok_or_else(|| {
        let known = names();
        let guess = nearest(
            word.strip_prefix("ami-").unwrap_or(&word),
            known.iter().copied(),
        )
        .map(|name| format!(", did you mean '{name}'?"))
        .unwrap_or_default();
        Usage::new(format!("unknown tool '{}'{guess}", word.escape_debug()))
    })
}

fn names() -> Vec<&'static str> {
    TOOLS.iter().map(|tool| short_name(tool.spec)).collect()
}

fn short_name(spec: &Spec) -> &'static str {
    spec.name.strip_prefix("ami-").unwrap_or(spec.name)
}

fn help_text() -> String {
    let mut text = help::render(&spec::SPEC, None);
    text.push_str("\nTools:\n");
    for tool in TOOLS {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {:<24}  {}",
            short_name(tool.spec),
            tool.spec.summary
        );
    }
    text
}
