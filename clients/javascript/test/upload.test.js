import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";

import { UpwellError } from "../src/index.js";
import { MIB, chanceFile, sha256, world, xml } from "./fakes.js";

const PARTS = { partSize: 64 * 1024 };
const LARGE = 5 * 64 * 1024 + 17;

/** @param {File} file */
const bytesOf = async (file) => Buffer.from(await file.arrayBuffer());

suite("a small file", () => {
  test(
    "is requested, sent and confirmed with three requests, and storage compares its SHA-256",
    world(async ({ service, storage, client }) => {
      const file = chanceFile(1000);
      const result = await client().upload(file, { property: "video", metadata: { album: 7 } });
      assert.equal(result.status, "COMPLETED");
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
      assert.deepEqual([service.calls.length, storage.calls.length], [2, 1]);
      assert.deepEqual(service.one.body, {
        filename: "film.mp4",
        content_type: "video/mp4",
        file_size_bytes: 1000,
        blob_property: "video",
        metadata: { album: 7 },
        file_hash: sha256(await bytesOf(file)),
        integrity: "storage",
      });
    }),
  );

  test(
    "is confirmed with the token of the upload",
    world(async ({ service, client }) => {
      await client().upload(chanceFile(10));
      assert.deepEqual(service.secrets, ["ut_1", "uo_upl_1"]);
    }),
  );

  test(
    "leaves nothing behind in the store",
    world(async ({ store, client }) => {
      await client().upload(chanceFile(10));
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "of a folder sends its name, and its path as metadata",
    world(async ({ service, client }) => {
      const file = chanceFile(10, "b.jpg", "image/jpeg");
      Object.defineProperty(file, "webkitRelativePath", { value: "a/b.jpg" });
      await client().upload(file, { metadata: { x: 1 } });
      assert.equal(service.one.body.filename, "b.jpg");
      assert.deepEqual(service.one.body.metadata, { relative_path: "a/b.jpg", x: 1 });
    }),
  );

  test(
    "that is empty is sent without its size",
    world(async ({ service, client }) => {
      const result = await client().upload(chanceFile(0));
      assert.equal(result.status, "COMPLETED");
      assert.equal("file_size_bytes" in service.one.body, false);
    }),
  );

  test(
    "from a path in Node is a Blob of `openAsBlob`",
    world(async ({ service, client }) => {
      const folder = await mkdtemp(join(tmpdir(), "upwell-"));
      const path = join(folder, "a.bin");
      await writeFile(path, "bytes of a file");
      const result = await client().upload(await openAsBlob(path), { create: { filename: "a.bin" } });
      assert.equal(String(service.bytes(result.upload_id)), "bytes of a file");
      await rm(folder, { recursive: true });
    }),
  );
});

suite("a large file", () => {
  test(
    "is sent in parts with a SHA-256 each",
    world(async ({ service, client }) => {
      const file = chanceFile(LARGE);
      const result = await client().upload(file, PARTS);
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
      assert.equal(service.one.body.part_size, PARTS.partSize);
      assert.equal(service.one.body.file_hash, undefined);
    }),
  );

  test(
    "has its whole hash only by a function that is handed in",
    world(async ({ service, client }) => {
      await client().upload(chanceFile(LARGE), { ...PARTS, hash: async () => "a".repeat(64) });
      assert.equal(service.one.body.file_hash, "a".repeat(64));
    }),
  );

  test(
    "signs parts together while a request is on its way",
    world(async ({ service, client }) => {
      await client({ parallel: 6 }).upload(chanceFile(40 * 5000), { partSize: 5000 });
      assert.ok(service.count(/parts\/sign/) < 40, String(service.count(/parts\/sign/)));
    }),
  );

  test(
    "reports progress that ends at its size",
    world(async ({ client }) => {
      /** @type {import("../src/index.js").Progress[]} */
      const seen = [];
      await client().upload(chanceFile(LARGE), { ...PARTS, onProgress: (progress) => seen.push(progress) });
      assert.deepEqual(seen.at(-1), { phase: "done", sent: LARGE, total: LARGE, upload_id: "upl_1" });
      assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ["waiting", "sending", "verifying", "done"]);
      assert.ok(seen.every(({ sent }) => sent >= 0 && sent <= LARGE));
    }),
  );
});

suite("a bad line", () => {
  test(
    "that cuts the request for an upload makes only one",
    world(async ({ service, client }) => {
      service.meet(/uploads$/, "cut");
      service.meet(/uploads$/, "lose");
      await client().upload(chanceFile(10));
      assert.equal(service.uploads.size, 1);
      assert.equal(service.count(/uploads$/), 3);
    }),
  );

  test(
    "that cuts parts sends only these again",
    world(async ({ service, storage, client }) => {
      storage.meet(/part=2/, "cut", 3);
      storage.meet(/part=4/, "cut", 1);
      const file = chanceFile(LARGE);
      const result = await client().upload(file, PARTS);
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
      assert.deepEqual([storage.count(/part=2/), storage.count(/part=4/), storage.count(/part=1/)], [4, 2, 1]);
    }),
  );

  test(
    "that loses the answer of a PUT gets 412 for the next one, and confirms",
    world(async ({ storage, client }) => {
      storage.meet(/PUT/, "lose");
      const result = await client().upload(chanceFile(1000));
      assert.equal(result.status, "COMPLETED");
      assert.equal(storage.count(/PUT/), 2);
    }),
  );

  test(
    "that loses the answer of a confirm repeats it, and never cancels",
    world(async ({ service, client }) => {
      service.meet(/confirm/, "lose", 2);
      service.meet(/confirm/, "cut", 2);
      const result = await client().upload(chanceFile(1000));
      assert.equal(result.status, "COMPLETED");
      assert.equal(service.count(/confirm/), 5);
      assert.equal(service.count(/DELETE/), 0);
    }),
  );

  test(
    "waits as long as a 429 or a 503 of the service asks",
    world(async ({ service, client }) => {
      service.meet(/uploads$/, { status: 429, headers: { "Retry-After": "1" } });
      const began = Date.now();
      await client().upload(chanceFile(10));
      assert.ok(Date.now() - began >= 1000);
      service.meet(/confirm/, { status: 503 }, 3);
      await client().upload(chanceFile(10));
    }),
  );

  test(
    "waits as long as a 503 of the storage asks",
    world(async ({ storage, client }) => {
      storage.meet(/PUT/, { status: 503, headers: { "Retry-After": "1" }, body: xml("SlowDown") });
      const began = Date.now();
      await client().upload(chanceFile(10));
      assert.ok(Date.now() - began >= 1000);
    }),
  );

  test(
    "survives a restart of the service and of the storage",
    world(async ({ service, storage, client }) => {
      storage.meet(/part=3/, "hang");
      const file = chanceFile(LARGE);
      const running = client().upload(file, PARTS);
      await storage.called(/part=3/);
      await storage.stop();
      await service.stop();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await service.start();
      await storage.start();
      const result = await running;
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
    }),
  );
});

suite("what has ended", () => {
  test(
    "an expired URL is signed again",
    world(async ({ service, storage, client }) => {
      storage.meet(/PUT/, "cut");
      const running = client().upload(chanceFile(1000));
      await storage.called(/PUT/);
      storage.expireAll();
      await running;
      assert.ok(service.count(/\/sign/) >= 1);
    }),
  );

  test(
    "expired URLs of parts are signed again",
    world(async ({ service, storage, client }) => {
      storage.meet(/part=1/, { status: 403, body: xml("AccessDenied") });
      const file = chanceFile(LARGE);
      const result = await client().upload(file, PARTS);
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
    }),
  );

  test(
    "a refusal that stays is an error with storage's code",
    world(async ({ storage, client }) => {
      storage.meet(/PUT/, { status: 403, body: xml("AccessDenied") }, 100);
      await assert.rejects(client().upload(chanceFile(1000)), { code: "AccessDenied", status: 403, name: "UpwellError" });
      assert.ok(storage.count(/PUT/) <= 5);
    }),
  );

  test(
    "a token is asked for again, with the one before, once for all",
    world(async ({ service, client }) => {
      service.givesTokens = false;
      /** @type {unknown[]} */
      const previous = [];
      const token = (/** @type {unknown} */ before) => {
        previous.push(before);
        const next = `ut_${previous.length + 1}`;
        if (previous.length > 1) service.tokens = new Set([next]);
        return { token: next, token_id: "utk_1" };
      };
      service.tokens = new Set(["ut_3"]);
      await client({ token }).upload(chanceFile(LARGE), PARTS);
      assert.deepEqual(previous, [undefined, { token: "ut_2", token_id: "utk_1" }]);
    }),
  );

  test(
    "the token of an upload gives way to the page's",
    world(async ({ service, client }) => {
      service.meet(/confirm/, { status: 401, body: { error: { code: "token_expired", message: "It ended." } } });
      await client().upload(chanceFile(10));
      assert.deepEqual(service.secrets, ["ut_1", "ut_1"]);
    }),
  );

  test(
    "a token that ended and cannot be renewed is an error, and the upload can go on later",
    world(async ({ service, store, client }) => {
      service.tokens = new Set();
      const file = chanceFile(10);
      await assert.rejects(client().upload(file), { code: "token_expired", status: 401 });
      const [entry] = await store.getAll();
      service.tokens.add("ut_1");
      await client().upload(file);
      assert.equal(service.count(/uploads$/), 2);
      assert.ok(entry);
    }),
  );

  test(
    "a token function that fails is an error",
    world(async ({ client }) => {
      const token = () => {
        throw new Error("no session");
      };
      await assert.rejects(client({ token }).upload(chanceFile(10)), { code: "token_unavailable" });
    }),
  );

  test(
    "a token function without a line is called again",
    world(async ({ client }) => {
      let calls = 0;
      const token = async () => {
        if (++calls < 3) throw new TypeError("fetch failed");
        return "ut_1";
      };
      await client({ token }).upload(chanceFile(10));
      assert.equal(calls, 3);
    }),
  );
});

suite("the verification", () => {
  test(
    "is waited for",
    world(async ({ service, client }) => {
      service.looks = 3;
      const result = await client().upload(chanceFile(10));
      assert.equal(result.status, "COMPLETED");
      assert.ok(service.count(/wait=30/) >= 3);
    }),
  );

  test(
    "that fails is an error with the service's code, and is forgotten",
    world(async ({ service, store, client }) => {
      service.verify = () => "content_type_mismatch";
      await assert.rejects(client().upload(chanceFile(10)), (error) => {
        assert.ok(error instanceof UpwellError);
        assert.deepEqual([error.code, error.status], ["content_type_mismatch", 400]);
        return true;
      });
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "that began before the last part was signed is waited for",
    world(async ({ service, client }) => {
      service.meet(/parts.sign/, { status: 400, body: { error: { code: "wrong_state", message: "It is PROCESSING." } } });
      const confirm = service.confirm.bind(service);
      service.confirm = (upload) => {
        upload.status = "COMPLETED";
        return confirm(upload, {});
      };
      assert.equal((await client().upload(chanceFile(LARGE), PARTS)).status, "COMPLETED");
    }),
  );

  test(
    "that misses parts gets them",
    world(async ({ service, storage, client }) => {
      const confirm = service.confirm.bind(service);
      service.confirm = (upload, body) => {
        service.confirm = confirm;
        storage.multiparts.get(upload.key)?.delete(2);
        return confirm(upload, body);
      };
      const file = chanceFile(LARGE);
      const result = await client().upload(file, PARTS);
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
      assert.deepEqual([storage.count(/part=2/), storage.count(/part=1/)], [2, 1]);
    }),
  );
});

suite("pause, resume and cancel", () => {
  test(
    "a pause stops sending, and a resume sends the rest",
    world(async ({ service, storage, client }) => {
      storage.meet(/part=2/, "hang");
      const file = chanceFile(LARGE);
      /** @type {string[]} */
      const phases = [];
      const running = client({ parallel: 1 }).upload(file, { ...PARTS, onProgress: ({ phase }) => phases.push(phase) });
      await storage.called(/part=2/);
      running.pause();
      await client().upload(chanceFile(10, "other.txt")); // meanwhile
      assert.equal(storage.count(/part=[2345]\b/), 1);
      assert.equal(phases.at(-1), "paused");
      running.resume();
      const result = await running;
      assert.deepEqual(service.bytes(result.upload_id), await bytesOf(file));
      assert.equal(storage.count(/part=1/), 1);
    }),
  );

  test(
    "a pause while progress is reported is no trouble, and neither is an error of the page",
    world(async ({ service, client }) => {
      const errors = /** @type {Error[]} */ ([]);
      const caught = (/** @type {Error} */ error) => errors.push(error);
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection").on("unhandledRejection", caught);
      try {
        let begun = false;
        const running = client().upload(chanceFile(LARGE), {
          ...PARTS,
          onProgress({ phase }) {
            if (phase === "sending" && !begun) {
              begun = true;
              running.pause();
            }
            if (phase !== "paused") return;
            running.resume();
            throw new Error("of the page");
          },
        });
        assert.equal((await running).status, "COMPLETED");
        assert.equal(errors[0]?.message, "of the page");
        assert.equal(service.uploads.size, 1);
      } finally {
        process.removeAllListeners("unhandledRejection");
        for (const listener of others) process.on("unhandledRejection", listener);
      }
    }),
  );

  test(
    "a cancel of a single PUT is a DELETE of what is open",
    world(async ({ service, storage, store, client }) => {
      storage.meet(/PUT/, "hang");
      const running = client().upload(chanceFile(1000));
      await storage.called(/PUT/);
      const [canceled] = await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.equal(canceled, true);
      assert.equal(service.calls.at(-1), "DELETE /v1/uploads/upl_1?only_open=true");
      assert.equal(service.one.status, "CANCELED");
      assert.deepEqual(await store.getAll(), []);
    }),
  );

  test(
    "a cancel whose DELETE meets a bad line is repeated",
    world(async ({ service, storage, client }) => {
      storage.meet(/PUT/, "hang");
      service.meet(/DELETE/, "cut", 2);
      const running = client().upload(chanceFile(1000));
      await storage.called(/PUT/);
      await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.equal(service.count(/DELETE/), 3);
    }),
  );

  test(
    "a cancel while the request is on its way cancels what it made",
    world(async ({ service, client }) => {
      service.meet(/uploads$/, "lose");
      const running = client({ pause: 50 }).upload(chanceFile(1000));
      await service.called(/uploads$/);
      await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.deepEqual([...service.uploads.values()].map(({ status }) => status), ["CANCELED"]);
    }),
  );

  test(
    "a cancel after the upload had completed leaves it",
    world(async ({ service, client }) => {
      const running = client().upload(chanceFile(1000));
      await running;
      assert.equal(await running.cancel(), false);
      assert.equal(service.count(/DELETE/), 0);
    }),
  );

  test(
    "a cancel that comes too late leaves the upload completed",
    world(async ({ service, client }) => {
      service.meet(/confirm/, "lose", 100);
      const running = client().upload(chanceFile(1000));
      await service.called(/confirm/);
      const [canceled] = await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.equal(canceled, service.one.status !== "COMPLETED");
    }),
  );

  test(
    "a known duplicate is never canceled: its id is another upload's",
    world(async ({ service, client }) => {
      const body = { upload_id: "upl_of_another", status: "COMPLETED", is_duplicate: true, presigned_url: null };
      service.meet(/uploads$/, { status: 200, body });
      const running = client().upload(chanceFile(1000));
      const result = await running;
      assert.equal(result.upload_id, "upl_of_another");
      await running.cancel();
      assert.equal(service.count(/DELETE/), 0);
    }),
  );

  test(
    "a known duplicate whose answer was lost is not canceled either",
    world(async ({ service, client }) => {
      const body = { upload_id: "upl_of_another", status: "COMPLETED", is_duplicate: true, presigned_url: null };
      service.meet(/uploads$/, "cut", 1);
      service.meet(/uploads$/, { status: 200, body }, 5);
      const running = client({ pause: 50 }).upload(chanceFile(1000));
      await service.called(/uploads$/);
      await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.equal(service.count(/DELETE/), 0);
    }),
  );

  test(
    "an abort of the signal cancels",
    world(async ({ service, storage, client }) => {
      storage.meet(/PUT/, "hang");
      const controller = new AbortController();
      const running = client().upload(chanceFile(1000), { signal: controller.signal });
      await storage.called(/PUT/);
      controller.abort();
      await assert.rejects(running, { code: "canceled" });
      await service.called(/DELETE/);
      await assert.rejects(client().upload(chanceFile(5), { signal: controller.signal }), { code: "canceled" });
    }),
  );
});

suite("keys", () => {
  test("an API key in a browser throws", async (context) => {
    const { createUpwell } = await import("../src/index.js");
    const versions = Object.getOwnPropertyDescriptor(process, "versions");
    Object.defineProperty(process, "versions", { ...versions, value: {} });
    context.after(() => Object.defineProperty(process, "versions", versions ?? {}));
    const options = { url: "http://127.0.0.1:9", bucket: "b" };
    assert.throws(() => createUpwell({ ...options, token: "sk_secret" }), { code: "key_in_browser" });
    const upwell = createUpwell({ ...options, token: async () => "sk_secret" });
    await assert.rejects(upwell.upload(chanceFile(MIB)), { code: "key_in_browser" });
  });
});
