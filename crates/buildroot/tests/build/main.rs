//! Builds by the built helper, in real disks: mounts, namespaces, signals and all.
//!
//! Most of this needs root, busybox (static) and the programs that make file systems. What a machine
//! lacks is skipped, with a line on standard error that says so.

#![cfg(target_os = "linux")]

mod bait;
mod by_sudo;
mod command;
mod debian;
mod files;
mod hostile;
mod isolation;
mod killed;
mod limits;
mod machine;
mod programs;
mod site;
mod superblocks;
mod systems;
mod terminal;
mod volumes;
