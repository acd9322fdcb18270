//! The owner's key, certificates, and the key of a bundle's contents.
//!
//! RSA is the `rsa` crate's, because the format meets keys of 1024 bits (Amazon's own certificate has
//! one) that other libraries refuse. Its private operations are not constant in time
//! (RUSTSEC-2023-0071). To use that, an attacker needs thousands of timed answers about ciphertexts of
//! his choice; here a person's program does two decryptions or one signature a run and answers nobody
//! over a network. All of them are blinded besides, so their time does not depend on the input alone.

mod certificate;
mod content;
mod private;

pub use certificate::Certificate;
pub use content::ContentKey;
pub use private::PrivateKey;

/// Who shall be able to open a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Recipients<'a> {
    /// The certificate of EC2 in the bundle's region; without it no instance starts.
    pub ec2: Option<&'a Certificate>,
    /// The owner's certificate; without it the owner cannot read the bundle back.
    pub user: Option<&'a Certificate>,
}
