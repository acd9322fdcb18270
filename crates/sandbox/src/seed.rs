//! What tests put into a sandbox without the wire, and what they change behind the client's back.

use std::collections::BTreeMap;

use crate::config::Pace;
use crate::course::{Course, Veil};
use crate::model::Resource;
use crate::model::image::{Image, ImageState, Stage, StateReason};
use crate::model::instance::{Attachment, Instance, InstanceState};
use crate::model::kms_key::KmsKey;
use crate::model::mapping::{Device, Ebs, Mapping};
use crate::model::network::KeyPair;
use crate::model::reference::{self, Reference};
use crate::model::snapshot::{COPIED_VOLUME, Snapshot, SnapshotState};
use crate::model::store::Store;
use crate::model::volume::{Volume, VolumeState};
use crate::sandbox::Sandbox;
use crate::world::{AMAZON_IMAGE, Region, World};

/// An instance to be put into a sandbox: running, with a root volume of 8 GiB, until told otherwise.
#[derive(Clone, Debug)]
pub struct InstanceSeed {
    /// The account.
    pub owner: String,
    /// The image it runs.
    pub image: String,
    /// Such as `t3.micro`.
    pub instance_type: String,
    /// `x86_64` …
    pub architecture: String,
    /// The zone, such as `us-east-1a`.
    pub zone: String,
    /// Its state, for good.
    pub state: InstanceState,
    /// The name of the root device, which must be one of the devices.
    pub root_device: String,
    /// Its volumes; the first one is the root.
    pub devices: Vec<Mapping>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl InstanceSeed {
    /// Adds a volume of a size in GiB.
    pub fn add_volume(&mut self, device: &str, size: u32) {
        self.devices.push(Mapping::ebs(
            device,
            Ebs {
                size,
                ..Ebs::default()
            },
        ));
    }

    fn new(owner: &str, region: &str) -> Self {
        InstanceSeed {
            owner: owner.into(),
            image: AMAZON_IMAGE.into(),
            instance_type: "t3.micro".into(),
            architecture: "x86_64".into(),
            zone: format!("{region}a"),
            state: InstanceState::Running,
            root_device: "/dev/xvda".into(),
            devices: vec![Mapping::ebs("/dev/xvda", Ebs::default())],
            tags: BTreeMap::new(),
        }
    }
}

impl Sandbox {
    /// Puts an instance with its volumes into a region and gives its ID.
    pub fn instance(&self, region: &str, fill: impl FnOnce(&mut InstanceSeed)) -> String {
        let mut seed = InstanceSeed::new(self.account(), region);
        fill(&mut seed);
        self.in_region(region, |region| plant_instance(region, seed))
    }

    /// Puts an image into a region and gives its ID. It is available and has one root volume of 8 GiB;
    /// mappings without a snapshot get one.
    pub fn image(&self, region: &str, fill: impl FnOnce(&mut Image)) -> String {
        let mut image = Image::new(self.account(), "");
        image.name = format!("image of {}", image.id);
        image
            .mappings
            .push(Mapping::ebs("/dev/xvda", Ebs::default()));
        fill(&mut image);
        self.in_region(region, |region| plant_image(region, image))
    }

    /// Puts a snapshot into a region and gives its ID. It is completed and has 8 GiB.
    pub fn snapshot(&self, region: &str, fill: impl FnOnce(&mut Snapshot)) -> String {
        let mut snapshot = Snapshot::new(self.account(), COPIED_VOLUME, 8);
        fill(&mut snapshot);
        self.in_region(region, |region| plant(&mut region.snapshots, snapshot))
    }

    /// Puts a volume into a region and gives its ID. It is available and has 8 GiB.
    pub fn volume(&self, region: &str, fill: impl FnOnce(&mut Volume)) -> String {
        let mut volume = Volume::new(self.account(), &format!("{region}a"), 8);
        fill(&mut volume);
        self.in_region(region, |region| plant(&mut region.volumes, volume))
    }

    /// Lets a resource of the first account refer to an image, which may be known or not. Its type is
    /// `ec2:LaunchTemplate`, `imagebuilder:ContainerRecipe`, `imagebuilder:ImageRecipe` or
    /// `ssm:Parameter`; instances refer to their images by themselves.
    ///
    /// # Panics
    /// When the type is another one, since nobody could ask for the reference.
    pub fn reference(&self, region: &str, image: &str, resource_type: &str, arn: &str) {
        let is_known = reference::TYPES.contains(&resource_type);
        assert!(is_known, "the sandbox has no references of {resource_type}");
        let reference = Reference {
            owner: self.account().into(),
            image: image.into(),
            resource_type: resource_type.into(),
            arn: arn.into(),
        };
        self.in_region(region, |region| region.references.push(reference));
    }

