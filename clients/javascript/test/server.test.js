import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { createApi, verifyWebhook } from "../src/server/index.js";
import { world } from "./fakes.js";

// The example of the libraries of Standard Webhooks.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = '{"test": 2432232314}';
const HEADERS = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const THEN = { now: 1_614_265_330_000 };

suite("webhooks", () => {
  test("a genuine message is returned", async () => {
    assert.deepEqual(await verifyWebhook(BODY, HEADERS, SECRET, THEN), { test: 2432232314 });
    const bytes = new TextEncoder().encode(BODY);
    assert.deepEqual(await verifyWebhook(bytes, new Headers(HEADERS), SECRET, THEN), { test: 2432232314 });
  });

  test("one of several signatures is enough, as while a secret is rotated", async () => {
    const both = { ...HEADERS, "webhook-signature": `v1,AAAA v1a,x ${HEADERS["webhook-signature"]}` };
    await verifyWebhook(BODY, both, SECRET, THEN);
  });

  for (const [what, body, headers, options] of /** @type {[string, string, Record<string, string>, object][]} */ ([
    ["other bytes", '{"test": 2432232315}', HEADERS, THEN],
    ["another id", BODY, { ...HEADERS, "webhook-id": "msg_2" }, THEN],
    ["an old message", BODY, HEADERS, {}],
    ["a time that is no number", BODY, { ...HEADERS, "webhook-timestamp": "x" }, THEN],
    ["no signature", BODY, {}, THEN],
    ["a signature that is no base64", BODY, { ...HEADERS, "webhook-signature": "v1,?" }, THEN],
  ])) {
    test(`${what}: refused`, async () => {
      await assert.rejects(verifyWebhook(body, headers, SECRET, options), { code: "invalid_webhook", name: "UpwellError" });
    });
  }
});

suite("every route", () => {
  const api = (/** @type {import("./fakes.js").FakeService} */ service) =>
    createApi({ url: service.url, key: "sk_1", namespace: "ns_1", pause: 4 });

  test(
    "has its parameters in path and query, and its body as JSON",
    world(async ({ service }) => {
      service.tokens.add("sk_1");
      const body = { filename: "a b.txt", content_type: "text/plain" };
      const made = await api(service).createUpload({ bucket_identifier: "my bucket", policy: "insert", body });
      assert.equal(service.calls[0], "POST /v1/buckets/my%20bucket/uploads?policy=insert");
      assert.deepEqual(service.one.body, body);
      await api(service).deleteUploadById({ upload_id: made.upload_id, only_open: true });
      assert.equal(service.one.status, "CANCELED");
    }),
  );

  test(
    "that may be repeated is, under one idempotency key",
    world(async ({ service }) => {
      service.tokens.add("sk_1");
      service.meet(/uploads/, "lose", 2);
      await api(service).createUpload({ bucket_identifier: "b", body: { filename: "a.txt", content_type: "text/plain" } });
      assert.equal(service.uploads.size, 1);
    }),
  );

  test(
    "that does something twice is not repeated, unless it was refused for its rate",
    world(async ({ service }) => {
      service.tokens.add("sk_1");
      service.meet(/ping/, { status: 429 });
      service.meet(/ping/, "cut");
      await assert.rejects(api(service).pingWebhook({ identifier: "hook" }), { code: "unreachable" });
      assert.equal(service.count(/ping/), 2);
    }),
  );

  test(
    "gives up after its retries",
    world(async ({ service }) => {
      service.meet(/.*/, { status: 503, body: { error: { code: "database_unavailable", message: "Later." } } }, 10);
      await assert.rejects(api(service).getTask({ task_id: "task_1" }), { code: "database_unavailable", status: 503 });
      assert.equal(service.calls.length, 5);
    }),
  );
});
