//! Speaks raw HTTP to a sandbox, with a client of a few lines, so that nothing but the wire is tried.

mod ancestry;
mod call;
mod client;
mod copies;
mod dry_run;
mod family;
mod faults;
mod filters;
mod identity;
mod instances;
mod keys;
mod lifecycle;
mod metadata;
mod names;
mod network;
mod pages;
mod protocol;
mod public;
mod references;
mod sharing;
mod snapshots;
mod sso;
mod tags;
mod throttle;
mod volumes;
