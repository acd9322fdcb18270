//! The key pair of one run, as EC2 has it.

use std::rc::Rc;

use ami_core::cleanup::Stack;
use ami_core::ec2::NewKeyPair;
use ami_core::error::{Error, Fault};

use super::Site;

/// A key that nobody has, to ask whether one may be imported.
const SAMPLE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ami-bundle";

impl<'a> Site<'a> {
    /// Brings the public half of this run's key to EC2, and gives its name there.
    pub(super) async fn import(&self, public: &str, made: &mut Stack<'a>) -> Result<String, Error> {
        let new = self.key_pair(public);
        let (ec2, name) = (Rc::clone(&self.ec2), new.name.clone());
        let region = ec2.region();
        let by_hand = format!("aws ec2 delete-key-pair --region {region} --key-name {name}");
        let what = format!("key pair {name}");
        let ticket = made.push(
            what,
            by_hand,
            async move { ec2.delete_key_pair(&name).await },
        );
        match self.ec2.import_key_pair(&new).await {
            Ok(()) => Ok(new.name),
            Err(error) => {
                // Where an answer was lost nobody knows whether there is one, and it is deleted.
                if error.fault() != Fault::Uncertain {
                    made.release(ticket);
                }
                Err(error)
            }
        }
    }

    /// Would that be allowed?
    pub(super) async fn may_import(&self) -> Result<(), Error> {
        self.ec2.may_import_key_pair(&self.key_pair(SAMPLE)).await
    }

    fn key_pair(&self, public: &str) -> NewKeyPair {
        NewKeyPair {
            name: format!("ami-tools-{}", self.run),
            public: public.to_owned(),
            run: self.run.clone(),
        }
    }
}
