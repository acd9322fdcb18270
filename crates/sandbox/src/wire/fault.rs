//! Faults on order: which call goes wrong, how often and in which way.

use std::time::Duration;

use super::error::ApiError;

/// An order for trouble, handed to [`crate::Sandbox::inject`].
///
/// ```
/// use ami_sandbox::Fault;
/// let lost_reply = Fault::on("CreateImage").reset_after();
/// let busy = Fault::any().region("eu-west-1").skip(1).times(30).throttle();
/// # drop((lost_reply, busy));
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    action: Option<String>,
    region: Option<String>,
    skip: u32,
    times: u32,
    kind: Kind,
}

/// The way in which a call goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// An error instead of the work.
    Error(ApiError),
    /// The error by which the service throttles instead of the work.
    Throttle,
    /// The connection is reset and nothing is done.
    ResetBefore,
    /// The work is done and the connection is reset: the lost reply.
    ResetAfter,
    /// The answer of a call that has worked, and nothing is done.
    Ignore,
    /// The work begins late.
    Delay(Duration),
    /// The work is done and half of the answer arrives.
    Cut,
    /// The work is done and the answer arrives in small pieces, with a pause between them.
    Dribble(Duration),
    /// A bit of the data turns over on its way.
    Corrupt,
}

impl Fault {
    /// A fault of one action, such as `CreateImage`; a throttle until told otherwise.
    pub fn on(action: &str) -> Self {
        Fault {
            action: Some(action.into()),
            ..Fault::any()
        }
    }

    /// A fault of whatever is called.
    pub fn any() -> Self {
        Fault {
            action: None,
            region: None,
            skip: 0,
            times: 1,
            kind: Kind::Throttle,
        }
    }

    /// Only calls to this region.
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Leaves the first matching calls alone.
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// How many calls go wrong; one when not said.
    pub fn times(mut self, calls: u32) -> Self {
        self.times = calls;
        self
    }

    /// Every matching call goes wrong.
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Answers an error instead of doing the work.
    pub fn error(self, status: u16, code: &str, message: &str) -> Self {
        self.with(Kind::Error(ApiError::new(status, code, message)))
    }

    /// Answers as the service throttles: EC2 with 503 RequestLimitExceeded, EBS direct with 400
    /// RequestThrottledException, S3 with 503 SlowDown.
    pub fn throttle(self) -> Self {
        self.with(Kind::Throttle)
    }

    /// Resets the connection without doing the work.
    pub fn reset_before(self) -> Self {
        self.with(Kind::ResetBefore)
    }

    /// Does the work and resets the connection: the reply is lost.
    pub fn reset_after(self) -> Self {
        self.with(Kind::ResetAfter)
    }

    /// Answers `true` without doing the work, as if its result were to show much later. For calls whose
    /// answer says nothing else, and for PutSnapshotBlock, CompleteSnapshot and what writes to S3, which are
    /// checked all the same.
    pub fn ignore(self) -> Self {
        self.with(Kind::Ignore)
    }

    /// Waits before doing the work as usual.
    pub fn delay(self, time: Duration) -> Self {
        self.with(Kind::Delay(time))
    }

    /// Does the work, sends half of the answer and closes.
    pub fn cut(self) -> Self {
        self.with(Kind::Cut)
    }

    /// Does the work and sends the answer in 64-byte pieces with a pause after each.
    pub fn dribble(self, pause: Duration) -> Self {
        self.with(Kind::Dribble(pause))
    }

    /// Turns over one bit of a block or an object on its way: of what PutSnapshotBlock, PutObject or UploadPart
    /// received, before it is compared with its checksum, or of what GetSnapshotBlock or GetObject sends,
    /// whose checksum is right. Calls without such a body work as usual.
    pub fn corrupt(self) -> Self {
        self.with(Kind::Corrupt)
    }

    fn with(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    fn matches(&self, action: &str, region: &str) -> bool {
        self.action.as_deref().is_none_or(|a| a == action)
            && self.region.as_deref().is_none_or(|r| r == region)
    }
}

impl Kind {
    /// The word for the log of calls.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Kind::Error(_) | Kind::Throttle => "error",
            Kind::ResetBefore => "reset-before",
            Kind::ResetAfter => "reset-after",
            Kind::Ignore => "ignore",
            Kind::Delay(_) => "delay",
            Kind::Cut => "cut",
            Kind::Dribble(_) => "dribble",
            Kind::Corrupt => "corrupt",
        }
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to this call: the first order that is due wins, the others go on counting.
    pub(crate) fn take(&mut self, action: &str, region: &str) -> Option<Kind> {
        let mut due = None;
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.matches(action, region))
        {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if due.is_none() && fault.times > 0 {
                if fault.times != u32::MAX {
                    fault.times -= 1;
                }
                due = Some(fault.kind.clone());
            }
        }
        self.0.retain(|fault| fault.times > 0);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_then_strikes_then_is_over() {
        let mut faults = Faults::default();
        faults.add(Fault::on("CreateImage").skip(1).times(2).throttle());
        let hits: Vec<bool> = (0..4)
            .map(|_| faults.take("CreateImage", "us-east-1").is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
    }

    #[test]
    fn a_fault_keeps_to_its_action_and_region() {
        let mut faults = Faults::default();
        faults.add(Fault::on("CreateImage").region("eu-west-1").reset_after());
        assert_eq!(faults.take("CreateImage", "us-east-1"), None);
        assert_eq!(faults.take("CopyImage", "eu-west-1"), None);
        assert_eq!(
            faults.take("CreateImage", "eu-west-1"),
            Some(Kind::ResetAfter)
        );
    }
}
