//! A small EC2 with EBS direct, S3, STS, the SSO portal and the instance metadata service, in one process on
//! loopback.
//!
//! Tests start it in-process with [`Sandbox::start`], point a client at [`Sandbox::environment`] and
//! look at [`Sandbox::calls`] and [`Sandbox::images`] afterwards; people start the program of the same
//! name. The sandbox speaks the wire protocols of the services (EC2 query: form in, XML out; EBS direct:
//! REST and JSON; S3: REST and XML) and shares no code with the tools that it tries, so that it cannot share their mistakes.
//!
//! * **Time passes** by [`Pace`]: an image is pending for a number of reads or milliseconds, snapshots
//!   show progress meanwhile, fresh IDs may be unknown for a while ([`Settings::invisible`]).
//! * **Faults** come on order: [`Sandbox::inject`] with a [`Fault`], [`Sandbox::deny`] for permissions,
//!   [`Sandbox::next_image_ends_in`] and [`Sandbox::next_image_in`] for what fails after its call.
//! * **Limits** have the sizes of EC2 until [`Settings::limits`] says otherwise: copies at once, public
//!   images, the bucket of CopyImage, the life of tokens.
//! * **Keys** of KMS are planted with [`Sandbox::kms_key`]; a copy under one that cannot be used begins
//!   and fails. [`Sandbox::ebs_key`] is the one that AWS manages.
//! * **Bytes** are real: what EBS direct writes to a snapshot lies in sparse files and is in its copies, its
//!   images and their volumes. [`Sandbox::snapshot_from_file`] puts some in, [`Sandbox::snapshot_bytes`]
//!   and [`Sandbox::export_snapshot`] look at them, and [`Sandbox::volume_file`] is what a loop device can
//!   be put on. What has no bytes has no files. With [`Sandbox::show_devices`] the volumes of this instance
//!   become block devices, which only root can have.
//! * **Objects** of S3 lie in files too. [`Sandbox::bucket`] and [`Sandbox::put_object`] put some there,
//!   [`Sandbox::object`], [`Sandbox::objects`] and [`Sandbox::unfinished_uploads`] look at them. Clients
//!   find it at [`Sandbox::environment`], by paths since the endpoint is an address, or by names below
//!   `localhost`. Buckets are as new ones are, without ACLs, until [`Sandbox::set_ownership`] or the calls
//!   of S3 say otherwise. Signatures are always verified.
//! * **Bundles** are registered from there: RegisterImage reads the manifest and looks at the parts as EC2
//!   does. [`Sandbox::plant_bundle`] puts one there; [`Sandbox::ec2_certificate`] is whom to encrypt for.
//! * **Two accounts** share images and snapshots by the rules of EC2. Both are new ones: their images
//!   cannot be public until they say so, or [`Settings::block_public_images`] does.
//! * **Families** of thousands of images come with [`Sandbox::family`], for measuring.
//! * **Every call** is kept with its parameters and its outcome as a [`Call`]; those that carry a block, of
//!   which there are many, also as a [`BlockCall`].
//!
//! ```
//! use ami_sandbox::{Config, Fault, Sandbox};
//!
//! let sandbox = Sandbox::start(Config::default())?;
//! let instance = sandbox.instance("us-east-1", |i| i.add_volume("/dev/sdf", 20));
//! sandbox.inject(Fault::on("CreateImage").times(2).throttle());
//! assert!(instance.starts_with("i-"));
//! assert!(sandbox.calls().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Layout: `wire` is what every service shares (decoding, errors, XML, faults, log), `server` and
//! `frontdoor` lead a request to its service, `ec2` holds one file per kind of resource and call, `ebs` one
//! per call, `s3` one per kind of call, `model` what the sandbox remembers, `blocks` the bytes. `client` speaks from the other end, for
//! `ami-sandbox call`.

mod blocks;
mod bundle_seed;
mod client;
mod config;
mod course;
mod devices;
mod ebs;
mod ec2;
mod family;
mod frontdoor;
mod identity;
mod inspect;
mod limits;
mod metadata;
mod model;
mod s3;
mod sandbox;
mod script;
mod seed;
mod server;
mod sso;
mod sts;
mod throttle;
mod wire;
mod world;

pub use client::{CallError, Client};
pub use config::{Account, Config, OptIn, Pace, Paces, RegionSpec, Settings, ThisInstance};
pub use devices::Look;
pub use ec2::bundle_key::CERTIFICATE as EC2_CERTIFICATE;
pub use family::Family;
pub use limits::{Limits, Rate};
pub use model::image::{Image, ImageState, StateReason};
pub use model::instance::{Attachment, Instance, InstanceState};
pub use model::kms_key::{KmsKey, KmsKeyState};
pub use model::mapping::{Device, Ebs, Mapping};
pub use model::network::KeyPair;
pub use model::snapshot::{Snapshot, SnapshotState};
pub use model::volume::{Volume, VolumeState};
pub use s3::{BucketSeed, Grant, Ownership, StoredObject, UnfinishedUpload};
pub use sandbox::Sandbox;
pub use seed::InstanceSeed;
pub use sso::SignIn;
pub use wire::block_call::BlockCall;
pub use wire::fault::Fault;
pub use wire::log::{Call, LogSink};
