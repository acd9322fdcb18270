//! Captures a tree by hand: `capture VOLUME WORK_DIR [WORD…]`, where a word is `name=image`,
//! `size=MIB`, `type=xfs`, `all`, `nofilter`, `exclude=PATH`, `exclude-from=FILE`, `include=PATTERN`,
//! `fstab=FILE`, `generate-fstab`, `script=PROGRAM`, `hold` (keep the image until stdin ends).
//!
//! Prints what was left out, one JSON object a line, and what is to be known on standard error.

use std::error::Error;
use std::io::{Read, Write};

use ami_capture::{FileSystem, Fstab, Order, OtherFileSystems, Size, Watch, capture};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(volume), Some(work_dir)) = (words.next(), words.next()) else {
        return Err("usage: capture VOLUME WORK_DIR [WORD…]".into());
    };
    let mut order = Order::new(volume, work_dir);
    let mut hold = false;
    for word in words {
        match word.split_once('=') {
            None if word == "hold" => hold = true,
            None => switch(&mut order, &word)?,
            Some((name, value)) => set(&mut order, name, value)?,
        }
    }
    let watch = Watch::default();
    let captured = match capture(&order, &watch) {
        Ok(captured) => captured,
        Err(error) => {
            writeln!(std::io::stderr(), "capture: {error}")?;
            std::process::exit(1);
        }
    };
    let mut out = std::io::stdout().lock();
    for left_out in &captured.report.left_out {
        writeln!(out, "{}", serde_json::to_string(left_out)?)?;
    }
    out.flush()?;
    let mut told = std::io::stderr().lock();
    for note in &captured.report.notes {
        writeln!(told, "note: {note}")?;
    }
    writeln!(
        told,
        "{} {} bytes, UUID {}, label {:?}, {} files, {} bytes copied",
        captured.file_system,
        captured.size,
        captured.uuid,
        captured.label,
        captured.files,
        captured.bytes
    )?;
    if hold {
        std::io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn switch(order: &mut Order, word: &str) -> Result<(), String> {
    match word {
        "all" => order.others = OtherFileSystems::TakeLocal,
        "nofilter" => order.filter = false,
        "generate-fstab" => order.fstab = Fstab::Generate,
        _ => return Err(format!("what is {word}?")),
    }
    Ok(())
}

fn set(order: &mut Order, name: &str, value: &str) -> Result<(), Box<dyn Error>> {
    match name {
        "name" => order.file_name = Some(value.into()),
        "size" => order.size = Size::Bytes(value.parse::<u64>()? << 20),
        "type" => order.file_system = Some(value.parse::<FileSystem>()?),
        "exclude" => order.excludes.push(value.into()),
        "exclude-from" => order.exclude_from = Some(value.into()),
        "include" => order.includes.push(value.into()),
        "fstab" => order.fstab = Fstab::Replace(value.into()),
        "script" => order.script = Some(value.into()),
        _ => return Err(format!("what is {name}?").into()),
    }
    Ok(())
}
