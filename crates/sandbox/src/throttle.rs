//! Token buckets, by which EC2 throttles (EC2 developer guide, "Request throttling"): one for every
//! action of an account in a region. They are off until [`crate::Settings::throttle`] is set.

use std::collections::HashMap;
use std::time::Instant;

use crate::wire::error::ApiError;

/// How many tokens a bucket holds, and how many come back in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size(f64, f64);

/// The buckets that have been taken from.
#[derive(Debug, Default)]
pub(crate) struct Buckets(HashMap<(String, String, String), Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Takes a token for a call, or refuses the call. `is_broad` is a Describe call without IDs,
    /// filters or pages, which has a smaller bucket.
    pub(crate) fn take(
        &mut self,
        account: &str,
        region: &str,
        action: &str,
        is_broad: bool,
    ) -> Result<(), ApiError> {
        let Size(capacity, refill) = size(action, is_broad);
        let name = if is_broad {
            format!("{action}, all")
        } else {
            action.to_owned()
        };
        let now = Instant::now();
        let place = self.0.entry((account.into(), region.into(), name));
        let bucket = place.or_insert(Bucket {
            tokens: capacity,
            at: now,
        });
        let back = (now - bucket.at).as_secs_f64() * refill;
        bucket.tokens = capacity.min(bucket.tokens + back);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::throttled());
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The table "Request token bucket sizes and refill rates" of the developer guide.
fn size(action: &str, is_broad: bool) -> Size {
    const BROAD: [&str; 4] = [
        "DescribeInstances",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeVolumes",
    ];
    match action {
        "CopyImage" => Size(100.0, 1.0),
        "CreateTags" | "DeleteTags" => Size(100.0, 10.0),
        "CreateSnapshot"
        | "CreateVolume"
        | "DeleteSnapshot"
        | "DeleteVolume"
        | "DeregisterImage"
        | "ModifyImageAttribute"
        | "ModifySnapshotAttribute" => Size(100.0, 5.0),
        _ if is_broad && BROAD.contains(&action) => Size(50.0, 10.0),
        _ if action.starts_with("Describe") || action.starts_with("Get") => Size(100.0, 20.0),
        _ => Size(50.0, 5.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_documented_ones() {
        assert_eq!(size("DescribeImages", false), Size(100.0, 20.0));
        assert_eq!(size("DescribeVolumes", true), Size(50.0, 10.0));
        assert_eq!(size("DescribeVolumes", false), Size(100.0, 20.0));
        assert_eq!(size("CopyImage", false), Size(100.0, 1.0));
        assert_eq!(size("CreateImage", false), Size(50.0, 5.0));
    }
}
