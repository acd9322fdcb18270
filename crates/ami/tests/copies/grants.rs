//! Who may use a copy: accounts, organizations, everybody, and those who may use the source.

use std::collections::BTreeSet;

use ami_sandbox::{CallError, Client, Image, Sandbox, Snapshot};

use crate::{
    ABROAD, FAR, HOME, OTHER, asked, clone, copies, copy, image, only_copy, quick_sandbox,
    wide_image,
};

const ORGANIZATION: &str = "arn:aws:organizations::123456789012:organization/o-abcdefghij";
const UNIT: &str = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-ab12-11111111";

/// The second account.
struct Stranger(Client);

impl Stranger {
    fn of(sandbox: &Sandbox, region: &str) -> Self {
        let environment = sandbox.environment_of(OTHER);
        let value = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone()).expect(name)
        };
        let mut client = Client::on_loopback(sandbox.endpoint()).expect("loopback");
        client.access_key = value("AWS_ACCESS_KEY_ID");
        client.secret_key = value("AWS_SECRET_ACCESS_KEY");
        client.region = region.to_owned();
        Self(client)
    }

    fn call(&self, action: &str, params: &[(&str, &str)]) -> Result<String, CallError> {
        let params: Vec<_> = params
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        self.0.call(action, &params)
    }

    /// Which of these it can do with an image.
    fn can(&self, image: &str) -> [bool; 3] {
        let launch = [("ImageId", image), ("MinCount", "1"), ("MaxCount", "1")];
        let copy = [
            ("SourceImageId", image),
            ("SourceRegion", &self.0.region),
            ("Name", "mine"),
        ];
        [
            self.call("DescribeImages", &[("ImageId.1", image)]).is_ok(),
            self.call("RunInstances", &launch).is_ok(),
            self.call("CopyImage", &copy).is_ok(),
        ]
    }
}

