/** On a real service with a real storage: their places and a key are in the environment. tests/javascript starts them. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";

import { createUpwell } from "../../src/index.js";
import { createApi } from "../../src/server/index.js";
import { MIB } from "../fakes.js";
import { fileStore } from "../file-store.js";

const env = (/** @type {string} */ name) => process.env[name] ?? assert.fail(`${name} is missing`);
const url = env("UPWELL_URL");
const bucket = env("UPWELL_BUCKET");
const key = env("UPWELL_API_KEY");
const namespace = env("UPWELL_NAMESPACE");
const api = createApi({ url, key, namespace });

/** A page, with a token that its server issued. @param {Partial<import("../../src/index.js").UpwellOptions>} [options] */
const page = (options) => {
  const token = () => api.createUploadToken({ body: { bucket, max_count: 1000 } });
  return createUpwell({ url, bucket, token, pause: 50, ...options });
};

/** @param {number} size @param {string} name @param {string} type */
const chance = (size, name = "film.mp4", type = "video/mp4") => new File([randomBytes(size)], name, { type, lastModified: 1 });

/** @param {File} file */
const sha256 = async (file) => createHash("sha256").update(Buffer.from(await file.arrayBuffer())).digest("hex");

/** The requests from now on. @param {import("node:test").TestContext} context */
const watched = (context) => {
  const { fetch } = globalThis;
  /** @type {string[]} */
  const requests = [];
  context.mock.method(globalThis, "fetch", (/** @type {string} */ place, /** @type {RequestInit} */ init) => {
    requests.push(`${init.method} ${place}`);
    return fetch(place, init);
  });
  return requests;
};

suite("on a real service", () => {
  test("a small file becomes an object, with its SHA-256", async () => {
    const file = chance(100_000);
    const result = await page().upload(file, { property: "video", metadata: { album: 7 } });
    assert.equal(result.status, "COMPLETED");
    assert.equal(result.file_hash, await sha256(file));
    assert.match(String(result.object_id), /^obj_/);
    const stored = await api.getUploadById({ upload_id: result.upload_id });
    assert.deepEqual([stored.filename, stored.metadata], ["film.mp4", { album: 7 }]);
  });

  test("a large file is sent in parts, which storage checks", async () => {
    const file = chance(17 * MIB);
    const result = await page().upload(file, { property: "video", partSize: 5 * MIB });
    assert.equal(result.file_hash, await sha256(file));
    const stored = await api.getUploadById({ upload_id: result.upload_id });
    assert.deepEqual([stored.method, stored.integrity], ["multipart", "storage"]);
  });

  test("an empty file completes", async () => {
    const result = await page().upload(chance(0, "empty.txt", "text/plain"), { property: "text" });
    assert.equal(result.status, "COMPLETED");
  });

  test("a known file is a duplicate, and the original stays after a cancel", async () => {
    const file = chance(50_000);
    const first = await page().upload(file, { property: "video" });
    const again = page().upload(file, { property: "video" });
    assert.equal((await again).status, "COMPLETED");
    await again.cancel();
    assert.equal((await api.getUploadById({ upload_id: first.upload_id })).status, "COMPLETED");
  });

  test("a cancel ends an upload", async () => {
    /** @type {string | undefined} */
    let id;
    const running = page().upload(chance(30 * MIB), {
      property: "video",
      partSize: 5 * MIB,
      onProgress({ sent, upload_id }) {
        id = upload_id;
        if (sent) void running.cancel().catch(() => {});
      },
    });
    await assert.rejects(running, { code: "canceled" });
    assert.equal(await running.cancel(), true);
    assert.equal((await api.getUploadById({ upload_id: String(id) })).status, "CANCELED");
  });

  test("a refusal has the service's code and sentence", async () => {
    await assert.rejects(page().upload(chance(10, "a.txt", "text/plain"), { property: "video" }), (error) => {
      const { name, status, code, message } = /** @type {import("../../src/index.js").UpwellError} */ (error);
      assert.deepEqual([name, status], ["UpwellError", 422]);
      assert.match(code, /^[a-z_]+$/);
      assert.match(message, /: /);
      return true;
    });
  });

  test("the next program goes on with another token, and sends only the missing parts", async (context) => {
    const folder = await mkdtemp(join(tmpdir(), "upwell-"));
    const store = fileStore(join(folder, "store.json"));
    const file = chance(26 * MIB);
    const options = { property: "video", partSize: 5 * MIB, parallel: 1 };
    const first = page({ store, parallel: 1 });
    await new Promise((resolve, reject) => {
      const running = first.upload(file, {
        ...options,
        onProgress({ sent }) {
          if (sent < 10 * MIB) return;
          running.pause(); // and never again
          resolve(undefined);
        },
      });
      running.catch(reject);
    });
    const [entry] = await store.getAll();
    assert.ok(entry);
    const kept = Object.keys(entry.parts).length;
    assert.ok(kept >= 1);
    // The next program, with another token: the same store under another key, so that the one that is paused does not hold it.
    const next = fileStore(join(folder, "next.json"));
    await next.put({ ...entry, key: "next" });
    const [one] = await page({ store: next }).interrupted();
    assert.ok(one);
    assert.deepEqual([one.name, one.sent], ["film.mp4", kept * 5 * MIB]);
    const requests = watched(context);
    const result = await one.resume(file, options);
    assert.equal(result.file_hash, await sha256(file));
    assert.equal(requests.filter((request) => request.startsWith("PUT")).length, 6 - kept);
    assert.equal(result.upload_id, entry.upload_id);
    await rm(folder, { recursive: true });
  });

  test("many files arrive, the small and the large ones", async () => {
    const files = Array.from({ length: 30 }, (_, index) => chance(2000 + index, `${index}.png`, "image/png"));
    const outcomes = await page().uploadAll([...files, chance(12 * MIB, "large.mp4")], { partSize: 5 * MIB });
    for (const { file, result, error } of outcomes) {
      assert.equal(error, undefined);
      assert.equal(result?.status, "COMPLETED");
      assert.equal((await api.getUploadById({ upload_id: result.upload_id })).file_hash, await sha256(/** @type {File} */ (file)));
    }
  });

  test("a hundred small files need few requests to the service, and a form each to the storage", async (context) => {
    const files = Array.from({ length: 100 }, (_, index) => chance(1000 + index, `${index}.png`, "image/png"));
    const requests = watched(context);
    const outcomes = await page({ pause: 100 }).uploadAll(files);
    assert.ok(outcomes.every(({ result }) => result?.status === "COMPLETED"));
    assert.ok(outcomes.every(({ result }) => String(result?.object_id).startsWith("obj_")));
    const toService = requests.filter((request) => request.includes(url));
    assert.ok(toService.length <= 12, toService.join("\n")); // one for the token
    assert.equal(requests.length - toService.length, 100);
  });

  test("events show the uploads", async () => {
    const upwell = createUpwell({ url, bucket, token: key, namespace, pause: 50 });
    const events = upwell.events({ types: ["upload.completed"] });
    const first = events.next();
    const { upload_id } = await page().upload(chance(100, "event.txt", "text/plain"), { property: "text" });
    for (let next = await first; ; next = await events.next()) {
      if (next.value?.subject.includes(upload_id)) break;
    }
    await events.return();
  });
});
