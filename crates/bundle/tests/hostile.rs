//! Bundles by those who mean harm, and damaged ones: one clear error each.

mod support;

use ami_bundle_format::{Error, Manifest, PackOptions, Sha1};
use support::{Bundle, archive, by_hand, gzip, header, noise, packed, stream, unpacked};

/// The error of a bundle, which must be one line without control characters.
#[track_caller]
fn refused(bundle: &Bundle) -> String {
    let error = unpacked(&bundle.manifest, &bundle.parts, &bundle.key)
        .err()
        .expect("it is refused");
    said(&error)
}

#[track_caller]
fn said(error: &Error) -> String {
    let text = error.to_string();
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    assert!(text.len() < 400, "{text}");
    text
}

/// A bundle whose archive is `tar`, said to hold an image `disk` of `size` bytes.
fn of_tar(tar: &[u8], size: u64) -> Bundle {
    by_hand(&gzip(tar), tar, size)
}

fn plain(data: &[u8]) -> Vec<u8> {
    archive(header("disk", b'0', data.len() as u64, |_| {}), data)
}

#[test]
fn what_other_writers_make_is_read() {
    let data = noise(1000);
    let posix = header("disk", b'0', 1000, |block| {
        block[257..265].copy_from_slice(b"ustar\x0000")
    });
    let mut pax = archive(header("PaxHeader", b'x', 13, |_| {}), b"13 path=disk\n");
    pax.truncate(1024);
    pax.extend(archive(header("other", b'0', 1000, |_| {}), &data));
    let mut long = archive(header("././@LongLink", b'L', 5, |_| {}), b"disk\0");
    long.truncate(1024);
    long.extend(archive(header("dis", b'0', 1000, |_| {}), &data));
    for tar in [
        plain(&data),
        archive(posix, &data),
        pax,
        long,
        archive(header("./disk", b'\0', 1000, |_| {}), &data),
    ] {
        assert!(of_tar(&tar, 1000).unpacked().expect("it is read").bytes == data);
    }
}

#[test]
fn several_gzip_members_and_an_empty_last_part_are_read() {
    let tar = plain(&noise(3000));
    let (begin, end) = tar.split_at(1234);
    let mut both = [gzip(begin), gzip(end)].concat();
    let bundle = by_hand(&both, &tar, 3000);
    assert!(bundle.unpacked().expect("two members").bytes == noise(3000));
    both.extend([0; 100]);
    assert!(
        by_hand(&both, &tar, 3000).unpacked().is_ok(),
        "zeros may follow"
    );
    both.push(1);
    assert_eq!(
        refused(&by_hand(&both, &tar, 3000)),
        "the bundle has something after its compressed data"
    );
    // euca2ools: when the last part is full.
    let mut bundle = of_tar(&tar, 3000);
    bundle.parts.push(Vec::new());
    let mut empty = bundle.manifest.image.parts[0].clone();
    (empty.file_name, empty.digest) = ("disk.part.1".into(), Sha1::of(b""));
    bundle.manifest.image.parts.push(empty);
    assert!(bundle.unpacked().expect("an empty part").bytes == noise(3000));
}

#[test]
fn members_that_are_no_files_are_refused() {
    for (kind, called) in [
        (b'1', "a hard link"),
        (b'2', "a symbolic link"),
        (b'3', "a device"),
        (b'4', "a device"),
        (b'5', "a directory"),
        (b'6', "a named pipe"),
        (b'Z', "a member of an unknown kind"),
    ] {
        let tar = archive(
            header("disk", kind, 0, |block| {
                block[157..161].copy_from_slice(b"/etc")
            }),
            b"",
        );
        let error = refused(&of_tar(&tar, 0));
        assert!(error.contains(called), "{error}");
    }
}

#[test]
fn members_of_other_names_or_sizes_or_more_than_one_are_refused() {
    for name in [
        "other",
        "../disk",
        "/etc/disk",
        "a/../disk",
        "",
        "disk/",
        "di\x1bsk",
    ] {
        let tar = archive(header(name, b'0', 4, |_| {}), b"data");
        let error = refused(&of_tar(&tar, 4));
        assert!(error.contains("not \"disk\""), "{error}");
    }
    let error = refused(&of_tar(&plain(b"data"), 5));
    assert_eq!(
        error,
        "the bundle has an image of 4 bytes in it, and the manifest says 5"
    );
    let mut two = plain(b"data");
    two.truncate(1024);
    two.extend(plain(b"data"));
    assert_eq!(
        refused(&of_tar(&two, 4)),
        "the bundle has more in it than one image"
    );
    assert_eq!(refused(&of_tar(&[], 4)), "the bundle has no image in it");
    assert!(refused(&of_tar(&[0; 10240], 4)).contains("checksum"));
}

