use std::collections::BTreeSet;
use std::ffi::OsString;

use ami_cli::parse::parse;

use super::{ROWS, World};
use crate::tables::TOOLS;

#[test]
fn rows_can_be_told_apart_and_measure_tools_that_there_are() {
    let names: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), ROWS.len());
    for row in ROWS {
        let program = row.tool.line.split(' ').next();
        let known = TOOLS.iter().any(|tool| program == Some(tool.spec.name));
        assert!(known, "{}", row.tool.line);
    }
}

#[test]
fn our_commands_are_what_the_tools_read() {
    for row in ROWS {
        let mut words = row.tool.line.split(' ');
        let program = words.next();
        let tool = TOOLS.iter().find(|tool| program == Some(tool.spec.name));
        let spec = tool.map(|tool| tool.spec).expect("a tool of ours");
        let parsed = parse(spec, words.map(OsString::from).collect());
        assert!(parsed.is_ok(), "{}: {parsed:?}", row.name);
    }
}

#[test]
fn what_is_named_is_there() {
    for row in ROWS {
        let is_there = |word: &str| match word {
            "{image}" => matches!(row.world, World::Images(_) | World::Quick(_)),
            "{root}" | "{deepest}" => matches!(row.world, World::Family(_)),
            "{disk}" => matches!(row.world, World::Disk(_) | World::FileSystem(_)),
            "{directory}" => matches!(row.world, World::FileSystem(_)),
            word => !word.contains('{'),
        };
        for run in [&row.tool, &row.peer] {
            let has_images = matches!(row.world, World::Images(_));
            assert!(run.line.split(' ').all(is_there), "{}", row.name);
            assert!(!run.reads_images || has_images, "{}", row.name);
        }
    }
}
