//! DescribeImageReferences: of which images, by which resources, on how many pages.

use ami_sandbox::{InstanceState, Sandbox};

use crate::client::{Answer, As, OTHER_KEY, REGION, call, ec2, sandbox};

const ALL: (&str, &str) = ("IncludeAllResourceTypes", "true");
const INSTANCE: (&str, &str) = ("ResourceType.1.ResourceType", "ec2:Instance");
const TEMPLATE: (&str, &str) = ("ResourceType.1.ResourceType", "ec2:LaunchTemplate");
const OPTION: &str = "ResourceType.1.ResourceTypeOption.1.OptionName";
const VALUE: &str = "ResourceType.1.ResourceTypeOption.1.OptionValue.1";

const STATES: [InstanceState; 6] = [
    InstanceState::Pending,
    InstanceState::Running,
    InstanceState::ShuttingDown,
    InstanceState::Terminated,
    InstanceState::Stopping,
    InstanceState::Stopped,
];
const PLANTED: [&str; 4] = [
    "ec2:LaunchTemplate",
    "ssm:Parameter",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
];

fn ask(sandbox: &Sandbox, image: &str, params: &[(&str, &str)]) -> Answer {
    let params = [&[("ImageId.1", image)], params].concat();
    ec2(sandbox, "DescribeImageReferences", &params)
}

/// An image with an instance in each state and a reference of each other type.
fn referenced(sandbox: &Sandbox) -> String {
    let image = sandbox.image(REGION, |_| {});
    for state in STATES {
        sandbox.instance(REGION, |seed| {
            seed.image.clone_from(&image);
            seed.state = state;
        });
    }
    for kind in PLANTED {
        sandbox.reference(REGION, &image, kind, &format!("arn:of:{kind}"));
    }
    image
}

#[test]
fn instances_refer_to_the_images_that_they_run() {
    let sandbox = sandbox();
    let images = [sandbox.image(REGION, |_| {}), sandbox.image(REGION, |_| {})];
    let ids = [0, 1, 1]
        .map(|n: usize| sandbox.instance(REGION, |seed| seed.image.clone_from(&images[n])));
    let arn = |id: &String| format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}");
    let one = ask(&sandbox, &images[0], &[ALL]);
    assert_eq!(
        (one.text("imageId"), one.text("arn")),
        (&*images[0], &*arn(&ids[0]))
    );
    assert_eq!(one.all("resourceType"), ["ec2:Instance"]);
    let both = ask(&sandbox, &images[0], &[ALL, ("ImageId.2", &images[1])]);
    assert_eq!(both.all("arn"), ids.each_ref().map(arn));
    let stranger = As {
        key: OTHER_KEY,
        ..As::default()
    };
    let params = [ALL, ("ImageId.1", &images[0])];
    let answer = call(&sandbox, stranger, "DescribeImageReferences", &params).unwrap();
    assert_eq!((answer.status, answer.all("arn").len()), (200, 0));
}

#[test]
fn types_choose_among_the_references() {
    let sandbox = sandbox();
    let image = referenced(&sandbox);
    assert_eq!(ask(&sandbox, &image, &[ALL]).all("arn").len(), 10);
    assert_eq!(ask(&sandbox, &image, &[INSTANCE]).all("arn").len(), 6);
    for kind in PLANTED {
        let answer = ask(&sandbox, &image, &[("ResourceType.1.ResourceType", kind)]);
        assert_eq!(answer.all("arn"), [format!("arn:of:{kind}")]);
        assert_eq!(answer.all("resourceType"), [kind]);
    }
    let two = [TEMPLATE, ("ResourceType.2.ResourceType", "ssm:Parameter")];
    let arns = ["arn:of:ec2:LaunchTemplate", "arn:of:ssm:Parameter"];
    assert_eq!(ask(&sandbox, &image, &two).all("arn"), arns);
}

