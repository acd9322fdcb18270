//! The tables of the report.

use std::fmt::Write;
use std::fs;

use super::pairs::{Measured, Versus};
use super::rows::{Row, Run};
use crate::tables::TOOLS;
use crate::workspace::Workspace;

const HEADING: &str = "
| row | wall | peer | × | CPU | peer | × | peak | peer | size × | goals |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
";
const ABSENT: &str = "not installed (--peers)";

/// The table of what was measured, and the commands behind its rows.
/// Where a row was not measured it says why.
pub fn rows(lines: &[(&Row, Result<Measured, &str>)]) -> String {
    let mut out = HEADING.to_owned();
    for (row, measured) in lines {
        let cells = match measured {
            Ok(measured) => cells(row, measured),
            Err(why) => format!("{why} | | | | | | | | | "),
        };
        let _ = writeln!(out, "| {} | {cells} |", row.name);
    }
    out.push('\n');
    for (row, _) in lines {
        let _ = writeln!(
            out,
            "* {}: {}; `{}` beside `{}`",
            row.name,
            row.job,
            typed(&row.tool),
            typed(&row.peer)
        );
    }
    out
}

/// A command as one would type it, without the keys, which are nobody's.
fn typed(run: &Run) -> String {
    let mut out = String::new();
    let variables = run.variables.iter();
    for (name, value) in variables.filter(|(name, _)| !name.contains("_KEY")) {
        let _ = write!(out, "{name}={value} ");
    }
    out.push_str(run.line);
    if run.reads_images {
        out.push_str(" <images");
    }
    out
}

fn cells(row: &Row, measured: &Measured) -> String {
    let peer =
        |show: &dyn Fn(&Versus) -> String| measured.peer.as_ref().map_or(ABSENT.to_owned(), show);
    let times = |show: &dyn Fn(&Versus) -> f64| {
        let times = measured.peer.as_ref().map(show);
        times.map_or("-".to_owned(), |times| format!("{times:.1}"))
    };
    let size_times = measured.peer.as_ref().and_then(|versus| versus.size_times);
    let goals: Vec<_> = row
        .goals
        .iter()
        .map(|goal| goal.verdict(measured))
        .collect();
    [
        time(measured.tool.wall),
        peer(&|versus| time(versus.figures.wall)),
        times(&|versus| versus.wall_times),
        time(measured.tool.cpu),
        peer(&|versus| time(versus.figures.cpu)),
        times(&|versus| versus.cpu_times),
        size(measured.tool.peak),
        peer(&|versus| size(versus.figures.peak)),
        size_times.map_or("-".to_owned(), |times| format!("{times:.4}")),
        goals.join("; "),
    ]
    .join(" | ")
}

/// How large each program is. The profile strips them, so this is what is installed.
pub fn sizes(workspace: &Workspace) -> Result<String, String> {
    let mut out = "\n| program | size, stripped |\n| --- | ---: |\n".to_owned();
    for tool in TOOLS {
        let program = workspace.program(tool.spec.name);
        let data = fs::metadata(&program);
        let data = data.map_err(|error| format!("{}: {error}", program.display()))?;
        let _ = writeln!(out, "| {} | {} |", tool.spec.name, size(data.len() as f64));
    }
    Ok(out)
}

fn time(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

fn size(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::bench::figures::Figures;
    use crate::bench::pairs::{Measured, Versus};
    use crate::bench::rows::ROWS;

    #[test]
    fn every_line_of_the_table_has_as_many_cells_as_its_head() {
        let figures = Figures {
            wall: 0.0123,
            cpu: 0.0045,
            peak: 12.3e6,
        };
        let versus = Versus {
            figures,
            wall_times: 33.33,
            cpu_times: 70.0,
            size_times: Some(1.03),
        };
        let peers = [Some(versus), None];
        let mut lines: Vec<_> = peers
            .into_iter()
            .map(|peer| {
                (
                    &ROWS[2],
                    Ok(Measured {
                        tool: figures,
                        peer,
                    }),
                )
            })
            .collect();
        lines.push((&ROWS[0], Err("failed")));
        let table = rows(&lines);
        let mut cells = table
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.matches('|').count());
        assert!(cells.all(|count| count == 12), "{table}");
        assert!(
            table.contains("12.3 ms | 12.3 ms | 33.3 | 4.5 ms"),
            "{table}"
        );
        assert!(table.contains(" | 1.0300 | "), "{table}");
        assert!(table.contains("not installed (--peers) | - |"), "{table}");
    }
}
