//! Token buckets, by which EC2 throttles (EC2 developer guide, "Request throttling"): one for every
//! action of an account in a region. They are off until [`crate::Settings::throttle`] is set.

use std::collections::HashMap;
use std::time::Instant;

use crate::limits::{Limits, Rate};
use crate::wire::error::ApiError;

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
        limits: &Limits,
    ) -> Result<(), ApiError> {
        let rate = rate(action, is_broad, limits);
        let name = if is_broad {
            format!("{action}, all")
        } else {
            action.to_owned()
        };
        match self.draw(account, region, name, rate) {
            true => Ok(()),
            false => Err(ApiError::throttled()),
        }
    }

    /// Takes a token from a bucket of any name; false when it is empty.
    pub(crate) fn draw(&mut self, account: &str, region: &str, name: String, rate: Rate) -> bool {
        let Rate { burst, per_second } = rate;
        let now = Instant::now();
        let place = self.0.entry((account.into(), region.into(), name));
        let bucket = place.or_insert(Bucket {
            tokens: burst,
            at: now,
        });
        let back = (now - bucket.at).as_secs_f64() * per_second;
        bucket.tokens = burst.min(bucket.tokens + back);
        bucket.at = now;
        let is_there = bucket.tokens >= 1.0;
        if is_there {
            bucket.tokens -= 1.0;
        }
        is_there
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The table "Request token bucket sizes and refill rates" of the developer guide.
fn rate(action: &str, is_broad: bool, limits: &Limits) -> Rate {
    const BROAD: [&str; 4] = [
        "DescribeInstances",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeVolumes",
    ];
    let (burst, per_second) = match action {
        "CopyImage" => return limits.copy_image,
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "CreateSnapshot"
        | "CreateVolume"
        | "DeleteSnapshot"
        | "DeleteVolume"
        | "DeregisterImage"
        | "ModifyImageAttribute"
        | "ModifySnapshotAttribute" => (100.0, 5.0),
        _ if is_broad && BROAD.contains(&action) => (50.0, 10.0),
        _ if action.starts_with("Describe") || action.starts_with("Get") => (100.0, 20.0),
        _ => (50.0, 5.0),
    };
    Rate { burst, per_second }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_the_documented_ones() {
        let rate = |action, is_broad| {
            let Rate { burst, per_second } = super::rate(action, is_broad, &Limits::default());
            (burst, per_second)
        };
        assert_eq!(rate("DescribeImages", false), (100.0, 20.0));
        assert_eq!(rate("DescribeVolumes", true), (50.0, 10.0));
        assert_eq!(rate("DescribeVolumes", false), (100.0, 20.0));
        assert_eq!(rate("CopyImage", false), (100.0, 1.0));
        assert_eq!(rate("CreateImage", false), (50.0, 5.0));
    }
}
