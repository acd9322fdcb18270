//! Reads a manifest that a stranger may have written.
//!
//! Quotes, declarations, white space and the order of elements differ between writers. What is the
//! same in all of them is required; what a writer leaves out or leaves empty is `None`.

use std::collections::HashSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::{Bundler, EncryptedKeys, ImageElement, Manifest, Mapping, Part, Signature};
use crate::{Error, Sha1, digest::from_hex, name};

/// How large a manifest may be, in bytes: what [`MOST_PARTS`] parts take whose names have 100 letters.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How many parts a manifest may name: at 10 MiB each, 650 GB, of an image that EC2 wants to be of 10.
pub const MOST_PARTS: usize = 1 << 16;

/// The nodes of that many parts, with the texts between and in them, are half a million.
const MOST_NODES: u32 = 1 << 20;

/// How large the image may be, in bytes: the largest volume of EBS has 64 TiB (EBS User Guide, "Size and
/// configuration"), and no disk that EC2 starts is larger.
pub const MOST_SIZE: u64 = 64 << 40;

/// No list of mappings, ancestors or product codes in a real manifest is a tenth of this.
const MOST_ITEMS: usize = 1000;

/// RSA keys have at most 16384 bits.
const LONGEST_CIPHERTEXT: usize = 2048;

pub(super) fn manifest(bytes: &[u8]) -> Result<Manifest, Error> {
    if bytes.len() > MOST_BYTES {
        return Err(bad(format!("is larger than {MOST_BYTES} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| bad("is not text in UTF-8"))?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|cause| {
        bad(format!(
            "is not XML: {}",
            name::shortened(&cause.to_string())
        ))
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "manifest" {
        return Err(bad("has another root element than manifest"));
    }
    let machine = child(root, "machine_configuration")?;
    Ok(Manifest {
        version: text_of(root, "version")?.unwrap_or_default(),
        bundler: bundler(root)?,
        architecture: inside(machine, "architecture")?,
        mappings: mappings(machine)?,
        kernel: inside(machine, "kernel_id")?,
        ramdisk: inside(machine, "ramdisk_id")?,
        product_codes: items(machine, "product_codes", "product_code")?,
        image: image(child(root, "image")?.ok_or_else(|| bad("has no element image"))?)?,
        signature: signature(root)?,
    })
}

fn bundler(root: Node<'_, '_>) -> Result<Bundler, Error> {
    let element = child(root, "bundler")?;
    Ok(Bundler {
        name: inside(element, "name")?.unwrap_or_default(),
        version: inside(element, "version")?.unwrap_or_default(),
        release: inside(element, "release")?.unwrap_or_default(),
    })
}

fn mappings(machine: Option<Node<'_, '_>>) -> Result<Vec<Mapping>, Error> {
    let elements = list(machine, "block_device_mapping", "mapping")?;
    elements
        .into_iter()
        .map(|mapping| {
            Ok(Mapping {
                virtual_name: required(mapping, "virtual")?,
                device: required(mapping, "device")?,
            })
        })
        .collect()
}

fn image(image: Node<'_, '_>) -> Result<ImageElement, Error> {
    let name = required(image, "name")?;
    name::plain("the name of the image in the manifest", &name)?;
    let element = ImageElement {
        name,
        user: text_of(image, "user")?.unwrap_or_default(),
        kind: text_of(image, "type")?.unwrap_or_else(|| "machine".into()),
        kernel_name: text_of(image, "kernel_name")?,
        ancestors: items(Some(image), "ancestry", "ancestor_ami_id")?,
        digest: Sha1::parse(required(image, "digest")?.trim())?,
        size: size(&required(image, "size")?)?,
        bundled_size: number(&required(image, "bundled_size")?)?,
        keys: EncryptedKeys {
            ec2_key: ciphertext(image, "ec2_encrypted_key")?,
            user_key: ciphertext(image, "user_encrypted_key")?,
            ec2_iv: ciphertext(image, "ec2_encrypted_iv")?,
            user_iv: ciphertext(image, "user_encrypted_iv")?,
        },
        parts: parts(image)?,
    };
    Ok(element)
}

/// Parts by index, each exactly once, as many as are announced where a number is.
fn parts(image: Node<'_, '_>) -> Result<Vec<Part>, Error> {
    let element = child(image, "parts")?.ok_or_else(|| bad("has no element parts"))?;
    let elements: Vec<_> = children(element, "part").take(MOST_PARTS + 1).collect();
    if elements.len() > MOST_PARTS {
        return Err(bad(format!("has more than {MOST_PARTS} parts")));
    }
    if elements.is_empty() {
        return Err(bad("names no parts"));
    }
    if let Some(count) = element.attribute("count")
        && number(count)? != elements.len() as u64
    {
        let (said, there) = (name::shortened(count), elements.len());
        return Err(bad(format!(
            "says that there are {said} parts and names {there}"
        )));
    }
    let mut parts = vec![None; elements.len()];
    for element in elements {
        let (index, part) = part(element)?;
        let place = usize::try_from(index)
            .ok()
            .and_then(|index| parts.get_mut(index));
        match place {
            Some(place @ None) => *place = Some(part),
            Some(Some(_)) => return Err(bad(format!("has part {index} twice"))),
            None => return Err(bad(format!("has a part {index} of {}", parts.len()))),
        }
    }
    // As many as there are places, none of them twice: no place is empty.
    let parts: Vec<Part> = parts.into_iter().flatten().collect();
    let mut names = HashSet::with_capacity(parts.len());
    match parts.iter().find(|part| !names.insert(&part.file_name)) {
        Some(part) => Err(bad(format!(
            "has two parts of the name {:?}",
            name::shortened(&part.file_name)
        ))),
        None => Ok(parts),
    }
}

fn part(element: Node<'_, '_>) -> Result<(u64, Part), Error> {
    let index = element
        .attribute("index")
        .ok_or_else(|| bad("has a part without an index"))?;
    let file_name = required(element, "filename")?;
    name::part("the name of a part in the manifest", &file_name)?;
    let digest = Sha1::parse(required(element, "digest")?.trim())?;
    Ok((number(index)?, Part { file_name, digest }))
}

fn signature(root: Node<'_, '_>) -> Result<Signature, Error> {
    Ok(
        match text_of(root, "signature")?.as_deref().map(str::trim) {
            None => Signature::Missing,
            Some("UNSIGNED") => Signature::Unsigned,
            Some(hex) => Signature::Bytes(bytes_of("signature", hex)?),
        },
    )
}

fn ciphertext(element: Node<'_, '_>, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
    text_of(element, name)?
        .map(|hex| bytes_of(name, &hex))
        .transpose()
}

fn bytes_of(name: &str, hex: &str) -> Result<Vec<u8>, Error> {
    from_hex(hex.trim())
        .filter(|bytes| bytes.len() <= LONGEST_CIPHERTEXT)
        .ok_or_else(|| {
            bad(format!(
                "has an element {name} that is not hexadecimal digits"
            ))
        })
}

fn number(text: &str) -> Result<u64, Error> {
    // Rust's own parser takes a sign.
    Some(text.trim())
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| bad(format!("has {:?} for a number", name::shortened(text))))
}

fn size(text: &str) -> Result<u64, Error> {
    match number(text)? {
        size if size > MOST_SIZE => Err(bad(format!(
            "says that the image has {size} bytes, and no volume has more than {MOST_SIZE}"
        ))),
        size => Ok(size),
    }
}

fn items(
    element: Option<Node<'_, '_>>,
    outer: &str,
    inner: &'static str,
) -> Result<Vec<String>, Error> {
    list(element, outer, inner)?
        .into_iter()
        .filter_map(|item| own_text(item).transpose())
        .collect()
}

fn list<'a, 'i>(
    element: Option<Node<'a, 'i>>,
    outer: &str,
    inner: &'static str,
) -> Result<Vec<Node<'a, 'i>>, Error>
where
    'i: 'a,
{
    let outer = match element {
        Some(element) => child(element, outer)?,
        None => None,
    };
    let items: Vec<_> = outer
        .into_iter()
        .flat_map(|outer| children(outer, inner))
        .take(MOST_ITEMS + 1)
        .collect();
    if items.len() > MOST_ITEMS {
        return Err(bad(format!("has more than {MOST_ITEMS} elements {inner}")));
    }
    Ok(items)
}

fn inside(element: Option<Node<'_, '_>>, name: &str) -> Result<Option<String>, Error> {
    element.map_or(Ok(None), |element| text_of(element, name))
}

fn required(element: Node<'_, '_>, name: &str) -> Result<String, Error> {
    let outer = element.tag_name().name();
    text_of(element, name)?.ok_or_else(|| bad(format!("has no {name} in an element {outer}")))
}

/// The text of the one child `name`; `None` when there is no such child or nothing in it.
fn text_of(element: Node<'_, '_>, name: &str) -> Result<Option<String>, Error> {
    child(element, name)?.map_or(Ok(None), own_text)
}

/// An element's text; `None` when it is blank. A comment or element within would be read differently
/// by different readers, so there must be none. Lines may end around the text, not in it: nothing here
/// has several, and what is shown later must not write to a terminal.
fn own_text(element: Node<'_, '_>) -> Result<Option<String>, Error> {
    let name = element.tag_name().name();
    let mut text = "";
    for node in element.children() {
        if !node.is_text() || !text.is_empty() {
            return Err(bad(format!("has more than text in an element {name}")));
        }
        text = node.text().unwrap_or_default();
    }
    let trimmed = text.trim();
    if trimmed.contains(char::is_control) {
        return Err(bad(format!("has control characters in an element {name}")));
    }
    // Blanks may be part of a name; the ends of lines are not.
    let kept = if text.contains(char::is_control) {
        trimmed
    } else {
        text
    };
    Ok((!trimmed.is_empty()).then(|| kept.to_owned()))
}

/// The one child `name`. Of two the first would count for one reader and the last for another.
fn child<'a, 'i>(element: Node<'a, 'i>, name: &str) -> Result<Option<Node<'a, 'i>>, Error> {
    let mut found = children(element, name);
    let first = found.next();
    if found.next().is_some() {
        return Err(bad(format!("has more than one element {name}")));
    }
    Ok(first)
}

fn children<'a, 'i: 'a>(element: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    element
        .children()
        .filter(move |node| node.is_element() && node.tag_name().name() == name)
}

fn bad(what: impl Into<String>) -> Error {
    Error::Manifest(what.into())
}
