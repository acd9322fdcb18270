//! What machine an image is for: what the user says, what the disk tells, what the source image has,
//! in this order.

mod wishes;

use ami_core::ec2::Attributes;
use ami_core::error::Error;

pub use wishes::Wishes;

/// The only values there are of ImdsSupport, TpmSupport and SriovNetSupport.
const V2: &str = "v2.0";
const SIMPLE: &str = "simple";
const HVM: &str = "hvm";
const PARAVIRTUAL: &str = "paravirtual";

/// What is said of a disk on which nothing was recognised.
const STRANGE: &str = "neither a partition table nor a file system nor a boot loader was found on it, and no \
                       machine may start from it";

/// What a disk tells, and why that is believed.
#[derive(Debug, Default)]
pub struct Evidence {
    /// What its programs are for.
    pub architecture: Option<Told>,
    /// How it starts.
    pub boot_mode: Option<Told>,
    /// Were its partitions looked at, so that no boot mode means that there is none?
    pub was_looked_at: bool,
    /// Why it does not tell its architecture.
    pub why_not: Option<String>,
    /// Was neither a partition table nor a file system nor a boot loader found?
    pub is_strange: bool,
}

/// Something that a disk tells.
#[derive(Debug)]
pub struct Told {
    /// EC2's word for it.
    pub word: String,
    /// A clause that can follow "because".
    pub because: String,
}

/// What was decided.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) attributes: Attributes,
    /// What the user should know: where an option contradicts the disk.
    pub(crate) warnings: Vec<String>,
    /// What came from where, for those who ask.
    pub(crate) reasons: Vec<String>,
}

impl Wishes {
    /// Checks, before anything is called, that the architecture will be known and that the boot
    /// mode can be; a source image may still tell both.
    pub(crate) fn check(&self, evidence: &Evidence, has_source_image: bool) -> Result<(), Error> {
        if has_source_image && (self.architecture.is_none() || !evidence.was_looked_at) {
            return Ok(());
        }
        self.decide(evidence, None).map(drop)
    }

    /// Decides for a disk or a snapshot. Of `source`, the source image, only that counts which
    /// nothing else tells; of a disk's only architecture and boot mode.
    pub(crate) fn decide(
        &self,
        evidence: &Evidence,
        source: Option<&Attributes>,
    ) -> Result<Decided, Error> {
        let mut decided = Decided {
            attributes: Attributes::default(),
            warnings: Vec::new(),
            reasons: Vec::new(),
        };
        // Who says what it is for need not be told; nobody else could register it but by mistake.
        if evidence.is_strange && self.architecture.is_none() {
            decided.warnings.push(STRANGE.to_owned());
        }
        let architecture = self.architecture(evidence, source, &mut decided)?;
        let mode = self.boot_mode(evidence, source, &architecture, &mut decided)?;
        self.check_mode(mode.as_deref())?;
        if self.virtualization.as_deref() == Some(PARAVIRTUAL) {
            // Of its machines none knows any of the rest.
            decided.attributes = Attributes {
                architecture: Some(architecture),
                virtualization: self.virtualization.clone(),
                kernel: self.kernel.clone(),
                ramdisk: self.ramdisk.clone(),
                ..Attributes::default()
            };
            return Ok(decided);
        }
        decided.attributes = Attributes {
            architecture: Some(architecture),
            virtualization: Some(HVM.to_owned()),
            boot_mode: mode,
            ena: !self.no_ena,
            sriov: self.sriov.then(|| SIMPLE.to_owned()),
            imds: self.tokens_only.unwrap_or(true).then(|| V2.to_owned()),
            tpm: self.tpm.then(|| V2.to_owned()),
            uefi_data: self.uefi_data.clone(),
            kernel: None,
            ramdisk: None,
        };
        Ok(decided)
    }

    /// Decides for a snapshot, of which the source image tells the rest.
    pub(crate) fn decide_for_snapshot(
        &self,
        source: Option<&Attributes>,
    ) -> Result<Decided, Error> {
        let evidence = Evidence {
            why_not: Some("a snapshot is not looked into".to_owned()),
            ..Evidence::default()
        };
        let mut decided = self.decide(&evidence, source)?;
        let Some(source) = source else {
            return Ok(decided);
        };
        let its = &mut decided.attributes;
        let is_same_mode = its.boot_mode == source.boot_mode;
        its.ena &= source.ena;
        its.sriov = its.sriov.take().or_else(|| source.sriov.clone());
        // A TPM needs UEFI, which --boot-mode may have taken away.
        if is_same_mode {
            its.tpm = its.tpm.take().or_else(|| source.tpm.clone());
        }
        its.virtualization = source.virtualization.clone().or(its.virtualization.take());
        its.kernel.clone_from(&source.kernel);
        its.ramdisk.clone_from(&source.ramdisk);
        Ok(decided)
    }

