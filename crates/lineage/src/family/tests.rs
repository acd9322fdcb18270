//! Walks through families, up and down.

use super::{End, Family, Member, Standing};
use crate::origin::Origin;
use ami_core::reference::{Located, Reference};
use ami_core::time::Moment;

/// An image in a region that does not matter here.
fn located(number: usize) -> Located {
    let text = format!("ami-{number:08x}@us-east-1");
    let reference: Reference = text.parse().expect("a reference");
    reference.locate(|| unreachable!("it says its region"))
}

/// A family of numbers: each with its parent, made at the second of its number.
fn family(members: &[(usize, Option<usize>)]) -> Family {
    let mut family = Family::default();
    for (number, parent) in members {
        family.insert(member(*number, *parent, *number as i64));
    }
    family
}

fn member(number: usize, parent: Option<usize>, second: i64) -> Member {
    Member {
        origin: Origin {
            parent: parent.map(located),
            created: Moment::from_timestamp(second),
            ..Origin::default()
        },
        ..Member::bare(located(number), Standing::Unknown)
    }
}

fn line(family: &Family, start: usize) -> (Vec<Located>, End) {
    let line = family.line(&located(start));
    let members = line.members.iter().map(|member| member.located.clone());
    (members.collect(), line.end)
}

fn all(numbers: &[usize]) -> Vec<Located> {
    numbers.iter().map(|number| located(*number)).collect()
}

/// What descends from the roots: who, in which generation, of whom.
fn below(family: &Family, roots: &[usize], depth: usize) -> Vec<(Located, usize, Located)> {
    let found = family.descent();
    let roots = all(roots);
    let found = found.of(&roots, depth, |root| panic!("{root} is in no circle"));
    found
        .iter()
        .map(|one| (one.member.located.clone(), one.generation, one.of.clone()))
        .collect()
}

/// The same, with the roots that are in a circle.
fn below_circles(family: &Family, roots: &[usize]) -> (Vec<Located>, Vec<Located>) {
    let (roots, mut circles) = (all(roots), Vec::new());
    let descent = family.descent();
    let found = descent.of(&roots, usize::MAX, |root| circles.push(root.clone()));
    let found = found.iter().map(|one| one.member.located.clone()).collect();
    (found, circles)
}

#[test]
fn a_line_ends_with_a_root_an_unknown_parent_or_a_circle() {
    let family = family(&[
        (1, None),
        (2, Some(1)),
        (3, Some(2)),
        (4, Some(99)),
        (5, Some(6)),
        (6, Some(5)),
        (7, Some(6)),
        (8, Some(8)),
    ]);
    assert_eq!(line(&family, 3), (all(&[3, 2, 1]), End::Root));
    assert_eq!(line(&family, 4), (all(&[4]), End::Missing(located(99))));
    assert_eq!(line(&family, 77), (all(&[]), End::Missing(located(77))));
    assert_eq!(line(&family, 5), (all(&[5, 6]), End::Circle(located(5))));
    assert_eq!(line(&family, 7), (all(&[7, 6, 5]), End::Circle(located(6))));
    assert_eq!(line(&family, 8), (all(&[8]), End::Circle(located(8))));
}

#[test]
fn an_image_with_the_same_id_elsewhere_is_another() {
    let mut family = family(&[(1, None), (2, Some(1))]);
    let mut abroad = member(1, Some(2), 9);
    abroad.located.region = "eu-west-1".parse().expect("a region");
    family.insert(abroad.clone());
    let line = family.line(&abroad.located);
    assert_eq!((line.members.len(), line.end), (3, End::Root));
}

