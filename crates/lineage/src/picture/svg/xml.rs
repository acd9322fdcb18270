//! Text within XML.

/// Escapes what XML obeys, in text and in attributes. What it forbids altogether does
/// not occur in what is safe to show.
pub(super) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // The only two that are neither control characters nor allowed.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape_xml;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            escape_xml("<a href=\"x\">&']]>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;]]&gt;"
        );
    }
}
