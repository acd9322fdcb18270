//! DescribeRegions.

use super::Ec2;
use super::describe::region;
use crate::error::Error;
use crate::region::Region;

impl Ec2 {
    /// The regions that the account can use, by name.
    ///
    /// # Errors
    /// What EC2 answers.
    pub async fn enabled_regions(&self) -> Result<Vec<Region>, Error> {
        let call = || self.client.describe_regions();
        let answer = self
            .patiently(async || self.once("DescribeRegions", call().send()).await)
            .await?;
        let names = answer.regions().iter();
        let mut regions: Vec<_> = names
            .filter_map(|known| region(known.region_name()))
            .collect();
        regions.sort();
        Ok(regions)
    }
}
