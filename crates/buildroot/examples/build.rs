//! The smallest tool: runs a command in a disk file, by the helper beside it.
//!
//! ```text
//! build [--bind SOURCE:DESTINATION[:ro]]... [--region START:LENGTH] [--network none] [--memory N]
//!       [--pids N] [--user U] [--env K=V]... [--partition N] [--grow] [--bootable] [--host-programs] [--disposable]
//!       [--helper PATH] [--report FILE] [--grace MS] [--devices-at DIR] [--ready FILE]
//!       DISK COMMAND...
//! ```
//!
//! DISK is a file, a block device, or a volume ID with the name that it is attached by,
//! `vol-…=/dev/sdf`. FILE is made when the helper is ready and volumes may be attached.
//!
//! It ends as the command did, or with 125.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::io::Write;
    match linux::run() {
        Ok(code) => code.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "build: {error}");
            125.into()
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::ffi::OsString;
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use ami_buildroot::client::{Elevation, Helper, Order, open_disk, open_source};
    use ami_buildroot::protocol::{Bind, Build, Limits, Network, OpenVolume, Programs, Root};

    struct Wishes {
        build: Build,
        sources: Vec<PathBuf>,
        disk: PathBuf,
        helper: PathBuf,
        report: Option<PathBuf>,
        grace: Duration,
        devices_at: Option<PathBuf>,
        ready: Option<PathBuf>,
    }

    pub(super) fn run() -> Result<u8, Box<dyn Error>> {
        let wishes = parse()?;
        let devices_at = wishes.devices_at.as_deref();
        let mut helper = Helper::start_with(&wishes.helper, Elevation::needed(), devices_at)?;
        if let Some(path) = wishes.ready {
            std::fs::write(path, "")?;
        }
        let disk = match wishes.disk.to_str().and_then(|disk| disk.split_once('=')) {
            None => open_disk(&wishes.disk)?,
            Some((volume, attached_as)) => {
                let ask = OpenVolume {
                    volume: volume.to_owned(),
                    attached_as: attached_as.to_owned(),
                    timeout_ms: 5000,
                };
                helper.open_volume(&ask)?.device
            }
        };
        let sources = wishes.sources.iter().map(|path| open_source(path));
        let order = Order {
            build: wishes.build,
            disk,
            stdio: [
                std::io::stdin().as_fd().try_clone_to_owned()?,
                std::io::stdout().as_fd().try_clone_to_owned()?,
                std::io::stderr().as_fd().try_clone_to_owned()?,
            ],
            sources: sources.collect::<Result<_, _>>()?,
        };
        let running = helper.build(order)?;
        let stopper = running.stopper()?;
        let (mut signals, writer) = UnixStream::pair()?;
        for signal in [1, 2, 15] {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        std::thread::spawn(move || {
            while signals.read(&mut [0]).is_ok_and(|count| count > 0) {
                if stopper.stop(wishes.grace).is_err() {
                    return;
                }
            }
        });
        let report = running.wait(|_| {})?;
        if let Some(path) = wishes.report {
            std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
        }
        Ok(report.ended.code())
    }

    fn parse() -> Result<Wishes, Box<dyn Error>> {
        let mut wishes = Wishes {
            build: Build {
                root: Root::Find,
                grow: false,
                disposable: false,
                bootable: false,
                network: Network::Host,
                binds: Vec::new(),
                limits: Limits::default(),
                environment: Vec::new(),
                programs: Programs::Image,
                user: None,
                terminal: None,
                directory: None,
                command: Vec::new(),
            },
            sources: Vec::new(),
            disk: PathBuf::new(),
            helper: beside_us()?,
            report: None,
            grace: Duration::from_secs(5),
            devices_at: None,
            ready: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or("a value is missing");
            match word.as_str() {
                "--bind" => bind(&mut wishes, &value()?)?,
                "--region" => {
                    let value = value()?;
                    let (start, length) = value.split_once(':').ok_or("START:LENGTH")?;
                    let (start, length) = (start.parse()?, length.parse()?);
                    wishes.build.root = Root::Region { start, length };
                }
                "--partition" => wishes.build.root = Root::Partition(value()?.parse()?),
                "--network" => {
                    wishes.build.network = match value()?.as_str() {
                        "none" => Network::None,
                        _ => Network::Host,
                    }
                }
                "--memory" => wishes.build.limits.memory = Some(value()?.parse()?),
                "--pids" => wishes.build.limits.pids = Some(value()?.parse()?),
                "--user" => wishes.build.user = Some(value()?),
                "--directory" => wishes.build.directory = Some(value()?.into()),
                "--env" => {
                    let value = value()?;
                    let (name, value) = value.split_once('=').ok_or("NAME=VALUE")?;
                    wishes.build.environment.push((name.into(), value.into()));
                }
                "--grow" => wishes.build.grow = true,
                "--host-programs" => wishes.build.programs = Programs::Host,
                "--disposable" => wishes.build.disposable = true,
                "--bootable" => wishes.build.bootable = true,
                "--helper" => wishes.helper = value()?.into(),
                "--devices-at" => wishes.devices_at = Some(value()?.into()),
                "--ready" => wishes.ready = Some(value()?.into()),
                "--report" => wishes.report = Some(value()?.into()),
                "--grace" => wishes.grace = Duration::from_millis(value()?.parse()?),
                disk => {
                    wishes.disk = disk.into();
                    wishes.build.command = words.by_ref().map(OsString::from).collect();
                }
            }
        }
        Ok(wishes)
    }

    fn bind(wishes: &mut Wishes, value: &str) -> Result<(), Box<dyn Error>> {
        let (value, read_only) = match value.strip_suffix(":ro") {
            Some(value) => (value, true),
            None => (value, false),
        };
        let (source, destination) = value.split_once(':').ok_or("SOURCE:DESTINATION")?;
        wishes.sources.push(source.into());
        wishes.build.binds.push(Bind {
            destination: destination.into(),
            read_only,
        });
        Ok(())
    }

    /// The helper that was built together with this example.
    fn beside_us() -> Result<PathBuf, Box<dyn Error>> {
        let examples = std::env::current_exe()?;
        let built = examples.parent().and_then(Path::parent);
        Ok(built.ok_or("no directory")?.join("amichroot"))
    }
}