#[test]
fn options_hold_beside_all_types_too() {
    let sandbox = sandbox();
    let image = referenced(&sandbox);
    let state = [INSTANCE, (OPTION, "state-name"), (VALUE, "terminated")];
    assert_eq!(ask(&sandbox, &image, &state).all("arn").len(), 1);
    let both = [&[ALL][..], &state].concat();
    assert_eq!(ask(&sandbox, &image, &both).all("arn").len(), 5);
    let depth = [TEMPLATE, (OPTION, "version-depth"), (VALUE, "10000")];
    assert_eq!(ask(&sandbox, &image, &depth).all("arn").len(), 1);
}

#[test]
fn wrong_types_and_options_are_refused() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    let none = ask(&sandbox, &image, &[]);
    assert_eq!(none.error(), (400, "InvalidParameterCombination"));
    let not_all = ask(&sandbox, &image, &[("IncludeAllResourceTypes", "false")]);
    assert_eq!(not_all.error(), (400, "InvalidParameterCombination"));
    for wrong in [
        &[("ResourceType.1.ResourceType", "ec2:Fleet")][..],
        &[INSTANCE, (OPTION, "state-name"), (VALUE, "asleep")],
        &[INSTANCE, (OPTION, "version-depth"), (VALUE, "1")],
        &[TEMPLATE, (OPTION, "state-name"), (VALUE, "running")],
        &[TEMPLATE, (OPTION, "version-depth"), (VALUE, "0")],
        &[TEMPLATE, (OPTION, "version-depth"), (VALUE, "10001")],
    ] {
        let answer = ask(&sandbox, &image, wrong);
        assert_eq!(answer.error(), (400, "InvalidParameterValue"), "{wrong:?}");
    }
}

#[test]
fn one_to_ten_images_can_be_asked_for() {
    let sandbox = sandbox();
    let numbers: Vec<String> = (1..=11).map(|n| format!("ImageId.{n}")).collect();
    let count = |count: usize| {
        let mut params = vec![ALL];
        let ids = numbers.iter().take(count);
        params.extend(ids.map(|name| (&**name, "ami-0123456789abcdef0")));
        ec2(&sandbox, "DescribeImageReferences", &params)
    };
    assert_eq!(count(0).error(), (400, "MissingParameter"));
    assert_eq!(count(10).status, 200);
    assert_eq!(count(11).error(), (400, "InvalidParameterValue"));
    let wrong = ask(&sandbox, "ami-xyz", &[ALL]);
    assert_eq!(wrong.error(), (400, "InvalidAMIID.Malformed"));
}

#[test]
fn references_outlive_their_image() {
    let sandbox = sandbox();
    let image = referenced(&sandbox);
    ec2(&sandbox, "DeregisterImage", &[("ImageId", &image)]);
    assert_eq!(ask(&sandbox, &image, &[ALL]).all("arn").len(), 10);
    let unknown = "ami-0123456789abcdef0";
    sandbox.reference(REGION, unknown, "ssm:Parameter", "arn:of:a:parameter");
    let answer = ask(&sandbox, unknown, &[ALL]);
    assert_eq!(answer.all("arn"), ["arn:of:a:parameter"]);
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let sandbox = sandbox();
    let image = referenced(&sandbox);
    let whole = ask(&sandbox, &image, &[ALL]);
    let first = ask(&sandbox, &image, &[ALL, ("MaxResults", "6")]);
    let token = ("NextToken", first.text("nextToken"));
    let second = ask(&sandbox, &image, &[ALL, ("MaxResults", "6"), token]);
    assert_eq!((first.all("arn").len(), second.text("nextToken")), (6, ""));
    let pages = [first.all("arn"), second.all("arn")].concat();
    assert_eq!(pages, whole.all("arn"));
    sandbox.configure(|settings| settings.page_size = Some(3));
    assert_eq!(ask(&sandbox, &image, &[ALL]).all("arn").len(), 3);
    let wrong = ask(&sandbox, &image, &[ALL, ("NextToken", "x")]);
    assert_eq!(wrong.error(), (400, "InvalidPaginationToken"));
}
