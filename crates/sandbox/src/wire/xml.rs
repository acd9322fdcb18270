//! Writes the XML of answers.

use std::fmt::{Display, Write};

use time::OffsetDateTime;
use time::macros::format_description;

/// XML in the making: elements in the order in which they are written.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn new() -> Self {
        Xml::default()
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        let value = value.to_string();
        let _ = write!(self.0, "<{name}>");
        escape_into(&value, &mut self.0);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// An element with text, or nothing.
    pub(crate) fn opt(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Text without an element of its own, for lists of plain words.
    pub(crate) fn raw(&mut self, value: impl Display) -> &mut Self {
        escape_into(&value.to_string(), &mut self.0);
        self
    }

    /// An element with elements.
    pub(crate) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) -> &mut Self {
        let _ = write!(self.0, "<{name}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// An EC2 list: an element with one `item` for each.
    pub(crate) fn list<I: IntoIterator>(
        &mut self,
        name: &str,
        items: I,
        mut each: impl FnMut(&mut Xml, I::Item),
    ) -> &mut Self {
        self.element(name, |xml| {
            for item in items {
                xml.element("item", |xml| each(xml, item));
            }
        })
    }

    /// An EC2 list that is left out when it is empty.
    pub(crate) fn tags<'a>(
        &mut self,
        tags: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> &mut Self {
        let mut tags = tags.peekable();
        if tags.peek().is_none() {
            return self;
        }
        self.list("tagSet", tags, |xml, (key, value)| {
            xml.text("key", key).text("value", value);
        })
    }

    /// `<return>true</return>`, the whole answer of many calls.
    pub(crate) fn done() -> Self {
        let mut xml = Xml::new();
        xml.text("return", true);
        xml
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A moment as EC2 writes it: `2026-11-20T20:54:46.000Z`.
pub(crate) fn timestamp(moment: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
    moment
        .to_offset(time::UtcOffset::UTC)
        .format(format)
        .unwrap_or_default()
}

fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Written plainly, a parser would turn a carriage return into a line feed, and refuse
            // the others.
            c if c < ' ' && c != '\n' && c != '\t' => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn text_is_escaped() {
        let mut xml = Xml::new();
        xml.text("name", "a<b>&\"c\"\r");
        assert_eq!(
            xml.as_str(),
            "<name>a&lt;b&gt;&amp;&quot;c&quot;&#xD;</name>"
        );
    }

    #[test]
    fn lists_have_items() {
        let mut xml = Xml::new();
        xml.list("set", ["a", "b"], |xml, id| {
            xml.text("id", id);
        });
        assert_eq!(
            xml.as_str(),
            "<set><item><id>a</id></item><item><id>b</id></item></set>"
        );
    }

    #[test]
    fn moments_have_milliseconds_and_are_utc() {
        assert_eq!(
            timestamp(datetime!(2026-01-02 03:04:05 +1)),
            "2026-01-02T02:04:05.000Z"
        );
    }
}
