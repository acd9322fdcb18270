//! What is asked for.

use std::path::{Path, PathBuf};

use ami_bundle_format::{Certificate, Compression, PrivateKey, name};
use ami_bundle_node::protocol;
use ami_capture::{Fstab, OtherFileSystems, Size};
use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::id;
use ami_core::s3::{Place, S3};
use ami_registration::Register;

use super::hosts::Target;
use super::phases::{Phase, Phases};
use super::program::Program;
use crate::bundling::{compression, plain};
use crate::destination::{Bucket, check_directory};
use crate::machine::{self, Machine};
use crate::{capturing, keys};

/// What the image is called unless somebody says.
const UNNAMED: &str = "image";
/// The largest script, table or list of patterns that is sent.
const LARGEST: u64 = 1 << 20;

/// What is asked for.
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) phases: Phases,
    pub(super) ssh: Vec<String>,
    pub(super) login: Option<String>,
    pub(super) by_private_address: bool,
    pub(super) bucket: Option<Bucket>,
    /// Set when a bundle is to be sent.
    pub(super) s3: Option<S3>,
    pub(super) name: String,
    pub(super) machine: Machine,
    pub(super) signer: Option<PrivateKey>,
    pub(super) user: String,
    pub(super) report: Option<PathBuf>,
    pub(super) register: Register,
    certificate: Option<Certificate>,
    ec2_path: Option<PathBuf>,
    ec2: Option<Certificate>,
    compression: Compression,
    capture: ami_capture::Order,
    inherit: bool,
    program: Option<PathBuf>,
    account: Option<String>,
}

impl Request {
    /// Reads the options.
    pub(super) fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let phases = Phases::read(args)?;
        let target = target(args)?;
        let ssh = args.value("ssh", words)?;
        let name = args.value("prefix", plain)?;
        let report = keys::path(args, "report")?;
        if let Some(report) = &report {
            check_directory(report.parent().unwrap_or(Path::new("")))?;
        }
        let bucket = Bucket::read(args)?;
        if bucket.is_none() && phases.has_any(&[Phase::Upload, Phase::Register]) {
            return Err(Error::usage("say where to with --to s3://BUCKET/PREFIX"));
        }
        // It has been read already; see the module `settings`.
        let _ = args.flag("settings");
        let machine = Machine::read(args)?;
        let mut request = Self {
            target,
            ssh: ssh.unwrap_or_else(|| vec!["ssh".to_owned()]),
            login: args.value("login", login)?,
            by_private_address: args.flag("private-address"),
            bucket,
            s3: None,
            name: name.unwrap_or_else(|| UNNAMED.to_owned()),
            machine,
            signer: None,
            user: String::new(),
            report,
            register: Register::read(args)?,
            certificate: None,
            ec2_path: keys::path(args, "ec2cert")?,
            ec2: None,
            compression: args.value("compress", compression)?.unwrap_or_default(),
            capture: capturing::of(args, PathBuf::from("/"))?,
            inherit: !args.flag("no-inherit"),
            program: keys::path(args, "node-program")?,
            account: args.value("user", machine::account)?,
            phases,
        };
        request.read_keys(context)?;
        Ok(request)
    }

    /// The private key is read only where something is signed.
    fn read_keys(&mut self, context: &Context) -> Result<(), Error> {
        if self.phases.has(Phase::Upload) {
            let (signer, certificate) = keys::pair(context)?;
            self.signer = Some(signer);
            self.certificate = Some(certificate);
        } else {
            let _ = context.args.flag("privatekey");
            self.certificate = keys::certificate(&context.args)?;
        }
        if self.phases.has(Phase::Configure) && self.certificate.is_none() {
            return Err(Error::usage("a bundle needs --cert"));
        }
        Ok(())
    }

    /// Finds out what is still missing, before anything is done on the node.
    pub(super) async fn prepare(&mut self, context: &Context) -> Result<(), Error> {
        if self.phases.has(Phase::Configure) {
            self.ec2 = Some(match &self.ec2_path {
                Some(path) => keys::ec2_certificate_at(path)?,
                None => keys::ec2_certificate_of(&context.session.region().await?)?,
            });
        }
        if !self.phases.has(Phase::Upload) {
            return Ok(());
        }
        self.user = match &self.account {
            Some(user) => user.clone(),
            None => {
                let region = context.session.region().await?;
                context.session.account(&region).await?
            }
        };
        if let Some(bucket) = &self.bucket {
            let s3 = bucket.open(context).await?;
            let place = bucket.place.below(&name::manifest_name(&self.name));
            if s3.look(&place).await?.is_some() {
                let error = Error::usage("is there already").of(&place);
                return Err(
                    error.hint("delete it with 'ami-bundle delete', or choose another place")
                );
            }
            self.s3 = Some(s3);
        }
        Ok(())
    }

    /// Where the manifest will be, in S3.
    pub(super) fn manifest_place(&self) -> Option<Place> {
        let bucket = self.bucket.as_ref()?;
        Some(bucket.place.below(&name::manifest_name(&self.name)))
    }

    /// The program for a node with that processor.
    pub(super) fn program(&self, machine: &str) -> Result<Program, Error> {
        Program::read(self.program.as_deref(), machine)
    }

    /// What the node is told. Files that options name are of this machine.
    pub(super) fn order(&self) -> Result<protocol::Order, Error> {
        let der = |certificate: &Option<Certificate>| {
            let der = certificate.as_ref().map(|it| it.der().to_vec());
            der.unwrap_or_default()
        };
        let capture = &self.capture;
        let read = |path: &Option<PathBuf>| path.as_deref().map(text).transpose();
        Ok(protocol::Order {
            volume: capture.volume.clone(),
            work_dir: capture.work_dir.clone(),
            size: match capture.size {
                Size::Automatic => None,
                Size::Bytes(size) => Some(size),
            },
            file_system: capture.file_system.map(|kind| kind.to_string()),
            all: capture.others == OtherFileSystems::TakeLocal,
            excludes: capture.excludes.clone(),
            exclude_from: read(&capture.exclude_from)?,
            includes: capture.includes.clone(),
            filter: capture.filter,
            fstab: match &capture.fstab {
                Fstab::Keep => protocol::Fstab::Keep,
                Fstab::Generate => protocol::Fstab::Generate,
                Fstab::Replace(path) => protocol::Fstab::Text(text(path)?),
            },
            script: read(&capture.script)?,
            name: self.name.clone(),
            compression: match self.compression {
                Compression::Fast => protocol::Compression::Fast,
                Compression::Default => protocol::Compression::Default,
                Compression::Best => protocol::Compression::Best,
            },
            certificate: der(&self.certificate),
            ec2_certificate: der(&self.ec2),
            inherit: self.inherit,
        })
    }

    /// What a dry run says.
    pub(super) fn would(&self) -> String {
        let node = match &self.target {
            Target::Host(host) => escape(host),
            Target::Instance(id) => id.to_string(),
            Target::Group(group) => format!("a node of {}", escape(group)),
        };
        let place = self.manifest_place();
        let place = place.map_or(String::new(), |place| format!(" into {place}"));
        format!("would bundle {node}{place}")
    }
}

