"""Drives the sandbox with boto3: waiters, paginators, client tokens, and the life of each resource."""

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from report import Report, equal, true
from servers import Sandbox

QUICKLY = {"Delay": 0.05, "MaxAttempts": 40}
ZONE = "us-east-1a"


def error_code(call: Callable[..., Any], **params: Any) -> str:
    """The error code that a call ends with; empty when it succeeds."""
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def check(report: Report, sandbox: Sandbox, pages: Sandbox, slow: Sandbox) -> None:
    """Makes all checks. New IDs of `slow` are unknown for a while."""
    ec2 = sandbox.client()
    _waiters(report, ec2, sandbox.instances[1])
    _instances(report, ec2)
    _volumes(report, ec2, sandbox.instances[0])
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    _images(report, sandbox.client(config=unchecked), sandbox.instances[0])
    _ancestry(report, sandbox)
    _references(report, sandbox.client(config=unchecked), sandbox.instances[0])
    _switches(report, ec2, sandbox.instances[0])
    _tokens(report, ec2)
    _copies(report, sandbox)
    _public(report, ec2, sandbox.instances[0])
    _pages(report, pages.client(), pages.instances[0])
    _invisible(report, slow)
    _accounts(report, sandbox)


def wait(ec2: Any, waiter: str, **params: Any) -> None:
    ec2.get_waiter(waiter).wait(WaiterConfig=QUICKLY, **params)


def _waiters(report: Report, ec2: Any, instance: str) -> None:
    with report.check("boto3 waiter image_available"):
        image = ec2.create_image(InstanceId=instance, Name="boto3")["ImageId"]
        equal(_image(ec2, image)["State"], "pending", "first state")
        wait(ec2, "image_available", ImageIds=[image])
        equal(_image(ec2, image)["State"], "available", "last state")
    with report.check("boto3 waiter snapshot_completed"):
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        wait(ec2, "volume_available", VolumeIds=[volume])
        snapshot = ec2.create_snapshot(VolumeId=volume)
        equal(snapshot["State"], "pending", "first state")
        wait(ec2, "snapshot_completed", SnapshotIds=[snapshot["SnapshotId"]])
    with report.check("boto3 waiter volume_available"):
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)
        equal(made["State"], "creating", "first state")
        wait(ec2, "volume_available", VolumeIds=[made["VolumeId"]])
    with report.check("boto3 waiter volume_deleted"):
        ec2.delete_volume(VolumeId=made["VolumeId"])
        wait(ec2, "volume_deleted", VolumeIds=[made["VolumeId"]])
    with report.check("boto3 waiter image_exists"):
        wait(ec2, "image_exists", ImageIds=[image])


def _instances(report: Report, ec2: Any) -> None:
    instance = ""
    with report.check("boto3 waiter instance_running"):
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
        instance = made["Instances"][0]["InstanceId"]
        equal(made["Instances"][0]["State"], {"Code": 0, "Name": "pending"}, "first state")
        wait(ec2, "instance_running", InstanceIds=[instance])
    with report.check("boto3 waiter instance_stopped"):
        change = ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0]
        equal(change["PreviousState"]["Name"], "running", "state before")
        equal(change["CurrentState"]["Name"], "stopping", "state after")
        wait(ec2, "instance_stopped", InstanceIds=[instance])
    with report.check("boto3 start_instances and reboot_instances"):
        ec2.start_instances(InstanceIds=[instance])
        wait(ec2, "instance_running", InstanceIds=[instance])
        ec2.reboot_instances(InstanceIds=[instance])
    with report.check("boto3 waiter instance_terminated"):
        ec2.terminate_instances(InstanceIds=[instance])
        wait(ec2, "instance_terminated", InstanceIds=[instance])
    with report.check("boto3 create_image of a terminated instance is IncorrectState"):
        code = error_code(ec2.create_image, InstanceId=instance, Name="too-late")
        equal(code, "IncorrectState", "code")


