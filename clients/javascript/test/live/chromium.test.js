/** In Chromium, from a page on an origin of its own that loads the source as it is, over a line that is cut. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { createApi } from "../../src/server/index.js";
import { MIB } from "../fakes.js";
import { lineTo } from "./line.js";

const env = (/** @type {string} */ name) => process.env[name] ?? assert.fail(`${name} is missing`);
const url = env("UPWELL_URL");
const bucket = env("UPWELL_BUCKET");
const pagePort = Number(env("UPWELL_PAGE_PORT"));
const storagePort = new URL(env("UPWELL_S3_PUBLIC_ENDPOINT_URL")).port;
const api = createApi({ url, key: env("UPWELL_API_KEY"), namespace: env("UPWELL_NAMESPACE") });
const PART = 5 * MIB;

const PAGE = `<!doctype html><meta charset="utf-8"><input type="file" multiple>
<script type="module">
  import { createUpwell } from "/src/index.js";
  const token = () => fetch("/upload-token", { method: "POST" }).then((answer) => answer.json());
  window.upwell = createUpwell({ url: ${JSON.stringify(url)}, bucket: ${JSON.stringify(bucket)}, token, pause: 50 });
  window.files = () => document.querySelector("input").files;
  window.begin = (options) => {
    window.seen = [];
    window.running = upwell.upload(files()[0], { ...options, onProgress: (progress) => seen.push(progress) });
    window.ended = running.then((result) => ({ result }), ({ code, message }) => ({ code, message }));
  };
</script>`;

const REACT = `
  import { createElement as e } from "react";
  import { createRoot } from "react-dom/client";
  import { createUpwell } from "./src/index.js";
  import { useUpload } from "./src/react.js";

  const token = () => fetch("/upload-token", { method: "POST" }).then((answer) => answer.json());
  const upwell = createUpwell({ url: ${JSON.stringify(url)}, bucket: ${JSON.stringify(bucket)}, token, pause: 50 });

  function Upload() {
    const { upload, progress, result, error, pause, resume, cancel } = useUpload(upwell);
    return e("main", null,
      e("input", { type: "file", onChange: ({ target }) => upload(target.files[0], { property: target.dataset.property ?? "video", partSize: 5 << 20 }) }),
      e("p", { id: "phase" }, progress?.phase ?? "nothing"),
      e("p", { id: "result" }, result?.file_hash),
      e("p", { id: "error" }, error?.code),
      e("button", { id: "pause", onClick: pause }), e("button", { id: "resume", onClick: resume }), e("button", { id: "cancel", onClick: cancel }));
  }
  createRoot(document.getElementById("root")).render(e(Upload));
`;

/** A page with the hook, in one module. */
async function reactPage() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: REACT, resolveDir: root },
    bundle: true,
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  return outputFiles[0]?.text;
}

/** @typedef {import("playwright-core").Page} Page */
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof lineTo>>} */
let line;
/** @type {string} */
let folder;
const pages = createServer(async (request, response) => {
  const path = new URL(request.url ?? "", "http://page").pathname;
  if (path === "/upload-token") {
    const token = await api.createUploadToken({ body: { bucket, max_count: 1000, subject: "user-7" } });
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(token));
  } else if (path === "/react.js") {
    response.setHeader("Content-Type", "text/javascript").end(await reactPage());
  } else if (path === "/react") {
    response.setHeader("Content-Type", "text/html");
    response.end('<!doctype html><meta charset="utf-8"><div id="root"></div><script type="module" src="/react.js"></script>');
  } else if (path.startsWith("/src/")) {
    response.setHeader("Content-Type", "text/javascript");
    response.end(await readFile(new URL(`../..${path}`, import.meta.url)));
  } else {
    response.setHeader("Content-Type", "text/html").end(PAGE);
  }
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "upwell-"));
  pages.listen(pagePort, "127.0.0.1");
  await once(pages, "listening");
  line = await lineTo(Number(storagePort));
  browser = await chromium.launch({
    executablePath: process.env.UPWELL_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      // The storage has its own address in the signed URLs, and is reached over the line.
      `--host-resolver-rules=MAP 127.0.0.1:${storagePort} 127.0.0.1:${line.port}, MAP plain.test 127.0.0.1`,
    ],
  });
});

