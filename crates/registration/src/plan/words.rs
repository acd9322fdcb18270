//! A registration in words, for those who only want to know what would be done.

use ami_core::ec2::NewRegistration;
use ami_core::escape::escape;

/// What is registered: the machine, the volumes, the tags.
pub(super) fn of(new: &NewRegistration) -> Vec<String> {
    let its = &new.attributes;
    let said =
        |what: &str, word: &Option<String>| word.as_ref().map(|word| format!("{what} {word}"));
    let mut all: Vec<_> = [
        said("architecture", &its.architecture),
        said("boot mode", &its.boot_mode),
        said("virtualization", &its.virtualization),
        its.ena.then(|| "ENA".to_owned()),
        said("SR-IOV", &its.sriov),
        said("IMDS", &its.imds),
        said("TPM", &its.tpm),
        its.uefi_data.as_ref().map(|_| "UEFI variables".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.extend(new.mappings.iter().map(ToString::to_string));
    let tags = new.tags.iter();
    let tags: Vec<_> = tags
        .map(|tag| format!("{}={}", tag.key, escape(&tag.value)))
        .collect();
    all.push(format!("tagged {}", tags.join(", ")));
    all
}
