//! Packs and unpacks from the command line, for measuring by hand:
//!
//! ```text
//! bundle pack IMAGE CERTIFICATE KEY DIRECTORY [fast|default|best] [s3]
//! bundle unpack MANIFEST KEY FILE|-
//! ```

use std::{
    env,
    error::Error,
    fs::{self, File},
    io,
    path::Path,
    sync::atomic::AtomicBool,
};

use ami_bundle_format::{
    Certificate, Compression, ContentKey, Image, Manifest, PackOptions, PrivateKey,
    directory::{BundleDirectory, Existing, ImageFile, open_parts},
    image::InOrder,
    keys::Recipients,
    manifest::{ImageElement, VERSION},
    name, pack,
    tar::Member,
    unpack,
};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pack", image, certificate, key, directory, rest @ ..] => packed(
            Path::new(image),
            certificate,
            key,
            Path::new(directory),
            rest,
        ),
        ["unpack", manifest, key, to] => unpacked(Path::new(manifest), key, to),
        _ => Err("see the source for the two forms".into()),
    }
}

fn packed(path: &Path, certificate: &str, key: &str, directory: &Path, rest: &[&str]) -> Outcome {
    let key = PrivateKey::from_pem(&fs::read_to_string(key)?, None)?;
    let certificate = Certificate::parse(&fs::read(certificate)?)?;
    let content = ContentKey::random()?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or("no name")?;
    let options = PackOptions {
        compression: match rest.first() {
            Some(&"fast") => Compression::Fast,
            Some(&"best") => Compression::Best,
            _ => Compression::Default,
        },
        s3_digests: rest.contains(&"s3"),
        ..PackOptions::default()
    };
    let mut sink = BundleDirectory::new(directory, name, Existing::Replace)?;
    let packed = pack(
        Image::open(File::open(path)?)?,
        &Member::new(name),
        &content,
        &options,
        &AtomicBool::new(false),
        &mut sink,
    )?;
    let mut manifest = Manifest {
        version: VERSION.into(),
        architecture: Some("x86_64".into()),
        image: ImageElement {
            name: name.into(),
            user: "111122223333".into(),
            ..ImageElement::default()
        },
        ..Manifest::default()
    };
    let recipients = Recipients {
        ec2: Some(&certificate),
        user: Some(&certificate),
    };
    manifest.set_key(&content, recipients)?;
    manifest.set_packed(&packed, name::width(packed.parts.len()));
    let xml = manifest.to_signed_xml(&key)?;
    sink.finish(&manifest.image.parts, &xml)?;
    Ok(())
}

fn unpacked(path: &Path, key: &str, to: &str) -> Outcome {
    let key = PrivateKey::from_pem(&fs::read_to_string(key)?, None)?;
    let manifest = Manifest::parse(&fs::read(path)?)?;
    let content = manifest.content_key(&key)?;
    let mut source = open_parts(path.parent().ok_or("no directory")?);
    let stop = AtomicBool::new(false);
    if to == "-" {
        let mut sink = InOrder(io::stdout().lock());
        unpack(&manifest, &content, &mut source, &stop, &mut sink)?;
    } else {
        let mut sink = ImageFile::create(Path::new(to), Existing::Replace)?;
        unpack(&manifest, &content, &mut source, &stop, &mut sink)?;
        sink.finish()?;
    }
    Ok(())
}
