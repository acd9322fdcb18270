//! What the tool and the program on the node say to each other: JSON objects, one a line, on the
//! standard input and output of the program.
//!
//! The program begins with [`Event::Ready`]; what a login shell has printed before that is no part of
//! the conversation. Then the tool sends one [`Request`], and [`Reply`]s to what is asked for.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version of all this. Program and tool must have the same; the tool brings its own program.
pub const VERSION: u32 = 3;
/// How often each side is told that the other is still there, in seconds. A network that is lost says
/// nothing, and TCP notices only when there is something to send.
pub const SIGN_OF_LIFE: u64 = 15;
/// After how much silence of the tool, in seconds, the node ends by itself.
pub const SILENCE: u64 = 120;
const _: () = assert!(SILENCE >= 4 * SIGN_OF_LIFE);
/// Bytes that a line has at most.
pub const LONGEST: usize = 16 << 20;
/// The name of the order in the program's directory.
pub const ORDER: &str = "order.json";
/// The name of what a bundle that was left there consists of.
pub const STATE: &str = "state.json";

/// What is to be captured, and how it is to be packed. It holds nothing secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The tree's top.
    pub volume: PathBuf,
    /// Where the file system is made.
    pub work_dir: PathBuf,
    /// Bytes of the file system; none: as many as it needs.
    pub size: Option<u64>,
    /// Its type; none: that of the volume.
    pub file_system: Option<String>,
    /// Whether other local file systems are taken too.
    pub all: bool,
    /// Paths to leave out.
    pub excludes: Vec<PathBuf>,
    /// Patterns to leave out, a line each.
    pub exclude_from: Option<Vec<u8>>,
    /// Patterns that the filter lets through.
    pub includes: Vec<String>,
    /// Whether secrets are left out.
    pub filter: bool,
    /// What becomes of `/etc/fstab`.
    pub fstab: Fstab,
    /// A program that is run on the image: a script, or whatever else the node can run.
    pub script: Option<Vec<u8>>,
    /// The image's name in the bundle.
    pub name: String,
    /// How it is compressed.
    pub compression: Compression,
    /// The certificate of the bundle's owner, in DER.
    pub certificate: Vec<u8>,
    /// The certificate of EC2, in DER.
    pub ec2_certificate: Vec<u8>,
    /// Whether the metadata service is asked what the machine was started of.
    pub inherit: bool,
}

impl Order {
    /// What it says of the bundle.
    pub fn identity(&self) -> Identity {
        Identity {
            name: self.name.clone(),
            certificate: self.certificate.clone(),
        }
    }
}

/// What becomes of `/etc/fstab`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fstab {
    /// It stays.
    Keep,
    /// A new one is written.
    Generate,
    /// It becomes this.
    Text(Vec<u8>),
}

/// How a bundle is compressed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// In little time.
    Fast,
    /// As usual.
    Default,
    /// In little room.
    Best,
}

/// What the program is to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Bundle, and send parts while later ones are being made.
    Send,
    /// Bundle, and leave the parts in the directory.
    Keep,
    /// Send the parts that were left there.
    Upload,
}

/// Leave to send one part, and to take it back: secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Leave {
    /// Which part.
    pub index: usize,
    /// Puts it.
    pub put: Presigned,
    /// Deletes it again.
    pub delete: Presigned,
}

/// The manifest, and leave to put it, which makes the parts a bundle: secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Its text, signed by the owner of the bundle.
    pub text: String,
    /// Puts it.
    pub put: Presigned,
    /// Deletes it again.
    pub delete: Presigned,
}

/// A request that is signed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Presigned {
    /// Where to.
    pub url: String,
    /// The headers that it must have.
    pub headers: Vec<(String, String)>,
}

/// What the tool says after its request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The tool is still there.
    Alive,
    /// A part may be sent.
    Leave(Leave),
    /// All parts are there, and this is to follow them. When it is in S3 all that was sent stays there.
    Manifest(Manifest),
}