fn snapshots_of(sandbox: &Sandbox, region: &str, image: &Image) -> Vec<Snapshot> {
    let mut snapshots = sandbox.snapshots(region);
    snapshots.retain(|snapshot| image.snapshots().any(|id| id == snapshot.id));
    snapshots
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn another_account_can_use_a_shared_copy_and_could_not_before() {
    let sandbox = quick_sandbox();
    let image = wide_image(&sandbox, 3);
    let stranger = Stranger::of(&sandbox, ABROAD);
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copied = only_copy(&sandbox, ABROAD);
    assert_eq!(stranger.can(&copied.id), [false; 3]);
    let outcome = copy(&sandbox, &["-R", ABROAD, "--share", OTHER, &image])
        .run()
        .expect()
        .stdout_is(&format!("{}@{ABROAD}\n", copied.id))
        .done();
    assert_eq!(
        asked(&sandbox),
        2,
        "the second call is the stranger's: {outcome}"
    );
    assert_eq!(stranger.can(&copied.id), [true; 3]);
    let copied = sandbox.find_image(&copied.id).expect("the copy");
    assert_eq!(copied.shared_with, set(&[OTHER]));
    let snapshots = snapshots_of(&sandbox, ABROAD, &copied);
    assert_eq!(snapshots.len(), 3);
    assert!(
        snapshots
            .iter()
            .all(|snapshot| snapshot.shared_with == set(&[OTHER]))
    );
}

#[test]
fn a_shared_clone_is_anothers_to_use() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    clone(&sandbox, &["--share", OTHER, "--wait", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let cloned = only_copy(&sandbox, HOME);
    assert_eq!(Stranger::of(&sandbox, HOME).can(&cloned.id), [true; 3]);
    assert_eq!(Stranger::of(&sandbox, HOME).can(&image), [false; 3]);
}

#[test]
fn organizations_get_the_image_and_accounts_its_snapshots_too() {
    let sandbox = quick_sandbox();
    let image = image(&sandbox);
    let words = [
        "-R",
        ABROAD,
        "--share",
        OTHER,
        "--share",
        ORGANIZATION,
        "--share",
        UNIT,
        "--share",
        "111122223333",
        &image,
    ];
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copied = only_copy(&sandbox, ABROAD);
    assert_eq!(copied.shared_with, set(&[OTHER, "111122223333"]));
    assert_eq!(copied.shared_with_groups, set(&[ORGANIZATION, UNIT]));
    let snapshot = snapshots_of(&sandbox, ABROAD, &copied).remove(0);
    assert_eq!(
        (snapshot.shared_with, snapshot.public),
        (set(&[OTHER, "111122223333"]), false)
    );
    assert_eq!(sandbox.calls_to("ModifyImageAttribute").len(), 1);
}

#[test]
fn a_public_copy_is_everybody_s_and_its_snapshots_are_not() {
    let sandbox = quick_sandbox();
    sandbox.configure(|settings| settings.block_public_images = false);
    let image = image(&sandbox);
    copy(&sandbox, &["-R", ABROAD, "--share", "public", &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copied = only_copy(&sandbox, ABROAD);
    assert!(copied.public);
    assert!(!snapshots_of(&sandbox, ABROAD, &copied)[0].public);
    assert!(sandbox.calls_to("ModifySnapshotAttribute").is_empty());
    assert_eq!(
        Stranger::of(&sandbox, ABROAD).can(&copied.id)[..2],
        [true; 2]
    );
}

/// An image that grants this and that, with snapshots that each grant something else.
fn granting_image(sandbox: &Sandbox) -> String {
    let image = wide_image(sandbox, 2);
    sandbox.edit_image(&image, |image| {
        image.shared_with = set(&[OTHER]);
        image.shared_with_groups = set(&[ORGANIZATION, UNIT]);
    });
    let granting = sandbox.find_image(&image).expect("the image");
    let snapshots: Vec<_> = granting.snapshots().collect();
    sandbox.edit_snapshot(snapshots[0], |snapshot| {
        snapshot.shared_with = set(&["111122223333"])
    });
    sandbox.edit_snapshot(snapshots[1], |snapshot| snapshot.public = true);
    image
}

#[test]
fn what_the_source_grants_is_carried_over() {
    let sandbox = quick_sandbox();
    let image = granting_image(&sandbox);
    // On copies that are found as well as on those that are made.
    copy(&sandbox, &["-R", ABROAD, &image])
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert!(only_copy(&sandbox, ABROAD).shared_with.is_empty());
    copy(
        &sandbox,
        &["-R", "eu-west-1,ap-south-1", "--carry-permissions", &image],
    )
    .run()
    .expect()
    .stdout_has("ami-")
    .done();
    assert_eq!(asked(&sandbox), 2);
    for region in [ABROAD, FAR] {
        let copied = only_copy(&sandbox, region);
        assert_eq!(copied.shared_with, set(&[OTHER]), "{region}");
        assert_eq!(
            copied.shared_with_groups,
            set(&[ORGANIZATION, UNIT]),
            "{region}"
        );
        let snapshots = snapshots_of(&sandbox, region, &copied);
        let of = |at: usize| {
            let id = copied.snapshots().nth(at);
            snapshots
                .iter()
                .find(|snapshot| Some(&*snapshot.id) == id)
                .expect("a snapshot")
        };
        assert_eq!(
            (&of(0).shared_with, of(0).public),
            (&set(&["111122223333", OTHER]), false)
        );
        assert_eq!((&of(1).shared_with, of(1).public), (&set(&[OTHER]), true));
    }
}

#[test]
fn carried_and_shared_come_together() {
    let sandbox = quick_sandbox();
    let image = granting_image(&sandbox);
    let words = [
        "-R",
        ABROAD,
        "--carry-permissions",
        "--share",
        "444455556666",
        &image,
    ];
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(
        only_copy(&sandbox, ABROAD).shared_with,
        set(&[OTHER, "444455556666"])
    );
}

#[test]
fn who_owns_nothing_cannot_carry_permissions() {
    let sandbox = quick_sandbox();
    let foreign = sandbox.image(HOME, |image| {
        image.owner = OTHER.to_owned();
        image.shared_with = set(&["123456789012"]);
    });
    let outcome = copy(&sandbox, &["-R", ABROAD, "--carry-permissions", &foreign])
        .run()
        .expect()
        .fails(1)
        .stdout_is("")
        .stderr_has("; --carry-permissions is for the owner of an image, who alone sees them\n")
        .done();
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn many_copies_that_are_found_are_shared_a_few_at_a_time() {
    let sandbox = quick_sandbox();
    let images: Vec<_> = (0..60).map(|_| image(&sandbox)).collect();
    let mut words = vec!["-R", ABROAD];
    words.extend(images.iter().map(String::as_str));
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    words.extend(["--share", OTHER]);
    copy(&sandbox, &words)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let copies = copies(&sandbox, ABROAD);
    assert_eq!(copies.len(), 60);
    assert!(copies.iter().all(|copy| copy.shared_with == set(&[OTHER])));
}

#[test]
fn a_grant_that_is_refused_names_the_copy_and_leaves_it_printed() {
    for (action, step) in [
        ("ModifySnapshotAttribute", "--share=210987654321"),
        ("ModifyImageAttribute", "--share=210987654321"),
        ("EnableImageDeprecation", "--deprecate-at=90d"),
        ("EnableImageDeregistrationProtection", "--protect"),
    ] {
        for wait in [&[][..], &["--wait"]] {
            let sandbox = quick_sandbox();
            sandbox.deny(action);
            let image = image(&sandbox);
            let mut words = vec!["-R", ABROAD, step, &image];
            words.extend(wait);
            let outcome = copy(&sandbox, &words)
                .run()
                .expect()
                .fails(1)
                .stderr_has(&format!(
                    "not authorized to {action} (UnauthorizedOperation, request "
                ))
                .done();
            let reference = format!("{}@{ABROAD}", only_copy(&sandbox, ABROAD).id);
            assert_eq!(outcome.stdout, format!("{reference}\n"));
            let start = format!("ami-copy-image: {reference}: not authorized");
            assert!(outcome.stderr.starts_with(&start), "{}", outcome.stderr);
            assert_eq!(outcome.stderr.lines().count(), 1);
        }
    }
}
