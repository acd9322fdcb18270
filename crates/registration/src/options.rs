//! Options of tools that have not all of them: one that is not in a tool's table was not typed.

use std::fmt::Display;

use ami_cli::args::Args;
use ami_cli::parse::Usage;

pub(crate) fn flag(args: &Args, long: &str) -> bool {
    args.knows(long) && args.flag(long)
}

pub(crate) fn value<T, E: Display>(
    args: &Args,
    long: &str,
    convert: fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Usage> {
    Ok(values(args, long, convert)?.pop())
}

pub(crate) fn values<T, E: Display>(
    args: &Args,
    long: &str,
    convert: fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Usage> {
    match args.knows(long) {
        true => args.values(long, convert),
        false => Ok(Vec::new()),
    }
}
