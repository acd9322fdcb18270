//! Which machine it is: a host that ssh knows, or an instance.

use std::rc::Rc;

use ami_cli::args::Args;
use ami_core::app::Context;
use ami_core::ec2::Node;
use ami_core::error::{Error, Kind};
use ami_core::escape::escape;
use ami_core::id::{self, Id};

use super::launch::Launch;
use super::request::Request;

/// What is bundled.
#[derive(Clone)]
pub(super) enum Target {
    /// A machine that is there.
    Known(Known),
    /// One that is made for it.
    New(Rc<Launch>),
}

/// A machine that is there, as it was named.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// What ssh calls it.
    Host(String),
    /// An instance.
    Instance(Id),
    /// One of the running instances of a group.
    Group(String),
}

impl Target {
    /// Reads what is named, beside the options of a new node.
    pub(super) fn read(args: &Args, launch: Option<Launch>) -> Result<Self, Error> {
        let group = args.value("group", |text| match text {
            "" => Err("a group has a name"),
            text => Ok(text.to_owned()),
        })?;
        let known = match (args.operands(), group) {
            ([], None) if launch.is_some() => None,
            ([], Some(group)) => Some(Known::Group(group)),
            ([word], None) => {
                let text = word.to_string_lossy();
                if let Some(id) = text.parse::<Id>().ok()
                    && id.kind() == id::Kind::Instance
                {
                    Some(Known::Instance(id))
                } else if text.is_empty() || text.starts_with('-') {
                    return Err(Error::usage(format!("'{}' is no host", escape(&text))));
                } else {
                    Some(Known::Host(text.into_owned()))
                }
            }
            ([], None) => {
                return Err(Error::usage(
                    "name a node: [USER@]HOST, i-ID, --group NAME, or --launch IMAGE for a new one",
                ));
            }
            _ => return Err(Error::usage("one node is bundled at a time")),
        };
        match (known, launch) {
            (Some(known), None) => Ok(Self::Known(known)),
            (None, Some(launch)) => Ok(Self::New(Rc::new(launch))),
            _ => Err(Error::usage(
                "--launch makes the node that is bundled; none is named beside it",
            )),
        }
    }
}

/// What ssh is to call it.
pub(super) async fn find(
    context: &Context,
    request: &Request,
    known: &Known,
) -> Result<String, Error> {
    let node = match known {
        Known::Host(host) => return Ok(host.clone()),
        Known::Instance(id) => instance(context, id).await?,
        Known::Group(group) => one_of(context, group).await?,
    };
    address(context, request, &node)
}

/// The address of an instance that is asked for, if it has one.
pub(super) fn of_node(request: &Request, node: &Node) -> Option<String> {
    match request.by_private_address {
        true => node.private.clone(),
        false => node.public.clone().or(node.private.clone()),
    }
}

/// The same as what ssh is to call it, which is told.
pub(super) fn address(context: &Context, request: &Request, node: &Node) -> Result<String, Error> {
    let address = of_node(request, node);
    let address = address.ok_or_else(|| Error::failed("has no address").of(&node.id))?;
    let name = node.name.as_deref().map(|name| format!(" ({name})"));
    context.progress.hint(&format!(
        "the node is {}{} at {}",
        node.id,
        escape(&name.unwrap_or_default()),
        escape(&address)
    ));
    match address.starts_with('-') {
        true => Err(Error::failed("has an odd address").of(&node.id)),
        false => Ok(address),
    }
}

async fn instance(context: &Context, id: &Id) -> Result<Node, Error> {
    let region = context.session.region().await?;
    let ec2 = context.session.ec2(&region).await;
    let node = ec2.node(id).await?;
    let node = node.ok_or_else(|| {
        let what = format!("there is no such instance in {region}");
        Error::new(Kind::NotFound, what).of(id)
    })?;
    match node.state.as_str() {
        "running" => Ok(node),
        state => {
            let what = format!("is {state}, and a running system is bundled");
            Err(Error::failed(what).of(id))
        }
    }
}

/// The first one by its ID, so that the same command takes the same node again.
async fn one_of(context: &Context, group: &str) -> Result<Node, Error> {
    let region = context.session.region().await?;
    let ec2 = context.session.ec2(&region).await;
    let mut nodes = ec2.nodes_of_group(group).await?;
    if nodes.is_empty() {
        let what = format!("no instance of this group is running in {region}");
        return Err(Error::new(Kind::NotFound, what).of(group));
    }
    if nodes.len() > 1 {
        let count = nodes.len();
        let text = format!(
            "{count} instances of {} are running; one is taken",
            escape(group)
        );
        context.progress.hint(&text);
    }
    Ok(nodes.remove(0))
}
