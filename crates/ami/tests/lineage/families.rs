//! Families that are planted alike for both tools and for every format: each function plants one, with
//! fixed IDs, names and times, and gives its references as they are printed at home, the oldest first.

use std::time::Duration;

use ami_sandbox::{Client, Image, Sandbox};

use crate::{ABROAD, AMAZON, HOME};

/// 2026-01-01T00:00:00Z, which is day 0 of all families.
const DAY_0: u64 = 1_767_225_600;

/// Plants an image that is called `reference` at home and was made on that day.
pub(crate) fn plant(
    sandbox: &Sandbox,
    reference: &'static str,
    name: &str,
    day: u64,
    fill: impl FnOnce(&mut Image),
) -> &'static str {
    let (id, region) = split(reference);
    sandbox.image(region, |image| {
        image.id = id.to_owned();
        image.name = name.to_owned();
        set_created(image, DAY_0 + day * 86_400);
        fill(image);
    });
    reference
}

/// Sets when an image was made, in Unix seconds.
pub(crate) fn set_created(image: &mut Image, seconds: u64) {
    image.created = image.created.replace_nanosecond(0).expect("a moment");
    let now = u64::try_from(image.created.unix_timestamp()).expect("a time after 1970");
    image.created += Duration::from_secs(seconds);
    image.created -= Duration::from_secs(now);
}

/// EC2 has recorded the parent.
pub(crate) fn record(image: &mut Image, parent: &str) {
    let (id, region) = split(parent);
    image.source_image = Some(id.to_owned());
    image.source_region = Some(region.to_owned());
}

/// Tags name the parent.
pub(crate) fn tag(image: &mut Image, parent: &str) {
    let (id, region) = split(parent);
    set_tag(image, "source_image", id);
    set_tag(image, "source_region", region);
}

pub(crate) fn set_tag(image: &mut Image, key: &str, value: &str) {
    image.tags.insert(key.to_owned(), value.to_owned());
}

fn split(reference: &str) -> (&str, &str) {
    reference.split_once('@').unwrap_or((reference, HOME))
}

/// Made of instances: tags and EC2's record agree, on the instance too.
pub(crate) fn created(sandbox: &Sandbox) -> [&'static str; 3] {
    let child = |image: &mut Image, parent: &str, instance: &str| {
        record(image, parent);
        tag(image, parent);
        image.source_instance = Some(instance.to_owned());
        set_tag(image, "source_instance", instance);
    };
    let first = plant(sandbox, "ami-00000c01", "base", 1, |_| {});
    let second = plant(sandbox, "ami-00000c02", "web-1", 2, |image| {
        child(image, first, "i-00000c02");
    });
    let third = plant(sandbox, "ami-00000c03", "web-2", 3, |image| {
        child(image, second, "i-00000c03");
    });
    [first, second, third]
}

/// Copied into two regions in turn, of which only EC2's record tells.
pub(crate) fn copied(sandbox: &Sandbox) -> [&'static str; 3] {
    let first = plant(sandbox, "ami-0000c001", "web", 1, |_| {});
    let second = plant(sandbox, "ami-0000c002@eu-west-1", "web", 2, |image| {
        record(image, first);
    });
    let third = plant(sandbox, "ami-0000c003@ap-south-1", "web", 3, |image| {
        record(image, second);
    });
    [first, second, third]
}

/// Made by ami-create-image, and then copied abroad with all its tags. The copy has an ID of EC2's.
pub(crate) fn copied_with_tags(sandbox: &Sandbox) -> [String; 3] {
    let first = plant(sandbox, "ami-0000c101", "base", 1, |_| {});
    let second = plant(sandbox, "ami-0000c102", "web", 2, |image| {
        record(image, first);
        tag(image, first);
        image.source_instance = Some("i-0000c102".to_owned());
        set_tag(image, "source_instance", "i-0000c102");
        set_tag(image, "create_timestamp", "1767398400");
        set_tag(image, "create_date", "20260103T000000Z");
        set_tag(
            image,
            "ami_tools_run",
            "5a8a1ba4-bb4f-4b4b-9be4-3a5d9e9d2f51",
        );
    });
    let third = copy_with_tags(sandbox, second);
    [first.to_owned(), second.to_owned(), third]
}