#[test]
fn sparse_maps_that_lie_are_refused() {
    let entry = |block: &mut [u8; 512], place: usize, offset: &str, length: &str| {
        let at = 386 + place * 24;
        block[at..at + offset.len()].copy_from_slice(offset.as_bytes());
        block[at + 12..at + 12 + length.len()].copy_from_slice(length.as_bytes());
    };
    let sparse = |entries: &[(&str, &str)], more: u8| {
        let header = header("disk", b'S', 512, |block| {
            for (place, (offset, length)) in entries.iter().enumerate() {
                entry(block, place, offset, length);
            }
            block[482] = more;
            block[483..495].copy_from_slice(b"00000004000\0");
        });
        of_tar(&archive(header, &[7; 512]), 2048)
    };
    let good = [
        ("00000001000", "00000001000"),
        ("00000004000", "00000000000"),
    ];
    let back = sparse(&good, 0).unpacked().expect("it is read");
    assert_eq!(back.holes, [(0, 512), (1024, 1024)]);
    assert_eq!(back.bytes[512..1024], [7; 512]);
    for wrong in [
        // Beyond the end; overlapping; backwards; more or less than there is; no number.
        &[("00000003777", "00000001000")][..],
        &[
            ("00000000000", "00000000777"),
            ("00000000776", "00000000001"),
        ],
        &[
            ("00000002000", "00000000400"),
            ("00000001000", "00000000400"),
        ],
        &[("00000000000", "00000002000")],
        &[("00000000000", "00000000777")],
        &[],
        &[("-0000000001", "00000001000")],
        &[("77777777777", "77777777777")],
    ] {
        let error = refused(&sparse(wrong, 0));
        assert!(error.contains("map of a sparse file"), "{error}");
    }
    assert!(refused(&sparse(&[], 1)).contains("endless map"));
    // The data stands where more of the map should.
    assert!(refused(&sparse(&good, 1)).contains("impossible map"));
}

#[test]
fn maps_without_an_end_are_refused() {
    let entry = [b'0'; 24];
    let mut block = entry.repeat(21);
    block.resize(512, 0);
    block[504] = 1;
    let mut tar = header("disk", b'S', 0, |block| {
        block[386..410].copy_from_slice(&entry);
        block[482] = 1;
        block[483..495].copy_from_slice(b"00000004000\0");
    });
    let more = (1 << 21) / 21 + 1;
    tar.extend(block.repeat(more));
    assert!(refused(&of_tar(&tar, 2048)).contains("endless map"));
}

#[test]
fn bombs_go_no_further_than_the_image() {
    // A gigabyte of zeros after the image, or instead of it, in a megabyte.
    let zeros = gzip(&vec![0; 1 << 26]);
    let bomb = |first: &[u8]| {
        let mut all = gzip(first);
        (0..16).for_each(|_| all.extend_from_slice(&zeros));
        all
    };
    let tar = plain(b"data");
    let error = refused(&by_hand(&bomb(&tar), &tar, 4));
    assert_eq!(error, "the bundle does not end after the image");
    let endless = header("disk", b'0', 1 << 32, |_| {});
    let error = refused(&by_hand(&bomb(&endless), &tar, 4));
    assert!(error.contains("of 4294967296 bytes"), "{error}");
    for kind in [b'L', b'x', b'g'] {
        let tar = header("x", kind, 1 << 31, |_| {});
        assert!(refused(&by_hand(&bomb(&tar), &tar, 4)).contains("impossible"));
        let text = b"13 path=disk\n";
        let mut one = archive(header("x", kind, 13, |_| {}), text);
        one.truncate(1024);
        assert!(refused(&of_tar(&one.repeat(100), 4)).contains("impossible"));
    }
}

