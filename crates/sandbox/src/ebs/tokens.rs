//! Tokens of blocks and of pages: what they are of cannot be seen in them, and they end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

use super::error::validation;
use crate::wire::error::ApiError;

const SECRET: usize = 32;
const MAC: usize = 16;

/// What tokens are made with, another in every sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Tokens([u8; SECRET]);

/// Where a page begins, and the how manyth it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) start: u64,
    pub(super) number: u32,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        let mut secret = [0; SECRET];
        // Without random numbers the tokens are those of other sandboxes, which harms nobody.
        let _ = getrandom::fill(&mut secret);
        Tokens(secret)
    }

    /// The token of a block of a snapshot.
    pub(super) fn of_block(&self, snapshot: &str, index: u64, end: OffsetDateTime) -> String {
        self.seal("block", snapshot, &index.to_be_bytes(), end)
    }

    /// Refuses what is not a token of this block.
    pub(super) fn check_block(
        &self,
        token: &str,
        snapshot: &str,
        index: u64,
    ) -> Result<(), ApiError> {
        let payload = self.open("block", snapshot, token);
        if payload.as_deref() == Some(&index.to_be_bytes()) {
            return Ok(());
        }
        // The reference has the reason, not the words.
        Err(validation(
            "INVALID_BLOCK_TOKEN",
            "The block token is not valid or has expired.",
        ))
    }

    /// The token of a further page of a list of these snapshots.
    pub(super) fn of_page(&self, list: &str, page: Page, life: std::time::Duration) -> String {
        let mut payload = page.start.to_be_bytes().to_vec();
        payload.extend(page.number.to_be_bytes());
        self.seal("page", list, &payload, after(life))
    }

    /// Reads the token of a page of the same list.
    pub(super) fn read_page(&self, token: &str, list: &str) -> Result<Page, ApiError> {
        let payload = self.open("page", list, token);
        let halves = payload
            .as_deref()
            .and_then(|bytes| bytes.split_first_chunk());
        let page = halves.and_then(|(start, number)| {
            Some(Page {
                start: u64::from_be_bytes(*start),
                number: u32::from_be_bytes(number.try_into().ok()?),
            })
        });
        let message = "The page token is not valid or has expired.";
        page.ok_or_else(|| validation("INVALID_PAGE_TOKEN", message))
    }

    fn seal(&self, purpose: &str, of: &str, payload: &[u8], end: OffsetDateTime) -> String {
        let mut bytes = end.unix_timestamp().to_be_bytes().to_vec();
        bytes.extend(payload);
        bytes.extend(self.mac(purpose, of, &bytes));
        STANDARD.encode(bytes)
    }

    fn open(&self, purpose: &str, of: &str, token: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(token).ok()?;
        let (sealed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let (end, payload) = sealed.split_first_chunk()?;
        let is_ours = self.mac(purpose, of, sealed) == *mac;
        let is_good = OffsetDateTime::now_utc().unix_timestamp() < i64::from_be_bytes(*end);
        (is_ours && is_good).then(|| payload.to_vec())
    }

    fn mac(&self, purpose: &str, of: &str, payload: &[u8]) -> [u8; MAC] {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            // HMAC takes keys of any length.
            return [0; MAC];
        };
        let mac = mac
            .chain_update(purpose)
            .chain_update(of)
            .chain_update(payload);
        let whole = mac.finalize().into_bytes();
        let mut short = [0; MAC];
        short.copy_from_slice(&whole[..MAC]);
        short
    }
}

/// The moment after a time from now.
pub(super) fn after(life: std::time::Duration) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::try_from(life).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: std::time::Duration = std::time::Duration::from_secs(60);

    #[test]
    fn a_token_is_of_one_block_and_one_sandbox() {
        let (tokens, others) = (Tokens::new(), Tokens::new());
        let token = tokens.of_block("snap-1", 7, after(LONG));
        assert_eq!(tokens.check_block(&token, "snap-1", 7), Ok(()));
        assert!(tokens.check_block(&token, "snap-1", 8).is_err());
        assert!(tokens.check_block(&token, "snap-2", 7).is_err());
        assert!(others.check_block(&token, "snap-1", 7).is_err());
        let ended = tokens.of_block("snap-1", 7, OffsetDateTime::UNIX_EPOCH);
        assert!(tokens.check_block(&ended, "snap-1", 7).is_err());
        // The model: at most 256 of these characters.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        assert!(token.len() <= 256 && token.bytes().all(is_plain));
    }

    #[test]
    fn a_token_of_a_page_leads_on_in_its_list_only() {
        let tokens = Tokens::new();
        let page = Page {
            start: 9,
            number: 2,
        };
        let token = tokens.of_page("snap-1", page, LONG);
        assert_eq!(tokens.read_page(&token, "snap-1"), Ok(page));
        let wrong = tokens.read_page(&token, "snap-2").unwrap_err();
        assert_eq!(wrong.reason, Some("INVALID_PAGE_TOKEN"));
        assert!(tokens.read_page("nonsense", "snap-1").is_err());
    }
}