def _volumes(report: Report, ec2: Any, instance: str) -> None:
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=2, VolumeType="gp3")["VolumeId"]
    wait(ec2, "volume_available", VolumeIds=[volume])
    with report.check("boto3 attach_volume"):
        made = ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdz")
        equal(made["State"], "attaching", "first state")
        wait(ec2, "volume_in_use", VolumeIds=[volume])
        found = ec2.describe_volumes(Filters=[{"Name": "attachment.device", "Values": ["/dev/sdz"]}])
        equal([v["VolumeId"] for v in found["Volumes"]], [volume], "volumes")
        equal(found["Volumes"][0]["Attachments"][0]["InstanceId"], instance, "instance")
    with report.check("boto3 delete_volume of an attached volume is VolumeInUse"):
        equal(error_code(ec2.delete_volume, VolumeId=volume), "VolumeInUse", "code")
    with report.check("boto3 detach_volume without the instance"):
        equal(ec2.detach_volume(VolumeId=volume)["State"], "detaching", "first state")
        wait(ec2, "volume_available", VolumeIds=[volume])
        equal(error_code(ec2.detach_volume, VolumeId=volume), "IncorrectState", "code")
    with report.check("boto3 delete_snapshot"):
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        ec2.delete_snapshot(SnapshotId=snapshot)
        code = error_code(ec2.delete_snapshot, SnapshotId=snapshot)
        equal(code, "InvalidSnapshot.NotFound", "code when it is gone")
    with report.check("boto3 register_image of a snapshot, and deregister_image with it"):
        snapshot = ec2.create_snapshot(VolumeId=volume, Description="root")["SnapshotId"]
        wait(ec2, "snapshot_completed", SnapshotIds=[snapshot])
        image = _register(ec2, "registered", snapshot)
        shown = _image(ec2, image)
        equal((shown["Architecture"], shown["BootMode"]), ("arm64", "uefi"), "what was asked for")
        equal(shown["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"], snapshot, "snapshot")
        code = error_code(ec2.delete_snapshot, SnapshotId=snapshot)
        equal(code, "InvalidSnapshot.InUse", "code while the image is there")
        gone = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
        equal([r["ReturnCode"] for r in gone["DeleteSnapshotResults"]], ["success"], "results")
        code = error_code(ec2.describe_snapshots, SnapshotIds=[snapshot])
        equal(code, "InvalidSnapshot.NotFound", "code afterwards")


def _register(ec2: Any, name: str, snapshot: str) -> str:
    device = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}
    image = ec2.register_image(
        Name=name,
        Architecture="arm64",
        VirtualizationType="hvm",
        BootMode="uefi",
        EnaSupport=True,
        ImdsSupport="v2.0",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[device],
    )["ImageId"]
    wait(ec2, "image_available", ImageIds=[image])
    return image


def _image(ec2: Any, image: str) -> Any:
    return ec2.describe_images(ImageIds=[image])["Images"][0]


def _images(report: Report, ec2: Any, instance: str) -> None:
    image = ec2.create_image(InstanceId=instance, Name="taken", NoReboot=True)["ImageId"]
    with report.check("boto3: using a pending image is InvalidAMIID.Unavailable"):
        code = error_code(ec2.run_instances, ImageId=image, MinCount=1, MaxCount=1)
        equal(code, "InvalidAMIID.Unavailable", "code")
    wait(ec2, "image_available", ImageIds=[image])
    for name, expected in [
        ("taken", "InvalidAMIName.Duplicate"),
        ("no", "InvalidAMIName.Malformed"),
        ("a name with !", "InvalidAMIName.Malformed"),
    ]:
        with report.check(f"boto3 create_image named '{name}' is {expected}"):
            code = error_code(ec2.create_image, InstanceId=instance, Name=name)
            equal(code, expected, "code")
    with report.check("boto3 get_image_ancestry"):
        chain = ec2.get_image_ancestry(ImageId=image)["ImageAncestryEntries"]
        equal(chain[0]["ImageId"], image, "first")
        equal(chain[-1]["ImageOwnerAlias"], "amazon", "owner of the last")
    with report.check("boto3 modify_image_attribute shares an image"):
        permission = {"Add": [{"UserId": "210987654321"}]}
        ec2.modify_image_attribute(ImageId=image, LaunchPermission=permission)
        shown = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        equal(shown["LaunchPermissions"], [{"UserId": "210987654321"}], "permissions")
        description = {"Value": "new words"}
        ec2.modify_image_attribute(ImageId=image, Description=description)
        shown = ec2.describe_image_attribute(ImageId=image, Attribute="description")
        equal(shown["Description"], description, "description")