#[test]
fn a_cut_is_found_wherever_it_is() {
    let tar = plain(&noise(2000));
    let whole = gzip(&tar);
    for length in (0..whole.len())
        .step_by(7)
        .chain([1, 9, 10, whole.len() - 8, whole.len() - 1])
    {
        refused(&by_hand(&whole[..length], &tar, 2000));
    }
    for length in [1, 511, 512, 513, 1000, 2511] {
        let error = refused(&of_tar(&tar[..length], 2000));
        assert!(
            error.contains("no image") || error.contains("in the middle"),
            "{error}"
        );
    }
    // The archive's end may be missing, but then it is not the one of the digest.
    let mut bundle = of_tar(&tar[..512 + 2048], 2000);
    assert!(bundle.unpacked().is_ok());
    bundle.manifest.image.digest = Sha1::of(&tar);
    assert_eq!(
        refused(&bundle),
        "the bundle has not the digest that the manifest says"
    );
}

fn several() -> Bundle {
    let options = PackOptions {
        part_size: 1 << 14,
        ..PackOptions::default()
    };
    packed(stream(&noise(60_000)), "disk", &options).expect("packed")
}

#[test]
fn parts_that_are_not_as_the_manifest_says_are_refused() {
    let mut bundle = several();
    bundle.parts[1][5] ^= 1;
    assert_eq!(
        refused(&bundle),
        "disk.part.1 has not the digest that the manifest says"
    );
    let mut bundle = several();
    bundle.parts[1].pop();
    assert!(refused(&bundle).starts_with("disk.part.1 has not the digest"));
    let mut bundle = several();
    bundle.parts.swap(0, 1);
    assert!(refused(&bundle).starts_with("disk.part.0 has not the digest"));
    let mut bundle = several();
    bundle.parts.pop();
    assert!(refused(&bundle).starts_with("disk.part.3: "));
    let mut bundle = several();
    bundle.parts[3].extend(noise(1 << 20));
    assert!(refused(&bundle).starts_with("disk.part.3 is larger than the"));
}

#[test]
fn sizes_and_digests_that_lie_are_refused() {
    let mut bundle = several();
    bundle.manifest.image.bundled_size += 16;
    assert_eq!(
        refused(&bundle),
        "the bundle is 16 bytes shorter than the manifest says"
    );
    let mut bundle = several();
    bundle.manifest.image.bundled_size -= 16;
    assert!(refused(&bundle).contains("is larger than"));
    let mut bundle = several();
    bundle.manifest.image.bundled_size = u64::MAX;
    assert!(refused(&bundle).contains("shorter than"));
    for size in [0, 1, 59_999, 60_001, u64::MAX] {
        let mut bundle = several();
        bundle.manifest.image.size = size;
        assert!(refused(&bundle).contains("of 60000 bytes"));
    }
    let mut bundle = several();
    bundle.manifest.image.digest = Sha1([1; 20]);
    assert!(refused(&bundle).contains("digest"));
}

#[test]
fn bits_that_flip_are_found_though_the_digests_were_made_for_them() {
    let good = several();
    let length = good.parts.iter().map(Vec::len).sum::<usize>();
    for bit in (0..length * 8).step_by(length * 8 / 200) {
        let mut bundle = several_again(&good);
        let (mut part, mut byte) = (0, bit / 8);
        while byte >= bundle.parts[part].len() {
            byte -= bundle.parts[part].len();
            part += 1;
        }
        bundle.parts[part][byte] ^= 1 << (bit % 8);
        bundle.manifest.image.parts[part].digest = Sha1::of(&bundle.parts[part]);
        refused(&bundle);
    }
}

fn several_again(bundle: &Bundle) -> Bundle {
    Bundle {
        manifest: bundle.manifest.clone(),
        parts: bundle.parts.clone(),
        key: ami_bundle_format::ContentKey::from_secret_bytes(&bundle.key.secret_bytes()),
    }
}

#[test]
fn a_wrong_content_key_is_an_error() {
    for _ in 0..20 {
        let mut bundle = several();
        bundle.key = ami_bundle_format::ContentKey::random().expect("random numbers");
        refused(&bundle);
    }
}

#[test]
fn wrong_ciphertexts_of_the_key_are_an_error() {
    let mut manifest: Manifest = several().manifest;
    for wrong in [
        vec![],
        vec![0; 128],
        vec![0xff; 128],
        noise(128),
        noise(127),
        noise(512),
    ] {
        let keys = &mut manifest.image.keys;
        (keys.user_key, keys.ec2_key) = (Some(wrong.clone()), None);
        let error = manifest
            .content_key(&support::key("user"))
            .err()
            .expect("refused");
        assert!(matches!(error, Error::WrongKey), "{error}");
    }
}
