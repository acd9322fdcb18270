//! The manifest of a bundle: XML of the version 2007-10-10, as ec2-ami-tools and euca2ools write it.
//!
//! AWS documents none of it. What is demanded here is what those tools write, and what their users and
//! public threads report that EC2 refuses.

use roxmltree::{Document, Node};

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) architecture: String,
    pub(super) kernel: Option<String>,
    pub(super) ramdisk: Option<String>,
    pub(super) product_codes: Vec<String>,
    /// Virtual names and devices, as they were written.
    pub(super) mappings: Vec<(String, String)>,
    pub(super) user: String,
    pub(super) bundled_size: u64,
    /// The AES key and the initialization vector for EC2.
    pub(super) sealed: [String; 2],
    /// The names of the parts, in order.
    pub(super) parts: Vec<String>,
    /// Whether there is something in the signature, be it `UNSIGNED`.
    pub(super) is_signed: bool,
}

/// The elements that must be there, though some may be empty: euca2ools found out that EC2 refuses manifests
/// without them.
const NEEDED: [&str; 12] = [
    "version",
    "machine_configuration/architecture",
    "image/name",
    "image/user",
    "image/type",
    "image/digest",
    "image/size",
    "image/bundled_size",
    "image/user_encrypted_key",
    "image/user_encrypted_iv",
    "image/parts",
    "signature",
];

/// Reads a manifest, or says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Manifest, String> {
    let document =
        Document::parse(text).map_err(|error| format!("The manifest is not XML: {error}"))?;
    let root = document.root_element();
    if !root.has_tag_name("manifest") {
        let name = root.tag_name().name();
        return Err(format!("The root element is {name}, not manifest"));
    }
    for path in NEEDED {
        find(root, path).ok_or_else(|| format!("The manifest has no {path}"))?;
    }
    let kind = text_at(root, "image/type")?;
    if kind != "machine" {
        return Err(format!("Image type {kind} is not supported"));
    }
    number(root, "image/size")?;
    Ok(Manifest {
        architecture: text_at(root, "machine_configuration/architecture")?,
        kernel: text_at(root, "machine_configuration/kernel_id").ok(),
        ramdisk: text_at(root, "machine_configuration/ramdisk_id").ok(),
        product_codes: children(root, "machine_configuration/product_codes", "product_code")
            .map(trimmed)
            .collect(),
        mappings: mappings(root)?,
        user: text_at(root, "image/user")?,
        bundled_size: number(root, "image/bundled_size")?,
        sealed: [
            text_at(root, "image/ec2_encrypted_key")?,
            text_at(root, "image/ec2_encrypted_iv")?,
        ],
        parts: parts(root)?,
        is_signed: find(root, "signature").is_some_and(|node| !trimmed(node).is_empty()),
    })
}

/// The element at a path below another one.
fn find<'n, 'i>(from: Node<'n, 'i>, path: &str) -> Option<Node<'n, 'i>> {
    path.split('/').try_fold(from, |node, name| {
        node.children().find(|child| child.has_tag_name(name))
    })
}

fn children<'n, 'i>(
    from: Node<'n, 'i>,
    path: &str,
    name: &'static str,
) -> impl Iterator<Item = Node<'n, 'i>> {
    let node = find(from, path);
    let children = node.into_iter().flat_map(|node| node.children());
    children.filter(move |child| child.has_tag_name(name))
}

fn trimmed(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn text_at(from: Node<'_, '_>, path: &str) -> Result<String, String> {
    let node = find(from, path).ok_or_else(|| format!("The manifest has no {path}"))?;
    Ok(trimmed(node))
}

fn number(from: Node<'_, '_>, path: &str) -> Result<u64, String> {
    let text = text_at(from, path)?;
    text.parse()
        .map_err(|_| format!("{path} is no number: '{text}'"))
}

fn mappings(root: Node<'_, '_>) -> Result<Vec<(String, String)>, String> {
    let all = children(
        root,
        "machine_configuration/block_device_mapping",
        "mapping",
    );
    all.map(|mapping| Ok((text_at(mapping, "virtual")?, text_at(mapping, "device")?)))
        .collect()
}

/// The names of the parts by their indexes, of which none may be missing.
fn parts(root: Node<'_, '_>) -> Result<Vec<String>, String> {
    let node = find(root, "image/parts").ok_or("The manifest has no image/parts")?;
    let mut parts = Vec::new();
    for part in children(root, "image/parts", "part") {
        let index = part.attribute("index").and_then(|index| index.parse().ok());
        let index: usize = index.ok_or("A part has no index")?;
        find(part, "digest").ok_or("A part has no digest")?;
        parts.push((index, text_at(part, "filename")?));
    }
    parts.sort();
    let count = node.attribute("count").and_then(|count| count.parse().ok());
    if count != Some(parts.len()) || parts.is_empty() {
        return Err(format!(
            "There are {} parts, and the count says otherwise",
            parts.len()
        ));
    }
    if parts
        .iter()
        .enumerate()
        .any(|(place, (index, _))| place != *index)
    {
        return Err("The indexes of the parts are not in sequence".to_owned());
    }
    Ok(parts.into_iter().map(|(_, name)| name).collect())
}