    /// Puts an image into a state at once and for good, with a code and a message as its reason.
    pub fn set_image_state(&self, id: &str, state: ImageState, reason: Option<(&str, &str)>) {
        let stage = Stage {
            state,
            reason: reason.map(StateReason::from),
        };
        self.edit_image(id, |image| image.course = Course::settled(stage));
    }

    /// Lets an image go on as it does, and end in another state: `pending` and then `failed`, say.
    pub fn image_ends_in(&self, id: &str, state: ImageState, reason: Option<(&str, &str)>) {
        let stage = Stage {
            state,
            reason: reason.map(StateReason::from),
        };
        self.edit_image(id, |image| image.course.end_in(stage));
    }

    /// Lets an image fail when its time is over.
    pub fn fail_image(&self, id: &str, code: &str, message: &str) {
        self.image_ends_in(id, ImageState::Failed, Some((code, message)));
    }

    /// Lets an image keep its last state for a pace and then change to another.
    pub fn image_becomes(&self, id: &str, pace: Pace, state: ImageState) {
        self.edit_image(id, |image| image.course.then(pace, state.into()));
    }

    /// Decides what becomes of the next image that a call makes and for which nothing is decided yet.
    pub fn next_image_ends_in(&self, state: ImageState, reason: Option<(&str, &str)>) {
        let stage = Stage {
            state,
            reason: reason.map(StateReason::from),
        };
        self.world().next_images.push_back(stage);
    }

    /// The same for the next image that a call makes in one region. It comes before what is decided for
    /// any region, whichever was said first.
    pub fn next_image_in(&self, region: &str, state: ImageState, reason: Option<(&str, &str)>) {
        let stage = Stage {
            state,
            reason: reason.map(StateReason::from),
        };
        self.in_region(region, |region| region.next_images.push_back(stage));
    }

    /// Puts a customer managed key into a region and gives its ARN. It is enabled and belongs to the
    /// first account.
    pub fn kms_key(&self, region: &str, fill: impl FnOnce(&mut KmsKey)) -> String {
        let mut key = KmsKey::new(self.account(), region);
        fill(&mut key);
        let arn = key.arn();
        self.in_region(region, |region| region.kms_keys.push(key));
        arn
    }

    /// Changes a customer managed key in any way.
    ///
    /// # Panics
    /// When there is no such key.
    pub fn edit_kms_key(&self, arn: &str, change: impl FnOnce(&mut KmsKey)) {
        edit(
            &mut self.world(),
            arn,
            |region, arn| region.kms_keys.iter_mut().find(|key| key.arn() == arn),
            change,
        );
    }

    /// The ARN of the key that AWS manages for EBS in a region, for the first account.
    pub fn ebs_key(&self, region: &str) -> String {
        KmsKey::of_ebs(self.account(), region).arn()
    }

    /// Takes an image out of use as if its owner had deregistered it elsewhere. The ancestry of images
    /// that were made from it still leads through it.
    pub fn deregister(&self, id: &str) {
        self.world()
            .regions_mut()
            .for_each(|region| drop(region.deregister(id)));
    }

    /// Makes an image or a snapshot unknown again for a pace.
    pub fn hide(&self, id: &str, pace: Pace) {
        for region in self.world().regions_mut() {
            if let Some(image) = region.images.get_mut(id) {
                image.veil = Veil::new(pace);
            }
            if let Some(snapshot) = region.snapshots.get_mut(id) {
                snapshot.veil = Veil::new(pace);
            }
        }
    }

    /// Changes an image in any way.
    ///
    /// # Panics
    /// When there is no such image, since a test that changes nothing shows nothing.
    pub fn edit_image(&self, id: &str, change: impl FnOnce(&mut Image)) {
        edit(
            &mut self.world(),
            id,
            |region, id| region.images.get_mut(id),
            change,
        );
    }

    /// Ends the time in which blocks may be written to a snapshot of StartSnapshot: it is cancelled.
    ///
    /// # Panics
    /// When there is no such snapshot, or when it is complete.
    pub fn expire_snapshot(&self, id: &str) {
        self.edit_snapshot(id, |snapshot| {
            let upload = snapshot.upload.as_mut().filter(|upload| upload.is_open);
            let upload = upload.unwrap_or_else(|| panic!("{id} is not being written"));
            upload.is_cancelled = true;
        });
    }

