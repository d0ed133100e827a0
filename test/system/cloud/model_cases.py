# SPDX-License-Identifier: Apache-2.0
"""The cloud and the tool against AWS's service model.

  model_cases.py routes  SOURCE...   every route of the control plane is a call of the model, by verb and path
  model_cases.py record  FILE        every recorded request and answer fits
  model_cases.py answers WORK        calls by botocore; every answer fits the shape of its output
"""
import json
import re
import sys

import aws_model

# Calls that no model of these services has.
ELSEWHERE = {"GetCallerIdentity"}  # AWS STS


def routes(files):
    """(verb, path, call) of the tables in the control plane's sources."""
    for name in files:
        with open(name, encoding="utf-8") as f:
            yield from re.findall(r'\{\s*"([A-Z]+)",\s*"([^"]+)",\s*\w+,\s*"(\w+)"\s*\}', f.read())


def flat(path):
    return re.sub(r"\{[^}]*\}", "{}", path.split("?")[0])


def check_routes(files):
    faults, count = [], 0
    for verb, path, name in routes(files):
        count += 1
        op = aws_model.operation(name)
        if name in ELSEWHERE:
            continue
        if op is None:
            faults.append(f"{name} is no call of the model")
        elif (op.http["method"], flat(op.http["requestUri"])) != (verb, flat(path).replace("%24", "$")):
            faults.append(f"{name} is {op.http['method']} {op.http['requestUri']}, not {verb} {path}")
    assert count > 50, f"only {count} routes were found"
    return count, faults


def check_record(name):
    faults, seen = [], set()
    with open(name, encoding="utf-8") as f:
        records = [json.loads(line) for line in f]
    for r in records:
        if r["target"] == "/" and b"Action=GetCallerIdentity" in aws_model.base64.b64decode(r["body"]):
            continue  # AWS STS
        op, wrong = aws_model.check_request(r)
        what = op.name if op else r["target"]
        seen.add(what)
        if op:
            wrong += aws_model.check_answer(op, r["status"], r["answer_headers"], aws_model.base64.b64decode(r["answer"]))
        faults += [f"{what}: {w}" for w in wrong]
    for name in ("DescribeEndpoint", "CreateThing", "CreateCertificateFromCsr", "AttachPolicy", "AttachThingPrincipal"):
        if name not in seen:
            faults.append(f"{name} was not called: {sorted(seen)}")
    return len(records), faults


