//! `ami-sandbox call`, as a program: what it prints, how it ends, and whom it never calls.

use std::process::{Command, Output};

use ami_sandbox::{Fault, Sandbox};

use crate::client::{REGION, sandbox};

const AMAZON_IMAGE: &str = "ami-0a1b2c3d4e5f60001";

/// A sandbox that looks at signatures, as the program's own does.
fn strict() -> Sandbox {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.signatures = true);
    sandbox
}

fn program(sandbox: &Sandbox) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ami-sandbox"));
    command.env_clear().envs(sandbox.environment()).arg("call");
    command
}

/// The status, and what was said on both outputs.
fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn it_prints_what_ec2_answers() {
    let sandbox = strict();
    let image = format!("ImageId={AMAZON_IMAGE}");
    let run = ["RunInstances", &*image, "MinCount=1", "MaxCount=2"];
    let (status, answer, complaint) = outcome(program(&sandbox).args(run));
    assert_eq!((status, &*complaint), (Some(0), ""));
    assert!(answer.contains("<RunInstancesResponse "), "{answer}");
    assert!(answer.ends_with("</RunInstancesResponse>\n"), "{answer}");
    for instance in sandbox.instances(REGION) {
        assert!(answer.contains(&instance.id), "{answer}");
    }
    assert_eq!(sandbox.instances(REGION).len(), 2);
}

#[test]
fn it_calls_the_region_of_its_option_or_of_the_environment() {
    let sandbox = strict();
    let source = format!("SourceImageId={AMAZON_IMAGE}");
    let copy = |command: &mut Command, name: &str| {
        let words = [
            "CopyImage",
            &source,
            "SourceRegion=us-east-1",
            name,
            "Description=a & b=c",
        ];
        let (status, answer, complaint) = outcome(command.args(words));
        assert_eq!((status, &*complaint), (Some(0), ""));
        assert!(answer.contains("<imageId>ami-"), "{answer}");
    };
    copy(&mut program(&sandbox), "Name=first");
    copy(
        program(&sandbox).env("AWS_REGION", "eu-west-1"),
        "Name=second",
    );
    let mut option = program(&sandbox);
    copy(
        option
            .env("AWS_REGION", "eu-west-1")
            .args(["--region", "us-west-2"]),
        "Name=third",
    );
    for (region, name) in [
        (REGION, "first"),
        ("eu-west-1", "second"),
        ("us-west-2", "third"),
    ] {
        let images = sandbox.images(region);
        assert_eq!((images.len(), &*images[0].name), (1, name), "{region}");
        assert_eq!(images[0].description.as_deref(), Some("a & b=c"));
    }
}

#[test]
fn an_error_is_one_line_and_nothing_else() {
    let sandbox = strict();
    let (status, answer, complaint) = outcome(program(&sandbox).arg("MakeCoffee"));
    assert_eq!((status, &*answer), (Some(1), ""));
    let message = "The action MakeCoffee is not valid for this web service.";
    assert_eq!(
        complaint,
        format!("ami-sandbox: InvalidAction: {message}\n")
    );
    let error = Fault::on("DescribeImages").error(400, "InvalidState", "a < b\nand c");
    sandbox.inject(error);
    let (status, answer, complaint) = outcome(program(&sandbox).arg("DescribeImages"));
    assert_eq!((status, &*answer), (Some(1), ""));
    assert_eq!(complaint, "ami-sandbox: InvalidState: a < b and c\n");
}

#[test]
fn the_secret_is_what_it_signs_with() {
    let sandbox = strict();
    let mut command = program(&sandbox);
    command
        .env("AWS_SECRET_ACCESS_KEY", "another")
        .arg("DescribeImages");
    let (status, answer, complaint) = outcome(&mut command);
    assert_eq!((status, &*answer), (Some(1), ""));
    assert!(
        complaint.starts_with("ami-sandbox: AuthFailure: "),
        "{complaint}"
    );
}

#[test]
fn half_an_answer_is_none() {
    let sandbox = strict();
    for fault in [Fault::any().cut(), Fault::any().reset_after()] {
        sandbox.inject(fault);
        let (status, answer, complaint) = outcome(program(&sandbox).arg("DescribeImages"));
        assert_eq!((status, &*answer), (Some(1), ""), "{complaint}");
    }
}

#[test]
fn an_endpoint_elsewhere_is_never_called() {
    let sandbox = strict();
    for endpoint in [
        "https://ec2.us-east-1.amazonaws.com",
        "http://192.0.2.1:80",
        &sandbox.endpoint().replace("http:", "https:"),
        "",
    ] {
        let mut command = program(&sandbox);
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .arg("DescribeImages");
        let (status, answer, complaint) = outcome(&mut command);
        assert_eq!((status, &*answer), (Some(2), ""), "{endpoint}");
        assert!(
            complaint.starts_with("ami-sandbox: AWS_ENDPOINT_URL"),
            "{complaint}"
        );
    }
    assert!(sandbox.calls().is_empty());
}

#[test]
fn words_that_are_no_call_are_refused() {
    let sandbox = strict();
    for words in [
        &[][..],
        &["DescribeImages", "ImageId.1"],
        &["--region", "eu-west-1"],
    ] {
        let (status, answer, _) = outcome(program(&sandbox).args(words));
        assert_eq!((status, &*answer), (Some(2), ""), "{words:?}");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
    ] {
        let (status, _, complaint) =
            outcome(program(&sandbox).env_remove(name).arg("DescribeImages"));
        assert_eq!(status, Some(2), "{complaint}");
        assert!(
            complaint.contains(&format!("{name} is not set")),
            "{complaint}"
        );
    }
    assert!(sandbox.calls().is_empty());
}
