//! Pictures of families, as they are drawn and as their readers take them.

mod dot;
mod family;
mod large;
mod mermaid;
mod snapshot;
mod svg;
mod tree;
