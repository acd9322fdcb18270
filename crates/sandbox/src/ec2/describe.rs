//! What all Describe calls of resources share: IDs, filters, pages, and reading as time passing.

use crate::config::Settings;
use crate::model::Resource;
use crate::model::store::Store;
use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::world::Region;

use super::filters::{Filters, tag_values};

/// A kind of resource that can be described.
pub(crate) trait Describe: Resource {
    /// What changes as time passes, as one read has seen it.
    type View;

    /// The filters that look at the view; all others look at what stays.
    const MOVING: &'static [&'static str];

    /// Reads the resource, which makes its time pass.
    fn view(&self, region: &Region) -> Self::View;

    /// The values that a filter of what stays looks at; none when it looks at nothing.
    fn values(&self, region: &Region, filter: &str) -> Vec<String>;

    /// The values that a filter of what moves looks at.
    fn moving(&self, view: &Self::View, filter: &str) -> Vec<String>;
}

/// The common part of the parameters of a Describe call.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) ids: Vec<String>,
    filters: Filters,
    page: Page,
    set: &'static str,
}

#[derive(Debug)]
struct Page {
    max: Option<usize>,
    token: Option<String>,
}

/// What a Describe call found, and how to go on.
pub(crate) type Found<'r, T> = (Vec<(&'r T, <T as Describe>::View)>, Option<String>);

impl Query {
    /// Takes `IDS.N`, `Filter.N`, `MaxResults` and `NextToken`. `set` is EC2's inner name of the list of
    /// IDs, for the message that forbids them beside MaxResults.
    pub(crate) fn take(
        params: &Params,
        ids: &str,
        set: &'static str,
        known: &[&str],
    ) -> Result<Self, ApiError> {
        let page = Page {
            max: params.number("MaxResults")?,
            token: params.opt("NextToken"),
        };
        Ok(Query {
            ids: params.strings(ids),
            filters: Filters::take(params, known)?,
            page,
            set,
        })
    }

    /// The resources that the caller may know of (`open`), that the other parameters of the call name
    /// (`listed`) and that pass the filters.
    pub(crate) fn select<'r, T: Describe>(
        &self,
        region: &'r Region,
        store: &'r Store<T>,
        settings: Settings,
        account: &str,
        open: impl Fn(&T) -> bool,
        listed: impl Fn(&T) -> bool,
    ) -> Result<Found<'r, T>, ApiError> {
        let finder = Finder {
            filters: &self.filters,
            region,
            account,
        };
        if self.ids.is_empty() {
            self.page.check()?;
            let fits = |row: &T| open(row) && listed(row) && finder.stays(row);
            return self
                .page
                .turn(store, settings, fits, |row| finder.moves(row));
        }
        if self.page.max.is_some() {
            let message = format!(
                "The parameter {} cannot be used with the parameter maxResults",
                self.set
            );
            return Err(ApiError::combination(message));
        }
        let rows = self.named(store, open)?;
        let fits = rows
            .into_iter()
            .filter(|row| listed(row) && finder.stays(*row));
        Ok((fits.filter_map(|row| finder.moves(row)).collect(), None))
    }

    /// The resources of the IDs; all that cannot be seen are named in one error.
    fn named<'r, T: Resource>(
        &self,
        store: &'r Store<T>,
        open: impl Fn(&T) -> bool,
    ) -> Result<Vec<&'r T>, ApiError> {
        T::KIND.check_all(&self.ids)?;
        let mut ids: Vec<&str> = Vec::new();
        for id in &self.ids {
            if !ids.contains(&&**id) {
                ids.push(id);
            }
        }
        let seen = |id: &str| store.get(id).filter(|row| open(row) && row.veil().look());
        let rows: Vec<_> = ids.iter().map(|id| (*id, seen(id))).collect();
        let unknown: Vec<&str> = rows
            .iter()
            .filter(|row| row.1.is_none())
            .map(|row| row.0)
            .collect();
        if !unknown.is_empty() {
            return Err(T::KIND.not_found(&unknown));
        }
        Ok(rows.into_iter().filter_map(|row| row.1).collect())
    }
}