fn target(args: &Args) -> Result<Target, Error> {
    let group = args.value("group", |text| match text {
        "" => Err("a group has a name"),
        text => Ok(text.to_owned()),
    })?;
    match (args.operands(), group) {
        ([], Some(group)) => Ok(Target::Group(group)),
        ([word], None) => {
            let text = word.to_string_lossy();
            if let Some(id) = text.parse::<id::Id>().ok()
                && id.kind() == id::Kind::Instance
            {
                return Ok(Target::Instance(id));
            }
            match text.is_empty() || text.starts_with('-') {
                true => Err(Error::usage(format!("'{}' is no host", escape(&text)))),
                false => Ok(Target::Host(text.into_owned())),
            }
        }
        ([], None) => Err(Error::usage(
            "name a node: [USER@]HOST, i-ID, or --group NAME",
        )),
        _ => Err(Error::usage("one node is bundled at a time")),
    }
}

/// Splits a command as a shell does.
fn words(text: &str) -> Result<Vec<String>, String> {
    let words = shell_words::split(text).map_err(|error| error.to_string())?;
    match words.is_empty() {
        true => Err("it names no program".to_owned()),
        false => Ok(words),
    }
}

fn login(text: &str) -> Result<String, String> {
    match text.is_empty() || text.starts_with('-') {
        true => Err(format!("'{}' is no user", escape(text))),
        false => Ok(text.to_owned()),
    }
}

/// Reads a file that is sent along with the order.
fn text(path: &Path) -> Result<String, Error> {
    let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
    let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    if std::fs::metadata(path).map_err(cannot)?.len() > LARGEST {
        return Err(wrong("is larger than 1 MiB".to_owned()));
    }
    std::fs::read_to_string(path).map_err(cannot)
}
