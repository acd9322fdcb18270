//! The example of the classic README, to the byte.

use ami_sandbox::Sandbox;
use ami_testkit::{shell, tool};

use crate::families::{set_created, set_tag};
use crate::{AMAZON, HOME, ancestors, children, lines, sandbox};

/// IDs, seconds and dates of the example, the oldest first.
const GENERATIONS: [(&str, &str, u64, &str); 3] = [
    (
        "ami-33333333",
        "i-33333333",
        1_366_049_905,
        "20130415T181825Z",
    ),
    (
        "ami-44444444",
        "i-44444444",
        1_366_136_305,
        "20130416T181825Z",
    ),
    (
        "ami-55555555",
        "i-55555555",
        1_366_222_705,
        "20130417T181825Z",
    ),
];

const TABLE: &str = "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE
ami-55555555  Wed Apr 17 18:18:25 UTC 2013  1366222705 i-55555555
ami-44444444  Tue Apr 16 18:18:25 UTC 2013  1366136305 i-44444444
ami-33333333  Mon Apr 15 18:18:25 UTC 2013  1366049905 i-33333333
";

/// Plants one generation as a classic tool left it: with tags, and with nothing on record. What the
/// oldest one's instance ran from nobody knows, so its source_image is empty.
fn add_generation(sandbox: &Sandbox, number: usize) {
    let (id, instance, created, date) = GENERATIONS[number];
    let parent = number.checked_sub(1).map(|before| GENERATIONS[before].0);
    sandbox.image(HOME, |image| {
        image.id = id.to_owned();
        set_created(image, created);
        set_tag(image, "source_image", parent.unwrap_or_default());
        set_tag(image, "source_region", HOME);
        set_tag(image, "source_instance", instance);
        set_tag(image, "create_date", date);
        set_tag(image, "create_timestamp", &created.to_string());
    });
}

#[test]
fn the_classic_example_comes_out_to_the_byte() {
    let sandbox = sandbox();
    (0..3).for_each(|number| add_generation(&sandbox, number));
    ancestors(&sandbox, &["-C", "ami-55555555"])
        .run()
        .expect()
        .stdout_is(TABLE)
        .done();
    ancestors(&sandbox, &["ami-55555555"])
        .run()
        .expect()
        .stdout_is("ami-55555555\nami-44444444\nami-33333333\n")
        .done();
}

#[test]
fn each_generation_makes_the_line_one_longer() {
    let sandbox = sandbox();
    let (header, rows) = TABLE.split_once('\n').expect("a header");
    let rows: Vec<&str> = rows.lines().collect();
    for (number, (image, ..)) in GENERATIONS.iter().enumerate() {
        add_generation(&sandbox, number);
        let mut expected = vec![header];
        expected.extend(&rows[rows.len() - 1 - number..]);
        ancestors(&sandbox, &["-C", image])
            .run()
            .expect()
            .stdout_is(&lines(&expected))
            .done();
    }
}

#[test]
fn the_classic_example_seen_from_above() {
    let sandbox = sandbox();
    (0..3).for_each(|number| add_generation(&sandbox, number));
    children(&sandbox, &["-C", "ami-33333333"])
        .run()
        .expect()
        .stdout_is(
            "\
IMAGE_ID      CREATE_DATE                   CREATE_TS  SOURCE_INSTANCE      SOURCE_IMAGE
ami-44444444  Tue Apr 16 18:18:25 UTC 2013  1366136305 i-44444444           ami-33333333
ami-55555555  Wed Apr 17 18:18:25 UTC 2013  1366222705 i-55555555           ami-44444444
",
        )
        .done();
}

#[test]
fn images_that_ami_create_image_makes_are_a_line_back_to_amazon_s() {
    let sandbox = sandbox();
    let mut line = vec![AMAZON.to_owned()];
    for _ in 0..3 {
        let image = line.last().expect("an image").clone();
        let instance = sandbox.instance(HOME, |seed| seed.image = image);
        let made = tool("ami-create-image")
            .sandbox(&sandbox)
            .args([&instance])
            .run()
            .expect()
            .stdout_has("ami-")
            .done();
        line.push(made.stdout.trim_end().to_owned());
    }
    let expected: String = line.iter().rev().map(|id| format!("{id}\n")).collect();
    ancestors(&sandbox, &[&line[3]])
        .run()
        .expect()
        .stdout_is(&expected)
        .done();
    let script = format!(
        "ami-describe-ancestors {} | tail -n 1 | ami describe-children -",
        line[3]
    );
    let below: String = line[1..].iter().map(|id| format!("{id}\n")).collect();
    shell(&script)
        .sandbox(&sandbox)
        .run()
        .expect()
        .stdout_is(&below)
        .done();
}
