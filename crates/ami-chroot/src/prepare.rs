//! `--prepare-base`: a base of a root file system's archive, as a snapshot or a disk file.
//!
//! The archive is unpacked by the host's tar, run by the helper in a root that has the host's programs
//! to be read only and the new file system, and nothing else: whatever names, links and `..` are in it,
//! nothing of the host is in reach.

mod archive;
mod blank;
mod said;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::pin::pin;

use ami_buildroot::client::{Helper, Order};
use ami_buildroot::protocol::{self, Ended, Limits, Network, Programs, Root};
use ami_core::app::Context;
use ami_core::cleanup::Stack;
use ami_core::ec2::NewSnapshot;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::settings::Format;
use ami_core::tag::{self, Heritage, Tag};
use ami_core::time::Moment;

use crate::cloud::halt::{Halt, settle};
use crate::cloud::record::{Made, json_of_file};
use crate::cloud::rehearsal::Asking;
use crate::cloud::site::Site;
use crate::cloud::unmark::unmark;
use crate::cloud::volume::{Making, attach};
use crate::cloud::{snapshot, volume};
use crate::helper::{self, io_error};
use crate::output_file::{self, OutputFile};
use crate::request::Prepare;

use archive::Archive;
pub(crate) use blank::Filesystem;
use said::Listener;

/// Makes the base, and prints it.
pub(crate) async fn run(context: &Context, prepare: Prepare) -> Result<(), Error> {
    let archive = Archive::open(&prepare.archive)?;
    if prepare.dry_run {
        let text = prepare.rehearsal();
        if prepare.output.is_none() {
            let site = match Site::find(context).await {
                Ok(site) => site,
                Err(halt) => return halt.end(context),
            };
            if let Err(halt) = site.unless_stopped(prepare.ask(&site)).await {
                return halt.end(context);
            }
        }
        context.progress.hint(&text);
        return Ok(());
    }
    match &prepare.output {
        Some(_) => match in_file(context, &prepare, archive).await {
            Ok(()) => Ok(()),
            Err(halt) => halt.end(context),
        },
        None => {
            let site = match Site::find(context).await {
                Ok(site) => site,
                Err(halt) => return halt.end(context),
            };
            let mut made = Stack::new();
            let result = in_volume(&site, &prepare, archive, &mut made).await;
            settle(context, result, made).await
        }
    }
}

impl Prepare {
    fn rehearsal(&self) -> String {
        let archive = escape(&self.archive.to_string_lossy());
        let shape = match self.gpt {
            true => "in a partition of a GPT",
            false => "without partitions",
        };
        let result = match &self.output {
            Some(output) => format!("the disk file {}", escape(&output.to_string_lossy())),
            None => "a snapshot".to_owned(),
        };
        format!(
            "would unpack {archive} onto {} {shape} of {} bytes, and make it {result}",
            self.filesystem, self.bytes
        )
    }

    /// Asks EC2 whether all that would be done is allowed.
    async fn ask(&self, site: &Site<'_>) -> Result<(), Error> {
        let mut asking = Asking::new(site);
        let request = self.making(site).request();
        asking.exactly(site.ec2.may_create_volume(&request).await)?;
        let mut tags = self.tags.clone();
        tags.push(site.mark());
        asking.about_the_volume(tags).await?;
        asking.answer()
    }

    fn making<'a, 'b>(&'b self, site: &'b Site<'a>) -> Making<'a, 'b> {
        Making {
            site,
            wishes: &self.volume,
            snapshot: None,
            size: self.volume.size,
            tags: &[],
        }
    }
}

async fn in_file(context: &Context, prepare: &Prepare, archive: Archive) -> Result<(), Halt> {
    let Some(path) = &prepare.output else {
        return Ok(());
    };
    let failed = |error: std::io::Error| Halt::from(io_error(path, &error));
    let output = OutputFile::new(path, output_file::MODE).map_err(failed)?;
    output.file().set_len(prepare.bytes).map_err(failed)?;
    let disk = output.file().try_clone().map_err(failed)?;
    let helper = helper::start().await?;
    let name = path.display().to_string();
    let filled = fill(context, helper, disk, prepare, archive, &name).await;
    filled.map_err(|halt| halt.map_failure(|error| output_file::explain(error, path)))?;
    if context.interrupt.seen().is_some() {
        return Err(Halt::Stopped);
    }
    output.finish().map_err(failed)?;
    let name = path.display().to_string();
    let text = match context.settings.format {
        Format::Json => json_of_file(&name),
        Format::Columns => format!("FILE\n{}", escape(&name)),
        Format::References => escape(&name),
    };
    // Where standard output is gone nobody wants to know the name.
    let _ = context.print_text(&format!("{text}\n"));
    context.done();
    Ok(())
}