def _ancestry(report: Report, sandbox: Sandbox) -> None:
    here, there = sandbox.client(), sandbox.client(region="eu-west-1")
    root = here.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    middle = there.copy_image(SourceImageId=root, SourceRegion="us-east-1", Name="ancestor")["ImageId"]
    wait(there, "image_available", ImageIds=[middle])
    last = here.copy_image(SourceImageId=middle, SourceRegion="eu-west-1", Name="heir")["ImageId"]
    wait(here, "image_available", ImageIds=[last])
    there.deregister_image(ImageId=middle)
    with report.check("boto3 get_image_ancestry leads through a deregistered image of another region"):
        chain = here.get_image_ancestry(ImageId=last)["ImageAncestryEntries"]
        equal([e["ImageId"] for e in chain], [last, middle, root], "images")
        equal([e.get("SourceImageId") for e in chain], [middle, root, None], "sources")
        regions = [e.get("SourceImageRegion") for e in chain]
        equal(regions, ["eu-west-1", "us-east-1", None], "regions of the sources")
        equal([e.get("ImageOwnerAlias") for e in chain], [None, None, "amazon"], "owners")
        true(all(e["CreationDate"].tzinfo for e in chain), "a date without a zone")
    with report.check("boto3 get_image_ancestry of a deregistered image is InvalidAMIID.NotFound"):
        code = error_code(there.get_image_ancestry, ImageId=middle)
        equal(code, "InvalidAMIID.NotFound", "code")


def _references(report: Report, ec2: Any, instance: str) -> None:
    ask = ec2.describe_image_references
    source = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    states = {"OptionName": "state-name", "OptionValues": ["running"]}
    running = {"ResourceType": "ec2:Instance", "ResourceTypeOptions": [states]}
    depth = {"OptionName": "version-depth", "OptionValues": ["10"]}
    templates = {"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [depth]}
    with report.check("boto3 describe_image_references of all types, with options beside them"):
        whole = ask(ImageIds=[source], IncludeAllResourceTypes=True)["ImageReferences"]
        one = [r for r in whole if r["Arn"].endswith(f":instance/{instance}")]
        equal([r["ImageId"] for r in one], [source], "images of the first instance")
        equal({r["ResourceType"] for r in whole}, {"ec2:Instance"}, "types")
        kinds = [running, templates]
        some = ask(ImageIds=[source], IncludeAllResourceTypes=True, ResourceTypes=kinds)
        chosen = ask(ImageIds=[source], ResourceTypes=[running])["ImageReferences"]
        equal(some["ImageReferences"], chosen, "references by running instances")
        true(0 < len(chosen) < len(whole), f"{len(chosen)} of {len(whole)} references")
        found = ask(ImageIds=[source], ResourceTypes=[templates])["ImageReferences"]
        equal(found, [], "references by launch templates")
    with report.check("boto3 describe_image_references of neither types nor all of them"):
        equal(error_code(ask, ImageIds=[source]), "InvalidParameterCombination", "code")
    with report.check("boto3 describe_image_references of 1 to 10 images"):
        ids = [f"ami-{number:017x}" for number in range(11)]
        equal(ask(ImageIds=ids[:10], IncludeAllResourceTypes=True)["ImageReferences"], [], "of 10")
        code = error_code(ask, ImageIds=ids, IncludeAllResourceTypes=True)
        equal(code, "InvalidParameterValue", "code of 11")
    with report.check("boto3 paginator describe_image_references"):
        paginator = ec2.get_paginator("describe_image_references")
        made = ec2.run_instances(ImageId=source, MinCount=7, MaxCount=7)["Instances"]
        page_size = {"PageSize": 5}
        pages = list(
            paginator.paginate(
                ImageIds=[source], IncludeAllResourceTypes=True, PaginationConfig=page_size
            )
        )
        found = {r["Arn"].rpartition("/")[2] for page in pages for r in page["ImageReferences"]}
        true({i["InstanceId"] for i in made} <= found, "an instance is missing")
        true(len(pages) > 1, "there was one page only")
        ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in made])


def _switches(report: Report, ec2: Any, instance: str) -> None:
    image = ec2.create_image(InstanceId=instance, Name="switched", NoReboot=True)["ImageId"]
    wait(ec2, "image_available", ImageIds=[image])
    with report.check("boto3 enable_image_deprecation and its end"):
        ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2030-01-02T03:04:00Z")
        equal(_image(ec2, image)["DeprecationTime"], "2030-01-02T03:04:00.000Z", "time")
        ec2.disable_image_deprecation(ImageId=image)
        true("DeprecationTime" not in _image(ec2, image), "it is still deprecated")
    with report.check("boto3 deregistration protection"):
        ec2.enable_image_deregistration_protection(ImageId=image)
        true(error_code(ec2.deregister_image, ImageId=image), "the image was deregistered")
        ec2.disable_image_deregistration_protection(ImageId=image)
    with report.check("boto3 disable_image and enable_image"):
        ec2.disable_image(ImageId=image)
        equal(ec2.describe_images(ImageIds=[image])["Images"], [], "images without asking")
        shown = ec2.describe_images(ImageIds=[image], IncludeDisabled=True)["Images"]
        equal([i["State"] for i in shown], ["disabled"], "states")
        ec2.enable_image(ImageId=image)
        equal(_image(ec2, image)["State"], "available", "state")


