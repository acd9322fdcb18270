//! A line of the output.

use ami_core::ec2::ImageUser;
use ami_core::output::{Column, ID_WIDTH, Record};
use ami_core::reference::Located;
use ami_lineage::family::Descendant;
use ami_lineage::record::{Json, cells};
use serde::Serialize;

const ID: Column = Column::new("IMAGE_ID", ID_WIDTH);
const DATE: Column = Column::new("CREATE_DATE", 28);
const TIMESTAMP: Column = Column::new("CREATE_TS", 9);
const INSTANCE: Column = Column::new("SOURCE_INSTANCE", 19);
const IMAGE: Column = Column::of_references("SOURCE_IMAGE");
const USED_BY: Column = Column::new("USED_BY", 0);
/// For what uses an image, where nobody knows it.
const UNKNOWN: &str = "?";

/// An image that descends from another; `USED` when it was asked what uses it.
pub(crate) struct Child<'a, const USED: bool> {
    pub(crate) descendant: Descendant<'a>,
    /// Its parent, as it is called here.
    pub(crate) source: String,
    /// What uses it, where that is known.
    pub(crate) users: Option<&'a [ImageUser]>,
}

#[derive(Serialize)]
struct ChildJson<'a> {
    #[serde(flatten)]
    member: Json<'a>,
    used_by: Option<Vec<User<'a>>>,
}

#[derive(Serialize)]
struct User<'a> {
    r#type: &'a str,
    arn: &'a str,
}

/// A user in few letters: what its ARN says after partition, service, region and account.
pub(crate) fn short(user: &ImageUser) -> String {
    let resource = user.arn.splitn(6, ':').nth(5);
    resource.unwrap_or(&user.arn).to_owned()
}

impl<const USED: bool> Child<'_, USED> {
    fn used_by(&self) -> String {
        let Some(users) = self.users else {
            return UNKNOWN.to_owned();
        };
        let users: Vec<_> = users.iter().map(short).collect();
        users.join(" ")
    }
}

impl<const USED: bool> Record for Child<'_, USED> {
    const IS_NEWS: bool = false;

    const COLUMNS: &'static [Column] = match USED {
        false => &[ID, DATE, TIMESTAMP, INSTANCE, IMAGE],
        true => &[ID, DATE, TIMESTAMP, INSTANCE, IMAGE, USED_BY],
    };

    fn located(&self) -> &Located {
        &self.descendant.member.located
    }

    fn beside(&self) -> Option<String> {
        Some(self.used_by()).filter(|users| !users.is_empty())
    }

    fn cells(&self, reference: &str) -> Vec<String> {
        let mut row = vec![reference.to_owned()];
        row.extend(cells(self.descendant.member));
        row.push(self.source.clone());
        row.extend(USED.then(|| self.used_by()));
        row
    }

    fn json<'a>(&'a self, reference: &'a str) -> impl Serialize + 'a {
        let Descendant {
            member,
            generation,
            of,
        } = self.descendant;
        let user = |user: &'a ImageUser| User {
            r#type: &user.kind,
            arn: &user.arn,
        };
        ChildJson {
            member: Json::new(member, reference, of, generation),
            used_by: self
                .users
                .filter(|_| USED)
                .map(|users| users.iter().map(user).collect()),
        }
    }
}