    /// Changes a snapshot in any way.
    ///
    /// # Panics
    /// When there is no such snapshot.
    pub fn edit_snapshot(&self, id: &str, change: impl FnOnce(&mut Snapshot)) {
        edit(
            &mut self.world(),
            id,
            |region, id| region.snapshots.get_mut(id),
            change,
        );
    }

    /// Changes a volume in any way.
    ///
    /// # Panics
    /// When there is no such volume.
    pub fn edit_volume(&self, id: &str, change: impl FnOnce(&mut Volume)) {
        edit(
            &mut self.world(),
            id,
            |region, id| region.volumes.get_mut(id),
            change,
        );
    }

    /// Makes a key pair of the first account in a region.
    pub fn key_pair(&self, region: &str, name: &str) {
        let key = KeyPair::new(self.account(), name);
        self.in_region(region, |region| region.keys.insert(&key.id.clone(), key));
    }

    /// Changes an instance in any way.
    ///
    /// # Panics
    /// When there is no such instance.
    pub fn edit_instance(&self, id: &str, change: impl FnOnce(&mut Instance)) {
        edit(
            &mut self.world(),
            id,
            |region, id| region.instances.get_mut(id),
            change,
        );
    }
}

impl Image {
    /// Is in a state for a pace and then in another.
    pub fn goes(&mut self, first: ImageState, pace: Pace, then: ImageState) {
        self.course = Course::from(first.into(), pace, then.into());
    }
}

impl Snapshot {
    /// Is in a state for a pace and then in another.
    pub fn goes(&mut self, first: SnapshotState, pace: Pace, then: SnapshotState) {
        self.follows = None;
        self.close();
        self.course = Course::from(first, pace, then);
    }
}

impl Volume {
    /// Is in a state for a pace and then in another.
    pub fn goes(&mut self, first: VolumeState, pace: Pace, then: VolumeState) {
        self.course = Course::from(first, pace, then);
    }
}

impl Instance {
    /// Puts it into a state for good.
    pub fn set_state(&mut self, state: InstanceState) {
        self.course = Course::settled(state);
    }

    /// Is in a state for a pace and then in another.
    pub fn goes(&mut self, first: InstanceState, pace: Pace, then: InstanceState) {
        self.course = Course::from(first, pace, then);
    }
}

impl From<(&str, &str)> for StateReason {
    fn from((code, message): (&str, &str)) -> Self {
        StateReason {
            code: code.into(),
            message: message.into(),
        }
    }
}

fn plant<T: Resource>(store: &mut Store<T>, row: T) -> String {
    let id = row.id().to_owned();
    store.insert(&id, row);
    id
}

fn plant_image(region: &mut Region, mut image: Image) -> String {
    for mapping in &mut image.mappings {
        let Device::Ebs(ebs) = &mut mapping.device else {
            continue;
        };
        if ebs.snapshot.is_none() {
            let mut snapshot = Snapshot::new(&image.owner, COPIED_VOLUME, ebs.size);
            snapshot.encrypted = ebs.encrypted;
            snapshot.kms_key.clone_from(&ebs.kms_key);
            ebs.snapshot = Some(plant(&mut region.snapshots, snapshot));
        }
    }
    plant(&mut region.images, image)
}

fn plant_instance(region: &mut Region, seed: InstanceSeed) -> String {
    let mut instance = Instance::new(&seed.owner, &seed.image, &seed.zone);
    instance.instance_type = seed.instance_type;
    instance.architecture = seed.architecture;
    instance.root_device = seed.root_device;
    instance.tags = seed.tags;
    instance.set_state(seed.state);
    for mapping in &seed.devices {
        let Some(ebs) = mapping.as_ebs() else {
            continue;
        };
        let mut volume = Volume::from_ebs(ebs, &seed.owner, &seed.zone);
        volume.attached_to = Some(instance.id.clone());
        volume.blocks = region.blocks_of(volume.snapshot.as_deref());
        volume.set_state(VolumeState::InUse);
        let id = plant(&mut region.volumes, volume);
        let attachment = Attachment::settled(&mapping.device_name, &id, ebs.delete_on_termination);
        instance.attachments.push(attachment);
    }
    plant(&mut region.instances, instance)
}

fn edit<T>(
    world: &mut World,
    id: &str,
    find: impl for<'r> Fn(&'r mut Region, &str) -> Option<&'r mut T>,
    change: impl FnOnce(&mut T),
) {
    let found = world.regions_mut().find_map(|region| find(region, id));
    change(found.unwrap_or_else(|| panic!("the sandbox has no {id}")));
}
