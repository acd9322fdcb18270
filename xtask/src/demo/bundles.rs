//! A bundle in S3, and the way out: an EBS-backed image of it.

use super::stage::{Stage, Stop, has, only_image, say};
use crate::host;

/// What need not stay, whatever comes of it.
const FILES: [&str; 5] = ["pk.pem", "cert.pem", "ec2.pem", "small.img", "fetched.img"];

/// Bundles a disk, registers it, converts the image, and compares what that holds with the disk. Where
/// something that this needs is missing it says what, and that is no failure.
pub fn show(stage: &Stage) -> Result<(), Stop> {
    if !host::has("openssl") {
        return say("skipped: bundles: needs openssl\n");
    }
    stage.forget(&FILES);
    let result = convert(stage);
    stage.forget(&FILES);
    result
}

fn convert(stage: &Stage) -> Result<(), Stop> {
    let step = |about, command: &str| stage.step(about, command);
    step(
        "A bundle needs a key of yours with its certificate, and EC2's certificate, here the local EC2's",
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=demo -keyout pk.pem -out cert.pem 2>/dev/null && \
         ami-sandbox --show-ec2cert >ec2.pem",
    )?;
    step(
        "A small disk",
        "seq 400000 >small.img && truncate -s 16M small.img",
    )?;
    let manifest = step(
        "Bundle it straight into S3; standard output is the place of the manifest",
        "ami-bundle image -k pk.pem -c cert.pem --ec2cert ec2.pem --arch x86_64 \
         --create-bucket --to s3://demo-bundles/small small.img",
    )?;
    let manifest = manifest.trim_end();
    if manifest != "s3://demo-bundles/small/small.img.manifest.xml" {
        return Err(Stop::Failed("the bundle lies elsewhere".into()));
    }
    let old = step(
        "Make an S3-backed image of it, as there were before EBS",
        &format!("ami-bundle register -n 'demo bundle' {manifest}"),
    )?;
    let old = only_image(&old)?;
    let new = step(
        "The way out: an EBS-backed image of that one, without a machine",
        &format!("ami-bundle convert -k pk.pem {old} | ami-waiton -"),
    )?;
    let new = only_image(&new)?;
    let json = step(
        "Its tags say what it was made from",
        &format!("ami-waiton --json {new}"),
    )?;
    has(&json, &format!("\"source_image\":\"{old}\""))?;
    step(
        "Fetch its disk, and compare it with the one that was bundled",
        &format!(
            "ami-register-image --fetch -o fetched.img {new} && head -c 16M fetched.img | cmp - small.img"
        ),
    )?;
    Ok(())
}
