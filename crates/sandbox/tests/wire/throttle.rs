//! Token buckets: how many calls go through at once.

use ami_sandbox::Sandbox;

use crate::client::{As, OTHER_KEY, call, ec2, sandbox};

/// Calls until the first refusal and gives the number of calls before it.
fn until_refused(sandbox: &Sandbox, action: &str, params: &[(&str, &str)]) -> usize {
    let calls = (0..1000).position(|_| ec2(sandbox, action, params).error().0 == 503);
    calls.expect("a refusal among a thousand calls")
}

#[test]
fn buckets_are_off_until_they_are_switched_on() {
    let sandbox = sandbox();
    let describe = || ec2(&sandbox, "DescribeImages", &[("Owner.1", "self")]).status;
    assert!((0..150).all(|_| describe() == 200));
}

#[test]
fn an_empty_bucket_refuses_its_action_in_its_region_for_its_account() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.throttle = true);
    let owner = [("Owner.1", "self")];
    // Tokens come back meanwhile, so that more than the hundred may pass, and never fewer.
    assert!(until_refused(&sandbox, "DescribeImages", &owner) >= 100);
    let refused = sandbox.calls_to("DescribeImages").pop().unwrap();
    assert_eq!(
        (refused.status, refused.error.as_deref()),
        (503, Some("RequestLimitExceeded"))
    );
    assert_eq!(ec2(&sandbox, "DescribeVolumes", &[]).status, 200);
    for who in [
        As {
            region: "eu-west-1",
            ..As::default()
        },
        As {
            key: OTHER_KEY,
            ..As::default()
        },
    ] {
        let answer = call(&sandbox, who, "DescribeImages", &owner).unwrap();
        assert_eq!(answer.status, 200);
    }
    sandbox.refill_buckets();
    assert_eq!(ec2(&sandbox, "DescribeImages", &owner).status, 200);
}

#[test]
fn calls_that_change_things_and_broad_ones_have_smaller_buckets() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.throttle = true);
    let narrow = [("Filter.1.Name", "status"), ("Filter.1.Value.1", "error")];
    let stop = [("InstanceId.1", "i-12345678")];
    assert!((50..100).contains(&until_refused(&sandbox, "DescribeVolumes", &[])));
    assert!(until_refused(&sandbox, "DescribeVolumes", &narrow) >= 100);
    assert!((50..100).contains(&until_refused(&sandbox, "StopInstances", &stop)));
}
