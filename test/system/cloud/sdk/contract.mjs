// SPDX-License-Identifier: Apache-2.0
// The local cloud against AWS's own SDK for JavaScript and MQTT.js: signed calls, typed answers, typed errors,
// paging, and a device's connection through the port with ALPN.
//
//   node contract.mjs WORK-FOLDER CLOUD-FOLDER
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.LIMPET_NPM, "x.js"));
const iot = require("@aws-sdk/client-iot");
const data = require("@aws-sdk/client-iot-data-plane");
const mqtt = require("mqtt");

const [work, folder] = process.argv.slice(2);
const info = JSON.parse(readFileSync(join(folder, "cloud.json"), "utf8"));
const config = { endpoint: process.env.AWS_ENDPOINT_URL, region: info.region, maxAttempts: 1 };
const control = new iot.IoTClient(config);
const plane = new data.IoTDataPlaneClient(config);
const file = (name) => readFileSync(join(work, name), "utf8");
const call = (name, input = {}) => control.send(new iot[`${name}Command`](input));
const ask = (name, input = {}) => plane.send(new data[`${name}Command`](input));
const text = (bytes) => new TextDecoder().decode(bytes);

// The SDK makes an exception of the class that AWS's model names.
async function refuses(name, status, promise) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.name, name);
    assert.ok([iot[name], data[name]].some((c) => c && e instanceof c), `${name} has another class`);
    assert.equal(e.$metadata.httpStatusCode, status);
    assert.match(e.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
    assert.ok(e.message.length > 0);
    return true;
  });
}

const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }],
});