after(async () => {
  await browser.close();
  await line.close();
  pages.closeAllConnections();
  pages.close();
  await rm(folder, { recursive: true });
});

/**
 * @param {(page: Page, context: import("playwright-core").BrowserContext) => Promise<void>} body
 */
const inBrowser = (body, origin = `http://127.0.0.1:${pagePort}`) => async () => {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    await page.waitForFunction(() => "begin" in window);
    await body(page, context);
  } finally {
    line.slow = 0;
    await context.close();
  }
};

/** @param {number} size @param {string} [name] */
const fileOnDisk = async (size, name = `${randomBytes(4).toString("hex")}.mp4`) => {
  const path = join(folder, name);
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
};

/** @param {Page} page @param {string | string[]} paths */
const choose = (page, paths) => page.setInputFiles("input", paths);

/** @param {Page} page @param {object} [options] */
const begin = (page, options = {}) =>
  page.evaluate((given) => /** @type {any} */ (window).begin(given), { property: "video", partSize: 5 * 1024 * 1024, ...options });

/** @param {Page} page @returns {Promise<any>} */
const ended = (page) => page.evaluate(() => /** @type {any} */ (window).ended);

/** @param {Page} page @param {number} bytes */
const sent = (page, bytes) =>
  page.waitForFunction((wanted) => /** @type {any} */ (window).seen.some((/** @type {any} */ { sent }) => sent >= wanted), bytes);

/** The PUTs that a page sends from now on. @param {Page} page */
const putsOf = (page) => {
  /** @type {string[]} */
  const puts = [];
  page.on("request", (request) => request.method() === "PUT" && puts.push(request.url()));
  return puts;
};