/// Lets EC2 copy an image from home abroad.
fn copy_with_tags(sandbox: &Sandbox, source: &str) -> String {
    let environment = sandbox.environment();
    let value = |name: &str| {
        let mut pairs = environment.iter();
        let (_, value) = pairs.find(|(key, _)| *key == name).expect(name);
        value.clone()
    };
    let mut client = Client::on_loopback(sandbox.endpoint()).expect("loopback");
    client.access_key = value("AWS_ACCESS_KEY_ID");
    client.secret_key = value("AWS_SECRET_ACCESS_KEY");
    client.region = ABROAD.to_owned();
    let params = [
        ("SourceImageId", source),
        ("SourceRegion", HOME),
        ("Name", "web"),
        ("CopyImageTags", "true"),
    ];
    let params = params.map(|(key, value)| (key.to_owned(), value.to_owned()));
    client.call("CopyImage", &params).expect("a copy");
    let mut images = sandbox.images(ABROAD).into_iter();
    let copy = images.find(|image| image.source_image.as_deref() == Some(source));
    format!("{}@{ABROAD}", copy.expect("the copy").id)
}

/// Registered from a snapshot, of which only the tags tell where it comes from.
pub(crate) fn registered(sandbox: &Sandbox) -> [&'static str; 2] {
    let first = plant(sandbox, "ami-00005e01", "base", 1, |_| {});
    let second = plant(sandbox, "ami-00005e02", "registered", 2, |image| {
        tag(image, first);
        set_tag(image, "source_snapshot", "snap-00005e01");
    });
    [first, second]
}

/// Two who descend from the same image, and one more generation below the younger.
pub(crate) fn forked(sandbox: &Sandbox) -> [&'static str; 4] {
    let root = plant(sandbox, "ami-0000f001", "base", 1, |_| {});
    let left = plant(sandbox, "ami-0000f002", "left", 2, |image| tag(image, root));
    let right = plant(sandbox, "ami-0000f003", "right", 3, |image| {
        record(image, root)
    });
    let below = plant(sandbox, "ami-0000f004", "below", 4, |image| {
        record(image, right)
    });
    [root, left, right, below]
}

/// The oldest comes from a public image of Amazon.
pub(crate) fn public_root(sandbox: &Sandbox) -> [&'static str; 3] {
    let first = plant(sandbox, "ami-0000ab01", "base", 1, |image| {
        record(image, AMAZON)
    });
    let second = plant(sandbox, "ami-0000ab02", "web", 2, |image| {
        record(image, first)
    });
    [AMAZON, first, second]
}

/// The parent belongs to another account, which shares it or not.
pub(crate) fn of_another_account(sandbox: &Sandbox, is_shared: bool) -> [&'static str; 2] {
    let me = sandbox.account().to_owned();
    let parent = plant(sandbox, "ami-0000aa01", "theirs", 1, |image| {
        image.owner = "210987654321".to_owned();
        if is_shared {
            image.shared_with.insert(me);
        }
    });
    let child = plant(sandbox, "ami-0000aa02", "mine", 2, |image| {
        record(image, parent)
    });
    [parent, child]
}

/// The middle one of three was deregistered.
pub(crate) fn without_middle(sandbox: &Sandbox) -> [&'static str; 3] {
    let first = plant(sandbox, "ami-00009001", "base", 1, |_| {});
    let middle = plant(sandbox, "ami-00009002", "web-1", 2, |image| {
        record(image, first);
    });
    let last = plant(sandbox, "ami-00009003", "web-2", 3, |image| {
        record(image, middle);
    });
    sandbox.deregister(middle);
    [first, middle, last]
}

/// The tag of the last says another parent than EC2: the first is the tag's, the second EC2's.
pub(crate) fn contradicted(sandbox: &Sandbox) -> [&'static str; 3] {
    let tagged = plant(sandbox, "ami-0000dd01", "by tag", 1, |_| {});
    let recorded = plant(sandbox, "ami-0000dd02", "by record", 2, |_| {});
    let child = plant(sandbox, "ami-0000dd03", "torn", 3, |image| {
        record(image, recorded);
        tag(image, tagged);
    });
    [tagged, recorded, child]
}

