//! What is asked for.

mod order;

use std::path::PathBuf;

use ami_bundle_format::{Certificate, Compression, PrivateKey, name};
use ami_bundle_node::protocol::Identity;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::s3::{Place, S3};
use ami_registration::Register;

use super::hosts::{Known, Target};
use super::launch::Launch;
use super::phases::{Phase, Phases};
use super::program::Program;
use crate::bundling::{check_free, compression, plain};
use crate::destination::Bucket;
use crate::machine::{self, Machine};
use crate::{capturing, keys, report};
use order::Files;

/// What the image is called unless somebody says.
const UNNAMED: &str = "image";
/// Options that the phase configure carries to the node.
const CONFIGURED: [&str; 14] = [
    "size",
    "filesystem",
    "work-dir",
    "all",
    "fstab",
    "generate-fstab",
    "script",
    "exclude",
    "exclude-from",
    "include",
    "no-filter",
    "no-inherit",
    "compress",
    "ec2cert",
];

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
    /// Has somebody said the name, rather than none?
    is_named: bool,
    pub(super) is_dry_run: bool,
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
    files: Files,
    inherit: bool,
    program: Option<PathBuf>,
    account: Option<String>,
}

impl Request {
    /// Reads the options.
    pub(super) async fn read(context: &Context) -> Result<Self, Error> {
        let args = &context.args;
        let phases = Phases::read(args)?;
        let target = Target::read(args, Launch::read(args)?)?;
        let ssh = args.value("ssh", words)?;
        let name = args.value("prefix", plain)?;
        let report = keys::path(args, "report")?;
        if let Some(report) = &report {
            report::check(report)?;
        }
        let bucket = Bucket::read(args)?;
        if bucket.is_none() && phases.has_any(&[Phase::Upload, Phase::Register]) {
            return Err(Error::usage("say where to with --to s3://BUCKET/PREFIX"));
        }
        // It has been read already; see the module `settings`.
        let _ = args.flag("settings");
        let machine = Machine::read(args)?;
        let capture = capturing::of(args, PathBuf::from("/"))?;
        let files = match phases.has(Phase::Configure) {
            true => Files::read(&capture)?,
            false => Files::default(),
        };
        let mut request = Self {
            target,
            ssh: ssh.unwrap_or_else(|| vec!["ssh".to_owned()]),
            login: args.value("login", login)?,
            by_private_address: args.flag("private-address"),
            bucket,
            s3: None,
            is_named: name.is_some(),
            is_dry_run: args.flag("dry-run"),
            name: name.unwrap_or_else(|| UNNAMED.to_owned()),
            machine,
            signer: None,
            user: String::new(),
            report,
            register: Register::of_bundle(args)?,
            certificate: None,
            ec2_path: keys::path(args, "ec2cert")?,
            ec2: None,
            compression: args.value("compress", compression)?.unwrap_or_default(),
            capture,
            files,
            inherit: !args.flag("no-inherit"),
            program: keys::path(args, "node-program")?,
            account: args.value("user", machine::account)?,
            phases,
        };
        request.check_ways()?;
        request.read_keys(context).await?;
        request.tell_what_is_late(context);
        if let Target::New(_) = request.target {
            Program::look(request.program.as_deref())?;
        }
        Ok(request)
    }

    /// Refuses what says nothing about a host that ssh finds by itself.
    fn check_ways(&self) -> Result<(), Error> {
        let Target::Known(Known::Host(host)) = &self.target else {
            return Ok(());
        };
        if self.by_private_address {
            return Err(Error::usage(
                "--private-address is for an instance, and not for a host",
            ));
        }
        if self.login.is_some() && host.contains('@') {
            return Err(Error::usage("--login and USER@ say both who logs in"));
        }
        Ok(())
    }

    /// Says which options come too late for a node that is configured already. The same words may well
    /// be typed for each phase, so they are no mistake.
    fn tell_what_is_late(&self, context: &Context) {
        let is_late = !self.phases.has(Phase::Configure)
            && self.phases.has_any(&[Phase::Bundle, Phase::Upload]);
        if !is_late {
            return;
        }
        let typed = CONFIGURED.iter().filter(|option| context.args.flag(option));
        let typed: Vec<String> = typed.map(|option| format!("--{option}")).collect();
        if !typed.is_empty() {
            let text = "the node keeps what the phase configure has told it, which is not run now: no effect has";
            context
                .progress
                .hint(&format!("{text} {}", typed.join(", ")));
        }
    }

    /// The private key is read only where something is signed.
    async fn read_keys(&mut self, context: &Context) -> Result<(), Error> {
        if self.phases.has(Phase::Upload) {
            let (signer, certificate) = keys::pair(context).await?;
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
        if self.phases.has(Phase::Register) {
            let region = context.session.region().await?;
            let ec2 = context.session.ec2(&region).await;
            self.register.name.check_free(&ec2).await?;
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
            check_free(
                context,
                &s3,
                &bucket.place.below(&name::manifest_name(&self.name)),
            )
            .await?;
            self.s3 = Some(s3);
        }
        Ok(())
    }

    /// Takes over what the bundle on the node was made as: it may have been configured by another run.
    ///
    /// # Errors
    /// This run was told something else; or what is there already.
    pub(super) async fn take(
        &mut self,
        context: &Context,
        s3: &S3,
        bucket: &Bucket,
        made: Identity,
    ) -> Result<(), Error> {
        let certificate = self.certificate.as_ref().map(Certificate::der);
        if certificate != Some(&*made.certificate) {
            return Err(Error::usage(
                "the bundle on the node was made for another certificate than that of --cert",
            ));
        }
        let wrong = |error: ami_bundle_format::Error| Error::failed(error.to_string());
        name::plain("the name of the image", &made.name).map_err(wrong)?;
        if made.name == self.name {
            return Ok(());
        }
        let shown = escape(&made.name);
        if self.is_named {
            let what =
                format!("the bundle on the node is called {shown}, and --prefix says otherwise");
            return Err(Error::usage(what));
        }
        self.name = made.name;
        let place = bucket.place.below(&name::manifest_name(&self.name));
        check_free(context, s3, &place).await
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

    /// What a dry run says.
    pub(super) fn would(&self) -> String {
        let phases = match self.phases.are_all() {
            true => "bundle".to_owned(),
            false => format!("run {} of", self.phases),
        };
        let node = match &self.target {
            Target::Known(Known::Host(host)) => escape(host),
            Target::Known(Known::Instance(id)) => id.to_string(),
            Target::Known(Known::Group(group)) => format!("a node of {}", escape(group)),
            Target::New(launch) => format!("a new node of {}", launch.image.id),
        };
        let place = self.manifest_place();
        let place = place.map_or(String::new(), |place| format!(" into {place}"));
        format!("would {phases} {node}{place}")
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
