//! The command-line grammar of the ami-tools: options as data, and all that reads that data.
//!
//! A tool says what its user may type in one [`Spec`](spec::Spec). The parser, `--help`, the manual
//! page, the completions and the README's table of tools all read it, so none of them can drift.
//!
//! Invariant: this crate knows nothing of AWS, does no input or output, and never ends the process.

pub mod args;
pub mod bash;
pub mod common;
pub mod copying;
pub mod fish;
pub mod help;
pub mod man;
mod offer;
pub mod parse;
pub mod rules;
pub mod spec;
pub mod suggest;
pub mod zsh;