def _tokens(report: Report, ec2: Any) -> None:
    source = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    launch = {"ImageId": source, "MinCount": 1, "MaxCount": 1}
    copy = {"SourceImageId": source, "SourceRegion": "us-east-1", "Name": "token"}
    volume = {"AvailabilityZone": ZONE, "Size": 1}
    cases: list[tuple[Any, dict[str, Any], Callable[[Any], str], dict[str, Any]]] = [
        (ec2.create_volume, volume, lambda made: made["VolumeId"], {"Size": 2}),
        (ec2.copy_image, copy, lambda made: made["ImageId"], {"Name": "other"}),
        (ec2.run_instances, launch, lambda made: made["Instances"][0]["InstanceId"], {"MaxCount": 2}),
    ]
    for call, params, new_id, change in cases:
        with report.check(f"boto3 {call.__name__} with a client token"):
            first, again = (call(ClientToken="t-1", **params) for _ in range(2))
            equal(new_id(again), new_id(first), "ID of the second call")
            code = error_code(call, ClientToken="t-1", **(params | change))
            equal(code, "IdempotentParameterMismatch", "code with other parameters")


def _copies(report: Report, sandbox: Sandbox) -> None:
    here, there = sandbox.client(), sandbox.client(region="eu-west-2")
    source = here.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    copy = {"SourceImageId": source, "SourceRegion": "us-east-1", "Name": "copied"}
    with report.check("boto3 copy_image encrypts under the key of EBS, in a given time"):
        params = {"Encrypted": True, "SnapshotCopyCompletionDurationMinutes": 30}
        image = there.copy_image(**copy, **params)["ImageId"]
        wait(there, "image_available", ImageIds=[image])
        ebs = _image(there, image)["BlockDeviceMappings"][0]["Ebs"]
        shown = there.describe_snapshots(SnapshotIds=[ebs["SnapshotId"]])["Snapshots"][0]
        true(shown["KmsKeyId"].startswith("arn:aws:kms:eu-west-2:123456789012:key/"), shown["KmsKeyId"])
        equal((ebs["Encrypted"], shown["Encrypted"]), (True, True), "encryption")
        times = (shown["TransferType"], shown["CompletionDurationMinutes"])
        equal(times, ("time-based", 30), "times")
        permission = {"Add": [{"UserId": "210987654321"}]}
        share = there.modify_image_attribute
        code = error_code(share, ImageId=image, LaunchPermission=permission)
        equal(code, "InvalidParameter", "code when it is shared")
    with report.check("boto3 copy_image under a key that does not exist fails later"):
        params = {"Encrypted": True, "KmsKeyId": "alias/nothing"}
        image = there.copy_image(**copy, **params)["ImageId"]
        try:
            wait(there, "image_available", ImageIds=[image])
        except WaiterError:
            shown = _image(there, image)
            equal(shown["State"], "failed", "state")
            true(shown["StateReason"]["Message"], "no reason is given")
        else:
            raise AssertionError("it became available")
    with report.check("boto3 copy_image into a region that is not enabled is AuthFailure"):
        off = sandbox.client(region="ap-east-1")
        equal(error_code(off.copy_image, **copy), "AuthFailure", "code")