#[test]
fn descendants_are_counted_from_the_nearest_root() {
    let family = family(&[
        (1, None),
        (2, Some(1)),
        (3, Some(2)),
        (4, Some(3)),
        (5, Some(1)),
    ]);
    let one = |number, generation, of| (located(number), generation, located(of));
    assert_eq!(
        below(&family, &[1], usize::MAX),
        [one(2, 1, 1), one(3, 2, 1), one(4, 3, 1), one(5, 1, 1)]
    );
    for roots in [[1, 3], [3, 1]] {
        assert_eq!(
            below(&family, &roots, usize::MAX),
            [one(2, 1, 1), one(3, 2, 1), one(4, 1, 3), one(5, 1, 1)],
        );
        assert_eq!(
            below(&family, &roots, 1),
            [one(2, 1, 1), one(4, 1, 3), one(5, 1, 1)]
        );
    }
    assert_eq!(below(&family, &[4, 99], usize::MAX), []);
}

#[test]
fn parents_come_first_also_where_a_child_claims_to_be_older() {
    let mut family = family(&[(1, None), (5, Some(1)), (7, Some(1))]);
    family.insert(member(3, Some(5), -1000));
    let mut undated = member(9, Some(7), 0);
    undated.origin.created = None;
    family.insert(undated);
    let found = below(&family, &[1], usize::MAX);
    let order: Vec<Located> = found.into_iter().map(|(located, ..)| located).collect();
    assert_eq!(order, all(&[5, 3, 7, 9]));
}

#[test]
fn a_root_in_a_circle_is_told_and_does_not_descend_from_itself() {
    let family = family(&[
        (1, Some(3)),
        (2, Some(1)),
        (3, Some(2)),
        (4, Some(3)),
        (8, Some(8)),
    ]);
    assert_eq!(below_circles(&family, &[1]), (all(&[2, 3, 4]), all(&[1])));
    assert_eq!(below_circles(&family, &[8]), (all(&[]), all(&[8])));
}

#[test]
fn a_root_below_a_circle_is_a_descendant_like_any_other() {
    let family = family(&[(1, Some(2)), (2, Some(1)), (3, Some(2)), (4, Some(3))]);
    assert_eq!(
        below_circles(&family, &[1, 3]),
        (all(&[2, 3, 4]), all(&[1]))
    );
}

#[test]
fn a_line_of_any_length_is_walked() {
    let members: Vec<_> = (0..100_000)
        .map(|number: usize| (number, number.checked_sub(1)))
        .collect();
    let family = family(&members);
    assert_eq!(family.line(&located(99_999)).members.len(), 100_000);
    assert_eq!(below(&family, &[0], usize::MAX).len(), 99_999);
}

#[test]
fn an_image_comes_after_its_parents_also_where_roots_lie_between() {
    // 3 claims to be younger than the root 4 below it, and 4's child is as old as 4.
    let mut family = family(&[(1, None), (4, Some(3)), (5, Some(4))]);
    family.insert(member(3, Some(1), 2030));
    let one = |number, generation, of| (located(number), generation, located(of));
    for roots in [[1, 4], [4, 1]] {
        assert_eq!(
            below(&family, &roots, usize::MAX),
            [one(3, 1, 1), one(4, 2, 1), one(5, 1, 4)]
        );
        // Deeper than is walked from the other, it begins a walk of its own.
        assert_eq!(below(&family, &roots, 1), [one(5, 1, 4), one(3, 1, 1)]);
    }
    assert_eq!(
        below(&family, &[1, 4, 3], usize::MAX),
        [one(3, 1, 1), one(4, 1, 3), one(5, 1, 4)]
    );
}

#[test]
fn roots_in_the_same_circle_are_told_each() {
    let family = family(&[(1, Some(4)), (2, Some(1)), (3, Some(2)), (4, Some(3))]);
    let (found, mut circles) = below_circles(&family, &[1, 3]);
    circles.sort();
    assert_eq!((found, circles), (all(&[2, 4]), all(&[1, 3])));
}

#[test]
fn a_line_all_of_whose_images_are_roots_is_walked() {
    let numbers: Vec<usize> = (0..20_000).collect();
    let members: Vec<_> = numbers
        .iter()
        .map(|number| (*number, number.checked_sub(1)))
        .collect();
    assert_eq!(
        below(&family(&members), &numbers, usize::MAX).len(),
        numbers.len() - 1
    );
}
