import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";

import { createUpwell } from "../src/index.js";
import { chanceFile, world } from "./fakes.js";
import { fileStore } from "./file-store.js";
import { fileOf, openPage } from "./page.js";

const SIZE = 6 * 64 * 1024 - 100;
const OPTIONS = { partSize: 64 * 1024, parallel: 1 };

/**
 * A page is ended while it sends; then the test goes on as the next page.
 * @param {RegExp} when the request that never ends
 * @param {(page: {service: import("./fakes.js").FakeService, storage: import("./fakes.js").FakeStorage, bytes: Buffer,
 *   file: File, store: import("../src/index.js").Store, upwell: import("../src/index.js").Upwell}) => Promise<void>} body
 */
const afterReload = (when, body, { size = SIZE, kept = 3 } = {}) =>
  world(async ({ service, storage }) => {
    const folder = await mkdtemp(join(tmpdir(), "upwell-"));
    const path = join(folder, "store.json");
    const bytes = randomBytes(size);
    const server = kept > 1 ? storage : service; // of a small file, it breaks off at the service
    server.meet(when, "hang");
    const end = openPage({ url: service.url, path, bytes, name: "film.mp4", options: OPTIONS });
    await server.called(when);
    const store = fileStore(path);
    const parts = async () => Object.keys((await store.getAll())[0]?.parts ?? {}).length;
    while ((await parts()) < kept) await new Promise((go) => setTimeout(go, 5));
    await end();
    storage.calls.length = 0;
    const upwell = createUpwell({ url: service.url, bucket: "b", token: "ut_1", store, pause: 4 });
    try {
      await body({ service, storage, bytes, file: fileOf(bytes, "film.mp4"), store, upwell });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

suite("after a reload", () => {
  test(
    "only the missing parts are sent",
    afterReload(/part=4/, async ({ service, storage, bytes, file, upwell, store }) => {
      const result = await upwell.upload(file, OPTIONS);
      assert.deepEqual(service.bytes(result.upload_id), bytes);
      assert.deepEqual([storage.count(/part=[123]\b/), storage.count(/part=[456]\b/)], [0, 3]);
      assert.equal(service.uploads.size, 1);
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "a stored part with other bytes is sent again",
    afterReload(/part=4/, async ({ service, storage, bytes, file, upwell }) => {
      const parts = storage.multiparts.get(service.one.key);
      const second = parts?.get(2);
      assert.ok(second);
      second.bytes = randomBytes(second.bytes.length);
      second.sha256 = "0".repeat(64);
      const result = await upwell.upload(file, OPTIONS);
      assert.deepEqual(service.bytes(result.upload_id), bytes);
      assert.equal(storage.count(/part=2\b/), 1);
    }),
  );

  test(
    "parts are compared by ETag and the kept hash where storage returns no SHA-256",
    afterReload(/part=4/, async ({ service, storage, bytes, file, upwell }) => {
      for (const part of storage.multiparts.get(service.one.key)?.values() ?? []) part.sha256 = undefined;
      const third = storage.multiparts.get(service.one.key)?.get(3);
      assert.ok(third);
      third.etag = "another";
      const result = await upwell.upload(file, OPTIONS);
      assert.deepEqual(service.bytes(result.upload_id), bytes);
      assert.deepEqual([storage.count(/part=[12]\b/), storage.count(/part=3\b/)], [0, 1]);
    }),
  );

  test(
    "another token goes on, because the token of the upload is kept",
    afterReload(/part=4/, async ({ service, file, upwell }) => {
      service.tokens = new Set(["ut_of_nobody"]);
      const result = await upwell.upload(file, OPTIONS);
      assert.equal(result.status, "COMPLETED");
    }),
  );

  test(
    "an upload that the service no longer has begins again",
    afterReload(/part=4/, async ({ service, bytes, file, upwell }) => {
      service.one.status = "FAILED";
      const result = await upwell.upload(file, OPTIONS);
      assert.equal(result.upload_id, "upl_2");
      assert.deepEqual(service.bytes("upl_2"), bytes);
    }),
  );

  test(
    "`resume: false` begins again",
    afterReload(/part=4/, async ({ file, upwell }) => {
      assert.equal((await upwell.upload(file, { ...OPTIONS, resume: false })).upload_id, "upl_2");
    }),
  );

  test(
    "a request whose answer was lost makes no second upload",
    afterReload(
      /uploads$/,
      async ({ service, file, upwell, store }) => {
        assert.equal((await store.getAll())[0]?.upload_id, undefined);
        await upwell.upload(file, OPTIONS);
        assert.equal(service.uploads.size, 1);
      },
      { size: 1000, kept: 0 },
    ),
  );

  test(
    "a file that was sent and not confirmed is confirmed without the file",
    afterReload(
      /confirm/,
      async ({ service, storage, upwell, bytes }) => {
        const [one] = await upwell.interrupted();
        assert.deepEqual([one?.name, one?.size, one?.sent], ["film.mp4", 1000, 1000]);
        const result = await one?.resume();
        assert.deepEqual(service.bytes(result?.upload_id ?? ""), bytes);
        assert.equal(storage.count(/PUT/), 0);
      },
      { size: 1000, kept: 1 },
    ),
  );

  test(
    "`interrupted` shows how far it was, refuses another file, and resumes the right one",
    afterReload(/part=4/, async ({ service, upwell, file, bytes }) => {
      const [one, ...others] = await upwell.interrupted();
      assert.ok(one);
      assert.deepEqual(others, []);
      assert.deepEqual([one.sent, one.upload_id], [3 * 64 * 1024, "upl_1"]);
      assert.throws(() => one.resume(chanceFile(10)), { code: "another_file" });
      await assert.rejects(one.resume(), { code: "file_needed" });
      const result = await one.resume(file, OPTIONS);
      assert.deepEqual(service.bytes(result.upload_id), bytes);
      assert.deepEqual(await upwell.interrupted(), []);
    }),
  );

  test(
    "`interrupted` leaves out what the service has ended, and keeps what cannot be asked about",
    afterReload(/part=4/, async ({ service, upwell, store }) => {
      service.meet(/GET/, "cut");
      assert.equal((await upwell.interrupted()).length, 1);
      service.one.status = "CANCELED";
      assert.equal((await upwell.interrupted()).length, 0);
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "what another tab has finished in the meantime cannot be resumed without the file",
    afterReload(/part=4/, async ({ upwell, store }) => {
      const [one] = await upwell.interrupted();
      for (const { key } of await store.getAll()) await store.delete(key);
      await assert.rejects(one?.resume() ?? Promise.resolve(), { code: "upload_gone" });
    }),
  );

  test(
    "another user of the browser does not see it",
    afterReload(/part=4/, async ({ service, store }) => {
      const other = createUpwell({ url: service.url, bucket: "b", token: "ut_1", store, pause: 4, user: "other" });
      assert.deepEqual(await other.interrupted(), []);
    }),
  );

  test(
    "it can be canceled",
    afterReload(/part=4/, async ({ service, upwell, store }) => {
      const [one] = await upwell.interrupted();
      assert.equal(await one?.cancel(), true);
      assert.equal(service.one.status, "CANCELED");
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "a cancel that did not reach the service is sent again",
    afterReload(/part=4/, async ({ service, upwell, store }) => {
      const [entry] = await store.getAll();
      assert.ok(entry);
      await store.put({ ...entry, canceled: true });
      assert.deepEqual(await upwell.interrupted(), []);
      await service.called(/DELETE/);
      while ((await store.getAll()).length) await new Promise((resolve) => setTimeout(resolve, 2));
    }),
  );
});

suite("one sender per file", () => {
  test(
    "the second waits for the first, and gets its result without sending",
    world(async ({ service, storage, client }) => {
      const file = fileOf(randomBytes(SIZE), "film.mp4");
      /** @type {string[]} */
      const phases = [];
      storage.meet(/part=3/, "cut");
      const first = client().upload(file, OPTIONS);
      await storage.called(/part=1/);
      const second = client().upload(file, { ...OPTIONS, onProgress: ({ phase }) => phases.push(phase) });
      const results = await Promise.all([first, second]);
      assert.equal(results[0].upload_id, results[1].upload_id);
      assert.equal(service.uploads.size, 1);
      assert.equal(storage.count(/part=1\b/), 1);
      assert.deepEqual([...new Set(phases)], ["waiting", "done"]);
    }),
  );

  test(
    "with other metadata the same file becomes another upload afterwards",
    world(async ({ service, client }) => {
      const file = fileOf(randomBytes(SIZE), "film.mp4");
      await Promise.all([client().upload(file, OPTIONS), client().upload(file, { ...OPTIONS, metadata: { take: 2 } })]);
      assert.equal(service.uploads.size, 2);
    }),
  );

  test(
    "one that waits can be canceled, and the first goes on",
    world(async ({ storage, store, client }) => {
      const file = fileOf(randomBytes(SIZE), "film.mp4");
      storage.meet(/part=2/, "hang");
      const first = client().upload(file, OPTIONS);
      await storage.called(/part=2/);
      const second = client().upload(file, OPTIONS);
      const third = client().upload(chanceFile(10)); // begun later, and through earlier
      await third;
      await Promise.all([second.cancel(), assert.rejects(second, { code: "canceled" })]);
      first.pause();
      first.resume();
      assert.equal((await first).status, "COMPLETED");
      assert.deepEqual(await store.getAll(), []);
    }),
  );
});
