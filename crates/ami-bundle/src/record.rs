//! What was done with a bundle, as it is printed.

use ami_bundle_format::Manifest;
use ami_core::app::Context;
use ami_core::escape::{escape, escape_json};
use ami_core::settings::Format;
use serde::Serialize;

/// One bundle, and what became of it.
pub(crate) struct Record<'a> {
    /// Where its manifest is, if that is anywhere.
    pub(crate) at: Option<String>,
    pub(crate) manifest: &'a Manifest,
    /// The disk file that was made of it.
    pub(crate) file: Option<String>,
}

/// The fields of [`SPEC`](crate::spec::SPEC)'s JSON table, in its order.
#[derive(Serialize)]
struct Json<'a> {
    image: Option<&'a str>,
    region: Option<&'a str>,
    manifest: Option<&'a str>,
    name: Option<&'a str>,
    bundle_name: &'a str,
    architecture: Option<&'a str>,
    size: u64,
    bundled_size: u64,
    parts: usize,
    digest: String,
    file: Option<&'a str>,
}

impl Record<'_> {
    /// Prints it, and notes that it is done. Alone the line has the file that was made, or else the
    /// place of the manifest.
    pub(crate) fn print(&self, context: &Context) {
        let image = &self.manifest.image;
        let made = self.file.as_deref().or(self.at.as_deref());
        let text = match context.settings.format {
            Format::References => format!("{}\n", escape(made.unwrap_or_default())),
            Format::Columns => self.table(made.unwrap_or_default()),
            Format::Json => {
                let json = Json {
                    image: None,
                    region: None,
                    manifest: self.at.as_deref(),
                    name: None,
                    bundle_name: &image.name,
                    architecture: self.manifest.architecture.as_deref(),
                    size: image.size,
                    bundled_size: image.bundled_size,
                    parts: image.parts.len(),
                    digest: image.digest.to_string(),
                    file: self.file.as_deref(),
                };
                let json = serde_json::to_string(&json).unwrap_or_default();
                format!("{}\n", escape_json(&json))
            }
        };
        if context.print_text(&text).is_err() {
            context.progress.insist(&escape(made.unwrap_or_default()));
        }
        context.done();
    }

    fn table(&self, made: &str) -> String {
        let image = &self.manifest.image;
        let (size, bundled, parts) = (image.size, image.bundled_size, image.parts.len());
        let architecture = escape(self.manifest.architecture.as_deref().unwrap_or("?"));
        let made = escape(made);
        let heading = match self.file {
            Some(_) => "FILE",
            None => "MANIFEST",
        };
        let width = made.chars().count().max(heading.len());
        format!(
            "{:width$}  {:12}  {:>14}  {:>14}  {:>6}\n{:width$}  {architecture:12}  {size:>14}  {bundled:>14}  {parts:>6}\n",
            heading, "ARCHITECTURE", "SIZE", "BUNDLED_SIZE", "PARTS", made,
        )
    }
}
