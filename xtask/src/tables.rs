//! The option tables of all tools, compiled from their `spec.rs` without the tools themselves.

use ami_cli::spec::Spec;

/// One tool.
pub struct Tool {
    /// The package, and the directory under `crates/`, that it lies in.
    pub package: &'static str,
    /// What its user may type.
    pub spec: &'static Spec,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));
