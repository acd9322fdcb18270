#!/bin/sh

# wrap-for-bin.sh: the template of the wrappers, which `cargo xtask gen` writes, one for each tool.
#
# A wrapper runs the tool from the build tree, so that it can be tried without installing it. Put
# this directory first on PATH, and pipelines take all their tools from the same build:
#
#	PATH=$PWD/bin-wrappers:$PATH
#
# AMI_PROFILE chooses among builds: dev (the default), release, dist. AMI_DEBUGGER is a command to
# run the tool under: AMI_DEBUGGER='gdb --args' ami-waiton ami-...

root=@ROOT@
tool=@PROGRAM@

profile=${AMI_PROFILE:-dev}
case $profile in
dev) directory=debug ;;
*) directory=$profile ;;
esac
program=${CARGO_TARGET_DIR:-$root/target}/$directory/$tool

# What the tool itself starts is to come from the same build as well.
PATH=$root/bin-wrappers:$PATH
export PATH

if ! test -x "$program"; then
	printf '%s: %s is not there; to build it: cargo build --bins --profile %s\n' \
		"$tool" "$program" "$profile" >&2
	exit 127
fi

# Split into words on purpose: a debugger comes with options.
# shellcheck disable=SC2086
exec ${AMI_DEBUGGER-} "$program" "$@"
