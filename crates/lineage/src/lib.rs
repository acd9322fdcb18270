//! Where images come from, and what came of them.
//!
//! * pure: [`origin`] reads one image's descent out of its tags and EC2's record; [`family`] joins
//!   images to one graph and walks it; [`picture`] draws it.
//!
//! Invariant: an image has at most one parent. What the tags say wins over what EC2 says.

pub mod picture;
