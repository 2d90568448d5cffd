/**
 * Many files: the small ones are requested a hundred at once, sent as forms, which need no preflight of their own, and
 * confirmed together. What does not go this way goes the way of a single upload.
 */

import { callsOf, isDone, keyOf, newEntry, requestFor } from "./asking.js";
import { Control } from "./control.js";
import { newId } from "./files.js";
import { tell, withHandle } from "./handle.js";
import { each } from "./parallel.js";
import { abortable, sleep } from "./retry.js";
import { hold } from "./store.js";
import { Uploading } from "./uploading.js";

/** @typedef {import("./upload.js").Result} Result */
/** @typedef {{file: Blob, result: Result, error?: undefined}} Arrived */
/** @typedef {{file: Blob, error: unknown, result?: undefined}} Failed */
/** @typedef {Arrived | Failed} Outcome */

/**
 * @typedef {object} Total
 * @property {number} sent bytes
 * @property {number} total bytes
 * @property {number} done files that are through, or failed
 * @property {number} files
 */

/**
 * @typedef {Omit<import("./upload.js").UploadOptions, "onProgress"> & {
 *   onProgress?: (total: Total) => void,
 *   onFile?: (outcome: Outcome) => void,
 * }} ManyOptions
 */

/** @typedef {{index: number, entry: import("./store.js").Entry}} Item */

const SMALL = 5 * 1024 * 1024;
const AT_ONCE = 100;
const BATCHES = 2;
const LARGE_AT_ONCE = 2;
const OPEN = ["PENDING", "IN_PROGRESS", "PROCESSING"];

/**
 * @param {import("./asking.js").Client} client
 * @param {Iterable<Blob>} files
 * @param {ManyOptions} options
 * @returns {Promise<Outcome[]> & import("./handle.js").Handle}
 */
