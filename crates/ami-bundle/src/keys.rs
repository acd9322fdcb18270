//! Keys and certificates, as files that options name.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ami_bundle_format::{Certificate, Error as Wrong, PrivateKey};
use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};
use ami_core::escape::{escape, shell_word};
use ami_core::region::Region;
use zeroize::Zeroizing;

use crate::passphrase;

/// Where ec2-ami-tools and euca2ools have put EC2's certificates, as their packages and Amazon's guide
/// place them.
const CERTIFICATES: [&str; 4] = [
    "/etc/ec2/amitools",
    "/opt/aws/amitools/ec2/etc/ec2/amitools",
    "/usr/local/ec2/etc/ec2/amitools",
    "/usr/share/euca2ools/certs",
];
/// What says where ec2-ami-tools was unpacked.
const HOME: &str = "EC2_AMITOOL_HOME";
/// Regions whose EC2 has the certificate that all had at first: those of AWS's own partition that need
/// not be enabled, up to eu-north-1. Those after it have certificates of their own (the list of files in
/// ec2-ami-tools as Ubuntu 25.10 has it), as newer ones may have. With a wrong one a bundle is made that
/// EC2 cannot open.
const USUAL: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// A path that an option says.
pub(crate) fn path(args: &Args, option: &str) -> Result<Option<PathBuf>, Error> {
    let path = |text: &str| match text {
        "" => Err("a path is not empty"),
        text => Ok(PathBuf::from(text)),
    };
    Ok(args.value(option, path)?)
}

/// The private key of `--privatekey`, if it is given. A key with a passphrase asks for it on the
/// terminal.
pub(crate) async fn private_key(context: &Context) -> Result<Option<PrivateKey>, Error> {
    let Some(path) = path(&context.args, "privatekey")? else {
        return Ok(None);
    };
    let (text, about) = read(&path)?;
    let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
    let wrong = |why: Wrong| Error::new(Kind::Usage, why.to_string()).of(path.display());
    let key = match PrivateKey::from_pem(&text, None) {
        Err(Wrong::Passphrase(_)) => {
            let passphrase = passphrase::ask(context, &path).await?;
            PrivateKey::from_pem(&text, Some(&passphrase))
        }
        read => read,
    };
    let key = key.map_err(wrong)?;
    // Not of what is no key, such as a certificate by mistake.
    if about.permissions().mode() & 0o077 != 0 {
        let path = path.display().to_string();
        let text = format!(
            "{} can be read by others: chmod 600 {}",
            escape(&path),
            shell_word(&path)
        );
        context.progress.hint(&text);
    }
    Ok(Some(key))
}

/// The certificate of `--cert`, if it is given.
pub(crate) fn certificate(args: &Args) -> Result<Option<Certificate>, Error> {
    path(args, "cert")?
        .map(|path| certificate_at(&path))
        .transpose()
}

/// A pair of key and certificate, which a bundle needs.
pub(crate) async fn pair(context: &Context) -> Result<(PrivateKey, Certificate), Error> {
    let needed = |what: &str| {
        Error::usage(format!("a bundle needs {what}")).hint(
            "'openssl req -x509 -newkey rsa:2048 -sha256 -days 3650 -nodes -subj /CN=ami-tools \
             -keyout pk.pem -out cert.pem' makes a key and its certificate",
        )
    };
    let key = private_key(context)
        .await?
        .ok_or_else(|| needed("--privatekey"))?;
    let certificate = certificate(&context.args)?.ok_or_else(|| needed("--cert"))?;
    if !certificate.belongs_to(&key) {
        let what = "--privatekey does not belong to --cert: the bundle could not be opened again";
        return Err(Error::usage(what));
    }
    let now = SystemTime::now();
    let wrong = match (certificate.expired(now), certificate.is_early(now)) {
        (true, _) => Some("has expired"),
        (_, true) => Some("is not valid yet"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        let subject = escape(certificate.subject());
        let text =
            format!("the certificate of --cert ({subject}) {wrong}; bundles do without that");
        context.progress.hint(&text);
    }
    Ok((key, certificate))
}

/// The certificate of EC2 that is in a file.
pub(crate) fn ec2_certificate_at(path: &Path) -> Result<Certificate, Error> {
    certificate_at(path)
}

/// The certificate of EC2 in a region, where other tools have put it.
pub(crate) fn ec2_certificate_of(region: &Region) -> Result<Certificate, Error> {
    let home = std::env::var_os(HOME).map(|home| PathBuf::from(home).join("etc/ec2/amitools"));
    let directories = home.into_iter().chain(CERTIFICATES.map(PathBuf::from));
    let directories: Vec<PathBuf> = directories.collect();
    let names = names(region.as_str());
    let mut places = directories.iter().flat_map(|directory| {
        let names = names.iter();
        names
            .map(move |name| directory.join(name))
            .collect::<Vec<_>>()
    });
    match places.find(|place| place.is_file()) {
        Some(place) => certificate_at(&place),
        None => {
            let shown = |path: &PathBuf| path.display().to_string();
            let looked: Vec<_> = directories.iter().map(shown).collect();
            let usual = names.last().map_or("", String::as_str);
            let error = Error::usage(format!(
                "there is no certificate of EC2 in {region} on this machine: no {} in {}",
                names.join(" or "),
                looked.join(", ")
            ));
            Err(error.hint(format!(
                "take {usual} from the package ec2-ami-tools, where it lies in etc/ec2/amitools, and name it \
                 with --ec2cert; {HOME} says where that package was unpacked"
            )))
        }
    }
}

/// The names that a region's certificate has.
fn names(region: &str) -> Vec<String> {
    let mut names = vec![format!("cert-ec2-{region}.pem")];
    if region.starts_with("us-gov-") {
        names.push("cert-ec2-gov.pem".to_owned());
    } else if region.starts_with("cn-") {
        names.extend(["cert-ec2-cn.pem", "cert-ec2-cn-north-1.pem"].map(str::to_owned));
    } else if USUAL.contains(&region) {
        names.push("cert-ec2.pem".to_owned());
    }
    names
}

fn certificate_at(path: &Path) -> Result<Certificate, Error> {
    let (bytes, _) = read(path)?;
    let read = Certificate::parse(&bytes);
    read.map_err(|why| Error::new(Kind::Usage, why.to_string()).of(path.display()))
}

/// Keys are small; what is larger is something else.
const LARGEST: u64 = 1 << 20;

fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), Error> {
    let wrong = |what: String| Error::new(Kind::Usage, what).of(path.display());
    let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    let about = std::fs::metadata(path).map_err(cannot)?;
    if about.is_dir() || about.len() > LARGEST {
        return Err(wrong("holds no key and no certificate".to_owned()));
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(cannot)?);
    Ok((bytes, about))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_region_has_the_certificate_of_its_kind() {
        for (region, usual) in [
            ("us-east-1", Some("cert-ec2.pem")),
            ("us-gov-west-1", Some("cert-ec2-gov.pem")),
            ("cn-north-1", Some("cert-ec2-cn.pem")),
            ("me-south-1", None),
            ("mx-central-1", None),
            ("eu-north-2", None),
        ] {
            let names = names(region);
            assert_eq!(names[0], format!("cert-ec2-{region}.pem"));
            assert_eq!(names.get(1).map(String::as_str), usual, "{region}");
        }
    }
}
