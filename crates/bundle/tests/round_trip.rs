//! Images of every shape come back as they were.

mod support;

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use ami_bundle_format::{
    Compression, ContentKey, Error, FinishedPart, Image, Manifest, PackOptions,
    directory::{BundleDirectory, Existing, ImageFile, open_parts},
    name, pack,
    tar::Member,
    unpack,
};
use support::{Bundle, key, noise, packed, stream};

fn options(part_size: usize) -> PackOptions {
    PackOptions {
        part_size,
        ..PackOptions::default()
    }
}

/// A sparse file with `pieces` of data at places.
fn sparse(directory: &Path, size: u64, pieces: &[(u64, &[u8])]) -> File {
    let path = directory.join("image");
    let mut create = File::options();
    create.read(true).write(true).create(true).truncate(true);
    let file = create.open(path).expect("a file");
    file.set_len(size).expect("a size");
    for (offset, bytes) in pieces {
        file.write_all_at(bytes, *offset).expect("data");
    }
    file
}

fn there_and_back(bytes: &[u8], part_size: usize) -> Bundle {
    let bundle = packed(stream(bytes), "disk", &options(part_size)).expect("packed");
    let back = bundle.unpacked().expect("unpacked");
    assert!(back.bytes == bytes, "{} bytes come back", bytes.len());
    bundle
}

#[test]
fn sizes_around_blocks() {
    for size in [
        0,
        1,
        511,
        512,
        513,
        10240,
        512 * 1024 - 512,
        512 * 1024,
        3 << 20,
    ] {
        there_and_back(&noise(size), 1 << 20);
    }
}

#[test]
fn every_compression_on_one_thread_and_more() {
    let mut bytes = noise(1 << 20);
    bytes.extend(std::iter::repeat_n(b"all work and no play ", 100_000).flatten());
    for compression in [Compression::Fast, Compression::Default, Compression::Best] {
        for threads in [1, 5] {
            let options = PackOptions {
                compression,
                threads: threads.try_into().ok(),
                ..PackOptions::default()
            };
            let bundle = packed(stream(&bytes), "disk", &options).expect("packed");
            let stored: usize = bundle.parts.iter().map(Vec::len).sum();
            assert!(stored < bytes.len() / 2, "{compression:?}: {stored}");
            assert!(bundle.unpacked().expect("unpacked").bytes == bytes);
        }
    }
}

#[test]
fn parts_are_exactly_as_long_as_asked() {
    let bytes = noise(1 << 20);
    let whole = there_and_back(&bytes, 16 << 20).parts.remove(0).len();
    for (part_size, count) in [
        (whole, 1),
        (whole - 16, 2),
        (whole.div_ceil(2).next_multiple_of(16), 2),
    ] {
        let bundle = there_and_back(&bytes, part_size);
        assert_eq!(bundle.parts.len(), count);
        assert!(
            bundle.parts[..count - 1]
                .iter()
                .all(|part| part.len() == part_size)
        );
        assert!(bundle.parts.iter().all(|part| !part.is_empty()));
    }
    // Nothing but the number of a part differs in its name.
    for (count, first) in [
        (9, "disk.part.0"),
        (10, "disk.part.00"),
        (100, "disk.part.000"),
    ] {
        let part_size = whole.div_ceil(count).next_multiple_of(16);
        let bundle = there_and_back(&bytes, part_size);
        assert_eq!(bundle.parts.len(), count);
        assert_eq!(bundle.manifest.image.parts[0].file_name, first);
        assert!(count <= name::most_parts(1 << 20, part_size));
    }
}

#[test]
fn holes_stay_holes() {
    let directory = tempfile::tempdir().expect("a directory");
    let block = noise(8192);
    let many: Vec<(u64, &[u8])> = (0..60).map(|n| (n * 65536, &block[..4096])).collect();
    let shapes: [&[(u64, &[u8])]; 5] = [
        &[],
        &[(0, &block)],
        &[(1 << 20, &block)],
        &[(4 << 20, &block[..1000])],
        &many,
    ];
    for pieces in shapes {
        let size = (4 << 20) + 1000;
        let image = Image::open(sparse(directory.path(), size, pieces)).expect("an image");
        let data = image.data();
        let bundle = packed(image, "image", &PackOptions::default()).expect("packed");
        let back = bundle.unpacked().expect("unpacked");
        assert!(back.bytes == fs::read(directory.path().join("image")).expect("the image"));
        let holes: u64 = back.holes.iter().map(|(_, length)| length).sum();
        assert_eq!(holes, size - data, "{} pieces", pieces.len());
        assert!(holes > size / 2);
    }
}