def scenario(iot, data, work):
    """Every call that the cloud claims, at least once, and what it refuses."""

    def text(name):
        with open(f"{work}/{name}", encoding="utf-8") as f:
            return f.read()

    def refused(call, **args):
        try:
            call(**args)
        except iot.exceptions.ClientError if hasattr(iot.exceptions, "ClientError") else Exception:
            return
        raise AssertionError(f"{call.__name__} was not refused")

    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
    iot.describe_endpoint(endpointType="iot:Data-ATS")
    iot.create_thing_type(thingTypeName="kind", thingTypeProperties={"thingTypeDescription": "d", "searchableAttributes": ["sn"]})
    iot.describe_thing_type(thingTypeName="kind")
    iot.list_thing_types()
    iot.create_thing(thingName="m1", thingTypeName="kind", attributePayload={"attributes": {"sn": "1"}})
    refused(iot.create_thing, thingName="m1", attributePayload={"attributes": {"sn": "2"}})
    iot.describe_thing(thingName="m1")
    iot.update_thing(thingName="m1", attributePayload={"attributes": {"x": "y"}, "merge": True})
    iot.list_things(maxResults=1)
    iot.deprecate_thing_type(thingTypeName="kind")
    iot.create_thing_group(thingGroupName="top", thingGroupProperties={"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "b"}}})
    iot.create_thing_group(thingGroupName="sub", parentGroupName="top")
    iot.describe_thing_group(thingGroupName="sub")
    iot.list_thing_groups(recursive=True)
    iot.add_thing_to_thing_group(thingGroupName="sub", thingName="m1")
    iot.list_things_in_thing_group(thingGroupName="top", recursive=True)
    iot.list_thing_groups_for_thing(thingName="m1")
    made = iot.create_keys_and_certificate(setAsActive=True)
    own = iot.create_certificate_from_csr(certificateSigningRequest=text("dev.csr"), setAsActive=True)
    arn, certificate_id = own["certificateArn"], own["certificateId"]
    other = iot.register_certificate_without_ca(certificatePem=text("own.pem"), status="ACTIVE")
    refused(iot.register_certificate_without_ca, certificatePem=text("own.pem"))
    iot.describe_certificate(certificateId=certificate_id)
    refused(iot.delete_certificate, certificateId=certificate_id)
    iot.list_certificates(pageSize=2)
    iot.get_registration_code()
    ca = iot.register_ca_certificate(caCertificate=text("fab.pem"), certificateMode="SNI_ONLY", setAsActive=True, allowAutoRegistration=True)
    iot.describe_ca_certificate(certificateId=ca["certificateId"])
    iot.list_ca_certificates()
    signed = iot.register_certificate(certificatePem=text("fabbed.pem"), caCertificatePem=text("fab.pem"), status="ACTIVE")
    iot.list_certificates_by_ca(caCertificateId=ca["certificateId"])
    iot.create_policy(policyName="p", policyDocument=document)
    refused(iot.create_policy, policyName="p", policyDocument=document)
    iot.get_policy(policyName="p")
    iot.list_policies()
    version = iot.create_policy_version(policyName="p", policyDocument=document)["policyVersionId"]
    iot.get_policy_version(policyName="p", policyVersionId=version)
    iot.list_policy_versions(policyName="p")
    iot.set_default_policy_version(policyName="p", policyVersionId=version)
    iot.delete_policy_version(policyName="p", policyVersionId="1")
    iot.attach_policy(policyName="p", target=arn)
    iot.list_attached_policies(target=arn, recursive=True)
    iot.list_targets_for_policy(policyName="p")
    iot.list_policy_principals(policyName="p")
    iot.attach_principal_policy(policyName="p", principal=other["certificateArn"])
    iot.list_principal_policies(principal=other["certificateArn"])
    iot.detach_principal_policy(policyName="p", principal=other["certificateArn"])
    refused(iot.delete_policy, policyName="p")
    iot.attach_thing_principal(thingName="m1", principal=arn)
    iot.list_thing_principals(thingName="m1")
    iot.list_principal_things(principal=arn)
    iot.test_authorization(principal=arn, clientId="m1", authInfos=[{"actionType": "PUBLISH", "resources": ["arn:aws:iot:us-east-1:1:topic/a"]}])
    data.publish(topic="a/b", qos=1, retain=True, payload=b"x")
    data.get_retained_message(topic="a/b")
    data.list_retained_messages()
    data.update_thing_shadow(thingName="m1", payload=b'{"state":{"desired":{"a":1}}}')
    data.get_thing_shadow(thingName="m1")
    data.update_thing_shadow(thingName="m1", shadowName="s", payload=b'{"state":{"desired":{"a":1}}}')
    data.list_named_shadows_for_thing(thingName="m1")
    data.delete_thing_shadow(thingName="m1")
    refused(data.get_thing_shadow, thingName="m1")
    iot.detach_thing_principal(thingName="m1", principal=arn)
    iot.detach_policy(policyName="p", target=arn)
    iot.remove_thing_from_thing_group(thingGroupName="sub", thingName="m1")
    iot.delete_thing_group(thingGroupName="sub")
    iot.delete_thing(thingName="m1")
    refused(iot.delete_thing_type, thingTypeName="kind")  # deprecated too short a time ago
    iot.delete_policy(policyName="p")
    for c in (made, own, other, signed):
        iot.update_certificate(certificateId=c["certificateId"], newStatus="INACTIVE")
        iot.delete_certificate(certificateId=c["certificateId"])
    iot.update_ca_certificate(certificateId=ca["certificateId"], newStatus="INACTIVE", newAutoRegistrationStatus="DISABLE")
    iot.delete_ca_certificate(certificateId=ca["certificateId"])
    iot.delete_registration_code()
    refused(iot.describe_thing, thingName="m1")


def check_answers(work, endpoint, bundle, files):
    faults, seen = [], set()

    def judge(http_response, model, **_):
        seen.add(model.name)
        wrong = aws_model.check_answer(model, http_response.status_code, http_response.headers, http_response.content)
        faults.extend(f"{model.name}: {w}" for w in wrong)

    session = aws_model.session.Session()
    clients = [session.create_client(n, endpoint_url=endpoint, verify=bundle) for n in ("iot", "iot-data")]
    for client in clients:
        client.meta.events.register("after-call", judge)
    scenario(*clients, work)
    claimed = {name for _, _, name in routes(files)} - ELSEWHERE
    late = sorted(claimed - seen)
    if late:
        print(f"    calls without an answer here (their own tests have them): {' '.join(late)}")
    return len(seen), faults


def main():
    kind, *args = sys.argv[1:]
    if kind == "routes":
        count, faults = check_routes(args)
    elif kind == "record":
        count, faults = check_record(args[0])
    else:
        count, faults = check_answers(args[0], args[1], args[2], args[3:])
    print(f"{count} looked at")
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