def _public(report: Report, ec2: Any, instance: str) -> None:
    image = ec2.create_image(InstanceId=instance, Name="public", NoReboot=True)["ImageId"]
    wait(ec2, "image_available", ImageIds=[image])
    everyone = {"Add": [{"Group": "all"}]}
    with report.check("boto3 image block public access"):
        state = "ImageBlockPublicAccessState"
        shown = ec2.get_image_block_public_access_state()
        equal((shown[state], shown["ManagedBy"]), ("block-new-sharing", "account"), "state")
        publish = {"ImageId": image, "LaunchPermission": everyone}
        code = error_code(ec2.modify_image_attribute, **publish)
        equal(code, "OperationNotPermitted", "code while it is blocked")
        equal(ec2.disable_image_block_public_access()[state], "unblocked", "state")
        ec2.modify_image_attribute(**publish)
        equal(_image(ec2, image)["Public"], True, "public")
        enabled = ec2.enable_image_block_public_access(**{state: "block-new-sharing"})
        equal(enabled[state], "block-new-sharing", "state")
    with report.check("boto3 snapshot block public access"):
        snapshot = _image(ec2, image)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        equal(ec2.get_snapshot_block_public_access_state()["State"], "unblocked", "state")
        for state in ["block-new-sharing", "block-all-sharing"]:
            enabled = ec2.enable_snapshot_block_public_access(State=state)
            equal(enabled["State"], state, "state")
        publish = {"SnapshotId": snapshot, "CreateVolumePermission": everyone}
        code = error_code(ec2.modify_snapshot_attribute, **publish)
        equal(code, "OperationNotPermitted", "code while it is blocked")
        equal(ec2.disable_snapshot_block_public_access()["State"], "unblocked", "state")
        ec2.modify_snapshot_attribute(**publish)


def _pages(report: Report, ec2: Any, instance: str) -> None:
    for number in range(7):
        ec2.create_image(InstanceId=instance, Name=f"page-{number}")
    for _ in range(11):
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    for _ in range(7):
        made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        wait(ec2, "snapshot_completed", SnapshotIds=[made])
        ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": made}])
    source = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for _ in range(7):
        ec2.run_instances(ImageId=source, MinCount=1, MaxCount=1)
    for operation, key, extra in [
        ("describe_images", "Images", {"Owners": ["self"]}),
        ("describe_volumes", "Volumes", {}),
        ("describe_snapshots", "Snapshots", {"OwnerIds": ["self"]}),
        ("describe_instances", "Reservations", {}),
        ("describe_tags", "Tags", {}),
    ]:
        with report.check(f"boto3 paginator {operation}"):
            whole = getattr(ec2, operation)(**extra)[key]
            paginator = ec2.get_paginator(operation)
            pages = list(paginator.paginate(PaginationConfig={"PageSize": 5}, **extra))
            found = [row for page in pages for row in page[key]]
            equal(len(found), len(whole), "number")
            true(len(whole) >= 7, f"only {len(whole)} rows")
            true(len(pages) > 1, "there was one page only")
            if key != "Tags":
                empty = [page for page in pages if not page[key] and page.get("NextToken")]
                true(empty, "no page was empty")


def _invisible(report: Report, sandbox: Sandbox) -> None:
    ec2 = sandbox.client()
    with report.check("boto3 waiter image_exists waits for a fresh ID"):
        image = ec2.create_image(InstanceId=sandbox.instances[0], Name="fresh")["ImageId"]
        code = error_code(ec2.describe_images, ImageIds=[image])
        equal(code, "InvalidAMIID.NotFound", "code at first")
        wait(ec2, "image_exists", ImageIds=[image])
    with report.check("boto3 waiter image_available gives up on a fresh ID, as it does on EC2"):
        image = ec2.create_image(InstanceId=sandbox.instances[0], Name="fresher")["ImageId"]
        try:
            wait(ec2, "image_available", ImageIds=[image])
        except WaiterError as error:
            true("InvalidAMIID.NotFound" in str(error), str(error))
        else:
            raise AssertionError("it waited")


def _accounts(report: Report, sandbox: Sandbox) -> None:
    sts = sandbox.client("sts")
    role = "arn:aws:iam::210987654321:role/builder"
    with report.check("boto3 assume_role leads to the account of the role"):
        keys = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        there = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
        identity = sandbox.client("sts", **there).get_caller_identity()
        equal(identity["Account"], "210987654321", "account")
        seen = sandbox.client(**there).describe_images()["Images"]
        names = [i["Name"] for i in seen if not i["Public"]]
        equal(names, ["taken"], "images that are shared")
    with report.check("boto3 with an unknown key is AuthFailure"):
        stranger = sandbox.client(aws_access_key_id="AKIANOBODY0000000000")
        equal(error_code(stranger.describe_images), "AuthFailure", "code")
    with report.check("boto3 describe_regions and describe_availability_zones"):
        ec2 = sandbox.client()
        names = {r["RegionName"] for r in ec2.describe_regions()["Regions"]}
        true({"us-east-1", "eu-west-1"} <= names, f"regions {names}")
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
        true(ZONE in {z["ZoneName"] for z in zones}, "zones")