export function uploadAll(client, files, { onProgress, onFile, ...options } = {}) {
  const list = [...files];
  const control = new Control();
  const { stopped } = control;
  const { wire, store, path } = client;
  const most = options.parallel ?? 6;
  /** @type {Outcome[]} */
  const outcomes = [];
  /** @type {Map<number, Uploading>} */
  const begun = new Map();
  const total = list.reduce((sum, { size }) => sum + size, 0);
  let sent = 0;
  let done = 0;

  const report = () => tell(onProgress, { sent, total, done, files: list.length });

  /** @param {number} index */
  const uploading = (index) => {
    let one = begun.get(index);
    if (!one) {
      let before = 0;
      /** @param {{sent: number}} progress */
      const progress = ({ sent: now }) => {
        sent += now - before;
        before = now;
        report();
      };
      one = new Uploading(client, list[index], { ...options, onProgress: progress }, control);
      begun.set(index, one);
    }
    return one;
  };

  /** @param {number} index @param {{result: any} | {error: unknown}} outcome */
  const settle = (index, outcome) => {
    stopped.throwIfAborted();
    const whole = /** @type {Outcome} */ ({ file: list[index], ...outcome });
    outcomes[index] = whole;
    done++;
    report();
    tell(onFile, whole);
  };

  /** @param {number} index */
  const single = async (index) => {
    try {
      settle(index, { result: await uploading(index).run() });
    } catch (error) {
      settle(index, { error });
    }
  };

  /**
   * Request uploads for all of these; a refused file has its own error, and the others are requested again.
   * @param {Item[]} items
   * @param {number[]} rest gets what only goes one by one
   */
  const request = async (items, rest) => {
    while (items.length) {
      try {
        // Without the signal: what it creates must be known to be canceled.
        const { uploads } = await wire.call("POST", `${path}/batch`, {
          body: { uploads: items.map(({ entry }) => entry.body) },
          headers: { "Idempotency-Key": newId() },
        });
        return items.map((item, at) => ({ ...item, ticket: uploads[at] }));
      } catch (/** @type {any} */ error) {
        const { index: at } = error.details;
        const final = at >= 0 || error.retry || error.status === 401; // or perhaps only batches are refused
        for (const { index } of at >= 0 ? items.splice(at, 1) : items.splice(0)) {
          if (final) settle(index, { error });
          else rest.push(index);
        }
      }
    }
    return [];
  };

  /**
   * @param {Item[]} arrived
   * @param {number[]} rest
   */
  const confirm = async (arrived, rest) => {
    const confirmations = arrived.map(({ entry: { upload_id, parts } }) => ({
      upload_id,
      etag: parts[0]?.etag,
    }));
    let { task } = await wire.call("POST", `${path}/confirm/batch`, { body: { confirmations }, signal: stopped });
    const { entry: last } = /** @type {Item} */ (arrived.at(-1));
    while (OPEN.includes(task.status)) {
      await callsOf(client, last, stopped)("GET", "?wait=5"); // one request that waits, not many that ask
      await sleep(wire.pause, stopped);
      task = await wire.call("GET", `tasks/${task.task_id}`, { signal: stopped });
    }
    const results = new Map((task.outputs ?? []).map((/** @type {any} */ output) => [output.upload_id, output]));
    for (const { index, entry } of arrived) {
      const result = results.get(entry.upload_id);
      if (result && isDone(result.status)) settle(index, { result: await uploading(index).finish(result) });
      else rest.push(index);
    }
  };

  /** @param {number[]} chunk */
  const batch = async (chunk) => {
    /** @type {Item[]} */
    const items = [];
    /** @type {(() => void)[]} */
    const releases = [];
    /** @type {number[]} */
    const rest = [];
    try {
      for (const index of chunk) {
        stopped.throwIfAborted();
        const file = /** @type {Blob} */ (list[index]);
        try {
          const key = await keyOf(client, file, options);
          const release = await hold(key);
          if (release) releases.push(release);
          if (!release || (await store.get(key))) rest.push(index);
          else {
            const body = { ...(await requestFor(file, options)), method: client.forms ? "post" : undefined };
            items.push({ index, entry: newEntry(client, key, body, file.size) });
          }
        } catch (error) {
          settle(index, { error });
        }
      }
      /** @type {Item[]} */
      const arrived = [];
      await each(await request(items, rest), most, async ({ index, entry, ticket }) => {
        if (ticket.is_duplicate || isDone(ticket.status)) return settle(index, { result: ticket });
        const one = uploading(index);
        try {
          await one.sendAs(entry, ticket);
          arrived.push({ index, entry });
        } catch (/** @type {any} */ error) {
          if (entry.body.method && error.status) {
            client.forms = false; // storage takes none: PUT does it
            await one.drop().catch(() => {}); // it expires, then
            begun.delete(index);
          }
          rest.push(index);
        }
      });
      stopped.throwIfAborted();
      if (arrived.length) {
        await confirm(arrived, rest).catch(() => {
          stopped.throwIfAborted();
          rest.push(...arrived.map(({ index }) => index)); // one by one, then
        });
      }
    } finally {
      for (const release of releases) release();
    }
    await each(rest.filter((index) => !outcomes[index]), most, single);
  };

  const run = async () => {
    /** @type {number[]} */
    const large = [];
    /** @type {number[]} */
    const small = [];
    list.forEach(({ size }, index) => (size > SMALL ? large : small).push(index));
    const chunks = [];
    while (small.length) chunks.push(small.splice(0, AT_ONCE));
    await Promise.all([
      each(chunks, BATCHES, (chunk) => (chunk.length > 1 ? batch(chunk) : single(/** @type {number} */ (chunk[0])))),
      each(large, LARGE_AT_ONCE, single),
    ]);
    return outcomes;
  };

  const running = run();
  const cancel = async () => {
    control.cancel();
    await running.catch(() => {});
    const open = await Promise.all([...begun.values()].map((one) => one.drop()));
    return open.every(Boolean);
  };
  return withHandle(
    abortable(running, stopped),
    { pause: () => control.pause(), resume: () => control.resume(), cancel },
    options.signal,
  );
}
