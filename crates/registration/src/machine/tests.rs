use ami_core::ec2::Attributes;

use super::wishes::{architecture, boot_part};
use super::{Decided, Evidence, Told, Wishes};

fn told(word: &str) -> Option<Told> {
    Some(Told {
        word: word.to_owned(),
        because: "it says so".to_owned(),
    })
}

fn disk(architecture: &str, mode: Option<&str>) -> Evidence {
    Evidence {
        architecture: told(architecture),
        boot_mode: mode.and_then(told),
        was_looked_at: true,
        why_not: None,
        is_strange: false,
    }
}

fn wishes(architecture: Option<&str>, mode: Option<&str>) -> Wishes {
    Wishes {
        architecture: architecture.map(str::to_owned),
        boot_mode: mode.map(str::to_owned),
        ..Wishes::default()
    }
}

fn words(decided: &Decided) -> (&str, &str) {
    let its = &decided.attributes;
    let architecture = its.architecture.as_deref();
    (
        architecture.unwrap_or("-"),
        its.boot_mode.as_deref().unwrap_or("-"),
    )
}

#[test]
fn the_user_s_word_counts_more_than_the_disk_s() {
    let evidence = disk("x86_64", Some("uefi-preferred"));
    let decided = wishes(None, None).decide(&evidence, None).expect("known");
    assert_eq!(words(&decided), ("x86_64", "uefi-preferred"));
    assert!(decided.warnings.is_empty());
    assert_eq!(decided.reasons.len(), 2);
    let decided = wishes(Some("i386"), Some("legacy-bios"))
        .decide(&evidence, None)
        .expect("said");
    assert_eq!(words(&decided), ("i386", "legacy-bios"));
    assert_eq!(
        decided.warnings,
        [
            "the disk looks like x86_64, because it says so; --arch i386 counts",
            "the disk looks like uefi-preferred, because it says so; --boot-mode legacy-bios counts"
        ]
    );
}

#[test]
fn a_disk_on_which_nothing_is_known_is_told_unless_the_user_says_what_it_is() {
    let strange = Evidence {
        is_strange: true,
        ..disk("x86_64", None)
    };
    let warned = |wishes: Wishes| wishes.decide(&strange, None).expect("known").warnings.len();
    assert_eq!(warned(wishes(None, None)), 1);
    assert_eq!(warned(wishes(Some("x86_64"), None)), 0);
}

#[test]
fn arm64_starts_by_uefi_only() {
    for mode in [None, Some("legacy-bios"), Some("uefi-preferred")] {
        let decided = wishes(None, None).decide(&disk("arm64", mode), None);
        assert_eq!(words(&decided.expect("known")), ("arm64", "uefi"));
    }
    let error = wishes(None, Some("legacy-bios"))
        .decide(&disk("arm64", None), None)
        .expect_err("no BIOS");
    assert!(error.to_string().contains("by UEFI only"), "{error}");
}

#[test]
fn the_source_image_tells_what_nothing_else_does() {
    let source = Attributes {
        architecture: Some("x86_64".to_owned()),
        boot_mode: Some("uefi".to_owned()),
        tpm: Some("v2.0".to_owned()),
        sriov: Some("simple".to_owned()),
        ena: false,
        ..Attributes::default()
    };
    let nothing = Evidence::default();
    assert!(wishes(None, None).check(&nothing, false).is_err());
    assert!(wishes(None, None).check(&nothing, true).is_ok());
    let decided = wishes(None, None).decide(&nothing, Some(&source));
    assert_eq!(words(&decided.expect("told")), ("x86_64", "uefi"));
    let decided = wishes(Some("i386"), None).decide(&nothing, Some(&source));
    let decided = decided.expect("said");
    assert_eq!(
        words(&decided),
        ("i386", "-"),
        "another machine's boot mode"
    );
    let looked = disk("x86_64", None);
    let decided = wishes(None, None).decide(&looked, Some(&source));
    assert_eq!(words(&decided.expect("told")), ("x86_64", "-"));

    let decided = wishes(None, None).decide_for_snapshot(Some(&source));
    let its = decided.expect("told").attributes;
    assert_eq!(its.tpm.as_deref(), Some("v2.0"));
    assert_eq!(its.sriov.as_deref(), Some("simple"));
    assert!(!its.ena);
    let decided = wishes(None, Some("legacy-bios")).decide_for_snapshot(Some(&source));
    assert_eq!(decided.expect("said").attributes.tpm, None);
}

#[test]
fn a_tpm_and_variables_need_uefi() {
    for mode in [None, Some("legacy-bios"), Some("uefi-preferred")] {
        let wishes = Wishes {
            tpm: true,
            ..wishes(None, None)
        };
        let error = wishes.decide(&disk("x86_64", mode), None).expect_err("no");
        assert!(error.to_string().contains("--tpm needs"), "{error}");
    }
    let wishes = Wishes {
        uefi_data: Some("QU1a".to_owned()),
        ..wishes(None, None)
    };
    assert!(wishes.decide(&disk("x86_64", None), None).is_err());
    assert!(
        wishes
            .decide(&disk("x86_64", Some("uefi-preferred")), None)
            .is_ok()
    );
    assert!(wishes.decide(&disk("arm64", None), None).is_ok());
}

#[test]
fn words_of_other_worlds_are_translated() {
    assert!(architecture("x86_64").is_ok());
    for (text, why) in [
        ("amd64", "EC2 calls 'amd64' x86_64"),
        ("aarch64", "arm64"),
        ("riscv64", "is none of x86_64"),
    ] {
        assert!(architecture(text).expect_err(text).contains(why));
    }
    assert!(boot_part("aki-12345678", "aki-").is_ok());
    assert!(boot_part("ari-12345678", "aki-").is_err());
}
