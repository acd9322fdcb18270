//! Disks as the usual tools make them, and what becomes of them when bits fall over. What needs a
//! tool that is not installed says so and is skipped.

mod contents;
mod file_systems;
mod formats;
mod hostile;
mod support;
mod tables;
