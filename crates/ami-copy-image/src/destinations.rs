//! Where the copies go.

use ami_copies::Destinations;
use ami_core::app::Context;
use ami_core::error::Error;
use ami_core::region::Region;

/// Reads `-R`; without it copies go to the region of the environment.
pub(crate) async fn read(context: &Context) -> Result<Destinations, Error> {
    let lists = context.args.values("dest-region", words)?;
    let words: Vec<&str> = lists.iter().flatten().map(String::as_str).collect();
    if words.is_empty() {
        let home = context.session.home().await.cloned();
        let home = home.ok_or_else(|| {
            Error::usage("no region to copy to is set")
                .hint("give -R REGION or set AWS_DEFAULT_REGION")
        })?;
        return Ok(Destinations::Home(home));
    }
    if words.iter().all(|word| *word == "all") {
        return Ok(Destinations::All);
    }
    if words.contains(&"all") {
        return Err(Error::usage(
            "--dest-region takes 'all' or regions, not both",
        ));
    }
    let regions = words.iter().filter_map(|word| word.parse().ok());
    Ok(Destinations::Regions(regions.collect()))
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<_> = text.split(',').map(|word| word.trim().to_owned()).collect();
    for word in words.iter().filter(|word| *word != "all") {
        word.parse::<Region>().map_err(|why| why.to_string())?;
    }
    Ok(words)
}
