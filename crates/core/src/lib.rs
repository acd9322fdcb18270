//! What the ami-tools share.
//!
//! Three layers, and who may know whom:
//!
//! * pure: [`id`], [`region`], [`reference`], [`name`], [`tag`], [`time`], [`created`], [`mapping`],
//!   [`escape`], [`image`], [`heritage`], [`resource`] parse, check, print and decide; they import
//!   only each other.
//! * the rim: [`ec2`], [`ebs`], [`s3`], [`session`] and [`error`] are the only modules that know the AWS SDK;
//!   [`input`], [`output`] and [`progress`] are the only ones that read or write for a user.
//! * [`app`] runs a tool: it is the only place that prints errors and ends the process.
//!
//! Invariant: a tool never names an SDK type, never prints an error and never exits.

mod account;
pub mod app;
mod body;
mod calls;
pub mod chance;
pub mod cleanup;
pub mod codes;
pub mod created;
pub mod ebs;
pub mod ec2;
mod environment;
pub mod error;
pub mod escape;
pub mod heritage;
pub mod id;
pub mod image;
pub mod input;
pub mod interrupt;
pub mod mapping;
pub mod name;
pub mod naming;
pub mod output;
pub mod progress;
pub mod reference;
pub mod region;
pub mod resource;
pub mod retry;
pub mod s3;
pub mod session;
pub mod settings;
mod startup;
pub mod tag;
pub mod time;
pub mod wait;
