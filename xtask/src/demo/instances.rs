//! Images of instances, and the family that they are.

use super::stage::{Stage, Stop, only_image};

/// Makes images of instances, alone and in a pipe, and looks at what they bear.
pub fn show(stage: &Stage) -> Result<(), Stop> {
    let step = |about, command: &str| stage.step(about, command);
    let instance = step("An instance is running", "echo \"$INSTANCE_1\"")?;
    let instance = instance.trim_end();
    let image = step(
        "Make an image of it; standard output is the image's ID and nothing else",
        &format!("ami-create-image --name 'demo 1' -t role=demo {instance}"),
    )?;
    let image = only_image(&image)?;
    step(
        "Wait until the image can be used",
        &format!("ami-waiton {image}"),
    )?;
    let images = step(
        "All in one line, for two instances at once",
        "printf '%s\\n' \"$INSTANCE_1\" \"$INSTANCE_2\" | ami-create-image - | ami-waiton -",
    )?;
    // A shell gives the status of the last command of a pipeline only.
    if images.lines().count() != 2 {
        return Err(Stop::Failed("the pipeline did not print two images".into()));
    }
    let json = step(
        "What became of the first image, for programs: its state and the tags that tell its origin",
        &format!("ami-waiton --json {image}"),
    )?;
    verify(&json, image, instance).map_err(Stop::Failed)?;
    grow(stage, image)
}

/// Makes two more generations and a copy of an image, and ends with a picture of them all.
fn grow(stage: &Stage, image: &str) -> Result<(), Stop> {
    let step = |about, command: &str| stage.step(about, command);
    let mut family = vec![image.to_owned()];
    for generation in 2..=3 {
        let parent = &family[family.len() - 1];
        let run = step(
            "Run an instance of it; no tool does that, so the local EC2's own small client is asked",
            &format!(
                "ami-sandbox call RunInstances ImageId={parent} MinCount=1 MaxCount=1 | grep -o '<instanceId>[^<]*'"
            ),
        )?;
        let instance = run.trim_end().trim_start_matches("<instanceId>");
        let image = step(
            "Make the next generation, an image of that instance",
            &format!(
                "ami-waiton {instance} | ami-create-image -n 'demo {generation}' - | ami-waiton -"
            ),
        )?;
        family.push(only_image(&image)?.to_owned());
    }
    let last = &family[family.len() - 1];
    let copy = step(
        "Copy the last one to another region",
        &format!(
            "ami-sandbox call --region eu-west-1 CopyImage SourceImageId={last} SourceRegion=us-east-1 \
             Name='demo 3' | grep -o 'ami-[^<]*'"
        ),
    )?;
    let copy = format!("{}@eu-west-1", only_image(&copy)?);
    step(
        "Where does the copy come from? EC2 has recorded that it is one, tags tell the rest",
        &format!("ami-waiton {copy} | ami-describe-ancestors -C -"),
    )?;
    family.push(copy.clone());
    let tree = step(
        "The whole family, drawn from its root, an image of Amazon's",
        &format!("ami-describe-ancestors {copy} | tail -n 1 | ami-describe-children --tree -"),
    )?;
    match family.iter().find(|image| !tree.contains(&**image)) {
        Some(image) => Err(Stop::Failed(format!("{image} is missing in the tree"))),
        None => Ok(()),
    }
}

/// Does the JSON line show the image, usable, with the tags of its origin?
fn verify(json: &str, image: &str, instance: &str) -> Result<(), String> {
    // Spaces between tokens are no matter; none of the values looked for has any.
    let dense: String = json.chars().filter(|c| !c.is_whitespace()).collect();
    // What EC2 itself knows of the origin stands before the tags, under the same name.
    let (fields, tags) = dense.split_once("\"tags\":{").unwrap_or((&dense, ""));
    for (place, key, value) in [
        (fields, "state", "available"),
        (tags, "source_instance", instance),
        (tags, "role", "demo"),
    ] {
        let pair = format!("\"{key}\":\"{value}\"");
        if !place.contains(&pair) {
            return Err(format!("{image}: {pair} is missing in its JSON line"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::verify;

    const JSON: &str = r#"{"state": "available","source_instance":"i-1","tags":{"source_instance":"i-1","role":"demo"}}"#;

    #[test]
    fn the_json_line_must_show_state_and_tags() {
        let check = |json: &str| verify(json, "ami-1", "i-1");
        assert_eq!(check(JSON), Ok(()));
        for (word, other, missing) in [
            ("available", "pending", "state"),
            (
                r#"{"source_instance""#,
                r#"{"source_image""#,
                "source_instance",
            ),
            ("demo", "x", "role"),
            ("tags", "labels", "source_instance"),
        ] {
            let error = check(&JSON.replace(word, other)).expect_err(word);
            assert!(
                error.starts_with(&format!("ami-1: \"{missing}\":")),
                "{error}"
            );
        }
        assert!(check("").is_err());
    }
}
