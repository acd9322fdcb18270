//! DescribeInstanceTypes, for a few types: burstable, general, compute, of Graviton, and an old one on Xen.

use crate::wire::error::ApiError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;

use super::call::{Action, Invocation};
use super::filters::Filters;
use super::instance_type_table::{TYPES, Type};

const FILTERS: [&str; 15] = [
    "bare-metal",
    "burstable-performance-supported",
    "current-generation",
    "hypervisor",
    "instance-storage-supported",
    "instance-type",
    "memory-info.size-in-mib",
    "network-info.ena-support",
    "processor-info.supported-architecture",
    "supported-boot-mode",
    "supported-root-device-type",
    "supported-usage-class",
    "supported-virtualization-type",
    "vcpu-info.default-cores",
    "vcpu-info.default-vcpus",
];

/// Lists the types.
pub(crate) struct DescribeInstanceTypes {
    names: Vec<String>,
    filters: Filters,
    max: usize,
    start: usize,
}

impl Action for DescribeInstanceTypes {
    fn take(params: &Params) -> Result<Self, ApiError> {
        params.accept("IncludeUnsupportedInRegion");
        let names = params.strings("InstanceType");
        let max: Option<usize> = params.number("MaxResults")?;
        if max.is_some() && !names.is_empty() {
            let message =
                "The parameter instanceTypes cannot be used with the parameter maxResults";
            return Err(ApiError::combination(message));
        }
        // DescribeInstanceTypes in the API reference: from 5 to 100, which is also the default.
        if let Some(max) = max.filter(|max| !(5..=100).contains(max)) {
            return Err(ApiError::bad_value(
                max,
                "maxResults",
                "Expecting 5 to 100.",
            ));
        }
        let start = params.opt("NextToken").map(|token| token.parse());
        let wrong = |_| {
            let message = "The specified pagination token is not valid or is expired.";
            ApiError::client("InvalidPaginationToken", message)
        };
        Ok(DescribeInstanceTypes {
            names,
            filters: Filters::take(params, &FILTERS)?,
            max: max.unwrap_or(100),
            start: start.transpose().map_err(wrong)?.unwrap_or(0),
        })
    }

    fn run(self, _call: &mut Invocation<'_>) -> Result<Xml, ApiError> {
        let is_unknown = |name: &&String| TYPES.iter().all(|kind| kind.name != **name);
        let unknown: Vec<&str> = self.names.iter().filter(is_unknown).map(|n| &**n).collect();
        if !unknown.is_empty() {
            let message = format!(
                "The following supplied instance types do not exist: [{}]",
                unknown.join(", ")
            );
            return Err(ApiError::client("InvalidInstanceType", message));
        }
        let fits = |kind: &&Type| {
            (self.names.is_empty() || self.names.iter().any(|name| name == kind.name))
                && self.filters.pass(|_| true, |filter| value(kind, filter))
        };
        let found: Vec<&Type> = TYPES.iter().filter(fits).collect();
        let end = self.start + self.max;
        let mut xml = Xml::new();
        let page = found.iter().skip(self.start).take(self.max);
        xml.list("instanceTypeSet", page, |xml, kind| write(xml, kind));
        xml.opt("nextToken", (end < found.len()).then_some(end));
        Ok(xml)
    }
}

fn value(kind: &Type, filter: &str) -> Vec<String> {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    match filter {
        "bare-metal" => words(&["false"]),
        "burstable-performance-supported" => vec![kind.is_burstable().to_string()],
        "current-generation" => vec![(!kind.is_xen()).to_string()],
        "hypervisor" => words(&[hypervisor(kind)]),
        "instance-storage-supported" => vec![kind.disk.is_some().to_string()],
        "instance-type" => words(&[kind.name]),
        "memory-info.size-in-mib" => vec![kind.memory.to_string()],
        "network-info.ena-support" => words(&[ena(kind)]),
        "processor-info.supported-architecture" => words(kind.architectures),
        "supported-boot-mode" => words(kind.boot),
        "supported-root-device-type" => words(root_devices(kind)),
        "supported-usage-class" => words(&USAGE),
        "supported-virtualization-type" => words(virtualization(kind)),
        "vcpu-info.default-cores" => vec![(kind.cpus / kind.threads).to_string()],
        _ => vec![kind.cpus.to_string()],
    }
}

const USAGE: [&str; 2] = ["on-demand", "spot"];

fn hypervisor(kind: &Type) -> &'static str {
    if kind.is_xen() { "xen" } else { "nitro" }
}

fn ena(kind: &Type) -> &'static str {
    if kind.is_xen() {
        "unsupported"
    } else {
        "required"
    }
}

fn root_devices(kind: &Type) -> &'static [&'static str] {
    if kind.is_xen() {
        &["ebs", "instance-store"]
    } else {
        &["ebs"]
    }
}

fn virtualization(kind: &Type) -> &'static [&'static str] {
    if kind.is_xen() {
        &["hvm", "paravirtual"]
    } else {
        &["hvm"]
    }
}

fn write(xml: &mut Xml, kind: &Type) {
    let words = |xml: &mut Xml, name: &str, list: &[&str]| {
        xml.list(name, list, |xml, word| {
            xml.raw(word);
        });
    };
    xml.text("instanceType", kind.name)
        .text("currentGeneration", !kind.is_xen())
        .text("freeTierEligible", kind.name == "t3.micro");
    words(xml, "supportedUsageClasses", &USAGE);
    words(xml, "supportedRootDeviceTypes", root_devices(kind));
    words(xml, "supportedVirtualizationTypes", virtualization(kind));
    xml.text("bareMetal", false)
        .text("hypervisor", hypervisor(kind));
    xml.element("processorInfo", |xml| {
        words(xml, "supportedArchitectures", kind.architectures);
        xml.text("manufacturer", if kind.is_arm() { "AWS" } else { "Intel" });
    });
    xml.element("vCpuInfo", |xml| {
        xml.text("defaultVCpus", kind.cpus)
            .text("defaultCores", kind.cpus / kind.threads)
            .text("defaultThreadsPerCore", kind.threads);
    });
    xml.element("memoryInfo", |xml| {
        xml.text("sizeInMiB", kind.memory);
    });
    xml.text("instanceStorageSupported", kind.disk.is_some());
    if let Some(size) = kind.disk {
        xml.element("instanceStorageInfo", |xml| {
            xml.text("totalSizeInGB", size)
                .text("nvmeSupport", "unsupported")
                .text("encryptionSupport", "unsupported");
        });
    }
    write_devices(xml, kind);
    xml.text("burstablePerformanceSupported", kind.is_burstable());
    words(xml, "supportedBootModes", kind.boot);
}

fn write_devices(xml: &mut Xml, kind: &Type) {
    let nvme = if kind.is_xen() {
        "unsupported"
    } else {
        "required"
    };
    let optimized = if kind.is_xen() {
        "unsupported"
    } else {
        "default"
    };
    xml.element("ebsInfo", |xml| {
        xml.text("ebsOptimizedSupport", optimized)
            .text("encryptionSupport", "supported")
            .text("nvmeSupport", nvme);
    });
    xml.element("networkInfo", |xml| {
        xml.text("networkPerformance", kind.network)
            .text("ipv6Supported", true)
            .text("enaSupport", ena(kind));
    });
}
