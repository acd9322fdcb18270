//! Instances and what is attached to them.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::id::Kind;
use crate::config::Pace;
use crate::course::{Course, Veil};

/// The states of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// Starting.
    Pending,
    /// Up.
    Running,
    /// On the way to be gone.
    ShuttingDown,
    /// Gone, though still shown.
    Terminated,
    /// On the way down.
    Stopping,
    /// Down.
    Stopped,
}

impl InstanceState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
            InstanceState::Stopping => "stopping",
            InstanceState::Stopped => "stopped",
        }
    }

    /// The number that goes with the word (API reference, InstanceState).
    pub(crate) fn code(self) -> u8 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
            InstanceState::Stopping => 64,
            InstanceState::Stopped => 80,
        }
    }
}

/// What ModifyInstanceAttribute can change and nothing else here looks at.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) stop_protection: bool,
    pub(crate) ebs_optimized: bool,
    pub(crate) source_dest_check: bool,
    pub(crate) shutdown_behavior: String,
    pub(crate) sriov_net_support: Option<String>,
    /// In base64, as it was sent.
    pub(crate) user_data: Option<String>,
}

impl Default for Traits {
    fn default() -> Self {
        Traits {
            stop_protection: false,
            ebs_optimized: false,
            source_dest_check: true,
            shutdown_behavior: "stop".into(),
            sriov_net_support: None,
            user_data: None,
        }
    }
}

/// A volume of an instance.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The name by which it was attached, such as `/dev/sdf`.
    pub device: String,
    /// `vol-…`
    pub volume: String,
    /// Whether it goes with the instance.
    pub delete_on_termination: bool,
    /// Since when.
    pub attached: OffsetDateTime,
    /// `attaching`, `attached` or `detaching`.
    pub(crate) course: Course<&'static str>,
}

impl Attachment {
    /// A volume that is attached from now on.
    pub(crate) fn settled(device: &str, volume: &str, delete_on_termination: bool) -> Self {
        Attachment {
            device: device.into(),
            volume: volume.into(),
            delete_on_termination,
            attached: OffsetDateTime::now_utc(),
            course: Course::settled("attached"),
        }
    }
}

/// An instance as the sandbox knows it, for tests to look at.
#[derive(Clone, Debug)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// The account.
    pub owner: String,
    /// The launch that it belongs to.
    pub reservation: String,
    /// Its place in the launch.
    pub launch_index: u32,
    /// The image it runs.
    pub image: String,
    /// Such as `t3.micro`.
    pub instance_type: String,
    /// `x86_64` …
    pub architecture: String,
    /// `hvm` …
    pub virtualization: String,
    /// `Windows`, or none.
    pub platform: Option<String>,
    /// The zone, such as `us-east-1a`.
    pub zone: String,
    /// When it was launched or last started.
    pub launched: OffsetDateTime,
    /// The name of the root device.
    pub root_device: String,
    /// `ebs` or `instance-store`.
    pub root_type: &'static str,
    /// Its volumes.
    pub attachments: Vec<Attachment>,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Its address in the network.
    pub private_ip: String,
    /// The key pair.
    pub key_name: Option<String>,
    /// The instance profile, by name or ARN.
    pub profile: Option<String>,
    /// The token of its launch.
    pub client_token: String,
    /// Enhanced networking.
    pub ena_support: bool,
    /// Whether termination is refused.
    pub termination_protection: bool,
    /// How often it was rebooted, by RebootInstances or by CreateImage without NoReboot.
    pub reboots: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What the metadata service has besides, by its path below `meta-data/`, such as
    /// `block-device-mapping/ephemeral0` or `ancestor-ami-ids`.
    pub metadata: BTreeMap<String, String>,
    /// Why it is not running, as code and message.
    pub state_reason: Option<(String, String)>,
    pub(crate) traits: Traits,
    pub(crate) course: Course<InstanceState>,
    pub(crate) veil: Veil,
}

impl Instance {
    /// The state at this moment; looking does not count as a read.
    pub fn state(&self) -> InstanceState {
        *self.course.peek()
    }

    /// It does not come up: it goes from `pending` to `terminated`, for that reason.
    pub fn fail(&mut self, code: &str, message: &str) {
        self.course = Course::settled(InstanceState::Terminated);
        self.state_reason = Some((code.into(), message.into()));
    }

    pub(crate) fn new(owner: &str, image: &str, zone: &str) -> Self {
        Instance {
            id: Kind::Instance.fresh(),
            owner: owner.into(),
            reservation: Kind::Instance.fresh().replace("i-", "r-"),
            launch_index: 0,
            image: image.into(),
            instance_type: "t3.micro".into(),
            architecture: "x86_64".into(),
            virtualization: "hvm".into(),
            platform: None,
            zone: zone.into(),
            launched: OffsetDateTime::now_utc(),
            root_device: "/dev/xvda".into(),
            root_type: "ebs",
            attachments: Vec::new(),
            groups: Vec::new(),
            private_ip: super::network::address(zone),
            key_name: None,
            profile: None,
            client_token: String::new(),
            ena_support: true,
            termination_protection: false,
            reboots: 0,
            tags: BTreeMap::new(),
            metadata: BTreeMap::new(),
            state_reason: None,
            traits: Traits::default(),
            course: Course::settled(InstanceState::Running),
            veil: Veil::new(Pace::Now),
        }
    }
}

super::resource!(Instance, Kind::Instance);
