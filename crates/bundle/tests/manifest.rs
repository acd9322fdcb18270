//! Manifests: what every writer makes is read, what harms is refused.

mod support;

use ami_bundle_format::{
    Error, Manifest,
    manifest::{MOST_PARTS, Mapping, Signature, verify},
};
use support::{certificate, data, key};

fn text() -> String {
    let path = data("ruby153/disk.img.manifest.xml");
    std::fs::read_to_string(path).expect("the fixture is there")
}

fn parsed(text: &str) -> Manifest {
    Manifest::parse(text.as_bytes()).expect("it is read")
}

#[track_caller]
fn refused(text: &str, why: &str) {
    let error = Manifest::parse(text.as_bytes()).expect_err("it is refused");
    let said = error.to_string();
    assert!(said.contains(why), "{said}");
    assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
    assert!(said.len() < 400, "{said}");
}

/// One change to the fixture.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    let text = text();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn all_of_it_is_read() {
    let manifest = parsed(&text());
    assert_eq!(manifest.version, "2007-10-10");
    assert_eq!(manifest.bundler.name, "ec2-ami-tools");
    assert_eq!(
        (
            manifest.bundler.version.as_str(),
            manifest.bundler.release.as_str()
        ),
        ("1.5", "3")
    );
    assert_eq!(manifest.architecture.as_deref(), Some("x86_64"));
    assert_eq!(manifest.mappings.len(), 4);
    let ami = Mapping {
        virtual_name: "ami".into(),
        device: "sda1".into(),
    };
    assert_eq!(manifest.mappings[0], ami);
    assert_eq!(manifest.kernel.as_deref(), Some("aki-00000001"));
    assert_eq!(manifest.image.name, "disk.img");
    assert_eq!(manifest.image.kind, "machine");
    assert_eq!(manifest.image.size, 4 << 20);
    assert_eq!(manifest.image.bundled_size, 79424);
    assert_eq!(
        manifest.image.keys.ec2_key.as_ref().map(Vec::len),
        Some(128)
    );
    assert_eq!(manifest.image.parts[0].file_name, "disk.img.part.0");
}

/// As euca2ools 3.4 writes it without a certificate: the declaration names an encoding, quotes are
/// double, product codes come before the kernel, keys of the user are empty, nobody signed.
fn euca(parts: &str, count: usize) -> String {
    format!(
        "<?xml version='1.0' encoding='ASCII'?>\n<manifest><version>2007-10-10</version><bundler><name>euca2ools</name>\
         <version>3.4.1</version><release>0</release></bundler><machine_configuration><architecture>x86_64</architecture>\
         <product_codes><product_code>A</product_code><product_code>B</product_code></product_codes>\
         <kernel_id>aki-1</kernel_id></machine_configuration><image><name>i</name><user>111122223333</user>\
         <type>machine</type><digest algorithm=\"SHA1\">{0}</digest><size>5</size><bundled_size>16</bundled_size>\
         <ec2_encrypted_key algorithm=\"AES-128-CBC\">00ff</ec2_encrypted_key>\
         <user_encrypted_key algorithm=\"AES-128-CBC\"/><ec2_encrypted_iv>AA</ec2_encrypted_iv><user_encrypted_iv></user_encrypted_iv>\
         <parts count=\"{count}\">{parts}</parts></image><signature>UNSIGNED</signature></manifest>",
        "0".repeat(40)
    )
}

fn part(index: &str, name: &str) -> String {
    let digest = "1".repeat(40);
    format!(
        "<part index=\"{index}\"><filename>{name}</filename><digest algorithm=\"SHA1\">{digest}</digest></part>"
    )
}

#[test]
fn euca2ools_is_read() {
    let manifest = parsed(&euca(
        &(part("1", "i.part.01") + &part("0", "i.part.00")),
        2,
    ));
    assert_eq!(manifest.product_codes, ["A", "B"]);
    assert_eq!(manifest.image.keys.ec2_key.as_deref(), Some(&[0, 255][..]));
    assert_eq!(manifest.image.keys.user_key, None);
    assert_eq!(manifest.image.keys.user_iv, None);
    assert_eq!(manifest.signature, Signature::Unsigned);
    assert_eq!(
        manifest.image.parts[1].file_name, "i.part.01",
        "parts are in order of their index"
    );
    let error = verify(
        euca(&part("0", "p.part.0"), 1).as_bytes(),
        &certificate("user"),
    );
    assert_eq!(
        error.expect_err("unsigned").to_string(),
        "the manifest is not signed"
    );
}

