//! Captures of real trees with real file systems. They need root, loop devices and the programs of the
//! file systems; a test that lacks something says so and is skipped.

#![cfg(target_os = "linux")]

mod choosing;
mod faults;
mod filtering;
mod hostile;
mod killed;
mod support;
mod trees;
