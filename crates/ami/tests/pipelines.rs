//! The tools together, in the pipes that people write.

use ami_sandbox::{Config, Pace, Sandbox};
use ami_testkit::shell;

const HOME: &str = "us-east-1";

fn sandbox() -> Sandbox {
    Sandbox::start(Config::default()).expect("a sandbox")
}

fn state(sandbox: &Sandbox, id: &str) -> &'static str {
    sandbox.find_image(id).expect("the image").state().as_str()
}

#[test]
fn images_of_many_instances_are_waited_for_as_they_arrive() {
    let sandbox = sandbox();
    let instances: Vec<_> = (0..3).map(|_| sandbox.instance(HOME, |_| {})).collect();
    let lines = instances.join("\\n");
    let script = format!("printf '{lines}\\n' | ami-create-image - | ami-waiton --poll 1s -");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    let images: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(images.len(), 3);
    assert!(
        images
            .iter()
            .all(|image| state(&sandbox, image) == "available")
    );
}

#[test]
fn every_format_can_be_piped_on() {
    let sandbox = sandbox();
    let instance = sandbox.instance(HOME, |_| {});
    for (format, by) in [
        ("", ""),
        ("-C", "-C"),
        ("--json", "--json"),
        ("-C -n 'i-12345678 x'", "--json"),
    ] {
        let script = format!("ami-create-image {format} {instance} | ami-waiton --poll 1s {by} -");
        shell(&script)
            .sandbox(&sandbox)
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
    }
    let classic = "printf 'IMAGE\\t%s\\n' $(ami-create-image INSTANCE) | ami-waiton --poll 1s -";
    let script = classic.replace("INSTANCE", &instance);
    shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
}

#[test]
fn a_region_given_to_the_first_command_holds_for_the_pipe() {
    let sandbox = sandbox();
    let instance = sandbox.instance("eu-west-1", |_| {});
    let script = format!("ami-create-image -r eu-west-1 {instance} | ami-waiton --poll 1s -");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("@eu-west-1")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    let regions: Vec<_> = sandbox
        .calls()
        .into_iter()
        .map(|call| call.region)
        .collect();
    assert!(
        regions.iter().all(|region| region == "eu-west-1"),
        "{regions:?}"
    );
}

#[test]
fn a_reader_that_has_enough_ends_the_pipe() {
    let sandbox = sandbox();
    let instances: Vec<_> = (0..2).map(|_| sandbox.instance(HOME, |_| {})).collect();
    let lines = instances.join("\\n");
    let script =
        format!("printf '{lines}\\n' | ami-create-image - | ami-waiton --poll 1s - | head -1");
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stderr_any()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 1);
    // Both were made. Whether the second line was written before the reader went, and so went
    // with it, is between the reader and the kernel.
    let images = sandbox.images(HOME);
    let made = images
        .iter()
        .filter(|image| image.source_instance.is_some());
    assert_eq!(made.count(), 2);
}

#[test]
fn a_writer_that_dribbles_is_not_waited_for() {
    let sandbox = sandbox();
    sandbox.configure(|settings| settings.paces.image = Pace::Now);
    let first = sandbox.instance(HOME, |_| {});
    let second = sandbox.instance(HOME, |_| {});
    // The second line is written only when the first image has come out at the end of the pipe.
    let script = format!(
        "mkfifo back
        {{ echo {first}; read -r image < back; echo {second}; }} \
            | ami-create-image - | ami-waiton - | {{ read -r image; echo $image; echo $image > back; cat; }}"
    );
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has("ami-")
        .done();
    assert_eq!(outcome.stdout.lines().count(), 2);
}

#[test]
fn a_disk_file_becomes_an_image_that_knows_where_it_comes_from() {
    let sandbox = sandbox();
    let source = sandbox.image(HOME, |_| {});
    let script = format!(
        "truncate -s 1M disk.raw && printf x | dd of=disk.raw conv=notrunc 2>/dev/null && \
         ami-register-image --source-image {source} --arch x86_64 disk.raw | ami-waiton --poll 1s - | \
         ami-describe-ancestors -"
    );
    let outcome = shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_has(&source)
        .done();
    let image = outcome.stdout.lines().next().expect("the image itself");
    let id = image.split_whitespace().next().expect("its ID");
    assert_eq!(state(&sandbox, id), "available");
}
