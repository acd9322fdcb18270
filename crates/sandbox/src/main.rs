//! The program `ami-sandbox`: starts a sandbox, says where it is, and runs until it is told to stop.

mod call;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ami_sandbox::{Config, Family, LogSink, Look, Pace, Sandbox, Settings, ThisInstance};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
Usage: ami-sandbox [OPTION]...
  or:  ami-sandbox call [--region REGION] ACTION [KEY=VALUE]...
A small EC2 with EBS direct, S3, STS and instance metadata on loopback, for trying tools.

Prints the environment for AWS clients as KEY=value lines, then INSTANCE_N=ID, IMAGE_N=ID and FAMILY_
lines, then READY, and runs until standard input closes or SIGINT or SIGTERM comes:

  sleep 1d | ami-sandbox >env &
  export $(grep = env)

      --port N             port of EC2, EBS direct, S3 and STS (any free one)
      --metadata-port N    port of the metadata service (any free one)
      --image-time TIME    how long images are pending: 4000 (milliseconds, the default) or
                           3reads (that many describe calls)
      --pace TIME          how long snapshots, volumes and instances take to change (half a
                           second to two seconds)
      --invisible TIME     how long a new ID is unknown (0)
      --block-time N       milliseconds that EBS direct takes for every block that is written or
                           read, beside its work (0)
      --data DIR           where the bytes of snapshots, volumes and objects are kept while it runs (a
                           directory for temporary files)
      --devices DIR        make volumes that are attached to INSTANCE_1 loop devices, and show them
                           in DIR as Nitro does; needs root. In DIR, sys and dev stand for the
                           host's: export AMI_CHROOT_DEVICES_AT=DIR
      --page-size N        the most items on a page, however many are asked for
      --empty-pages N      every N-th page is empty and still carries a token
      --instances N        how many running instances there are (2)
      --images N           how many available images there are beside Amazon's (0)
      --region REGION      where they are, and the default region (us-east-1)
      --family N           plant N images over us-east-1, us-west-2 and eu-west-1, the first 1,001 of
                           which descend from each other in one line by their tags; announced as
                           FAMILY_ROOT, FAMILY_ROOT_REGION, FAMILY_DEEPEST, FAMILY_DEEPEST_REGION
      --show-ec2cert       print the certificate for which bundles are to be encrypted (PEM) and end
      --log FILE           write every call as a line of JSON; - is standard error
      --record FILE        add every answer, as it was sent, to a file as a line of JSON
  -h, --help               show this help

Limits have the sizes of EC2: 20 copies of snapshots into a region at once, and 5 public images in one.
As in new accounts, images cannot be made public before DisableImageBlockPublicAccess.

With call, asks EC2 on loopback for what no tool here does, and prints the XML of the answer. Parameters
have the names of the EC2 API reference:

  ami-sandbox call CopyImage SourceImageId=ami-... SourceRegion=us-east-1 Name=copy

The endpoint is AWS_ENDPOINT_URL, which must lie on loopback, the keys are AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, and the region is that of --region, else AWS_REGION or AWS_DEFAULT_REGION. The
exit status is 0 when EC2 did it, 1 when it did not, and 2 when the call is wrong in itself.
";

/// What the command line asks for.
struct Options {
    config: Config,
    instances: u32,
    images: u32,
    devices: Option<PathBuf>,
    family: Option<NonZeroUsize>,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "-h" || argument == "--help")
    {
        return report(io::stdout().lock().write_all(HELP.as_bytes()));
    }
    if arguments
        .iter()
        .any(|argument| argument == "--show-ec2cert")
    {
        let certificate = ami_sandbox::EC2_CERTIFICATE;
        return report(io::stdout().lock().write_all(certificate.as_bytes()));
    }
    if let Some((_, words)) = arguments.split_first().filter(|words| words.0 == "call") {
        return match call::Call::parse(words) {
            Ok(call) => report(call.run()),
            Err(message) => misused(&message),
        };
    }
    match parse(arguments) {
        Ok(options) => report(run(options)),
        Err(message) => misused(&message),
    }
}

/// Ends with what is wrong on the command line.
fn misused(message: &str) -> ExitCode {
    let usage = "Try 'ami-sandbox --help'.";
    let _ = writeln!(io::stderr().lock(), "ami-sandbox: {message}\n{usage}");
    ExitCode::from(2)
}