    /// What is said of a bundle: what its manifest does not know, and nothing that was not typed.
    pub(crate) fn for_bundle(&self) -> Attributes {
        let virtualization = self.virtualization.clone();
        Attributes {
            architecture: self.architecture.clone(),
            virtualization: Some(virtualization.unwrap_or_else(|| HVM.to_owned())),
            boot_mode: None,
            ena: false,
            sriov: self.sriov.then(|| SIMPLE.to_owned()),
            imds: (self.tokens_only == Some(true)).then(|| V2.to_owned()),
            tpm: None,
            uefi_data: None,
            kernel: self.kernel.clone(),
            ramdisk: self.ramdisk.clone(),
        }
    }

    fn architecture(
        &self,
        evidence: &Evidence,
        source: Option<&Attributes>,
        decided: &mut Decided,
    ) -> Result<String, Error> {
        let told = evidence.architecture.as_ref();
        if let Some(wish) = &self.architecture {
            if let Some(told) = told.filter(|told| told.word != *wish) {
                let (word, because) = (&told.word, &told.because);
                let text =
                    format!("the disk looks like {word}, because {because}; --arch {wish} counts");
                decided.warnings.push(text);
            }
            return Ok(wish.clone());
        }
        if let Some(told) = told {
            decided.reasons.push(told.reason("architecture"));
            return Ok(told.word.clone());
        }
        let of_source = source.and_then(|source| source.architecture.clone());
        if let Some(word) = of_source {
            let reason = format!("architecture {word}, because the source image has it");
            decided.reasons.push(reason);
            return Ok(word);
        }
        let why = evidence.why_not.as_deref();
        let why = why.unwrap_or("nothing on it tells");
        let what = format!("its architecture is not known: {why}");
        let hint = "say which with --arch x86_64 or --arch arm64, or name the image that it came from with --source-image";
        Err(Error::usage(what).hint(hint))
    }

    fn boot_mode(
        &self,
        evidence: &Evidence,
        source: Option<&Attributes>,
        architecture: &str,
        decided: &mut Decided,
    ) -> Result<Option<String>, Error> {
        let told = evidence.boot_mode.as_ref();
        if let Some(wish) = &self.boot_mode {
            check_firmware(architecture, wish)?;
            if let Some(told) = told.filter(|told| told.word != *wish) {
                let (word, because) = (&told.word, &told.because);
                let text = format!(
                    "the disk looks like {word}, because {because}; --boot-mode {wish} counts"
                );
                decided.warnings.push(text);
            }
            return Ok(Some(wish.clone()));
        }
        if boots_by_uefi_only(architecture) {
            let reason = format!("boot mode uefi, because {architecture} knows no other");
            decided.reasons.push(reason);
            return Ok(Some("uefi".to_owned()));
        }
        if let Some(told) = told {
            decided.reasons.push(told.reason("boot mode"));
            return Ok(Some(told.word.clone()));
        }
        let is_alike = |source: &&Attributes| source.architecture.as_deref() == Some(architecture);
        let source = source.filter(|_| !evidence.was_looked_at).filter(is_alike);
        let word = source.and_then(|source| source.boot_mode.clone());
        decided.reasons.push(match &word {
            Some(word) => format!("boot mode {word}, because the source image has it"),
            None => "no boot mode, so that EC2 chooses by the machine".to_owned(),
        });
        Ok(word)
    }

    /// A NitroTPM needs boot mode uefi (EC2 User Guide, "Requirements for using NitroTPM"), and
    /// variables of a firmware that is never started are of no use.
    fn check_mode(&self, mode: Option<&str>) -> Result<(), Error> {
        let shown = mode.unwrap_or("none");
        if self.tpm && mode != Some("uefi") {
            let what = format!("--tpm needs boot mode uefi, and it is {shown}");
            return Err(Error::usage(what).hint("give --boot-mode uefi if the disk starts so"));
        }
        if self.uefi_data.is_some() && !mode.is_some_and(|mode| mode.starts_with("uefi")) {
            let what = format!("--uefi-data needs boot mode uefi, and it is {shown}");
            return Err(Error::usage(what).hint("give --boot-mode uefi if the disk starts so"));
        }
        Ok(())
    }
}

impl Told {
    fn reason(&self, of: &str) -> String {
        format!("{of} {}, because {}", self.word, self.because)
    }
}

/// Graviton machines start by UEFI only (EC2 User Guide, "Boot modes").
fn boots_by_uefi_only(architecture: &str) -> bool {
    architecture == "arm64"
}

fn check_firmware(architecture: &str, mode: &str) -> Result<(), Error> {
    if boots_by_uefi_only(architecture) && mode == "legacy-bios" {
        let what = "arm64 machines start by UEFI only, not with --boot-mode legacy-bios";
        return Err(Error::usage(what));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
