//! Images registered of disks, snapshots and bundles: what the tools share that make them.
//!
//! * what is asked for: [`Register`], of a [`Source`]; [`machine`], [`volumes`] and [`sending`] are
//!   its parts. [`size`] reads sizes as people type them.
//! * pure: `machine` decides what the image starts on, of what the user says, `looking` says
//!   what a disk tells of that; `plan` is one image that is to be.
//! * the disk's side: `opened`, `pipes` and `convert` open what is named, [`given`] takes a disk that
//!   another part of the program makes.
//! * EC2's side: `disks`, `snapshots` and `bundles` drive one kind of source each, [`run`](run()) all
//!   of them; `handover` gives the image to the user, as a [`record`] of it.
//!
//! Invariant: an image that EC2 has accepted is always printed. A snapshot that does not become one
//! is deleted or named, with the command that deletes it.

mod bundles;
mod convert;
mod disks;
mod earlier;
mod ena;
mod firmware;
pub mod given;
mod handover;
mod looking;
pub mod machine;
mod needed;
mod opened;
mod options;
mod origin;
mod pipes;
mod plan;
pub mod record;
mod register;
mod rehearsal;
mod run;
pub mod sending;
pub mod size;
mod snapshots;
mod source;
pub mod volumes;

pub use given::{Driver, Given};
pub use register::Register;
pub use run::{run, run_showing, until_stopped};
pub use source::{Source, manifest_place};