fn report(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "ami-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Options, String> {
    let arguments = split_equals(arguments);
    check_words(&arguments)?;
    let mut given = pico_args::Arguments::from_vec(arguments);
    let mut config = Config {
        settings: settings(),
        ..Config::default()
    };
    config.port = value(&mut given, "--port")?.unwrap_or(0);
    config.metadata_port = value(&mut given, "--metadata-port")?.unwrap_or(0);
    if let Some(text) = value::<String>(&mut given, "--image-time")? {
        config.settings.paces.image = parse_pace(&text)?;
    }
    if let Some(text) = value::<String>(&mut given, "--pace")? {
        let pace = parse_pace(&text)?;
        let paces = &mut config.settings.paces;
        (paces.snapshot, paces.volume, paces.instance) = (pace, pace, pace);
    }
    if let Some(text) = value::<String>(&mut given, "--invisible")? {
        config.settings.invisible = parse_pace(&text)?;
    }
    if let Some(millis) = value(&mut given, "--block-time")? {
        config.settings.block_delay = Duration::from_millis(millis);
    }
    config.data = value(&mut given, "--data")?;
    config.settings.page_size = value(&mut given, "--page-size")?;
    config.settings.empty_pages = value(&mut given, "--empty-pages")?;
    config.record = value(&mut given, "--record")?;
    if let Some(region) = value::<String>(&mut given, "--region")? {
        if config.regions.iter().all(|known| known.name != region) {
            return Err(format!("there is no region '{region}'"));
        }
        config.default_region = region;
    }
    config.log = match value::<String>(&mut given, "--log")?.as_deref() {
        None => LogSink::Nowhere,
        Some("-") => LogSink::Stderr,
        Some(path) => LogSink::File(path.into()),
    };
    let instances = value(&mut given, "--instances")?.unwrap_or(2);
    let images = value(&mut given, "--images")?.unwrap_or(0);
    let devices = value(&mut given, "--devices")?;
    let family = value(&mut given, "--family")?;
    Ok(Options {
        config,
        instances,
        images,
        devices,
        family,
    })
}

fn value<T>(given: &mut pico_args::Arguments, name: &'static str) -> Result<Option<T>, String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let value = given.opt_value_from_str(name);
    value.map_err(|error: pico_args::Error| format!("{name}: {error}"))
}

/// `--port=1` is `--port 1`.
fn split_equals(arguments: Vec<OsString>) -> Vec<OsString> {
    let halves = |word: OsString| match word.to_str().and_then(|word| word.split_once('=')) {
        Some((name, value)) if name.starts_with("--") => vec![name.into(), value.into()],
        _ => vec![word],
    };
    arguments.into_iter().flat_map(halves).collect()
}

/// Every option takes a value and may be given once; pico-args would take an option for a value, and
/// leave a repeated one lying.
fn check_words(arguments: &[OsString]) -> Result<(), String> {
    const KNOWN: [&str; 16] = [
        "--port",
        "--metadata-port",
        "--image-time",
        "--pace",
        "--invisible",
        "--block-time",
        "--data",
        "--devices",
        "--page-size",
        "--empty-pages",
        "--instances",
        "--images",
        "--family",
        "--region",
        "--log",
        "--record",
    ];
    let mut seen = BTreeSet::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let name = KNOWN.iter().find(|known| word == **known);
        let name = name.ok_or_else(|| format!("unexpected '{}'", word.display()))?;
        if !seen.insert(name) {
            return Err(format!("{name} is given twice"));
        }
        let value = words.next().and_then(|value| value.to_str());
        if value.is_none_or(|value| value.starts_with("--")) {
            return Err(format!("{name} needs a value"));
        }
    }
    Ok(())
}

/// Slow enough to see the waiting, quick enough not to be bored by it.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.paces.image = Pace::Millis(4000);
    settings.paces.snapshot = Pace::Millis(2000);
    settings.paces.volume = Pace::Millis(500);
    settings.paces.instance = Pace::Millis(2000);
    // The environment that the program prints has the right secret.
    settings.signatures = true;
    settings
}

