//! Runs the two commands of a row in turn.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bundles::Bundles;
use super::disk;
use super::figures::{Figures, median};
use super::file_system;
use super::igzip;
use super::peer::Peer;
use super::rows::{Row, Run, World};
use crate::sandbox::{self, Sandbox};
use crate::workspace::Workspace;

/// What all rows are measured with.
pub struct Bench<'a> {
    /// Where the tools are.
    pub workspace: &'a Workspace,
    /// Where the peer is.
    pub peer: &'a Peer,
    /// How many pairs.
    pub runs: usize,
}

/// What a row took.
pub struct Measured {
    /// The tool's medians.
    pub tool: Figures,
    /// Nothing where the peer is not installed.
    pub peer: Option<Versus>,
}

/// The peer's side.
pub struct Versus {
    /// Its medians.
    pub figures: Figures,
    /// How many times the tool's wall time it takes: the median over the pairs.
    pub wall_times: f64,
    /// The same of CPU.
    pub cpu_times: f64,
    /// How many times as large as what it makes is what the tool makes, where they make something that
    /// has a size.
    pub size_times: Option<f64>,
}

impl Bench<'_> {
    /// Measures a row: tool, peer, tool, peer, so that what else the machine does meets both alike.
    pub fn measure(&self, row: &Row) -> Result<Measured, String> {
        let mut place = Place::of(&row.world, self.workspace)?;
        let ours = match row.tool.igzip {
            true => igzip::program(self.workspace),
            false => self.workspace.program(program(&row.tool)),
        };
        let theirs = self.peer.program(program(&row.peer));
        let mut tool = Vec::new();
        let mut peer = Vec::new();
        let mut sizes = (None, None);
        // The first run of each finds cold caches and is not counted, but what it makes is looked at.
        for number in 0..=self.runs {
            let counted = number > 0;
            if number > 0 && matches!(row.world, World::Disk(_)) {
                // What was uploaded fills the disk, and is gone with its sandbox.
                drop(place);
                place = Place::of(&row.world, self.workspace)?;
            }
            let figures = place.run(&ours, &row.tool)?;
            match counted {
                true => tool.push(figures),
                false => sizes.0 = place.check(&row.tool)?,
            }
            if let Some(theirs) = &theirs {
                let figures = place.run(theirs, &row.peer)?;
                match counted {
                    true => peer.push(figures),
                    false => sizes.1 = place.check(&row.peer)?,
                }
            }
        }
        let size_times = sizes.0.zip(sizes.1);
        let size_times = size_times.map(|(tool, peer)| tool as f64 / peer as f64);
        Ok(Measured::of(&tool, &peer, size_times))
    }
}

impl Measured {
    fn of(tool: &[Figures], peer: &[Figures], size_times: Option<f64>) -> Self {
        let times = |figure: fn(&Figures) -> f64| {
            // No process takes less than a microsecond, which is what the kernel counts in.
            let ratio = |(tool, peer)| figure(peer) / figure(tool).max(1e-6);
            median(tool.iter().zip(peer).map(ratio))
        };
        Self {
            tool: Figures::medians(tool),
            peer: (!peer.is_empty()).then(|| Versus {
                figures: Figures::medians(peer),
                wall_times: times(|run| run.wall),
                cpu_times: times(|run| run.cpu),
                size_times,
            }),
        }
    }
}

fn program(run: &Run) -> &'static str {
    run.line.split(' ').next().unwrap_or_default()
}

