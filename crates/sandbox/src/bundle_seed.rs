//! Bundles in S3 for tests of what is done with them: as far as EC2 looks at one, it is right.

use std::io;

use crate::ec2::bundle_key;
use crate::s3::Ownership;
use crate::sandbox::Sandbox;

/// What stands for an encrypted image: its bytes mean nothing.
const PART: &[u8] = b"no image, but as long as its manifest says";

const KEY: &str = "00112233445566778899aabbccddeeff";

impl Sandbox {
    /// The certificate of EC2 for which bundles are encrypted (PEM), in place of the one that AWS hands
    /// out with its tools.
    pub fn ec2_certificate(&self) -> &'static str {
        bundle_key::CERTIFICATE
    }

    /// The private key that goes with [`Sandbox::ec2_certificate`] (PEM). It is test data.
    pub fn ec2_private_key(&self) -> &'static str {
        bundle_key::PRIVATE_KEY
    }

    /// The manifest of a bundle of one part, which RegisterImage accepts: of the first account, x86_64.
    /// The part is to lie beside it, as [`Sandbox::plant_bundle`] puts it.
    pub fn bundle_manifest(&self) -> String {
        let (sealed, user, size) = (bundle_key::seal(KEY), self.account(), PART.len());
        let digest = "0".repeat(40);
        format!(
            "<?xml version='1.0'?><manifest><version>2007-10-10</version>\
             <machine_configuration><architecture>x86_64</architecture>\
             <block_device_mapping><mapping><virtual>ami</virtual><device>sda1</device></mapping>\
             </block_device_mapping></machine_configuration>\
             <image><name>image</name><user>{user}</user><type>machine</type>\
             <digest algorithm='SHA1'>{digest}</digest><size>1048576</size>\
             <bundled_size>{size}</bundled_size>\
             <ec2_encrypted_key algorithm='AES-128-CBC'>{sealed}</ec2_encrypted_key>\
             <user_encrypted_key algorithm='AES-128-CBC'/>\
             <ec2_encrypted_iv>{sealed}</ec2_encrypted_iv><user_encrypted_iv/>\
             <parts count='1'><part index='0'><filename>image.part.0</filename>\
             <digest algorithm='SHA1'>{digest}</digest></part></parts></image>\
             <signature>UNSIGNED</signature></manifest>"
        )
    }

    /// Puts a bundle into S3, its manifest at `bucket/key`, as aws-exec-read lets EC2 read it. The bucket is
    /// made where there is none.
    ///
    /// # Errors
    /// When its bytes cannot be kept.
    ///
    /// # Panics
    /// When the location has no key.
    pub fn plant_bundle(&self, region: &str, location: &str) -> io::Result<()> {
        self.plant_manifest(region, location, &self.bundle_manifest())?;
        let (directory, _) = location.rsplit_once('/').expect("a location has a key");
        self.plant(region, &format!("{directory}/image.part.0"), PART)
    }

    /// Puts a manifest (XML) alone into S3, at `bucket/key`, as aws-exec-read lets EC2 read it. The bucket
    /// is made where there is none.
    ///
    /// # Errors
    /// When its bytes cannot be kept.
    ///
    /// # Panics
    /// When the location has no key.
    pub fn plant_manifest(&self, region: &str, location: &str, manifest: &str) -> io::Result<()> {
        self.plant(region, location, manifest.as_bytes())
    }

    fn plant(&self, region: &str, location: &str, bytes: &[u8]) -> io::Result<()> {
        let (bucket, key) = location.split_once('/').expect("a location has a key");
        if !self.buckets(region).iter().any(|known| known == bucket) {
            self.bucket(region, bucket, |seed| {
                seed.ownership = Ownership::BucketOwnerPreferred
            });
        }
        self.put_object(bucket, key, bytes, "aws-exec-read")
    }
}