/// What the program says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It is there.
    Ready {
        /// [`VERSION`]
        version: u32,
    },
    /// What it does now.
    Stage(String),
    /// How far the copy is.
    Progress {
        /// Files copied.
        files: u64,
        /// Bytes copied.
        bytes: u64,
        /// Bytes that there are at most.
        at_most: u64,
    },
    /// A sentence for the user.
    Note(String),
    /// Paths that are not in the image, and why, as words of the capture. There may be several of these.
    LeftOut(Vec<(PathBuf, String)>),
    /// The image is there, and is packed now.
    Image {
        /// Its bytes.
        size: u64,
        /// Bytes of the archive, which tell how many parts there are at most.
        stored: u64,
        /// What the order says of it.
        of: Identity,
    },
    /// A part waits to be sent.
    Part(Part),
    /// The leave to send a part is over, and a new one is asked for.
    Again(usize),
    /// A part is in S3.
    Sent(usize),
    /// All is made, and sent if it was to be. What was sent waits for its manifest.
    Done(Box<Done>),
    /// The leave to send the manifest is over, and a new one is asked for.
    ManifestAgain,
    /// The manifest is in S3, and the program ends.
    Whole,
    /// It has failed, and ends.
    Failed {
        /// Why, in a line.
        why: String,
        /// Whether it is the order that is wrong.
        is_order: bool,
    },
}

/// A part that waits to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// Which one, from 0.
    pub index: usize,
    /// Its bytes.
    pub length: u64,
    /// Its digest in the manifest.
    pub sha1: [u8; 20],
    /// Its digest for S3.
    pub sha256: [u8; 32],
}

/// What a bundle is called and whom it is for, which was decided when the node was configured: the
/// tool may have been started anew since, with other options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The image's name in the bundle.
    pub name: String,
    /// The certificate of the bundle's owner, in DER.
    pub certificate: Vec<u8>,
}

/// A bundle without manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// The digest of the archive.
    pub digest: [u8; 20],
    /// Bytes of the image.
    pub size: u64,
    /// Bytes of all parts.
    pub bundled_size: u64,
    /// Bytes of the archive.
    pub stored: u64,
    /// The parts.
    pub parts: Vec<Part>,
    /// The key of the contents, encrypted for EC2 and for the owner.
    pub keys: Keys,
    /// The kernel's word for the processor, `x86_64`.
    pub machine: String,
    /// The version of the kernel that runs.
    pub kernel_version: String,
    /// What the metadata service says, if it was asked and answers.
    pub origin: Option<Origin>,
    /// What the order says of it.
    pub of: Identity,
}

/// The key of the contents, encrypted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keys {
    /// The key for EC2.
    pub ec2_key: Vec<u8>,
    /// The initialization vector for EC2.
    pub ec2_iv: Vec<u8>,
    /// The key for the owner.
    pub user_key: Vec<u8>,
    /// The initialization vector for the owner.
    pub user_iv: Vec<u8>,
}

/// What an instance was started of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Its image.
    pub image: Option<String>,
    /// The images that this one was made of, the oldest first.
    pub ancestors: Vec<String>,
    /// Its kernel.
    pub kernel: Option<String>,
    /// Its RAM disk.
    pub ramdisk: Option<String>,
    /// Product codes.
    pub product_codes: Vec<String>,
    /// Devices: what they are, and their names.
    pub mappings: Vec<(String, String)>,
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presigned")
    }
}

impl fmt::Debug for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leave({})", self.index)
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Manifest")
    }
}

/// One message as the line that is sent.
pub fn line(message: &impl Serialize) -> String {
    // Our messages have no maps with odd keys and nothing else that JSON cannot say; an empty line is
    // skipped by whoever reads it.
    let mut text = serde_json::to_string(message).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{Event, Leave, Presigned, Reply, line};

    #[test]
    fn a_message_is_one_line_and_comes_back() {
        let note = Event::Note("two\nlines".to_owned());
        let text = line(&note);
        assert_eq!(text.matches('\n').count(), 1);
        let back: Event = serde_json::from_str(&text).expect("a message");
        assert!(matches!(back, Event::Note(text) if text == "two\nlines"));
    }

    #[test]
    fn leave_is_not_shown() {
        let put = Presigned {
            url: "https://secret".to_owned(),
            headers: Vec::new(),
        };
        let leave = Leave {
            index: 3,
            delete: put.clone(),
            put,
        };
        let shown = format!("{:?}", Reply::Leave(leave));
        assert_eq!(shown, "Leave(Leave(3))");
    }
}