/// A world that is there.
struct Place {
    sandbox: Option<Sandbox>,
    /// Words of command lines, and what stands for them here.
    words: [(&'static str, String); 5],
    /// All images, for standard input.
    list: PathBuf,
    /// Where commands make and open bundles.
    bundles: Option<Bundles>,
}

impl Place {
    fn of(world: &World, workspace: &Workspace) -> Result<Self, String> {
        let sandbox = match world {
            World::Nothing | World::FileSystem(_) | World::Bundling | World::Bundled => None,
            World::Images(number) => {
                let arguments = ["--images", &number.to_string()];
                Some(Sandbox::start_with(workspace, &arguments)?)
            }
            World::Quick(number) => {
                let arguments = ["--image-time", "0", "--images", &number.to_string()];
                Some(Sandbox::start_with(workspace, &arguments)?)
            }
            World::Family(number) => {
                let arguments = ["--family", &number.to_string()];
                Some(Sandbox::start_with(workspace, &arguments)?)
            }
            World::Disk(disk) => {
                let time = disk.block_time.to_string();
                let data = workspace.target.join("bench-data");
                fs::create_dir_all(&data)
                    .map_err(|error| format!("{}: {error}", data.display()))?;
                let data = data.display().to_string();
                let arguments = ["--pace", "0", "--block-time", &time, "--data", &data];
                Some(Sandbox::start_with(workspace, &arguments)?)
            }
        };
        let disk = match world {
            World::Disk(disk) => disk::file(disk, workspace)?.display().to_string(),
            World::FileSystem(size) => file_system::file(*size, workspace)?.display().to_string(),
            _ => String::new(),
        };
        let directory = match world {
            World::FileSystem(_) => file_system::mount_point(workspace)?.display().to_string(),
            _ => String::new(),
        };
        let images: Vec<&str> = sandbox.iter().flat_map(Sandbox::images).collect();
        let image = images.first().copied().unwrap_or_default().to_owned();
        let relative = |name: &str| {
            let told = |name: &str| {
                sandbox
                    .as_ref()
                    .map_or("", |sandbox| sandbox.variable(name))
            };
            let name = format!("FAMILY_{name}");
            format!("{}@{}", told(&name), told(&format!("{name}_REGION")))
        };
        let words = [
            ("{image}", image),
            ("{root}", relative("ROOT")),
            ("{deepest}", relative("DEEPEST")),
            ("{disk}", disk),
            ("{directory}", directory),
        ];
        let list = workspace.target.join("bench-images.txt");
        fs::write(&list, images.join("\n") + "\n")
            .map_err(|error| format!("{}: {error}", list.display()))?;
        Ok(Self {
            sandbox,
            words,
            list,
            bundles: Bundles::of(world, workspace)?,
        })
    }

    /// Runs a command once, by a process that has no other child.
    fn run(&self, program: &Path, run: &Run) -> Result<Figures, String> {
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(this);
        match &self.sandbox {
            Some(sandbox) => sandbox.lead(&mut command),
            None => sandbox::detach(&mut command),
        };
        if let Some(bundles) = &self.bundles {
            bundles.clear()?;
            command.current_dir(bundles.directory());
        }
        command.args(["bench-child", "--"]);
        if let Some(script) = run.script {
            command.args(["sh", "-c", script]);
        }
        command
            .arg(program)
            .args(run.line.split(' ').skip(1).map(|word| self.fill_in(word)))
            .envs(run.variables.iter().copied())
            .stdin(self.input(run)?);
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        match Figures::read(&String::from_utf8_lossy(&output.stdout)) {
            Some((figures, status)) if status == run.status => Ok(figures),
            Some((_, status)) => Err(format!(
                "{}: status {status} instead of {}: {}",
                run.line,
                run.status,
                said.trim_end()
            )),
            None => Err(format!("{}: {}", run.line, said.trim_end())),
        }
    }

    /// Looks at what a command has made, where it makes something, and gives its size in bytes, where
    /// that matters.
    fn check(&self, run: &Run) -> Result<Option<u64>, String> {
        let checked = self.bundles.as_ref().map_or(Ok(None), Bundles::check);
        checked.map_err(|error| format!("{}: {error}", run.line))
    }

    fn fill_in(&self, word: &str) -> String {
        let mut words = self.words.iter();
        let known = words.find(|(name, _)| *name == word);
        known.map_or(word, |(_, value)| value).to_owned()
    }

    fn input(&self, run: &Run) -> Result<Stdio, String> {
        if !run.reads_images {
            return Ok(Stdio::null());
        }
        let file = File::open(&self.list);
        file.map(Stdio::from)
            .map_err(|error| format!("{}: {error}", self.list.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Measured};

    fn run(wall: f64, cpu: f64) -> Figures {
        Figures {
            wall,
            cpu,
            peak: 1.0,
        }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_pairs() {
        let tool = [run(1.0, 1.0), run(2.0, 0.0), run(4.0, 1.0)];
        let peer = [run(10.0, 3.0), run(60.0, 1.0), run(80.0, 2.0)];
        let measured = Measured::of(&tool, &peer, Some(1.5));
        let versus = measured.peer.expect("was measured");
        assert_eq!((versus.wall_times, versus.cpu_times), (20.0, 3.0));
        assert_eq!(versus.size_times, Some(1.5));
        assert_eq!((measured.tool.wall, versus.figures.wall), (2.0, 60.0));
        assert!(Measured::of(&tool, &[], None).peer.is_none());
    }
}
