//! The filter: what is secret, or belongs to this one machine.
//!
//! Two looks: at the name, which also knows directories, and at what a file contains. It is better to
//! lose a test's key than to publish somebody's, but never at the price of a system that does not
//! work: so neither look is taken where packages have keys as examples: their documents and tests
//! below `/usr`, and the libraries of languages. Files that Python, Ruby and Node install elsewhere
//! are judged by their names: documents and data of the AWS SDKs have keys as examples. For the same
//! reason the rules are about *private* keys: certificates and keyrings of public keys do not match
//! any.
//!
//! Of what is told by its content below `/usr` elsewhere dpkg is asked, where there is one: what a
//! package has brought stays.
//!
//! Archives, data bases and compressed files are not looked into.

mod cloud;
mod content;
mod histories;
mod keys;
mod names;
mod packages;
mod places;
mod settings;
mod shipped;
mod stores;

pub(crate) use content::{HEAD, by_content};
pub(crate) use names::by_name;
pub(crate) use packages::Packages;
pub(crate) use shipped::{holds_examples, is_installed};

/// Is it a file that must be there, empty? systemd makes a new one at the first start then, but
/// cannot write it on a read-only root if it is missing (machine-id(5)).
pub(crate) fn is_emptied(path: &[u8]) -> bool {
    path == b"etc/machine-id"
}
