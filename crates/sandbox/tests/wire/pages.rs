//! Paging, empty pages, and many images.

use ami_sandbox::Sandbox;

use crate::client::{Answer, REGION, ec2, sandbox};

/// Follows the tokens to the end and gives the number of images of each page.
fn walk(sandbox: &Sandbox, max: &str) -> (Vec<usize>, Vec<String>) {
    let (mut pages, mut ids, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let mut params = vec![("Owner.1", "self"), ("MaxResults", max)];
        if !token.is_empty() {
            params.push(("NextToken", &token));
        }
        let answer = ec2(sandbox, "DescribeImages", &params);
        assert_eq!(answer.status, 200, "{}", answer.body);
        pages.push(answer.all("imageId").len());
        ids.extend(answer.all("imageId").into_iter().map(str::to_owned));
        token = answer.text("nextToken").to_owned();
        if token.is_empty() {
            return (pages, ids);
        }
    }
}

fn describe(sandbox: &Sandbox, params: &[(&str, &str)]) -> Answer {
    ec2(sandbox, "DescribeImages", params)
}

#[test]
fn pages_hold_what_was_asked_for() {
    let sandbox = sandbox();
    let made: Vec<String> = (0..12).map(|_| sandbox.image(REGION, |_| {})).collect();
    assert_eq!(walk(&sandbox, "5"), (vec![5, 5, 2], made.clone()));
    sandbox.configure(|settings| settings.page_size = Some(4));
    assert_eq!(walk(&sandbox, "1000"), (vec![4, 4, 4], made));
}

#[test]
fn empty_pages_have_a_token_and_lose_nothing() {
    let sandbox = sandbox();
    let made: Vec<String> = (0..12).map(|_| sandbox.image(REGION, |_| {})).collect();
    sandbox.configure(|settings| settings.empty_pages = Some(2));
    assert_eq!(walk(&sandbox, "5"), (vec![5, 0, 5, 0, 2], made));
    sandbox.configure(|settings| settings.empty_pages = Some(1));
    let first = describe(&sandbox, &[("MaxResults", "5")]);
    assert!(first.all("imageId").is_empty() && !first.text("nextToken").is_empty());
}

#[test]
fn a_page_size_goes_from_5_to_1000_and_not_with_ids() {
    let sandbox = sandbox();
    let image = sandbox.image(REGION, |_| {});
    for wrong in ["4", "1001", "many"] {
        let answer = describe(&sandbox, &[("MaxResults", wrong)]);
        assert_eq!(answer.error(), (400, "InvalidParameterValue"), "{wrong}");
    }
    let answer = describe(&sandbox, &[("ImageId.1", &image), ("MaxResults", "5")]);
    assert_eq!(answer.error(), (400, "InvalidParameterCombination"));
    let answer = describe(&sandbox, &[("NextToken", "made-up")]);
    assert_eq!(answer.error(), (400, "InvalidPaginationToken"));
}

#[test]
fn ten_thousand_images_are_no_burden() {
    let sandbox = sandbox();
    for _ in 0..10_000 {
        sandbox.image(REGION, |image| {
            drop(image.tags.insert("a".into(), "b".into()))
        });
    }
    let all = describe(&sandbox, &[("Owner.1", "self")]);
    assert_eq!(all.all("imageId").len(), 10_000);
    let (pages, ids) = walk(&sandbox, "1000");
    assert_eq!((pages.len(), ids.len()), (10, 10_000));
}
