import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { MIB, chanceFile, world } from "./fakes.js";

/** @param {number} count */
const small = (count, size = 200) =>
  Array.from({ length: count }, (_, index) => chanceFile(size + index, `${index}.jpg`, "image/jpeg"));

/** @param {import("./fakes.js").FakeService} service @param {import("../src/index.js").Outcome[]} outcomes */
const arrivedWhole = async (service, outcomes) => {
  for (const { file, result } of outcomes) {
    assert.equal(result?.status, "COMPLETED");
    assert.deepEqual(service.bytes(result.upload_id), Buffer.from(await file.arrayBuffer()));
  }
};

suite("many files", () => {
  test(
    "a hundred small ones need few requests to the service, and a form each to the storage",
    world(async ({ service, storage, client, store }) => {
      /** @type {import("../src/index.js").Total[]} */
      const totals = [];
      const files = small(100);
      const outcomes = await client().uploadAll(files, { onProgress: (total) => totals.push(total) });
      await arrivedWhole(service, outcomes);
      assert.ok(service.calls.length <= 5, service.calls.join("\n"));
      assert.equal(storage.count(/^POST/), 100);
      const total = files.reduce((sum, { size }) => sum + size, 0);
      assert.deepEqual(totals.at(-1), { sent: total, total, done: 100, files: 100 });
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "more than a hundred go in several batches, and large ones in parts beside them",
    world(async ({ service, client }) => {
      const large = chanceFile(6 * MIB, "film.mp4");
      const outcomes = await client().uploadAll([large, ...small(130)], { partSize: 5 * MIB });
      await arrivedWhole(service, outcomes);
      assert.equal(outcomes[0]?.file, large);
      assert.equal(service.count(/uploads\/batch/), 2);
      assert.equal(service.count(/parts\/sign/) > 0, true);
    }),
  );

  test(
    "a refused file has its own error, and the others arrive",
    world(async ({ service, client }) => {
      const files = small(10);
      files[3] = chanceFile(10, "bad.exe", "application/octet-stream");
      /** @type {import("../src/index.js").Outcome[]} */
      const told = [];
      const outcomes = await client().uploadAll(files, { onFile: (outcome) => told.push(outcome) });
      const [refused] = outcomes.splice(3, 1);
      assert.equal(/** @type {any} */ (refused?.error).code, "content_type_denied");
      await arrivedWhole(service, outcomes);
      assert.equal(told.length, 10);
    }),
  );

  test(
    "a form that the line cuts is sent again",
    world(async ({ service, storage, client }) => {
      storage.meet(/^POST/, "cut", 3);
      await arrivedWhole(service, await client().uploadAll(small(10)));
      assert.equal(storage.count(/^POST/), 13);
    }),
  );

  test(
    "an expired form is signed again",
    world(async ({ service, storage, client }) => {
      storage.meet(/^POST/, { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" });
      await arrivedWhole(service, await client().uploadAll(small(5)));
      assert.equal(service.count(/\/sign$/), 1);
    }),
  );

  test(
    "where storage takes no forms, files are sent with PUT",
    world(async ({ service, storage, client }) => {
      storage.takesForms = false;
      await arrivedWhole(service, await client().uploadAll(small(10)));
      assert.equal(storage.objects.size, 10);
      assert.ok(storage.count(/^POST/) <= 6);
      assert.equal(service.count(/DELETE/), 10);
    }),
  );

  test(
    "where batches are refused, files go one by one",
    world(async ({ service, client }) => {
      service.meet(/batch/, { status: 403, body: { error: { code: "token_denied", message: "No batches." } } }, 10);
      await arrivedWhole(service, await client().uploadAll(small(10)));
    }),
  );

  test(
    "an error of all files is the error of each",
    world(async ({ service, client }) => {
      service.tokens.clear();
      const outcomes = await client().uploadAll(small(5));
      assert.deepEqual(outcomes.map(({ error }) => /** @type {any} */ (error).code), Array(5).fill("token_expired"));
      assert.equal(service.calls.length, 1);
    }),
  );

  test(
    "an upload that the batch could not confirm is confirmed alone",
    world(async ({ service, storage, client }) => {
      service.meet(/confirm\/batch/, { status: 404, body: {} });
      await arrivedWhole(service, await client().uploadAll(small(10)));
      assert.equal(storage.count(/^POST/), 10);
    }),
  );

  test(
    "the same file twice is sent once",
    world(async ({ storage, client }) => {
      const [file] = small(1);
      assert.ok(file);
      const outcomes = await client().uploadAll([file, file]);
      assert.equal(outcomes.length, 2);
      assert.equal(storage.calls.length <= 2, true);
    }),
  );

  test(
    "no more requests than allowed send bytes at once",
    world(async ({ storage, client }) => {
      await client({ parallel: 3 }).uploadAll(small(40));
      assert.ok(storage.mostActive <= 3, String(storage.mostActive));
    }),
  );

  test(
    "a pause stops all, and a resume goes on",
    world(async ({ service, storage, client }) => {
      const running = client().uploadAll(small(60));
      await storage.called(/^POST/, 5);
      running.pause();
      const calls = storage.calls.length;
      await client().upload(chanceFile(10, "other.txt")); // meanwhile
      assert.ok(storage.calls.length < 40 && calls < 40, String(storage.calls.length));
      running.resume();
      await arrivedWhole(service, await running);
    }),
  );

  test(
    "a cancel cancels all that is open",
    world(async ({ service, storage, client, store }) => {
      const running = client().uploadAll(small(60));
      await storage.called(/^POST/, 5);
      await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.deepEqual([...new Set([...service.uploads.values()].map(({ status }) => status))], ["CANCELED"]);
      assert.deepEqual(await store.getAll(), []);
    }),
  );
});
