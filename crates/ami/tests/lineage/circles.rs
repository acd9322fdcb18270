//! Tags that lead in a circle.

use crate::{ancestors, children, families, lines, sandbox};

#[test]
fn tags_that_lead_in_a_circle_end_the_line_with_a_warning() {
    let sandbox = sandbox();
    let [first, second, below] = families::circle(&sandbox);
    for (start, line, last, back) in [
        (first, vec![first, second], second, first),
        (second, vec![second, first], first, second),
        (below, vec![below, second, first], first, second),
    ] {
        ancestors(&sandbox, &[start])
            .run()
            .expect()
            .stdout_is(&lines(&line))
            .stderr_is(&format!(
                "ami-describe-ancestors: {last}: its source is {back}, which descends from it; the \
                 line ends here, because a tag source_image between the two is wrong\n"
            ))
            .done();
    }
}

#[test]
fn tags_that_lead_in_a_circle_are_told_and_what_is_below_is_shown() {
    let sandbox = sandbox();
    let [first, second, below] = families::circle(&sandbox);
    children(&sandbox, &[first])
        .run()
        .expect()
        .stdout_is(&lines(&[second, below]))
        .stderr_is(&format!(
            "ami-describe-children: {first}: tags source_image make it its own descendant\n"
        ))
        .done();
}

#[test]
fn what_descends_from_a_circle_is_not_taken_for_a_part_of_it() {
    let sandbox = sandbox();
    let [first, second, below] = families::circle(&sandbox);
    // Asked about beside the circle, the one below is still a descendant, and its own line is well.
    children(&sandbox, &[first, below])
        .run()
        .expect()
        .stdout_is(&lines(&[second, below]))
        .stderr_is(&format!(
            "ami-describe-children: {first}: tags source_image make it its own descendant\n"
        ))
        .done();
}
