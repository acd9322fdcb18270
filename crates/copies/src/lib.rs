//! Copies of images, many at once: what the tools share that make them.
//!
//! * pure: [`request`] is what was asked for, `digest` by what a second run knows it again.
//! * asking EC2: `sources` describes what is to be copied; `place` says what a region allows; `lane`
//!   makes the copies of one region, as many at once as EC2 lets pass; `life` shares and protects
//!   what is ready; [`run`](run()) drives them all.
//!
//! Invariant: a copy that EC2 has accepted is always printed.

mod digest;
mod lane;
mod life;
mod place;
mod record;
pub mod request;
mod run;
mod sources;

pub use run::{Destinations, run};