#[test]
fn indented_ones_and_other_escapes_are_read() {
    // As encoding/xml of Go and `xmllint --format` write.
    let indented = euca(&part("0", "a&#34;b&#39;&#x26;c.part.0"), 1).replace("><", ">\n\t<");
    assert_eq!(parsed(&indented).image.parts[0].file_name, "a\"b'&c.part.0");
}

#[test]
fn what_was_edited_is_read_but_not_verified() {
    let indented = text().replace("><", ">\n  <");
    assert_eq!(parsed(&indented).image, parsed(&text()).image);
    let error = verify(indented.as_bytes(), &certificate("user")).expect_err("other bytes");
    assert!(matches!(error, Error::Signature(_)), "{error}");
}

#[test]
fn a_signature_is_over_what_is_read() {
    // The signed elements stand in a comment, and other ones count.
    let signed = text();
    let start = signed.find("<machine_configuration>").expect("there");
    let end = signed.find("<signature>").expect("there");
    let other = signed[start..end].replace("aki-00000001", "aki-0000000f");
    let both = format!(
        "{}<!--{}-->{other}{}",
        &signed[..start],
        &signed[start..end],
        &signed[end..]
    );
    assert_eq!(parsed(&both).kernel.as_deref(), Some("aki-0000000f"));
    let error = verify(both.as_bytes(), &certificate("user")).expect_err("something else counts");
    assert!(matches!(error, Error::Signature(_)), "{error}");
}

#[test]
fn everything_comes_back_that_is_written() {
    let mut manifest = parsed(&text());
    manifest.product_codes = vec!["A&B".into(), "<'\">".into()];
    manifest.image.ancestors = vec!["ami-1".into(), "ami-2".into()];
    manifest.image.kernel_name = Some("vmlinuz & more".into());
    manifest.image.name = "a \"b\" <c> & 'd'".into();
    manifest.signature = Signature::Missing;
    assert_eq!(parsed(&manifest.to_xml()), manifest);
    manifest.signature = Signature::Unsigned;
    assert_eq!(parsed(&manifest.to_unsigned_xml()), manifest);
    let xml = manifest.to_signed_xml(&key("user")).expect("signed");
    verify(xml.as_bytes(), &certificate("user")).expect("verified");
    let user = xml.find("</user><type>machine</type>");
    assert!(
        user.is_some(),
        "EC2 wants the type directly after the user: {xml}"
    );
}

#[test]
fn names_that_are_no_file_names_are_refused() {
    for name in [
        "../disk.img.part.0",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "",
        "&#10;",
        "a&#27;[2J",
        "a&#x9b;b",
    ] {
        let error = Manifest::parse(changed("disk.img.part.0", name).as_bytes());
        assert!(error.is_err(), "{name}");
        assert!(
            Manifest::parse(changed("<name>disk.img<", &format!("<name>{name}<")).as_bytes())
                .is_err()
        );
    }
    refused(
        &changed("disk.img.part.0", "../x"),
        "is not a plain file name: \"../x\"",
    );
    for name in ["other.manifest.xml", "disk.img", "disk.img.part.x"] {
        refused(
            &changed("disk.img.part.0", name),
            "is not that of a part, NAME.part.N",
        );
    }
    // A shell is never asked, so its language is a name like any other.
    let shell = "x; touch pwned; $(id).part.0";
    assert_eq!(
        parsed(&changed("disk.img.part.0", shell)).image.parts[0].file_name,
        shell
    );
}

#[test]
fn control_characters_are_refused_but_for_the_ends_of_lines_around_a_text() {
    for control in ["&#13;", "&#10;", "&#9;", "\u{7f}", "&#x9b;"] {
        let wrong = changed("aki-00000001", &format!("aki-0000{control}0001"));
        refused(&wrong, "has control characters in an element kernel_id");
    }
    let around = changed("aki-00000001", "\n\t aki-00000001\r\n");
    assert_eq!(parsed(&around).kernel.as_deref(), Some("aki-00000001"));
    assert_eq!(
        parsed(&changed(">disk.img<", "> disk.img <")).image.name,
        " disk.img "
    );
}

