//! The ages in a tree, which change from day to day, taken out of it.

/// What stands for every age that is known.
const WORD: &str = "AGE";

/// A line of a tree.
struct Row<'t> {
    /// All before the age.
    before: &'t str,
    /// The age, with the blanks up to the state.
    cell: &'t str,
    /// The state and all after it.
    after: &'t str,
}

/// The tree with a word in place of every age. That ages and states stand below each other is
/// checked here, because their column has one width from now on.
#[track_caller]
pub(super) fn without_ages(tree: &str) -> String {
    let rows: Vec<_> = tree.lines().map(Row::read).collect();
    let known = || rows.iter().flatten();
    let longest = known().map(|row| row.age().len()).max().unwrap_or(0);
    let begin = known().next().map_or(0, Row::begin);
    let mut changed = String::new();
    for row in &rows {
        if let Some(row) = row {
            assert_eq!(row.begin(), begin, "where ages begin:\n{tree}");
            assert_eq!(
                row.end(),
                begin + longest + 2,
                "where states begin:\n{tree}"
            );
            changed.push_str(&row.without_age());
        }
        changed.push('\n');
    }
    changed
}

impl<'t> Row<'t> {
    /// None for the empty line between two families.
    fn read(line: &'t str) -> Option<Self> {
        if line.is_empty() {
            return None;
        }
        // The lines that join images hold blanks, and references hold none.
        let reference = line.find("ami-").expect("a reference");
        let begin = next_word(line, reference);
        let end = next_word(line, begin);
        let row = Row {
            before: &line[..begin],
            cell: &line[begin..end],
            after: &line[end..],
        };
        assert!(row.age() == "-" || is_age(row.age()), "an age: {line}");
        Some(row)
    }

    fn age(&self) -> &'t str {
        self.cell.trim_end()
    }

    /// The column in which the age begins.
    fn begin(&self) -> usize {
        self.before.chars().count()
    }

    /// The column in which the state begins.
    fn end(&self) -> usize {
        self.begin() + self.cell.len()
    }

    fn without_age(&self) -> String {
        let word = if self.age() == "-" { "-" } else { WORD };
        let Row { before, after, .. } = self;
        format!("{before}{word:<width$}  {after}", width = WORD.len())
    }
}

/// Where the word after the one at `place` begins.
fn next_word(line: &str, place: usize) -> usize {
    let rest = line[place..].trim_start_matches(|letter| letter != ' ');
    line.len() - rest.trim_start_matches(' ').len()
}

/// Is it a number and a unit?
fn is_age(word: &str) -> bool {
    let number = word.strip_suffix(['s', 'm', 'h', 'd', 'y']);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

#[test]
fn ages_and_nothing_else_are_replaced() {
    let tree = "\
o ami-00000001               320d  available  3d 4h
├─● ami-00000002@eu-west-1   -     gone       -
│ o ami-00000003             9s    pending    1y  used by 2d

o ami-00000004               1y    available  -
";
    let without = "\
o ami-00000001               AGE  available  3d 4h
├─● ami-00000002@eu-west-1   -    gone       -
│ o ami-00000003             AGE  pending    1y  used by 2d

o ami-00000004               AGE  available  -
";
    assert_eq!(without_ages(tree), without);
}