/// Two images whose tags name each other, and one that was made from the second.
pub(crate) fn circle(sandbox: &Sandbox) -> [&'static str; 3] {
    let (first, second) = ("ami-0000cc01", "ami-0000cc02");
    plant(sandbox, first, "hen", 1, |image| tag(image, second));
    plant(sandbox, second, "egg", 2, |image| tag(image, first));
    let below = plant(sandbox, "ami-0000cc03", "chick", 3, |image| {
        tag(image, second);
    });
    [first, second, below]
}

/// An image whose tag names itself.
pub(crate) fn own_source(sandbox: &Sandbox) -> &'static str {
    let itself = "ami-00005e1f";
    plant(sandbox, itself, "self-made", 1, |image| tag(image, itself))
}

/// The oldest with a child for each tag that cannot be read, of all of which EC2 has the record.
pub(crate) fn malformed(sandbox: &Sandbox) -> [&'static str; 5] {
    let parent = plant(sandbox, "ami-0000ba01", "base", 1, |_| {});
    let child = |reference: &'static str, day: u64, key: &str, value: &str| {
        plant(sandbox, reference, key, day, |image| {
            record(image, parent);
            set_tag(image, key, value);
        })
    };
    [
        parent,
        child("ami-0000ba02", 2, "source_image", "web"),
        child("ami-0000ba03", 3, "source_region", "Ireland"),
        child("ami-0000ba04", 4, "source_instance", "ami-0000ba01"),
        child("ami-0000ba05", 5, "create_timestamp", "yesterday"),
    ]
}

/// Names that a terminal, Graphviz, Mermaid or a browser would obey, and one without an end.
pub(crate) fn hostile(sandbox: &Sandbox) -> [&'static str; 4] {
    let child = |reference: &'static str, name: &str, day: u64| {
        plant(sandbox, reference, name, day, |image| {
            record(image, "ami-0000ee01");
        })
    };
    [
        plant(sandbox, "ami-0000ee01", crate::hostile::HOSTILE, 1, |_| {}),
        child(
            "ami-0000ee02",
            "</text><script>alert(1)</script>]]>&amp;",
            2,
        ),
        child(
            "ami-0000ee03",
            "\"]; end %%{init: {}}%% --> \\N \\l `#quot;` **b**",
            3,
        ),
        child("ami-0000ee04", &"漢".repeat(128), 4),
    ]
}

/// A line by EC2's record in which all but the first and the last were deregistered.
pub(crate) fn long_forgotten(sandbox: &Sandbox, generations: usize) -> Vec<String> {
    let ids: Vec<String> = (0..generations)
        .map(|number| format!("ami-{number:08x}"))
        .collect();
    for (number, id) in ids.iter().enumerate() {
        sandbox.image(HOME, |image| {
            image.id.clone_from(id);
            set_created(image, DAY_0 + 60 * number as u64);
            if let Some(parent) = number.checked_sub(1) {
                record(image, &ids[parent]);
            }
        });
    }
    for id in &ids[1..generations - 1] {
        sandbox.deregister(id);
    }
    ids
}

/// A line by tags of so many generations, the oldest first, beside others that have no parent. All
/// are spread over the regions in turn, and over the pages of their lists, which are in the order of
/// IDs.
pub(crate) fn crowd(
    sandbox: &Sandbox,
    regions: &[&str],
    images: usize,
    generations: usize,
) -> Vec<String> {
    let mut line: Vec<String> = Vec::with_capacity(generations);
    for number in 0..images {
        let region = regions[number % regions.len()];
        let id = sandbox.image(region, |image| {
            image.id = scattered(number);
            image.mappings.clear();
            set_created(image, DAY_0 + 60 * number as u64);
            if let Some(parent) = line.last().filter(|_| number < generations) {
                tag(image, parent);
            }
        });
        if number < generations {
            line.push(format!("{id}@{region}"));
        }
    }
    line
}

/// An ID of its own for each number, so that neighbours lie far apart.
fn scattered(number: usize) -> String {
    let number = u32::try_from(number).expect("a small number");
    format!("ami-{:08x}", number.wrapping_mul(0x9e37_79b1))
}
