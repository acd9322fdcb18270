//! What of the descendants is shown.

use std::collections::HashSet;

use ami_lineage::family::Descendant;

/// Of descendants, parents first, those that are listed and what lies between them and a root: an
/// image that is gone, or somebody else's, only leads to the others.
pub(crate) fn with_what_leads_to<'f>(
    found: &[Descendant<'f>],
    is_listed: impl Fn(&Descendant<'f>) -> bool,
) -> Vec<Descendant<'f>> {
    let mut leads = HashSet::new();
    let mut kept = Vec::with_capacity(found.len());
    for descendant in found.iter().rev() {
        if is_listed(descendant) || leads.contains(&descendant.member.located) {
            leads.extend(descendant.member.origin.parent.clone());
            kept.push(*descendant);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::with_what_leads_to;
    use ami_core::reference::{Located, Reference};
    use ami_lineage::family::{Family, Member, Standing};
    use ami_lineage::origin::Origin;

    fn located(number: usize) -> Located {
        let reference: Reference = format!("ami-{number:08x}@us-east-1")
            .parse()
            .expect("a reference");
        reference.locate(|| unreachable!("it says its region"))
    }

    /// What is left of a family whose numbers have these parents, where these are listed.
    fn kept(members: &[(usize, usize)], listed: &[usize]) -> Vec<Located> {
        let mut family = Family::default();
        for (number, parent) in members {
            let mut member = Member::bare(located(*number), Standing::Gone);
            member.origin = Origin {
                parent: Some(located(*parent)),
                ..Origin::default()
            };
            family.insert(member);
        }
        let (roots, listed) = ([located(0)], all(listed));
        let found = family.descent().of(&roots, usize::MAX, |_| {});
        let kept = with_what_leads_to(&found, |one| listed.contains(&one.member.located));
        kept.iter().map(|one| one.member.located.clone()).collect()
    }

    fn all(numbers: &[usize]) -> Vec<Located> {
        numbers.iter().map(|number| located(*number)).collect()
    }

    #[test]
    fn branches_that_lead_to_nothing_listed_are_left_out() {
        let family = [(1, 0), (2, 1), (3, 2), (4, 1), (5, 0), (6, 5)];
        assert_eq!(kept(&family, &[2]), all(&[1, 2]));
        assert_eq!(kept(&family, &[3, 5]), all(&[1, 2, 3, 5]));
        assert_eq!(kept(&family, &[]), []);
    }
}