async fn in_volume<'a>(
    site: &Site<'a>,
    prepare: &Prepare,
    archive: Archive,
    made: &mut Stack<'a>,
) -> Result<(), Halt> {
    let helper = helper::start_for_volumes().await?;
    let (volume, ticket) = prepare.making(site).volume(made).await?;
    let (helper, device) = attach(site, helper, &volume).await?;
    let disk = File::from(device.descriptor()?);
    fill(
        site.context,
        helper,
        disk,
        prepare,
        archive,
        &volume.to_string(),
    )
    .await?;
    drop(device.let_go());
    site.check_stop()?;
    let created = Moment::now();
    let heritage = Heritage {
        source_image: None,
        source_instance: None,
        source_region: None,
        created,
    };
    let mut tags = heritage.tags();
    tags.extend(prepare.tags.iter().cloned());
    let mut marked = tags.clone();
    marked.push(site.mark());
    let new = NewSnapshot {
        volume: volume.clone(),
        description: prepare.description.clone(),
        tags: marked,
        run: site.run.clone(),
    };
    let (snapshot, snapshot_ticket) = snapshot::create(site, &new, made).await?;
    let completed = snapshot::wait(site, &snapshot);
    if volume::removed_while(site, &volume, completed).await? {
        made.release(ticket);
    }
    made.release(snapshot_ticket);
    let region = site.this.region.clone();
    let mut record = Made::bare(
        Located {
            id: snapshot.clone(),
            region,
        },
        "completed",
    );
    record.snapshot = Some(snapshot.clone());
    record.created = Some(created);
    tags.push(Tag::new(tag::RUN, site.run.clone()));
    record.tags = tags;
    Ok(hand_over(site, &snapshot, &record).await?)
}

/// Takes the mark from the base, and prints it: in this order, because a sweep removes what is marked.
/// But who stops the tool meanwhile is told of it at once.
async fn hand_over(site: &Site<'_>, snapshot: &Id, record: &Made) -> Result<(), Error> {
    let context = site.context;
    let mut unmarking = pin!(unmark(&site.ec2, snapshot));
    let unmarked = tokio::select! {
        biased;
        unmarked = &mut unmarking => Some(unmarked),
        _ = context.interrupt.arrived() => None,
    };
    // Where standard output is gone the reference is on standard error.
    let _ = context.print(record).await;
    match unmarked {
        Some(unmarked) => unmarked,
        None => unmarking.await,
    }
}

/// Makes the file system on the disk, and unpacks the archive into it.
async fn fill(
    context: &Context,
    helper: Helper,
    disk: File,
    prepare: &Prepare,
    archive: Archive,
    name: &str,
) -> Result<(), Halt> {
    let text = format!("making the {} file system", prepare.filesystem);
    context.progress.trace(&text);
    let target = disk
        .try_clone()
        .map_err(|error| Error::failed(error.to_string()))?;
    let (filesystem, gpt, bytes) = (prepare.filesystem, prepare.gpt, prepare.bytes);
    let made = tokio::task::spawn_blocking(move || blank::make(&target, bytes, filesystem, gpt));
    match made.await {
        Ok(made) => made?,
        Err(_) => return Err(Error::failed("a thread of the tool broke down").into()),
    }
    if context.interrupt.seen().is_some() {
        return Err(Halt::Stopped);
    }
    context.progress.trace("unpacking the archive");
    let listener = Listener::new();
    let failed = |error| Error::failed(format!("a pipe: {error}"));
    let (stderr, listener) = listener.map_err(failed)?;
    let order = order(disk.into(), archive, stderr)?;
    let report = helper::build(context, helper, order, name).await;
    let said = listener.finish();
    if said.hidden() > 0 {
        let text = format!("tar: lines that are not shown: {}", said.hidden());
        context.progress.hint(&text);
    }
    let report = report?;
    if context.interrupt.seen().is_some() {
        return Err(Halt::Stopped);
    }
    match report.ended {
        Ended::Exited(0) => Ok(()),
        Ended::NotFound => Err(Error::failed("tar is not installed on this host").into()),
        _ if said.is_full() => {
            let what = format!("the archive does not fit into {} bytes", prepare.bytes);
            let error = Error::failed(what).of(prepare.archive.display());
            Err(error
                .hint("the file system is full; try a larger --size")
                .into())
        }
        ended => {
            let what = format!(
                "the archive cannot be unpacked: tar ended with {}",
                ended.code()
            );
            Err(Error::failed(what).of(prepare.archive.display()).into())
        }
    }
}

fn order(disk: OwnedFd, archive: Archive, stderr: OwnedFd) -> Result<Order, Error> {
    let mut command: Vec<_> = [
        "tar",
        "--extract",
        "--numeric-owner",
        "--preserve-permissions",
        "--xattrs",
        "--xattrs-include=security.capability",
        // The kernel makes the device files at boot, and users without privilege cannot.
        "--anchored",
        "--exclude=./dev/*",
        "--exclude=dev/*",
    ]
    .map(std::ffi::OsString::from)
    .into();
    command.extend(archive.compression.map(Into::into));
    command.extend(["--file", "-"].map(Into::into));
    Ok(Order {
        build: protocol::Build {
            root: Root::Find,
            grow: false,
            disposable: true,
            bootable: false,
            programs: Programs::Host,
            network: Network::None,
            binds: Vec::new(),
            limits: Limits::default(),
            environment: Vec::new(),
            user: None,
            terminal: None,
            directory: None,
            command,
        },
        disk,
        stdio: helper::streams_of(archive.stream()?, stderr)?,
        sources: Vec::new(),
    })
}