#[test]
fn entities_and_what_is_no_manifest_are_refused() {
    let bomb = "<?xml version='1.0'?><!DOCTYPE m [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><manifest>&b;</manifest>";
    refused(bomb, "is not XML: ");
    refused(&changed("aki-00000001", "&file;"), "is not XML: ");
    for text in [
        "",
        "x",
        "<a>",
        "<a/>",
        "<manifest/>",
        "<manifest></manifest><manifest/>",
    ] {
        refused(text, "the manifest ");
    }
    refused("\u{feff}<html/>", "another root element");
    let error = Manifest::parse(b"<manifest>\xff</manifest>").expect_err("no UTF-8");
    assert_eq!(error.to_string(), "the manifest is not text in UTF-8");
    let large = vec![b' '; ami_bundle_format::manifest::MOST_BYTES + 1];
    assert!(Manifest::parse(&large).is_err());
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    refused(&deep, "");
    let long = format!("<{}>", "x".repeat(10_000));
    refused(&long, "");
}

#[test]
fn parts_must_be_each_once_and_as_many_as_said() {
    let (zero, one, two) = (
        part("0", "a.part.0"),
        part("1", "a.part.1"),
        part("2", "a.part.2"),
    );
    refused(&euca("", 0), "names no parts");
    refused(&euca(&zero, 2), "says that there are 2 parts and names 1");
    refused(&euca(&(zero.clone() + &zero), 2), "has part 0 twice");
    refused(&euca(&(zero.clone() + &two), 2), "has a part 2 of 2");
    for index in ["-1", "+1", "", "x", "18446744073709551616", "0x1", "1.0"] {
        refused(
            &euca(&(zero.clone() + &part(index, "a.part.1")), 2),
            "for a number",
        );
    }
    refused(
        &euca(&(zero.clone() + &one.replace("111", "11x")), 2),
        "40 hexadecimal digits",
    );
    refused(
        &euca(&(zero + &one.replacen("1111", "", 1)), 2),
        "40 hexadecimal digits",
    );
    let many: String = (0..=MOST_PARTS)
        .map(|index| part(&index.to_string(), "p"))
        .collect();
    refused(&euca(&many, MOST_PARTS + 1), "has more than 65536 parts");
    let million: String = (0..1_000_000).map(|_| "<part index='0'/>").collect();
    refused(&euca(&million, 1_000_000), "the manifest ");
}

#[test]
fn fields_that_are_missing_twice_there_or_impossible_are_refused() {
    refused(
        &changed("<size>4194304</size>", ""),
        "has no size in an element image",
    );
    refused(
        &changed("<size>4194304", "<size>-1"),
        "has \"-1\" for a number",
    );
    refused(&changed("<size>4194304", "<size>1e9"), "for a number");
    refused(
        &changed("<size>4194304", "<size>4194304</size><size>1"),
        "more than one element size",
    );
    refused(
        &changed("<size>4194304", "<size>4<!-- -->194304"),
        "more than text",
    );
    refused(
        &changed("<image>", "<image/><image>"),
        "more than one element image",
    );
    refused(&changed("<signature>", "<signature>g"), "not hexadecimal");
    refused(
        &changed("<ec2_encrypted_iv>", "<ec2_encrypted_iv>0"),
        "not hexadecimal",
    );
    let long = "0".repeat(10_000);
    refused(
        &changed("<ec2_encrypted_iv>", &format!("<ec2_encrypted_iv>{long}")),
        "not hexadecimal",
    );
    let many = "<mapping><virtual>a</virtual><device>b</device></mapping>".repeat(2000);
    refused(
        &changed("<mapping>", &format!("{many}<mapping>")),
        "more than 1000 elements mapping",
    );
}

#[test]
fn a_cut_or_a_wrong_byte_never_panics() {
    let text = text();
    for length in 0..text.len() {
        assert!(Manifest::parse(&text.as_bytes()[..length]).is_err());
    }
    for place in 0..text.len() {
        for byte in [0, b'<', b'/', b'&', b'\'', 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = byte;
            // Some of them are read: a name or digest differs then.
            let _ = Manifest::parse(&bytes);
        }
    }
}

#[test]
fn what_could_not_be_read_again_is_not_made() {
    use ami_bundle_format::manifest::{MOST_PARTS, check_count};
    check_count("disk.img", MOST_PARTS).expect("as many as there may be");
    check_count(&"x".repeat(242), 1024).expect("10 GiB");
    assert!(check_count("disk.img", MOST_PARTS + 1).is_err());
    let error = check_count(&"x".repeat(242), MOST_PARTS).expect_err("a manifest of 24 MB");
    assert!(
        error.to_string().contains("choose a shorter name"),
        "{error}"
    );
}