/// Takes a list of accounts, such as `Owner.N`, in which some words stand for accounts too. EC2 error
/// codes, InvalidUserID.Malformed: the owner or executableBy must be an account ID.
pub(crate) fn take_accounts(
    params: &Params,
    name: &str,
    words: &[&str],
) -> Result<Vec<String>, ApiError> {
    let accounts = params.strings(name);
    let is_account = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    let mut given = accounts.iter();
    match given.find(|id| !is_account(id) && !words.contains(&id.as_str())) {
        Some(id) => {
            let message = format!("Invalid user id: \"{id}\"");
            Err(ApiError::client("InvalidUserID.Malformed", message))
        }
        None => Ok(accounts),
    }
}

/// Applies the filters of a call.
struct Finder<'f, 'r> {
    filters: &'f Filters,
    region: &'r Region,
    account: &'f str,
}

impl Finder<'_, '_> {
    fn stays<T: Describe>(&self, row: &T) -> bool {
        self.filters.pass(
            |name| !T::MOVING.contains(&name),
            |name| {
                if name == "tag-key" || name.starts_with("tag:") {
                    // Nobody sees the tags of another account's resources.
                    let own = row.owner() == self.account;
                    return tag_values(name, row.tags().iter().filter(|_| own));
                }
                row.values(self.region, name)
            },
        )
    }

    fn moves<'r, T: Describe>(&self, row: &'r T) -> Option<(&'r T, T::View)> {
        let view = row.view(self.region);
        let pass = self.filters.pass(
            |name| T::MOVING.contains(&name),
            |name| row.moving(&view, name),
        );
        pass.then_some((row, view))
    }
}

impl Page {
    /// API reference, "Pagination": from 5 to 1000.
    fn check(&self) -> Result<(), ApiError> {
        let Some(max) = self.max else { return Ok(()) };
        let expected = match max {
            0..5 => "Expecting a value greater than 5.",
            5..=1000 => return Ok(()),
            _ => "Expecting a value less than 1000.",
        };
        let message = format!("Value ( {max} ) for parameter maxResults is invalid. {expected}");
        Err(ApiError::client("InvalidParameterValue", message))
    }

    fn turn<'r, T: Describe>(
        &self,
        store: &'r Store<T>,
        settings: Settings,
        fits: impl Fn(&T) -> bool,
        moves: impl Fn(&'r T) -> Option<(&'r T, T::View)>,
    ) -> Result<Found<'r, T>, ApiError> {
        let (place, number) = self.token.as_deref().map_or(Ok((0, 1)), parse_token)?;
        let paged = self.max.is_some() || self.token.is_some();
        let wanted = self
            .max
            .unwrap_or(1000)
            .min(settings.page_size.unwrap_or(usize::MAX));
        let limit = if paged { wanted } else { usize::MAX };
        let mut rows = store
            .after(place)
            .filter(|(_, row)| fits(row) && row.veil().look())
            .peekable();
        let is_empty_turn = settings
            .empty_pages
            .is_some_and(|n| n > 0 && number % n == 0);
        if paged && is_empty_turn && rows.peek().is_some() {
            return Ok((Vec::new(), Some(token(place, number + 1))));
        }
        let (mut found, mut last) = (Vec::new(), place);
        while found.len() < limit {
            let Some((at, row)) = rows.next() else { break };
            last = at;
            found.extend(moves(row));
        }
        let more = rows.peek().is_some();
        Ok((found, more.then(|| token(last, number + 1))))
    }
}

/// A token says where the next page begins and which one it is. Clients must not look inside.
fn token(place: u64, number: u32) -> String {
    format!(
        "{:016x}{:08x}",
        place ^ 0x5eed_5eed_5eed_5eed,
        number ^ 0x0dd0_0dd0
    )
}

fn parse_token(token: &str) -> Result<(u64, u32), ApiError> {
    let place = token
        .get(..16)
        .and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let number = token
        .get(16..)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let both = place
        .zip(number)
        .map(|(p, n)| (p ^ 0x5eed_5eed_5eed_5eed, n ^ 0x0dd0_0dd0));
    both.ok_or_else(|| {
        let message = "The specified pagination token is not valid or is expired.";
        ApiError::client("InvalidPaginationToken", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_can_be_read_back() {
        assert_eq!(parse_token(&token(1234, 5)), Ok((1234, 5)));
        assert_eq!(
            parse_token("abc").unwrap_err().code,
            "InvalidPaginationToken"
        );
    }

    #[test]
    fn pages_have_5_to_1000_items() {
        let check = |max| {
            Page {
                max: Some(max),
                token: None,
            }
            .check()
            .is_ok()
        };
        assert_eq!([4, 5, 1000, 1001].map(check), [false, true, true, false]);
    }
}
