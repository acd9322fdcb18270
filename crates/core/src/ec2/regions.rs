//! DescribeRegions.

use super::Ec2;
use super::described::region;
use crate::error::Error;
use crate::region::Region;

impl Ec2 {
    /// The regions that the account can use, by name.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn enabled_regions(&self) -> Result<Vec<Region>, Error> {
        let all = self.regions(false).await?;
        Ok(all.into_iter().map(|(region, _)| region).collect())
    }

    /// All regions that there are, by name, and whether the account can use each.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn all_regions(&self) -> Result<Vec<(Region, bool)>, Error> {
        self.regions(true).await
    }

    async fn regions(&self, all: bool) -> Result<Vec<(Region, bool)>, Error> {
        let call = || {
            self.client
                .describe_regions()
                .set_all_regions(all.then_some(true))
        };
        let answer = self
            .patiently(async || self.once("DescribeRegions", call().send()).await)
            .await?;
        let names = answer.regions().iter();
        let mut regions: Vec<_> = names
            .filter_map(|known| {
                let is_enabled = known.opt_in_status() != Some("not-opted-in");
                Some((region(known.region_name())?, is_enabled))
            })
            .collect();
        regions.sort();
        Ok(regions)
    }
}
