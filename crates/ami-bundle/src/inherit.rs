//! What a bundle of a running instance takes over from it.

use ami_bundle_format::manifest::Mapping;
use ami_core::app::Context;
use ami_core::escape::escape;
use ami_core::session::Origin;

use crate::machine::{self, Machine};

/// Asks the metadata service, unless it is not to be asked. Without an answer the bundle is made all the
/// same: most of them need nothing of it.
pub(crate) async fn inherit(context: &Context, machine: &mut Machine) {
    if context.args.flag("no-inherit") {
        return;
    }
    let origin = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => return,
        origin = context.session.origin() => origin,
    };
    match origin {
        Ok(origin) => take(context, machine, &origin),
        Err(error) => context.progress.hint(&format!(
            "{error}; nothing is inherited from it, which --no-inherit asks for"
        )),
    }
}

/// Fills what no option says. What the service says is as little trusted as what is typed.
pub(crate) fn take(context: &Context, machine: &mut Machine, origin: &Origin) {
    let odd = |why: String| {
        let text = format!("not inherited: {why}");
        context.progress.hint(&text);
    };
    let read = |text: &Option<String>, read: &dyn Fn(&str) -> Result<String, String>| {
        let read = text.as_deref().map(read)?;
        read.map_err(odd).ok()
    };
    if machine.kernel.is_none() {
        machine.kernel = read(&origin.kernel, &|text| machine::boot_part(text, "aki-"));
    }
    if machine.ramdisk.is_none() {
        machine.ramdisk = read(&origin.ramdisk, &|text| machine::boot_part(text, "ari-"));
    }
    if machine.product_codes.is_empty() {
        let codes = origin.product_codes.iter().map(|code| machine::codes(code));
        let codes = codes.filter_map(|codes| codes.map_err(odd).ok());
        machine.product_codes = codes.flatten().collect();
    }
    if machine.mappings.is_empty() {
        let all = origin.mappings.iter();
        // An S3-backed image has no EBS volumes, and EC2 refuses to register one that maps some.
        let fit = all.filter(|(name, _)| !name.starts_with("ebs"));
        let read = fit.filter_map(|(name, device)| mapping(name, device).map_err(odd).ok());
        machine.mappings = read.collect();
        machine.mappings.sort();
    }
    for image in origin.ancestors.iter().chain(&origin.image) {
        match machine::ancestor(image) {
            Ok(image) if machine.ancestors.contains(&image) => {}
            Ok(image) => machine.ancestors.push(image),
            Err(why) => odd(format!("{}: {why}", escape(image))),
        }
    }
}

fn mapping(name: &str, device: &str) -> Result<Mapping, String> {
    machine::mapping(&format!("{name}={device}"))
}