suite("in Chromium", () => {
  test(
    "a file arrives in parts, with progress within a part",
    inBrowser(async (page) => {
      const { path, sha256 } = await fileOnDisk(16 * MIB);
      line.slow = 2;
      await choose(page, path);
      await begin(page);
      const { result } = await ended(page);
      assert.equal(result.file_hash, sha256);
      const seen = await page.evaluate(() => /** @type {any} */ (window).seen);
      assert.ok(seen.some((/** @type {any} */ one) => one.sent % (5 * MIB)), "progress within a part");
      assert.equal(seen.at(-1).phase, "done");
    }),
  );

  test(
    "cuts of the line are survived",
    inBrowser(async (page) => {
      const { path, sha256 } = await fileOnDisk(22 * MIB);
      line.slow = 4;
      await choose(page, path);
      await begin(page);
      for (const share of [3, 9, 15]) {
        await sent(page, share * MIB);
        line.cut();
      }
      line.slow = 0;
      const { result } = await ended(page);
      assert.equal(result.file_hash, sha256);
    }),
  );

  test(
    "after a reload only the missing parts are sent",
    inBrowser(async (page) => {
      const { path, sha256 } = await fileOnDisk(26 * MIB);
      line.slow = 6;
      await choose(page, path);
      await begin(page, { parallel: 1 });
      await sent(page, 12 * MIB);
      await page.reload();
      await page.waitForFunction(() => "begin" in window);
      const [one] = await page.evaluate(async () =>
        (await /** @type {any} */ (window).upwell.interrupted()).map((/** @type {any} */ { name, sent }) => ({ name, sent })),
      );
      assert.ok(path.endsWith(one.name));
      assert.ok(one.sent >= 2 * PART, String(one.sent));
      line.slow = 0;
      const puts = putsOf(page);
      await choose(page, path);
      await begin(page);
      const { result } = await ended(page);
      assert.equal(result.file_hash, sha256);
      assert.equal(puts.length, 6 - one.sent / PART, puts.join("\n"));
    }),
  );

  test(
    "a page that is offline waits, and goes on",
    inBrowser(async (page, context) => {
      const { path, sha256 } = await fileOnDisk(16 * MIB);
      line.slow = 3;
      await choose(page, path);
      await begin(page);
      await sent(page, 3 * MIB);
      await context.setOffline(true);
      await page.waitForFunction(() => /** @type {any} */ (window).seen.at(-1).phase === "offline");
      await context.setOffline(false);
      line.slow = 0;
      const { result } = await ended(page);
      assert.equal(result.file_hash, sha256);
    }),
  );

  test(
    "one of two tabs sends, and both get the result",
    inBrowser(async (page, context) => {
      const { path } = await fileOnDisk(11 * MIB);
      const other = await context.newPage();
      await other.goto(page.url());
      await other.waitForFunction(() => "begin" in window);
      line.slow = 3;
      const puts = [putsOf(page), putsOf(other)];
      for (const tab of [page, other]) {
        await choose(tab, path);
        await begin(tab);
      }
      const [first, second] = await Promise.all([ended(page), ended(other)]);
      assert.equal(first.result.upload_id, second.result.upload_id);
      assert.deepEqual(puts.map(({ length }) => length).sort(), [0, 3]);
    }),
  );

  test(
    "a file that changes while it is sent: a clear sentence",
    inBrowser(async (page) => {
      const { path } = await fileOnDisk(26 * MIB);
      line.slow = 6;
      await choose(page, path);
      await begin(page, { parallel: 1 });
      await sent(page, 6 * MIB);
      await appendFile(path, "more");
      line.slow = 0;
      const { code, message } = await ended(page);
      assert.equal(code, "file_changed");
      assert.match(message, /choose it again/);
    }),
  );

  test(
    "a cancel ends the upload at the service",
    inBrowser(async (page) => {
      const { path } = await fileOnDisk(12 * MIB);
      line.slow = 6;
      await choose(page, path);
      await begin(page);
      await sent(page, MIB);
      assert.equal(await page.evaluate(() => /** @type {any} */ (window).running.cancel()), true);
      assert.equal((await ended(page)).code, "canceled");
      const id = await page.evaluate(() => /** @type {any} */ (window).seen.at(-1).upload_id);
      assert.equal((await api.getUploadById({ upload_id: id })).status, "CANCELED");
    }),
  );

  test(
    "the hook for React shows an upload, and pauses, resumes and cancels it",
    inBrowser(async (page) => {
      /** @param {string} id @param {string} text */
      const shows = (id, text) =>
        page
          .waitForFunction(([at, wanted]) => document.getElementById(at ?? "")?.textContent === wanted, [id, text], { timeout: 60_000 })
          .catch(async (error) => {
            throw new Error(`${id} is not "${text}": ${await page.textContent("body")}`, { cause: error });
          });
      const { path, sha256 } = await fileOnDisk(16 * MIB);
      await page.goto(`http://127.0.0.1:${pagePort}/react`);
      await shows("phase", "nothing");
      line.slow = 50;
      await choose(page, path);
      await shows("phase", "sending");
      await page.click("#pause");
      await shows("phase", "paused");
      line.slow = 0;
      await page.click("#resume");
      await shows("result", sha256);
      await shows("phase", "done");
      line.slow = 50;
      await choose(page, (await fileOnDisk(16 * MIB)).path);
      await shows("phase", "sending");
      await page.click("#cancel");
      await shows("phase", "nothing");
      await shows("error", "");
    }),
  );

  test(
    "a page without https sends without hashes",
    inBrowser(async (page) => {
      const { path, sha256 } = await fileOnDisk(11 * MIB);
      await choose(page, path);
      await begin(page);
      const { result } = await ended(page);
      assert.equal(result.file_hash, sha256);
      assert.equal(await page.evaluate(() => typeof crypto.subtle), "undefined");
      assert.equal((await api.getUploadById({ upload_id: result.upload_id })).integrity, null);
    }, `http://plain.test:${pagePort}`),
  );

  test(
    "a hundred small files arrive, with few requests to the service",
    inBrowser(async (page) => {
      const files = await Promise.all(Array.from({ length: 100 }, (_, index) => fileOnDisk(3000 + index, `${index}.png`)));
      /** @type {string[]} */
      const requests = [];
      page.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
      await choose(page, files.map(({ path }) => path));
      const outcomes = await page.evaluate(async () => {
        const { upwell, files: chosen } = /** @type {any} */ (window);
        const all = await upwell.uploadAll(chosen(), { property: "image" });
        return all.map((/** @type {any} */ { result, error }) => ({ result, error: error?.message }));
      });
      assert.deepEqual([...new Set(outcomes.map((/** @type {any} */ { error }) => error))], [undefined]);
      assert.ok(outcomes.every((/** @type {any} */ { result }) => result.status === "COMPLETED"));
      const toService = requests.filter((request) => request.includes(url));
      assert.ok(toService.length <= 12, toService.join("\n"));
    }),
  );
});
