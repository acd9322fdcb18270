//! One program with all tools in it.

use ami_testkit::tool;

#[test]
fn a_tool_is_found_with_and_without_its_prefix() {
    for name in ["waiton", "ami-waiton"] {
        tool("ami")
            .args([name, "--version"])
            .run()
            .expect()
            .stdout_is(&format!(
                "ami-waiton (ami-tools) {}\n",
                env!("CARGO_PKG_VERSION")
            ))
            .done();
    }
}

#[test]
fn called_by_a_tool_s_name_it_is_that_tool() {
    let script = "ln -s \"$(command -v ami)\" ami-waiton && ./ami-waiton --version";
    ami_testkit::shell(script)
        .run()
        .expect()
        .stdout_has("ami-waiton (ami-tools)")
        .done();
}

#[test]
fn only_the_exact_name_counts() {
    let script = "ln -s \"$(command -v ami)\" my-ami-waiton && ./my-ami-waiton --version";
    ami_testkit::shell(script)
        .run()
        .expect()
        .stdout_has("ami (ami-tools)")
        .done();
}

#[test]
fn what_it_does_not_know_is_an_error_of_its_own() {
    let says = |args: &[&str], why: &str| {
        let outcome = tool("ami")
            .args(args)
            .run()
            .expect()
            .fails(2)
            .stderr_has(why)
            .done();
        assert_eq!(outcome.stderr.lines().count(), 1);
    };
    says(
        &[],
        "ami: name a tool: bundle, chroot, clone, copy-image, create-image, describe-ancestors, describe-children, register-image, tag-image, waiton",
    );
    says(
        &["waitno"],
        "ami: unknown tool 'waitno', did you mean 'waiton'?",
    );
    says(&["--frob"], "ami: unknown option '--frob'");
    says(&["waiton", "--frob"], "ami-waiton: unknown option '--frob'");
}

#[test]
fn its_help_lists_the_tools() {
    let outcome = tool("ami")
        .args(["--help"])
        .run()
        .expect()
        .stdout_has("Tools:")
        .done();
    for listed in ami::TOOLS {
        assert!(
            outcome.stdout.contains(listed.spec.summary),
            "{}",
            listed.spec.name
        );
    }
}

#[test]
fn help_and_version_need_no_environment_and_a_closed_pipe_is_141() {
    for name in ["ami", "ami-waiton", "ami-create-image"] {
        for option in ["--help", "--version", "-h", "-V"] {
            tool(name)
                .args([option])
                .run()
                .expect()
                .stdout_has(name)
                .done();
        }
        let script =
            format!("({name} --help; echo $? >&2) | true; {name} --help >/dev/full; echo $?");
        ami_testkit::shell(&script)
            .run()
            .expect()
            .stdout_is("1\n")
            .stderr_has("cannot write standard output")
            .done();
    }
}
