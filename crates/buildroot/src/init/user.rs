//! Whom the command runs as, by the image's own list of users.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

use crate::fault::{Because, Result};
use crate::protocol::{Fault, FaultKind};

/// The longest list that is read: an image could have one without an end.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A user as the command gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub user: u32,
    pub group: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    pub home: String,
    pub name: String,
}

impl User {
    /// Looks up `NAME`, `UID` or `UID:GID` in the files of the image, in which we are.
    pub(crate) fn find(wanted: Option<&str>) -> Result<Self> {
        let wanted = wanted.unwrap_or("0");
        let users = read("/etc/passwd").because(FaultKind::Image, || "/etc/passwd".to_owned())?;
        let groups = read("/etc/group").because(FaultKind::Image, || "/etc/group".to_owned())?;
        choose(wanted, &users, &groups).ok_or_else(|| {
            let message = format!("no user '{}' in the image", wanted.escape_debug());
            Fault::new(FaultKind::Refused, message)
        })
    }
}

/// Reads a list, if it is a regular file. An image need not have it.
fn read(path: &str) -> io::Result<String> {
    // A FIFO would make us wait, and a terminal could become ours.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    if !file.metadata()?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn choose(wanted: &str, users: &str, groups: &str) -> Option<User> {
    let (number, group) = match wanted.split_once(':') {
        Some((user, group)) => (Some(user.parse().ok()?), Some(group.parse().ok()?)),
        None => (wanted.parse::<u32>().ok(), None),
    };
    let mut entries = users.lines().map(|line| line.split(':').collect());
    let entry = entries.find_map(|fields: Vec<&str>| {
        let [name, _, user, own_group, _, home, _] = fields[..] else {
            return None;
        };
        let user: u32 = user.parse().ok()?;
        let meant = number.map_or(name == wanted, |number| number == user);
        let own_group: u32 = own_group.parse().ok()?;
        meant.then(|| (name.to_owned(), user, own_group, home.to_owned()))
    });
    let Some((name, user, own_group, home)) = entry else {
        // A number needs no entry. Root has its usual home even in an image without any.
        let user = number?;
        let home = if user == 0 { "/root" } else { "/" };
        return Some(User {
            user,
            group: group.unwrap_or(user),
            groups: Vec::new(),
            home: home.to_owned(),
            name: if user == 0 { "root" } else { "" }.to_owned(),
        });
    };
    Some(User {
        user,
        group: group.unwrap_or(own_group),
        // Who names a group wants no other.
        groups: if group.is_some() {
            Vec::new()
        } else {
            groups_of(&name, groups)
        },
        home,
        name,
    })
}

fn groups_of(name: &str, groups: &str) -> Vec<u32> {
    let entries = groups.lines().map(|line| line.split(':').collect());
    entries
        .filter_map(|fields: Vec<&str>| {
            let [_, _, number, members] = fields[..] else {
                return None;
            };
            let member = members.split(',').any(|member| member == name);
            member.then(|| number.parse().ok()).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::choose;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\nbad line\n\
                         build:x:1000:100:,,,:/home/build:/bin/sh\n4242:x:7:7::/:\n";
    const GROUPS: &str = "root:x:0:\nusers:x:100:\nwheel:x:10:root,build\nadm:x:4:builder\n";

    #[test]
    fn names_and_numbers_are_looked_up() {
        let user = choose("build", USERS, GROUPS).expect("there");
        assert_eq!((user.user, user.group, user.groups), (1000, 100, vec![10]));
        assert_eq!(
            (user.home.as_str(), user.name.as_str()),
            ("/home/build", "build")
        );
        let user = choose("1000", USERS, GROUPS).expect("there");
        assert_eq!((user.group, user.groups), (100, vec![10]));
        let user = choose("1000:4", USERS, GROUPS).expect("there");
        assert_eq!((user.group, user.groups), (4, vec![]));
        let user = choose("4242", USERS, GROUPS).expect("a number");
        assert_eq!((user.user, user.home.as_str()), (4242, "/"));
        let user = choose("0", "", "").expect("root is always there");
        assert_eq!((user.home.as_str(), user.name.as_str()), ("/root", "root"));
        for wanted in [
            "nobody",
            "",
            "-1",
            "1:",
            ":1",
            "a:b",
            "build:x",
            "4294967296",
        ] {
            assert_eq!(choose(wanted, USERS, GROUPS), None, "{wanted}");
        }
    }
}
