/** What is different in a browser: IndexedDB, XMLHttpRequest, Web Locks, no WebCrypto without https, and the size. */

import "fake-indexeddb/auto";

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { browserStore } from "../src/store.js";
import { chanceFile, world } from "./fakes.js";
import { send } from "../src/send.js";

const LIMIT = 8192;

/** @param {Partial<import("../src/index.js").Entry>} [facts] @returns {import("../src/index.js").Entry} */
const entry = (facts) => ({ key: "k", scope: "s", asked: "a", body: {}, name: "n", size: 1, at: 0, parts: {}, ...facts });

test(`the bundle for browsers has at most ${LIMIT} bytes, minified and compressed`, async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.js", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
  });
  const bytes = gzipSync(/** @type {import("esbuild").OutputFile} */ (outputFiles[0]).contents, { level: 9 }).length;
  console.log(`# ${bytes} bytes`);
  assert.ok(bytes <= LIMIT, `${bytes} bytes`);
});

suite("IndexedDB", () => {
  test("keeps entries for the next page", async () => {
    const store = browserStore();
    await store.put(entry({ parts: { 1: { etag: "e", size: 5 } } }));
    await store.put(entry({ key: "k2" }));
    const next = browserStore();
    assert.deepEqual((await next.get("k"))?.parts, { 1: { etag: "e", size: 5 } });
    assert.equal((await next.getAll()).length, 2);
    await next.delete("k");
    await next.delete("k2");
    assert.equal(await next.get("k"), undefined);
  });

  test("that the browser refuses is replaced by memory", async (context) => {
    context.mock.method(indexedDB, "open", () => {
      throw new DOMException("private window", "SecurityError");
    });
    const store = browserStore();
    await store.put(entry());
    assert.equal((await store.get("k"))?.name, "n");
    assert.equal((await store.getAll()).length, 1);
    await store.delete("k");
    assert.deepEqual(await store.getAll(), []);
  });
});

suite("Web Locks", () => {
  test("one tab sends, and the other one waits", async (context) => {
    /** @type {Map<string, Promise<unknown>>} */
    const held = new Map();
    /** @type {{name: string}[]} */
    let pending = [];
    const locks = {
      query: async () => ({ pending }),
      /** @param {string} name @param {{ifAvailable?: boolean, signal?: AbortSignal}} options @param {(lock: object | null) => Promise<unknown>} work */
      async request(name, options, work) {
        if (options.ifAvailable && held.has(name)) return await work(null);
        pending.push({ name });
        while (held.has(name)) await held.get(name);
        pending = [];
        options.signal?.throwIfAborted();
        const mine = Promise.resolve(work({ name }));
        held.set(name, mine);
        return await mine.finally(() => held.delete(name));
      },
    };
    const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { locks, onLine: true }, configurable: true });
    context.after(() => own && Object.defineProperty(globalThis, "navigator", own));
    await world(async ({ service, storage, client }) => {
      const file = chanceFile(200_000);
      const options = { partSize: 50_000 };
      const first = client().upload(file, options);
      await storage.called(/part=1/);
      const second = client().upload(file, options);
      assert.equal((await first).upload_id, (await second).upload_id);
      assert.equal(service.uploads.size, 1);
      assert.equal(storage.calls.length, 4);
      assert.equal(held.size, 0);
    })();
  });
});

suite("a page without https", () => {
  test("sends without hashes, and says so once", async (context) => {
    const own = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(globalThis, "crypto"));
    const getRandomValues = crypto.getRandomValues.bind(crypto);
    Object.defineProperty(globalThis, "crypto", { value: { getRandomValues }, configurable: true });
    context.after(() => Object.defineProperty(globalThis, "crypto", own));
    const warn = context.mock.method(console, "warn", () => {});
    await world(async ({ service, client }) => {
      const upwell = client();
      const large = await upwell.upload(chanceFile(200_000), { partSize: 50_000 });
      const small = await upwell.upload(chanceFile(2000, "small.mp4"));
      assert.equal(service.bytes(large.upload_id)?.length, 200_000);
      assert.equal(service.bytes(small.upload_id)?.length, 2000);
      assert.ok([...service.uploads.values()].every(({ body }) => !body.integrity && !body.file_hash));
    })();
    assert.equal(warn.mock.callCount(), 1);
  });
});

suite("a file that changes", () => {
  /** A file that can no longer be read after so many reads. @param {number} reads */
  const vanishing = (reads) => {
    const file = chanceFile(200_000);
    const gone = () => Promise.reject(new DOMException("changed", "NotReadableError"));
    const watch = (/** @type {Blob} */ blob) => {
      const { arrayBuffer, slice } = blob;
      blob.arrayBuffer = () => (reads-- > 0 ? arrayBuffer.call(blob) : gone());
      blob.slice = (from, to) => watch(slice.call(blob, from, to));
      return blob;
    };
    return /** @type {File} */ (watch(file));
  };

  test(
    "before a part is hashed: a clear sentence",
    world(async ({ client }) => {
      await assert.rejects(client().upload(vanishing(3), { partSize: 50_000 }), {
        code: "file_changed",
        message: "The file changed or was removed while it was sent: choose it again.",
      });
    }),
  );

  test(
    "while a part is sent: a clear sentence instead of storage's error",
    world(async ({ storage, client }) => {
      storage.meet(/part/, { status: 400, body: "<Error><Code>BadDigest</Code></Error>" }, 100);
      await assert.rejects(client({ parallel: 1 }).upload(vanishing(3), { partSize: 50_000 }), { code: "file_changed" });
    }),
  );

  test(
    "bytes that the line damaged are sent again",
    world(async ({ service, storage, client }) => {
      storage.meet(/part=2/, { status: 400, body: "<Error><Code>BadDigest</Code></Error>" });
      const result = await client().upload(chanceFile(200_000), { partSize: 50_000 });
      assert.equal(service.bytes(result.upload_id)?.length, 200_000);
      assert.equal(storage.count(/part=2/), 2);
    }),
  );
});

