//! Text made to fit, by the columns that it takes.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text, or as much of its beginning as leaves room for an ellipsis.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fitting = text.chars().take_while(|letter| {
        let width = letter.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    });
    fitting.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn by_columns_and_not_by_letters() {
        assert_eq!(shorten("web-1", 5), "web-1");
        assert_eq!(shorten("web-10", 5), "web-…");
        assert_eq!(shorten("東京都", 6), "東京都");
        assert_eq!(shorten("東京都庁", 6), "東京…");
    }
}
