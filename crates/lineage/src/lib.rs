//! Where images come from, and what came of them.
//!
//! * pure: [`origin`] reads one image's descent out of its tags and EC2's record; [`family`] joins
//!   images to one graph and walks it; [`picture`] draws it.
//! * asking EC2: [`ancestors`] finds what is above an image, [`children`] what is below.
//! * for a user, through `core`'s context: [`record`] is a member as a line, and says where its tags
//!   are wrong; [`drawing`] is a set of members as a picture, which depends on the clock and on the
//!   letters of the terminal, and prints it.
//!
//! Invariant: an image has at most one parent. What tags say of it wins over what EC2 says, where it can
//! be read and did not come with a copy from the source.

pub mod ancestors;
pub mod children;
pub mod drawing;
pub mod family;
pub mod origin;
pub mod picture;
pub mod record;