suite("XMLHttpRequest", () => {
  /** As much of it as the client uses, over fetch. */
  class FakeRequest {
    /** @type {Record<string, string>} */
    static seen = {};
    upload = { onprogress: (/** @type {{loaded: number}} */ _event) => {} };
    status = 0;
    responseText = "";
    #abort = new AbortController();
    #url = "";
    #etag = "";
    onloadend = () => {};
    /** @param {string} _method @param {string} url */
    open(_method, url) {
      this.#url = url;
    }
    /** @param {string} name @param {string} value */
    setRequestHeader(name, value) {
      FakeRequest.seen[name] = value;
    }
    getAllResponseHeaders() {
      return `content-type: text/plain\r\nETag: ${this.#etag}\r\n`;
    }
    /** As in a browser, the end is there before this returns. */
    abort() {
      if (this.#abort.signal.aborted) return;
      this.#abort.abort();
      this.status = 0;
      this.onloadend();
    }
    /** @param {Blob} body */
    async send(body) {
      try {
        this.upload.onprogress({ loaded: body.size / 2 });
        const answer = await fetch(this.#url, { method: "PUT", body, signal: this.#abort.signal });
        this.responseText = await answer.text();
        this.#etag = answer.headers.get("etag") ?? "";
        this.status = answer.status;
      } catch {
        this.status = 0;
      }
      if (!this.#abort.signal.aborted) this.onloadend();
    }
  }

  const inPage = (/** @type {Parameters<typeof world>[0]} */ body) => async (/** @type {import("node:test").TestContext} */ context) => {
    Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
    context.after(() => Reflect.deleteProperty(globalThis, "XMLHttpRequest"));
    await world(body)();
  };

  test(
    "sends the signed headers but the length, and reports what is on its way",
    inPage(async ({ service, client }) => {
      /** @type {number[]} */
      const sent = [];
      const result = await client().upload(chanceFile(1000), { onProgress: (progress) => sent.push(progress.sent) });
      assert.equal(service.bytes(result.upload_id)?.length, 1000);
      assert.deepEqual(FakeRequest.seen, { "Content-Type": "video/mp4" });
      assert.ok(sent.includes(500));
    }),
  );

  test(
    "survives cuts, expired URLs and a pause",
    inPage(async ({ service, storage, client }) => {
      storage.meet(/part=1/, "cut", 2);
      storage.meet(/part=2/, { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" });
      storage.meet(/part=3/, "hang");
      const running = client().upload(chanceFile(200_000), { partSize: 50_000 });
      await storage.called(/part=3/);
      running.pause();
      running.resume();
      const result = await running;
      assert.equal(service.bytes(result.upload_id)?.length, 200_000);
    }),
  );

  test(
    "a pause while the bytes are hashed ends the request before it begins",
    inPage(async () => {
      const paused = { paused: true };
      const url = "http://127.0.0.1:9/never";
      await assert.rejects(
        async () => await send({ url, headers: {} }, new Blob(["x"]), AbortSignal.abort(paused), () => {}),
        (error) => error === paused,
      );
    }),
  );

  test(
    "a cancel aborts it",
    inPage(async ({ service, storage, client }) => {
      storage.meet(/PUT/, "hang");
      const running = client().upload(chanceFile(1000));
      await storage.called(/PUT/);
      await Promise.all([running.cancel(), assert.rejects(running, { code: "canceled" })]);
      assert.equal(service.one.status, "CANCELED");
    }),
  );
});

suite("offline", () => {
  test("uploads wait for the line, and go on as soon as it is back", async (context) => {
    const page = Object.assign(new EventTarget(), { onLine: false });
    const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: page, configurable: true });
    const listeners = new EventTarget();
    Object.assign(globalThis, {
      addEventListener: listeners.addEventListener.bind(listeners),
      removeEventListener: listeners.removeEventListener.bind(listeners),
    });
    context.after(() => {
      if (own) Object.defineProperty(globalThis, "navigator", own);
      else Reflect.deleteProperty(globalThis, "navigator");
      Reflect.deleteProperty(globalThis, "addEventListener");
      Reflect.deleteProperty(globalThis, "removeEventListener");
    });
    await world(async ({ storage, client }) => {
      storage.meet(/PUT/, "cut", 1);
      /** @type {string[]} */
      const phases = [];
      // Pauses are far longer than a test: only the event ends them.
      const running = client({ pause: 60_000 }).upload(chanceFile(1000), { onProgress: ({ phase }) => phases.push(phase) });
      await storage.called(/PUT/);
      const back = setInterval(() => listeners.dispatchEvent(new Event("online")), 5);
      await running.finally(() => clearInterval(back));
      assert.ok(phases.includes("offline"));
    })();
  });
});
