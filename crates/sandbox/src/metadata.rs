//! The instance metadata service, version 2 only: a token first, then paths.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::frontdoor::{Delivery, Reply, Shared};
use crate::model::image::Image;
use crate::model::instance::Instance;
use crate::sts::SessionKey;
use crate::wire::log::Call;
use crate::world::{Identity, Key, World};

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";
const LONGEST: u32 = 21_600;

/// Answers a request to the metadata port.
pub(crate) fn answer(shared: &Shared, method: &str, path: &str, headers: &HeaderMap) -> Reply {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut world = shared.lock();
    let reply = match (world.this_instance.clone(), method, path) {
        // What EC2 answers when the metadata service is switched off for an instance.
        (None, _, _) => page(403, "Forbidden"),
        (Some(_), "PUT", "/latest/api/token") => give_token(&mut world, text(TTL)),
        (Some(_), "GET", _) if !text(TOKEN).is_some_and(|token| world.tokens.contains(token)) => {
            page(401, "Unauthorized")
        }
        (Some(identity), "GET", path) => match look_up(&mut world, &identity, path) {
            Some(body) => page(200, &body),
            None => page(404, "Not Found"),
        },
        _ => page(405, "Method Not Allowed"),
    };
    let call = Call {
        service: "imds".into(),
        action: format!("{method} {path}"),
        region: String::new(),
        account: String::new(),
        params: Default::default(),
        user_agent: text("user-agent").unwrap_or_default().into(),
        status: reply.status,
        error: None,
        fault: None,
        request_id: String::new(),
        at: Default::default(),
    };
    world.log.add(call);
    reply
}

/// The answer must repeat how long the token lives; SDKs refuse a token without it.
fn give_token(world: &mut World, ttl: Option<&str>) -> Reply {
    let seconds = ttl
        .and_then(|ttl| ttl.parse().ok())
        .filter(|s| (1..=LONGEST).contains(s));
    let Some(seconds) = seconds else {
        return page(400, "Bad Request");
    };
    let token = Uuid::new_v4().simple().to_string();
    world.tokens.insert(token.clone());
    let mut reply = page(200, &token);
    reply.headers.push((TTL, seconds.to_string()));
    reply
}

fn look_up(world: &mut World, identity: &Identity, path: &str) -> Option<String> {
    let region = world.regions.get(&identity.region)?;
    let instance = region.instances.get(&identity.instance)?;
    let path = path.strip_prefix("/latest/")?;
    if let Some(path) = path.strip_prefix("meta-data/iam/security-credentials") {
        let account = instance.owner.clone();
        return credentials(world, identity, &account, path.trim_matches('/'));
    }
    if let Some(path) = path.strip_prefix("meta-data/")
        && let Some(text) = devices(instance, path)
            .or_else(|| instance.metadata.get(path).cloned())
            .or_else(|| of_image(region.images.get(&instance.image)?, path))
    {
        return Some(text);
    }
    Some(match path {
        "meta-data/ami-id" => instance.image.clone(),
        "meta-data/instance-id" => instance.id.clone(),
        "meta-data/instance-type" => instance.instance_type.clone(),
        "meta-data/local-ipv4" => instance.private_ip.clone(),
        "meta-data/placement/availability-zone" => instance.zone.clone(),
        "meta-data/placement/region" => identity.region.clone(),
        "dynamic/instance-identity/document" => json!({
            "accountId": instance.owner,
            "architecture": instance.architecture,
            "availabilityZone": instance.zone,
            "imageId": instance.image,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "pendingTime": rfc3339(instance.launched),
            "privateIp": instance.private_ip,
            "region": identity.region,
            "version": "2017-09-30",
        })
        .to_string(),
        _ => return None,
    })
}

/// The devices: a list of what they are, or the name of one. Volumes beside the root are `ebs1` and so on
/// (EC2 user guide, "Instance metadata categories").
fn devices(instance: &Instance, path: &str) -> Option<String> {
    let name = path.strip_prefix("block-device-mapping")?.trim_matches('/');
    let root = &instance.root_device;
    let mut all: BTreeMap<String, &str> = BTreeMap::new();
    all.insert("ami".into(), root);
    all.insert("root".into(), root);
    let attached = instance.attachments.iter().map(|one| &*one.device);
    let volumes = attached.filter(|device| device != root);
    all.extend((1..).map(|n| format!("ebs{n}")).zip(volumes));
    let more = instance.metadata.iter().filter_map(|(path, device)| {
        let name = path.strip_prefix("block-device-mapping/")?;
        Some((name.to_owned(), &**device))
    });
    all.extend(more);
    match name {
        "" => Some(all.into_keys().collect::<Vec<_>>().join("\n")),
        name => all.get(name).map(|device| (*device).to_owned()),
    }
}

/// What it has of the image that it was started of.
fn of_image(image: &Image, path: &str) -> Option<String> {
    let codes = &image.product_codes;
    match path {
        "kernel-id" => image.kernel.clone(),
        "ramdisk-id" => image.ramdisk.clone(),
        "product-codes" => (!codes.is_empty()).then(|| codes.join("\n")),
        _ => None,
    }
}

/// The name of the role, or behind its name its credentials, with which the services can be called.
fn credentials(world: &mut World, this: &Identity, account: &str, name: &str) -> Option<String> {
    let role = this.role.clone()?;
    if name.is_empty() {
        return Some(role);
    }
    if name != role {
        return None;
    }
    let key = SessionKey::new(6 * 3600);
    let document = json!({
        "Code": "Success",
        "LastUpdated": rfc3339(OffsetDateTime::now_utc()),
        "Type": "AWS-HMAC",
        "AccessKeyId": key.access_key,
        "SecretAccessKey": key.secret,
        "Token": key.token,
        "Expiration": rfc3339(key.until),
    });
    let owner = Key::role(account, &role, &this.instance, &key);
    world.keys.insert(key.access_key, owner);
    Some(document.to_string())
}

fn page(status: u16, body: &str) -> Reply {
    Reply {
        status,
        content_type: "text/plain",
        headers: Vec::new(),
        body: body.to_owned().into(),
        delivery: Delivery::Whole,
    }
}

fn rfc3339(moment: OffsetDateTime) -> String {
    let whole = moment.replace_nanosecond(0).unwrap_or(moment);
    whole.format(&Rfc3339).unwrap_or_default()
}
