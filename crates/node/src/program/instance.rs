//! What the metadata service says of the instance, by version 2 of its protocol.

use std::time::Duration;

use ureq::Agent;

use crate::protocol::Origin;

/// Where it is, unless the variable says something else that AWS's own programs read too.
const ENDPOINT: &str = "http://169.254.169.254";
const VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
/// How long it is waited for. It is near, or is not there.
const LONGEST: Duration = Duration::from_secs(2);
/// How much it may say at once.
const BYTES: u64 = 64 << 10;

struct Service {
    agent: Agent,
    endpoint: String,
    token: String,
}

/// What it says; none where there is no such service.
pub(crate) fn origin() -> Option<Origin> {
    let service = Service::open()?;
    let lines = |path: &str| -> Vec<String> {
        let text = service.get(path).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    let device = |name: String| {
        let device = service.get(&format!("block-device-mapping/{name}"))?;
        Some((name, device.trim().to_owned()))
    };
    let devices = lines("block-device-mapping/").into_iter();
    Some(Origin {
        image: service.get("ami-id"),
        ancestors: lines("ancestor-ami-ids"),
        kernel: service.get("kernel-id"),
        ramdisk: service.get("ramdisk-id"),
        product_codes: lines("product-codes"),
        mappings: devices.filter_map(device).collect(),
    })
}

impl Service {
    fn open() -> Option<Self> {
        let config = Agent::config_builder()
            // No proxy knows this machine's own service.
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(LONGEST));
        let agent: Agent = config.build().into();
        let said = std::env::var(VARIABLE).ok().filter(|said| !said.is_empty());
        let endpoint = said.unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let request = agent
            .put(format!("{endpoint}/latest/api/token"))
            .header("x-aws-ec2-metadata-token-ttl-seconds", "300");
        let token = request
            .send_empty()
            .ok()?
            .body_mut()
            .read_to_string()
            .ok()?;
        Some(Self {
            agent,
            endpoint,
            token,
        })
    }

    fn get(&self, path: &str) -> Option<String> {
        let url = format!("{}/latest/meta-data/{path}", self.endpoint);
        let request = self
            .agent
            .get(url)
            .header("x-aws-ec2-metadata-token", &self.token);
        let mut answer = request.call().ok()?;
        let body = answer.body_mut().with_config().limit(BYTES);
        let text = body.read_to_string().ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
