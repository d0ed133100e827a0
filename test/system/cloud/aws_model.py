# SPDX-License-Identifier: Apache-2.0
"""AWS's own service model, as botocore carries it: which call a request is, and whether request and answer fit."""
import base64
import json
import re
from urllib.parse import parse_qsl, unquote

try:  # Debian's awscli 2 has botocore inside
    from awscli.botocore import parsers, session
except ImportError:
    from botocore import parsers, session

SERVICES = ("iot", "iot-data", "iot-jobs-data")
# Errors of every call; the model lists a call's own only. @source API Reference, "Common Errors".
COMMON = {
    "ThrottlingException", "InternalFailureException", "InvalidRequestException", "UnauthorizedException",
    "ServiceUnavailableException", "MissingAuthenticationTokenException", "IncompleteSignatureException",
    "InvalidSignatureException", "UnrecognizedClientException", "ExpiredTokenException", "UnknownOperationException",
}
MODELS = {name: session.Session().get_service_model(name) for name in SERVICES}


def operation(name):
    """The model of a call by its name, or None."""
    for model in MODELS.values():
        if name in model.operation_names:
            return model.operation_model(name)
    return None


def template(uri):
    """A path as a pattern, and the names of its parts. Fixed queries of the model are not looked at."""
    names, out = [], ""
    for part in re.split(r"(\{[^}]*\})", uri.split("?")[0]):
        if part.startswith("{"):
            names.append(part.strip("{}+"))
            out += "(.+)" if part.endswith("+}") else "([^/]+)"
        else:
            out += re.escape(part)
    return re.compile(out + r"\Z"), names


def find(method, path):
    """The call that a request is, with the values in its path."""
    best = None
    for model in MODELS.values():
        for name in model.operation_names:
            op = model.operation_model(name)
            pattern, names = template(op.http["requestUri"])
            match = pattern.match(path) if op.http["method"] == method else None
            # A literal path wins over one with parts: /things/x and /things/{thingName}.
            if match and (best is None or len(names) < len(best[2])):
                best = op, [unquote(g) for g in match.groups()], names
    return (best[0], dict(zip(best[2], best[1]))) if best else (None, {})


def fits(pattern, value):
    """Java's classes like \\p{Graph} are unknown here; such a pattern is not looked at."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def check_scalar(shape, value, where, faults):
    kinds = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float), "double": (int, float)}
    kind = kinds.get(shape.type_name)
    if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        faults.append(f"{where}: {value!r} is not a {shape.type_name}")
        return
    if shape.type_name != "string":
        return
    meta = shape.metadata
    if "pattern" in meta and not fits(meta["pattern"], value):
        faults.append(f"{where}: {value!r} does not match {meta['pattern']}")
    if "enum" in meta and value not in meta["enum"]:
        faults.append(f"{where}: {value!r} is none of {meta['enum']}")
    if not meta.get("min", 0) <= len(value) <= meta.get("max", 1 << 30):
        faults.append(f"{where}: {len(value)} characters")


def check(shape, value, where, faults, known_only=True):
    """A JSON value against a shape: types, patterns, lengths, required and unknown members."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            faults.append(f"{where}: {value!r} is no object")
            return
        names = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        for name, item in value.items():
            if name in names:
                check(names[name], item, f"{where}.{name}", faults, known_only)
            elif known_only:
                faults.append(f"{where}: the model has no {name}")
        for name in shape.required_members:
            if shape.members[name].serialization.get("name", name) not in value:
                faults.append(f"{where}: {name} is missing")
    elif shape.type_name == "list":
        if not isinstance(value, list):
            faults.append(f"{where}: {value!r} is no list")
            return
        for n, item in enumerate(value):
            check(shape.member, item, f"{where}[{n}]", faults, known_only)
    elif shape.type_name == "map":
        for name, item in value.items():
            check_scalar(shape.key, name, f"{where} key", faults)
            check(shape.value, item, f"{where}.{name}", faults, known_only)
    else:
        check_scalar(shape, value, where, faults)


def by_place(shape, place):
    """The members of an input that travel in this place ("" is the body), by their name there."""
    if shape is None:
        return {}
    return {m.serialization.get("name", n): m for n, m in shape.members.items() if m.serialization.get("location", "") == place}


def check_request(record):
    """What does not fit in a recorded request; and its call."""
    target, _, query = record["target"].partition("?")
    op, parts = find(record["method"], target)
    if op is None:
        return None, [f"no call is {record['method']} {target}"]
    faults, shape = [], op.input_shape
    given = set()

    def take(place, values, strict):
        members = by_place(shape, place)
        for name, value in values.items():
            match = next((m for m in members if m.lower() == name.lower()), None)
            if match:
                given.add(members[match])
                kind = members[match].type_name
                value = {"boolean": {"true": True, "false": False}.get(value, value)}.get(kind, value)
                value = int(value) if kind in ("integer", "long") and str(value).lstrip("-").isdigit() else value
                check_scalar(members[match], value, f"{place} {name}", faults)
            elif strict:
                faults.append(f"{place} {name} is not in the model")

    take("uri", parts, True)
    take("querystring", dict(parse_qsl(query, keep_blank_values=True)), True)
    take("header", dict(record["headers"]), False)
    payload = shape.serialization.get("payload") if shape is not None else None
    body = base64.b64decode(record["body"])
    members = by_place(shape, "")
    if payload is None and body:
        document = json.loads(body)
        for name in document:
            if name not in members:
                faults.append(f"body: the model has no {name}")
            else:
                given.add(members[name])
                check(members[name], document[name], name, faults)
    for name in shape.required_members if shape is not None else []:
        if name != payload and shape.members[name] not in given:
            faults.append(f"{name} is missing")
    return op, faults


def check_answer(op, status, headers, body):
    """What does not fit in an answer."""
    faults = []
    headers = {k.lower(): v for k, v in dict(headers).items()}
    if "x-amzn-requestid" not in headers:
        faults.append("no x-amzn-requestid")
    if status >= 300:
        name = headers.get("x-amzn-errortype", "").split(":")[0]
        model = next((e for e in op.error_shapes if e.name == name), None)
        if model is None and name not in COMMON:
            faults.append(f"the error {name!r} is not this call's")
        expected = model.metadata.get("error", {}).get("httpStatusCode") if model else None
        if expected not in (None, status):
            faults.append(f"{name} with status {status}, not {expected}")
        return faults
    parser = parsers.create_parser("rest-json")
    parser.parse({"status_code": status, "headers": headers, "body": body}, op.output_shape)
    if op.output_shape is not None and op.output_shape.serialization.get("payload") is None and body:
        check(op.output_shape, json.loads(body), "answer", faults)
    elif op.output_shape is None and body not in (b"", b"{}"):
        faults.append(f"an answer where there is none: {body[:80]!r}")
    return faults
