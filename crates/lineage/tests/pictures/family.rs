//! Families to draw.

use ami_core::escape::escape;
use ami_core::reference::{Located, Reference};
use ami_core::time::Moment;
use ami_lineage::picture::Node;

const DAY: i64 = 86400;

/// When all pictures are drawn.
pub fn now() -> Moment {
    Moment::from_compact("20200601T120000Z").expect("a moment")
}

/// An available image in the home region.
pub fn image(number: usize, parent: Option<usize>) -> Node {
    located(&format!("ami-{number:017x}@us-east-1"), parent)
}

fn located(reference: &str, parent: Option<usize>) -> Node {
    let home = "us-east-1".parse().expect("a region");
    let reference: Reference = reference.parse().expect("a reference");
    let located: Located = reference.locate(|| unreachable!());
    Node {
        reference: located.seen_from(Some(&home)),
        located,
        name: None,
        state: "available".to_owned(),
        is_gone: false,
        is_asked: false,
        created: None,
        contradiction: None,
        closes_circle: false,
        users: Some(Vec::new()),
        parent,
    }
}

fn named(mut node: Node, name: &str, days: i64) -> Node {
    node.name = Some(name.to_owned());
    node.created = Moment::from_timestamp(now().timestamp() - days * DAY);
    node
}

/// Two roots, a line, forks, a copy elsewhere, and an image that is gone in the middle.
pub fn mixed() -> Vec<Node> {
    let mut family = vec![
        named(
            image(0xa0, None),
            "al2023-ami-2023.3.20240131.0-kernel-6.1-x86_64",
            800,
        ),
        named(image(0xa1, Some(0)), "web-1", 400),
        image(0xa2, Some(1)),
        named(image(0xa3, Some(2)), "web-a", 2),
        named(image(0xa4, Some(1)), "web-b", 1),
        named(
            located("ami-00000000000000ee4@eu-west-1", Some(4)),
            "web-b",
            0,
        ),
        named(image(0xa5, Some(4)), "web-b-next", -1),
        named(image(0xb0, None), "database", 30),
        named(located("ami-12345678@us-east-1", Some(7)), "database-2", 3),
    ];
    family[1].is_asked = true;
    family[2].is_asked = true;
    family[2].is_gone = true;
    family[2].state = "deregistered?".to_owned();
    family[3].users = Some(vec![
        "i-0123456789abcdef0".to_owned(),
        "launch template web".to_owned(),
    ]);
    family[4].contradiction = Some("ami-000000000000000b0".to_owned());
    family[7].closes_circle = true;
    family[8].state = "pending".to_owned();
    family[8].users = None;
    family
}

/// Names and other texts that some reader of some format would obey.
pub fn hostile_texts() -> Vec<String> {
    let texts = [
        "\"quoted\" 'single' `code` [x] {y} (z) ]",
        "<b>bold</b> &amp; &lt; &#65; #quot; #60; fl#35;",
        "</text><script>alert(1)</script>",
        "]]> <!-- --> <?xml?> <![CDATA[",
        "line\nfeed \\n \\l \\N \\G \\E \\",
        "\u{1b}[31mred\u{1b}[0m\u{7}",
        "right \u{202e}tfel\u{2066} zero\u{200b}width\u{feff}",
        "a --> b -.-> c; end %%{init: {}}%%",
        "\"]; click n0 \"https://example.com\" subgraph end",
        "**bold** _it_ 1. one - two $$x$$ fa:fa-car style:x#1;",
        "https://example.com www.example.com a@example.com",
        "1. list",
        "- list",
        "ﬂ°°60¶ß",
        "🙂 é e\u{301} \u{fffe}",
        "<<b>html</b>>",
        " ",
        "",
    ];
    let mut texts = texts.map(str::to_owned).to_vec();
    texts.push("漢".repeat(256));
    texts
}

/// How a hostile text is shown.
pub fn shown(text: &str) -> String {
    escape(text).replace('\u{fffe}', "\u{fffd}")
}

/// A root with a child for each hostile text, which is its name, its user and what EC2 says of its
/// source, and at last one with a hostile state.
pub fn hostile() -> Vec<Node> {
    let mut family = vec![image(0, None)];
    for (number, text) in (1..).zip(hostile_texts()) {
        let mut node = named(image(number, Some(0)), &text, 1);
        node.users = Some(vec![text.clone()]);
        node.contradiction = Some(text);
        family.push(node);
    }
    let mut stated = image(family.len(), Some(0));
    stated.state = "\"\\N<b>\n".to_owned();
    family.push(stated);
    family
}

/// Each made of the last.
pub fn line(images: usize) -> Vec<Node> {
    (0..images)
        .map(|number| image(number, number.checked_sub(1)))
        .collect()
}

/// Each made of the last and copied, the copy first.
pub fn copied_line(images: usize) -> Vec<Node> {
    let parent = |number: usize| match number {
        0 => None,
        copy if copy % 2 == 1 => Some(copy - 1),
        next => Some(next - 2),
    };
    (0..images)
        .map(|number| image(number, parent(number)))
        .collect()
}

/// One root and its children.
pub fn fork(children: usize) -> Vec<Node> {
    (0..=children)
        .map(|number| image(number, (number > 0).then_some(0)))
        .collect()
}

/// Every image with two children, as long as the list goes.
pub fn binary(images: usize) -> Vec<Node> {
    (0..images)
        .map(|number| image(number, number.checked_sub(1).map(|number| number / 2)))
        .collect()
}

/// Long lines, forks and several roots, the same every time.
pub fn grown(images: usize) -> Vec<Node> {
    let mut chance = 88_172_645_463_325_252_u64;
    let mut below = |limit: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance >> 33).expect("31 bits") % limit
    };
    let mut parent = |number: usize| match below(200) {
        0..2 => None,
        2..140 => number.checked_sub(1),
        _ => number.checked_sub(1 + below(40)),
    };
    (0..images)
        .map(|number| image(number, parent(number)))
        .collect()
}
