//! By what a second run knows what the first has made: a digest of the request in the copy's tags.

use ami_core::reference::Located;
use ami_core::region::Region;
use sha2::{Digest, Sha256};

use crate::request::{Naming, Request};

/// Hexadecimal digits that are kept: enough for no two requests of one account ever to meet.
const LENGTH: usize = 32;

/// The digest of what is asked for of one image in one region. What becomes of the copy when it is
/// ready is not part of it: it can be done again to the same copy.
pub(crate) fn digest(request: &Request, source: &Located, destination: &Region) -> String {
    let mut hash = Sha256::new();
    // Each part is preceded by its length, so that no two lists of parts are the same text.
    let mut add = |part: &str| {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    };
    add("1");
    add(&source.to_string());
    add(destination.as_str());
    match &request.name {
        Naming::Source => add("source"),
        Naming::Explicit(name) => {
            add("name");
            add(name);
        }
        Naming::Automatic(prefix) => {
            add("prefix");
            add(prefix);
        }
    }
    add(request.description.as_deref().unwrap_or_default());
    add(if request.encrypt { "encrypted" } else { "" });
    add(request.keys.of(destination).unwrap_or_default());
    add(if request.copy_tags { "tags" } else { "" });
    let mut tags = request.tags.clone();
    tags.sort();
    for tag in &tags {
        add(&tag.key);
        add(&tag.value);
    }
    let mut digits: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.truncate(LENGTH);
    digits
}

#[cfg(test)]
mod tests {
    use super::digest;
    use crate::request::{Deprecation, Naming, Request, keys_of, plain};
    use ami_core::reference::Located;
    use ami_core::region::Region;
    use ami_core::tag::Tag;
    use ami_core::time::Moment;

    fn region(code: &str) -> Region {
        code.parse().expect(code)
    }

    fn located(id: &str, code: &str) -> Located {
        Located {
            id: id.parse().expect(id),
            region: region(code),
        }
    }

    /// The digest of one image's copy, after a change to the request.
    fn of(change: impl FnOnce(&mut Request)) -> String {
        let mut request = plain();
        change(&mut request);
        digest(
            &request,
            &located("ami-12345678", "us-east-1"),
            &region("eu-west-1"),
        )
    }

    fn tags(pairs: &[(&str, &str)]) -> Vec<Tag> {
        let pairs = pairs.iter();
        pairs.map(|(key, value)| Tag::new(*key, *value)).collect()
    }

    #[test]
    fn every_part_of_a_request_tells_it_from_others() {
        let (here, there) = (region("us-east-1"), region("eu-west-1"));
        let (image, other) = ("ami-12345678", "ami-87654321");
        let request = plain();
        let mut all = vec![
            of(|_| {}),
            digest(&request, &located(other, "us-east-1"), &there),
            digest(&request, &located(image, "us-east-2"), &there),
            digest(&request, &located(image, "us-east-1"), &here),
            of(|request| request.name = Naming::Explicit("web".to_owned())),
            of(|request| request.name = Naming::Explicit("web2".to_owned())),
            of(|request| request.name = Naming::Automatic("web".to_owned())),
            of(|request| request.description = Some("web".to_owned())),
            of(|request| request.encrypt = true),
            of(|request| request.keys = keys_of(&["alias/a"])),
            of(|request| request.keys = keys_of(&["eu-west-1=alias/b"])),
            of(|request| request.copy_tags = true),
            of(|request| request.tags = tags(&[("a", "b")])),
            of(|request| request.tags = tags(&[("ab", "")])),
            of(|request| request.tags = tags(&[("", "ab")])),
            of(|request| request.tags = tags(&[("a", "b"), ("c", "d")])),
        ];
        assert!(all.iter().all(|digest| digest.len() == 32));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_order_of_tags_and_other_regions_keys_are_no_difference() {
        assert_eq!(
            of(|request| request.tags = tags(&[("a", "1"), ("b", "2")])),
            of(|request| request.tags = tags(&[("b", "2"), ("a", "1")]))
        );
        assert_eq!(of(|_| {}), of(|r| r.keys = keys_of(&["us-west-2=alias/a"])));
        assert_eq!(
            of(|request| request.keys = keys_of(&["alias/a"])),
            of(|request| request.keys = keys_of(&["eu-west-1=alias/a"]))
        );
    }

    #[test]
    fn what_can_be_done_to_a_copy_that_is_there_is_no_difference() {
        let changed = of(|request| {
            request.life.share.public = true;
            request.life.share.accounts.push("210987654321".to_owned());
            request.life.carry = true;
            request.life.protect = true;
            request.life.deprecate = Some(Deprecation::At(Moment::now()));
            request.wait = Some(ami_core::wait::Rules::default());
            request.new = true;
            request.dry_run = true;
            request.completion_minutes = Some(15);
        });
        assert_eq!(changed, of(|_| {}));
    }

    /// It stands in the tags of copies that there are, so that another digest would make them all
    /// again.
    #[test]
    fn the_digest_of_a_request_stays_the_same() {
        assert_eq!(of(|_| {}), "92931cace8f5b9b211cfecae6dd0ceb9");
    }
}
