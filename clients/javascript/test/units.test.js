import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { UpwellError } from "../src/errors.js";
import { Pool } from "../src/parallel.js";
import { persist } from "../src/retry.js";
import { lineOf, storageError } from "../src/send.js";
import { passes, retryAfter } from "../src/wire.js";

suite("the number of requests at once", () => {
  const { signal } = new AbortController();

  /** How many of twelve run at once. @param {Pool} pool */
  const atOnce = async (pool) => {
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    await Promise.all(Array.from({ length: 12 }, () => pool.run(work, signal)));
    return most;
  };

  test("grows while sends are quick, up to the limit", async () => {
    const pool = new Pool(5);
    assert.equal(await atOnce(pool), 5);
  });

  test("shrinks while sends are slow, and stays above zero", async (context) => {
    context.mock.timers.enable({ apis: ["Date"] });
    const pool = new Pool(6);
    for (let times = 0; times < 9; times++) await pool.run(async () => context.mock.timers.tick(30_000), signal);
    let running = 0;
    const slow = async () => {
      assert.equal(++running, 1);
      await new Promise((resolve) => setImmediate(resolve));
      context.mock.timers.tick(30_000);
      running--;
    };
    await Promise.all([pool.run(slow, signal), pool.run(slow, signal), pool.run(slow, signal)]);
  });

  test("halves when the line breaks", async (context) => {
    context.mock.timers.enable({ apis: ["Date"] });
    const pool = new Pool(4);
    await atOnce(pool);
    pool.broke();
    let running = 0;
    const steady = async () => {
      assert.ok(++running <= 2);
      await new Promise((resolve) => setImmediate(resolve));
      context.mock.timers.tick(10_000); // neither quick nor slow
      running--;
    };
    await Promise.all(Array.from({ length: 6 }, () => pool.run(steady, signal)));
  });

  test("one that no longer waits leaves its place to the next", async () => {
    const pool = new Pool(1);
    const controller = new AbortController();
    let end = () => {};
    const first = pool.run(() => new Promise((resolve) => (end = () => resolve(undefined))), signal);
    const second = pool.run(async () => assert.fail("it was given up"), controller.signal);
    const third = pool.run(async () => "done", signal);
    controller.abort(new Error("given up"));
    await assert.rejects(second, { message: "given up" });
    end();
    await first;
    assert.equal(await third, "done");
  });
});

suite("retries", () => {
  const lost = () => new UpwellError("lost", { code: "unreachable", retry: true });

  test("end when the pauses add up to an hour", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let attempts = 0;
    const running = persist(
      async () => {
        attempts++;
        throw lost();
      },
      { pause: 500, onWait: () => queueMicrotask(() => setImmediate(() => context.mock.timers.tick(60_000))) },
    );
    await assert.rejects(running, { code: "unreachable" });
    assert.ok(attempts > 240 && attempts < 500, String(attempts)); // 15 s each, half of it by chance
  });

  test("a final error is not repeated", async () => {
    let attempts = 0;
    const work = async () => {
      attempts++;
      throw new UpwellError("no", { code: "no", status: 403 });
    };
    await assert.rejects(persist(work, { pause: 1 }), { code: "no" });
    assert.equal(attempts, 1);
  });

  test("an abort ends the pause", async () => {
    const controller = new AbortController();
    const running = persist(() => Promise.reject(lost()), {
      pause: 60_000,
      signal: controller.signal,
      onWait: () => setImmediate(() => controller.abort(new Error("enough"))),
    });
    await assert.rejects(running, { message: "enough" });
  });
});

suite("answers", () => {
  test("Retry-After is a number or a date", () => {
    assert.deepEqual([retryAfter("7"), retryAfter("0"), retryAfter(null), retryAfter("soon")], [7, 0, 0, 0]);
    const later = retryAfter(new Date(Date.now() + 90_000).toUTCString());
    assert.ok(later > 85 && later <= 90, String(later));
    assert.equal(retryAfter("Wed, 21 Oct 2015 07:28:00 GMT"), 0);
  });

  test("statuses that pass", () => {
    const all = [400, 401, 403, 404, 408, 412, 429, 500, 501, 502, 503, 504];
    assert.deepEqual(all.filter(passes), [408, 429, 500, 502, 503, 504]);
  });

  test("storage's errors have its code and message", () => {
    const text = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>";
    const { code, status, message, retry, after } = storageError({ status: 503, text, after: 3 });
    assert.deepEqual([code, status, retry, after], ["SlowDown", 503, true, 3]);
    assert.equal(message, "The storage refused the bytes with 503: Reduce your rate.");
    assert.deepEqual(storageError({ status: 404, text: "<html>", after: 0 }).code, "storage_refused");
  });

  test("lines of headers and events", () => {
    assert.equal(lineOf('content-type: x\r\nETag: "Ab"\r\n', "etag"), '"Ab"');
    assert.equal(lineOf("id: 7\ndata: {}", "id"), "7");
    assert.equal(lineOf("id:7", "id"), "7");
    assert.equal(lineOf("data: id: 7", "id"), undefined);
  });
});
