//! The snapshot that is written to: a new one, or one that an earlier run has left pending.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use ami_core::chance;
use ami_core::ebs::{NewSnapshot, StartedSnapshot, TIMEOUT};
use ami_core::ec2::Snapshot;
use ami_core::error::{Error, Fault};
use ami_core::id::Id;
use ami_core::reference::Located;
use ami_core::tag::{self, Tag};

use super::{Job, Known, SHORT_TIMEOUT, Source};
use crate::block::Digest;
use crate::disk::Disk;
use crate::journal::{Header, Journal, Opened, Record};

/// A snapshot that is being written.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) snapshot: StartedSnapshot,
    /// When this run began or found it.
    pub(crate) at: Instant,
    pub(crate) journal: Option<Journal>,
    /// What has been put into it already.
    pub(crate) sent: BTreeMap<u32, Digest>,
    /// Is the disk as it was when that was put?
    pub(crate) is_unchanged: bool,
    /// Is nothing left to be put?
    pub(crate) is_complete: bool,
    /// Has an earlier run begun it?
    pub(crate) is_resumed: bool,
    /// Is it known that it can never be completed?
    pub(crate) is_lost: bool,
}

impl Job<'_> {
    /// Begins a snapshot, or finds the one that an earlier run has begun.
    ///
    /// # Errors
    /// A journal of something else, and what EBS refuses.
    pub(super) async fn begin(&self) -> Result<Begun, Error> {
        let (Some(path), Source::Disk(disk)) = (&self.request.journal, &self.request.source) else {
            let snapshot = self.start(None, SHORT_TIMEOUT).await?;
            return Ok(Begun::new(snapshot, None));
        };
        let (mut journal, record) = match Journal::open(path)? {
            Opened::New(journal) => (journal, None),
            Opened::Found(journal, record) => (journal, Some(record)),
        };
        if let Some(mut record) = record {
            self.check_header(&record.header, path)?;
            if self.is_there(&mut record).await? {
                let is_unchanged = !disk.is_device() && record.header.disk == *disk.identity();
                if is_unchanged || self.can_compare_anew(&record, disk) {
                    return Ok(self.go_on(journal, *record, is_unchanged, path));
                }
                self.let_go(&record).await?;
            }
        }
        let request = self.request_digest(path, disk);
        // A run that was killed before it could note its snapshot has left it with that tag.
        for orphan in self.ec2.pending_snapshots(tag::REQUEST, &request).await? {
            self.ec2.delete_snapshot(&orphan).await?;
        }
        let tag = Tag::new(tag::REQUEST, request);
        let snapshot = self.start(Some(tag), TIMEOUT).await?;
        let header = Header {
            snapshot: self.located(&snapshot.id),
            run: self.request.run.clone(),
            size: self.request.size,
            is_encrypted: snapshot.is_encrypted,
            asked: self.asked(),
            disk: disk.identity().clone(),
        };
        let begun = journal.begin(&header);
        let begun = begun.map(|()| Begun::new(snapshot.clone(), Some(journal)));
        match begun {
            Ok(begun) => Ok(begun),
            Err(error) => Err(self.give_up(Begun::new(snapshot, None), error, 0).await),
        }
    }

    async fn start(
        &self,
        request_tag: Option<Tag>,
        timeout: Duration,
    ) -> Result<StartedSnapshot, Error> {
        let request = &self.request;
        let mut tags = request.tags.clone();
        tags.extend(request_tag);
        let new = NewSnapshot {
            size: request.size,
            description: request.description.clone(),
            parent: request
                .parent
                .as_ref()
                .map(|parent| parent.snapshot.clone()),
            encrypt: request.encrypt,
            kms_key: request.kms_key.clone(),
            timeout,
            tags,
            run: request.run.clone(),
            token: chance::run_id(),
        };
        let started = self.ebs.start_snapshot(&new).await;
        started.map_err(|error| {
            let error = error.of(request.source.name());
            match error.fault() {
                Fault::Passing => error.adding(&format!(
                    "EBS may have begun a snapshot all the same, with the tag {}={}",
                    tag::RUN,
                    request.run
                )),
                _ => error,
            }
        })
    }

    /// The options that decide what the snapshot will be.
    fn asked(&self) -> String {
        let request = &self.request;
        let parent = request.parent.as_ref().map(|parent| &parent.snapshot);
        let text = serde_json::json!({
            "parent": parent.map(ToString::to_string),
            "encrypt": request.encrypt,
            "kms_key": request.kms_key,
            "skip_holes": request.skip_holes,
        });
        Digest::of(text.to_string().as_bytes()).to_string()
    }

    /// By which a snapshot is known again that was begun for this disk, as it is, with this journal.
    fn request_digest(&self, journal: &Path, disk: &Disk) -> String {
        let journal = journal
            .canonicalize()
            .unwrap_or_else(|_| journal.to_owned());
        let text = format!("{} {journal:?} {:?}", self.asked(), disk.identity());
        Digest::of(text.as_bytes()).to_string()
    }

    /// Is the journal of what is asked for now?
    fn check_header(&self, header: &Header, path: &Path) -> Result<(), Error> {
        let snapshot = &header.snapshot;
        let what = if snapshot.region != *self.ec2.region() {
            format!("is of an upload to {}", snapshot.region)
        } else if header.size != self.request.size {
            format!("is of a volume of {} GiB", header.size)
        } else if header.asked != self.asked() {
            "is of an upload with another parent or other encryption".to_owned()
        } else {
            return Ok(());
        };
        let by_hand = format!(
            "aws ec2 delete-snapshot --region {} --snapshot-id {}",
            snapshot.region, snapshot.id
        );
        let error = Error::failed(what).of(path.display());
        Err(error.hint(format!(
            "run the same command as then; or give it up: {by_hand} && rm {}",
            ami_core::escape::shell_word(&path.display().to_string())
        )))
    }

    /// Is the snapshot of a journal still there to go on with? It may have been completed without the
    /// run having had the time to note it.
    async fn is_there(&self, record: &mut Record) -> Result<bool, Error> {
        let header = &record.header;
        let id = &header.snapshot.id;
        let is_gone = match self.look_for(id, &header.run).await? {
            None => "is gone",
            Some(found) if found.tags.get(tag::RUN) != Some(&header.run) => {
                let what = "is not of the run that its journal tells of";
                return Err(Error::failed(what).of(id));
            }
            Some(found) => match found.state.as_str() {
                "error" => {
                    // It is of no use, and would stay there for ever.
                    self.ec2.delete_snapshot(id).await?;
                    "has expired"
                }
                state => {
                    record.is_complete |= state == "completed";
                    return Ok(true);
                }
            },
        };
        let text = format!("{id}, which an earlier run began, {is_gone}; beginning anew");
        self.context.progress.hint(&text);
        Ok(false)
    }

    /// Describes a snapshot of an earlier run. One that was begun a moment ago may not show yet, or
    /// without its tags.
    async fn look_for(&self, id: &Id, run: &str) -> Result<Option<Snapshot>, Error> {
        let start = Instant::now();
        loop {
            let found = self.ec2.snapshot(id).await?;
            let shows = |found: &Snapshot| found.tags.get(tag::RUN).is_some_and(|of| of == run);
            if found.as_ref().is_some_and(shows) || start.elapsed() >= self.ec2.fresh() {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Deletes a pending snapshot of an earlier run. A completed one may have been handed over, and is
    /// only named.
    async fn let_go(&self, record: &Record) -> Result<(), Error> {
        let id = &record.header.snapshot.id;
        if record.is_complete {
            let text = format!("{id} is complete and stays; it holds the disk as it was");
            self.context.progress.hint(&text);
            return Ok(());
        }
        let deleted = self.ec2.delete_snapshot(id).await;
        deleted.map_err(|error| error.of(id))
    }

    /// Of a device it cannot be told whether it was written to, so it is read again, and what differs
    /// is sent again. A file that has changed is uploaded from the start: EBS may have taken blocks that
    /// the journal does not tell of, because their answers were not read any more, and where there are
    /// zeros now they would be left. For a device EBS tells, by the number of blocks.
    fn can_compare_anew(&self, record: &Record, disk: &Disk) -> bool {
        let by_disk = |known: &Known| matches!(known, Known::Disk(_));
        let parent = self.request.parent.as_ref();
        let has_old_disk = parent.is_some_and(|parent| by_disk(&parent.known));
        let can = disk.is_device() && !record.is_complete && !has_old_disk;
        if !can {
            let text = format!(
                "{} has changed since {} was begun; beginning anew",
                self.request.source.name(),
                record.header.snapshot.id
            );
            self.context.progress.hint(&text);
        }
        can
    }

    fn go_on(&self, journal: Journal, record: Record, is_unchanged: bool, path: &Path) -> Begun {
        let Record {
            header,
            sent,
            is_complete,
        } = record;
        let Located { id, .. } = header.snapshot;
        let done = sent.len();
        let text = match (is_complete, is_unchanged) {
            (true, _) => format!("{id} was uploaded by an earlier run"),
            (false, true) => format!("going on with {id}, which has {done} blocks already"),
            (false, false) => format!(
                "going on with {id}; all of {} is compared with what was sent, because a device does not tell whether it has changed",
                self.request.source.name()
            ),
        };
        self.context
            .progress
            .hint(&format!("{text} ({})", path.display()));
        Begun {
            snapshot: StartedSnapshot {
                id,
                is_encrypted: header.is_encrypted,
            },
            at: Instant::now(),
            journal: Some(journal),
            sent,
            is_unchanged,
            is_complete,
            is_resumed: true,
            is_lost: false,
        }
    }
}

impl Begun {
    fn new(snapshot: StartedSnapshot, journal: Option<Journal>) -> Self {
        Self {
            snapshot,
            at: Instant::now(),
            journal,
            sent: BTreeMap::new(),
            is_unchanged: false,
            is_complete: false,
            is_resumed: false,
            is_lost: false,
        }
    }
}