const tests = {
  async endpoint_is_named() {
    const { endpointAddress } = await call("DescribeEndpoint", { endpointType: "iot:Data-ATS" });
    assert.equal(endpointAddress, `localhost:${info.portMqtt}`);
  },
  async thing_life() {
    const made = await call("CreateThing", { thingName: "sdk:1", attributePayload: { attributes: { sn: "7" } } });
    assert.equal(made.thingArn, `arn:aws:iot:${info.region}:${info.accountId}:thing/sdk:1`);
    const seen = await call("DescribeThing", { thingName: "sdk:1" });
    assert.deepEqual([seen.attributes, seen.version, seen.thingId], [{ sn: "7" }, 1, made.thingId]);
    await call("UpdateThing", { thingName: "sdk:1", attributePayload: { attributes: { hw: "b" }, merge: true } });
    assert.deepEqual((await call("DescribeThing", { thingName: "sdk:1" })).attributes, { sn: "7", hw: "b" });
    await call("DeleteThing", { thingName: "sdk:1" });
  },
  async errors_are_typed() {
    await refuses("ResourceNotFoundException", 404, call("DescribeThing", { thingName: "nobody" }));
    await call("CreateThing", { thingName: "twice" });
    await refuses("ResourceAlreadyExistsException", 409, call("CreateThing", { thingName: "twice", attributePayload: { attributes: { a: "b" } } }));
    await refuses("InvalidRequestException", 400, call("CreateThing", { thingName: "no spaces" }));
    await refuses("MalformedPolicyException", 400, call("CreatePolicy", { policyName: "bad", policyDocument: "{" }));
    await refuses("VersionConflictException", 409, call("UpdateThing", { thingName: "twice", expectedVersion: 9 }));
  },
  async conflict_names_the_resource() {
    await call("RegisterCertificateWithoutCA", { certificatePem: file("own.pem"), status: "ACTIVE" });
    await assert.rejects(call("RegisterCertificateWithoutCA", { certificatePem: file("own.pem") }), (e) => {
      assert.ok(e instanceof iot.ResourceAlreadyExistsException);
      assert.match(e.resourceId, /^[0-9a-f]{64}$/);
      assert.ok(e.resourceArn.endsWith(`cert/${e.resourceId}`));
      return true;
    });
  },
  async pages_are_walked() {
    for (const n of [1, 2, 3, 4, 5]) await call("CreateThing", { thingName: `page-${n}`, attributePayload: { attributes: { lot: "p" } } });
    const names = [];
    for await (const page of iot.paginateListThings({ client: control, pageSize: 2 }, { attributeName: "lot", attributeValue: "p" })) {
      assert.ok(page.things.length <= 2);
      names.push(...page.things.map((t) => t.thingName));
    }
    assert.deepEqual(names, [1, 2, 3, 4, 5].map((n) => `page-${n}`));
  },
  async certificate_life() {
    const { certificateId, certificatePem, keyPair } = await call("CreateKeysAndCertificate", { setAsActive: true });
    assert.match(certificatePem, /^-----BEGIN CERTIFICATE-----/);
    assert.match(keyPair.PrivateKey, /PRIVATE KEY/);
    const { certificateDescription } = await call("DescribeCertificate", { certificateId });
    assert.ok(certificateDescription.creationDate instanceof Date);
    assert.equal(certificateDescription.validity.notAfter.toISOString(), "2049-12-31T23:59:59.000Z");
    await refuses("CertificateStateException", 406, call("DeleteCertificate", { certificateId }));
    await call("UpdateCertificate", { certificateId, newStatus: "REVOKED" });
    await call("DeleteCertificate", { certificateId });
  },
  async policy_versions() {
    await call("CreatePolicy", { policyName: "versions", policyDocument: policy });
    for (let n = 2; n <= 5; n++) await call("CreatePolicyVersion", { policyName: "versions", policyDocument: policy, setAsDefault: n === 5 });
    await refuses("VersionsLimitExceededException", 409, call("CreatePolicyVersion", { policyName: "versions", policyDocument: policy }));
    const { policyVersions } = await call("ListPolicyVersions", { policyName: "versions" });
    assert.deepEqual(policyVersions.filter((v) => v.isDefaultVersion).map((v) => v.versionId), ["5"]);
    assert.ok(policyVersions[0].createDate instanceof Date);
    await refuses("DeleteConflictException", 409, call("DeletePolicy", { policyName: "versions" }));
  },
  async device_is_attached() {
    const { certificateArn, certificatePem, certificateId } = await call("CreateCertificateFromCsr", { certificateSigningRequest: file("dev.csr"), setAsActive: true });
    await call("CreatePolicy", { policyName: "all", policyDocument: policy });
    await call("CreateThing", { thingName: "dev" });
    await call("AttachPolicy", { policyName: "all", target: certificateArn });
    await call("AttachThingPrincipal", { thingName: "dev", principal: certificateArn });
    assert.deepEqual((await call("ListThingPrincipals", { thingName: "dev" })).principals, [certificateArn]);
    assert.deepEqual((await call("ListPrincipalThings", { principal: certificateArn })).things, ["dev"]);
    assert.deepEqual((await call("ListAttachedPolicies", { target: certificateArn })).policies.map((p) => p.policyName), ["all"]);
    assert.deepEqual((await call("ListTargetsForPolicy", { policyName: "all" })).targets, [certificateArn]);
    const { authResults } = await call("TestAuthorization", {
      principal: certificateArn,
      clientId: "dev",
      authInfos: [{ actionType: "CONNECT", resources: [`arn:aws:iot:${info.region}:${info.accountId}:client/dev`] }],
    });
    assert.equal(authResults[0].authDecision, "ALLOWED");
    assert.ok((await call("ListCertificates")).certificates.some((c) => c.certificateId === certificateId));
    device = { cert: certificatePem, key: file("dev.key"), ca: readFileSync(join(folder, "ca.pem")) };
  },
  async mqtt_js_hears_what_the_sdk_publishes() {
    for (const [port, alpn, version] of [[info.portMqtt, undefined, 4], [info.portAlpn, ["x-amzn-mqtt-ca"], 4], [info.portMqtt, undefined, 5]]) {
      const client = await mqtt.connectAsync(`mqtts://localhost:${port}`, {
        ...device, clientId: "dev", protocolVersion: version, ALPNProtocols: alpn, servername: "localhost",
        reconnectPeriod: 0, connectTimeout: 10000, clean: true,
      });
      await client.subscribeAsync("sdk/down", { qos: 1 });
      const heard = new Promise((resolve) => client.once("message", (topic, payload) => resolve([topic, payload.toString()])));
      await ask("Publish", { topic: "sdk/down", qos: 1, payload: Buffer.from("from the SDK") });
      assert.deepEqual(await heard, ["sdk/down", "from the SDK"]);
      await client.publishAsync("sdk/up", "from MQTT.js", { qos: 1, retain: true });
      await client.endAsync();
    }
    assert.equal(text((await ask("GetRetainedMessage", { topic: "sdk/up" })).payload), "from MQTT.js");
    assert.deepEqual((await ask("ListRetainedMessages")).retainedTopics.map((t) => t.topic), ["sdk/up"]);
  },
  async mqtt_js_is_refused_without_alpn_on_its_port() {
    await assert.rejects(mqtt.connectAsync(`mqtts://localhost:${info.portAlpn}`, { ...device, clientId: "dev", servername: "localhost", reconnectPeriod: 0, connectTimeout: 5000 }, false));
  },
  async shadow_round() {
    const put = await ask("UpdateThingShadow", { thingName: "dev", payload: Buffer.from('{"state":{"desired":{"on":true}}}') });
    assert.equal(JSON.parse(text(put.payload)).version, 1);
    const got = JSON.parse(text((await ask("GetThingShadow", { thingName: "dev" })).payload));
    assert.deepEqual(got.state, { desired: { on: true }, delta: { on: true } });
    await ask("UpdateThingShadow", { thingName: "dev", shadowName: "named", payload: Buffer.from('{"state":{"reported":{"x":1}}}') });
    assert.deepEqual((await ask("ListNamedShadowsForThing", { thingName: "dev" })).results, ["named"]);
    await ask("DeleteThingShadow", { thingName: "dev" });
    await refuses("ResourceNotFoundException", 404, ask("GetThingShadow", { thingName: "dev" }));
  },
  async wrong_secret_is_refused() {
    const thief = new iot.IoTClient({ ...config, credentials: { accessKeyId: info.accessKeyId, secretAccessKey: "x".repeat(40) } });
    await assert.rejects(thief.send(new iot.ListThingsCommand({})), (e) => e.$metadata.httpStatusCode === 403);
  },
};

let device;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok sdk_${name}`);
  } catch (e) {
    failed++;
    console.log(`not ok sdk_${name}\n    ${String(e.stack ?? e).replaceAll("\n", "\n    ")}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
