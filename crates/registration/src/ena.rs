//! The Elastic Network Adapter of an image whose disk tells only when all of it was read whether it has a
//! driver.
//!
//! An image that says it has one starts on machines that have no other network, and is then out of reach
//! if that is not so; one that does not say it is refused there (EC2 User Guide, "Enhanced networking with
//! ENA").

use ami_core::ec2::Attributes;

use crate::machine::Wishes;

/// EC2's word for machines that have no such adapter.
const PARAVIRTUAL: &str = "paravirtual";

/// What is registered as long as the disk was not read.
pub(crate) fn postpone(machine: &mut Attributes, wishes: &Wishes) {
    machine.ena = wishes.ena && machine.virtualization.as_deref() != Some(PARAVIRTUAL);
}

/// Does it depend on the disk?
pub(crate) fn is_open(machine: &Attributes, wishes: &Wishes) -> bool {
    !wishes.ena && !wishes.no_ena && machine.virtualization.as_deref() != Some(PARAVIRTUAL)
}

/// Decides, and gives what the user should know.
pub(crate) fn settle(
    machine: &mut Attributes,
    wishes: &Wishes,
    has_driver: bool,
) -> Option<&'static str> {
    if !is_open(machine, wishes) {
        return None;
    }
    machine.ena = has_driver;
    Some(match has_driver {
        true => {
            "the disk names a driver of ENA, which the image is registered with (--no-ena: without)"
        }
        false => {
            "no driver of ENA was seen on the disk, and the image is registered without (--ena: with it); \
             it starts on machines that need none, such as C3, C4, D2, I2, M3, M4, R3 and T2"
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{postpone, settle};
    use crate::machine::Wishes;
    use ami_core::ec2::Attributes;

    #[test]
    fn options_count_more_than_the_disk() {
        for (ena, no_ena, has_driver, expected, is_told) in [
            (false, false, true, true, true),
            (false, false, false, false, true),
            (true, false, false, true, false),
            (false, true, true, false, false),
        ] {
            let wishes = Wishes {
                ena,
                no_ena,
                ..Wishes::default()
            };
            let mut machine = Attributes::default();
            postpone(&mut machine, &wishes);
            let told = settle(&mut machine, &wishes, has_driver);
            assert_eq!((machine.ena, told.is_some()), (expected, is_told));
        }
    }

    #[test]
    fn paravirtual_machines_have_none() {
        let mut machine = Attributes {
            virtualization: Some("paravirtual".to_owned()),
            ..Attributes::default()
        };
        assert_eq!(settle(&mut machine, &Wishes::default(), true), None);
        assert!(!machine.ena);
    }
}