fn parse_pace(text: &str) -> Result<Pace, String> {
    let wrong = |_| format!("'{text}' is neither milliseconds nor a number of reads");
    match text.strip_suffix("reads") {
        Some(reads) => reads.parse().map(Pace::Reads).map_err(wrong),
        None => text.parse().map(Pace::Millis).map_err(wrong),
    }
}

fn run(options: Options) -> io::Result<()> {
    let region = options.config.default_region.clone();
    let sandbox = Sandbox::start(options.config)?;
    let this = ThisInstance {
        region: region.clone(),
        instance_type: "t3.micro".into(),
        role: Some("sandbox".into()),
    };
    let mut instances = Vec::new();
    for number in 0..options.instances {
        instances.push(match number {
            0 => sandbox.become_instance(&this),
            n => sandbox.instance(&region, |seed| seed.add_volume("/dev/sdf", 10 + n)),
        });
    }
    if let Some(directory) = &options.devices {
        sandbox.show_devices(directory, Look::Nvme)?;
    }
    let images: Vec<String> = (0..options.images)
        .map(|_| sandbox.image(&region, |_| {}))
        .collect();
    let family = options.family.map(|size| sandbox.family(size.get()));
    announce(&sandbox, &instances, &images, family.as_ref())?;
    wait_for_the_end()
}

fn announce(
    sandbox: &Sandbox,
    instances: &[String],
    images: &[String],
    family: Option<&Family>,
) -> io::Result<()> {
    // Thousands of images are not written line by line.
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (key, value) in sandbox.environment() {
        writeln!(out, "{key}={value}")?;
    }
    for (name, ids) in [("INSTANCE", instances), ("IMAGE", images)] {
        for (number, id) in (1..).zip(ids) {
            writeln!(out, "{name}_{number}={id}")?;
        }
    }
    if let Some(family) = family {
        writeln!(out, "FAMILY_ROOT={}", family.root)?;
        writeln!(out, "FAMILY_ROOT_REGION={}", family.root_region)?;
        writeln!(out, "FAMILY_DEEPEST={}", family.deepest)?;
        writeln!(out, "FAMILY_DEEPEST_REGION={}", family.deepest_region)?;
    }
    writeln!(out, "READY")?;
    out.flush()
}

fn wait_for_the_end() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let (closed, is_closed) = tokio::sync::oneshot::channel();
        // A thread of its own, since a blocking read would keep the runtime from ending.
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut buffer = [0; 512];
            while matches!(stdin.read(&mut buffer), Ok(1..)) {}
            let _ = closed.send(());
        });
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = is_closed => {}
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_parse(words: &[&str]) -> Result<Options, String> {
        parse(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn a_pace_is_a_time_or_a_number_of_reads() {
        assert_eq!(parse_pace("250"), Ok(Pace::Millis(250)));
        assert_eq!(parse_pace("3reads"), Ok(Pace::Reads(3)));
        assert!(parse_pace("soon").is_err());
    }

    #[test]
    fn one_pace_is_for_all_but_images() {
        let words = ["--pace", "1reads", "--image-time=0", "--empty-pages", "2"];
        let settings = try_parse(&words).ok().unwrap().config.settings;
        let paces = settings.paces;
        assert_eq!(paces.image, Pace::Millis(0));
        for pace in [paces.snapshot, paces.volume, paces.instance] {
            assert_eq!(pace, Pace::Reads(1));
        }
        assert_eq!((settings.empty_pages, settings.page_size), (Some(2), None));
    }

    #[test]
    fn strangers_and_missing_values_are_refused() {
        for words in [
            &["--prot", "1"][..],
            &["word"],
            &["--port"],
            &["--port", "--log"],
            &["--port", "99999"],
            &["--port", "1", "--port", "2"],
            &["--region", "us-moon-1"],
            &["--images", "many"],
            &["--family", "0"],
            &["--block-time", "slow"],
        ] {
            assert!(try_parse(words).is_err(), "{words:?}");
        }
        let options = try_parse(&["--instances=0", "--images", "3", "--log", "-"])
            .ok()
            .unwrap();
        assert_eq!(
            (options.instances, options.images, options.config.log),
            (0, 3, LogSink::Stderr)
        );
    }
}