#[test]
fn nine_gibibytes_with_a_byte_at_their_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = 9 << 30;
    let file = sparse(directory.path(), size, &[(0, b"begin"), (size - 3, b"end")]);
    let bundle = packed(
        Image::open(file).expect("an image"),
        "image",
        &PackOptions::default(),
    );
    let bundle = bundle.expect("packed");
    assert_eq!(bundle.manifest.image.size, size);
    let path = directory.path().join("back");
    let mut sink = ImageFile::create(&path, Existing::Refuse).expect("a file");
    let part = bundle.parts[0].clone();
    let mut source = move |_: &_| -> io::Result<Box<dyn io::Read>> {
        Ok(Box::new(io::Cursor::new(part.clone())))
    };
    let stop = AtomicBool::new(false);
    unpack(&bundle.manifest, &bundle.key, &mut source, &stop, &mut sink).expect("unpacked");
    sink.finish().expect("a name");
    let back = File::open(&path).expect("the image");
    let metadata = back.metadata().expect("the image");
    assert_eq!(metadata.len(), size);
    assert!(metadata.blocks() * 512 < 1 << 20);
    let mut end = [0; 4];
    back.read_exact_at(&mut end, size - 4).expect("its end");
    assert_eq!(&end, b"\0end");
}

#[test]
fn names_with_characters_that_xml_and_shells_speak() {
    let long = "n".repeat(200);
    for name in [
        "a b",
        "a&b \"q\" <x> 'y'",
        "$(touch x);`y`",
        "ü",
        long.as_str(),
    ] {
        let bundle = packed(stream(b"contents"), name, &PackOptions::default());
        let bundle = bundle.expect(name);
        assert_eq!(bundle.unpacked().expect(name).bytes, b"contents");
        let signed = bundle.manifest.to_signed_xml(&key("user")).expect("signed");
        let read =
            ami_bundle_format::manifest::verify(signed.as_bytes(), &support::certificate("user"));
        assert_eq!(read.expect(name).image.name, name);
    }
    // A reader may trim texts, so a name of blanks alone is read as none; and an ending must fit.
    for name in ["../x", " ", &"n".repeat(243)] {
        assert!(packed(stream(b"x"), name, &PackOptions::default()).is_err());
    }
}

#[test]
fn images_that_are_not_of_their_size_are_refused() {
    let key = ContentKey::random().expect("random numbers");
    for said in [99, 101] {
        let image = Image::stream(Box::new(io::Cursor::new([7; 100])), said);
        let mut sink = |_| -> io::Result<()> { panic!("there is no part of what cannot be read") };
        let (member, stop) = (Member::new("disk"), AtomicBool::new(false));
        let error = pack(image, &member, &key, &options(1 << 20), &stop, &mut sink);
        let error = error.expect_err("refused");
        assert!(matches!(error, Error::ImageSize { .. }), "{error}");
    }
}

#[test]
fn a_sink_that_fails_or_a_flag_ends_it() {
    let key = ContentKey::random().expect("random numbers");
    let bytes = noise(4 << 20);
    let run = |stop: &AtomicBool, sink: &mut dyn FnMut(FinishedPart) -> io::Result<()>| {
        let mut sink = |part| sink(part);
        let options = options(1 << 16);
        pack(
            stream(&bytes),
            &Member::new("disk"),
            &key,
            &options,
            stop,
            &mut sink,
        )
    };
    let error = run(&AtomicBool::new(false), &mut |part| match part.index {
        3 => Err(io::Error::other("full")),
        _ => Ok(()),
    });
    assert_eq!(error.expect_err("it failed").to_string(), "full");
    let stop = AtomicBool::new(false);
    let error = run(&stop, &mut |_| {
        stop.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert!(matches!(error, Err(Error::Stopped)));
}

#[test]
fn directories_have_whole_bundles_or_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let made = || fs::read_dir(directory.path()).expect("a directory").count();
    let bundle = packed(stream(&noise(100_000)), "disk", &options(1 << 14)).expect("packed");
    let filled = |existing| {
        let mut to = BundleDirectory::new(directory.path(), "disk", existing)?;
        for (index, bytes) in bundle.parts.iter().enumerate() {
            let (bytes, sha1) = (bytes.clone(), bundle.manifest.image.parts[index].digest);
            let part = FinishedPart {
                index,
                bytes,
                sha1,
                s3: None,
            };
            ami_bundle_format::PartSink::part(&mut to, part)?;
        }
        Ok::<_, io::Error>(to)
    };
    drop(filled(Existing::Refuse).expect("written"));
    assert_eq!(made(), 0, "what was not finished is gone");
    let xml = bundle.manifest.to_unsigned_xml();
    let parts = &bundle.manifest.image.parts;
    let path = filled(Existing::Refuse)
        .expect("written")
        .finish(parts, &xml)
        .expect("named");
    assert_eq!(made(), parts.len() + 1);
    assert!(filled(Existing::Refuse).is_err(), "it is there already");
    filled(Existing::Replace)
        .expect("written")
        .finish(parts, &xml)
        .expect("replaced");
    assert_eq!(made(), parts.len() + 1);
    for entry in fs::read_dir(directory.path()).expect("a directory") {
        let mode = entry
            .and_then(|entry| entry.metadata())
            .expect("a file")
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let manifest = Manifest::parse(&fs::read(path).expect("the manifest")).expect("a manifest");
    let mut source = open_parts(directory.path());
    let mut sink = support::Collected::default();
    let stop = AtomicBool::new(false);
    unpack(&manifest, &bundle.key, &mut source, &stop, &mut sink).expect("unpacked");
    assert!(sink.bytes == noise(100_000));
}
