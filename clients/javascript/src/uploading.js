/**
 * One upload, from a file to its verification. It is kept with its idempotency key before it is requested, then part by
 * part, and its confirm is repeated until there is an answer. So wherever it breaks off, the next attempt goes on from
 * there. Only a cancel that the caller asks for deletes anything.
 */

import { callsOf, forget, isDone, isLost, keyOf, lost, newEntry, request, requestFor } from "./asking.js";
import { tell } from "./handle.js";
import { isOffline, sleep } from "./retry.js";
import { storageError } from "./send.js";
import { sendMissing } from "./sending.js";
import { hold, isAwaited } from "./store.js";

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {import("./upload.js").Progress} Progress */
/** @typedef {import("./upload.js").Result} Result */

const ROUNDS = 5;
const WAIT_SECONDS = 30;

export class Uploading {
  #client;
  #file;
  #options;
  #control;
  /** @type {Entry | undefined} */
  #entry;
  /** @type {any} */
  #ticket;
  /** @type {Progress["phase"]} */
  #phase = "waiting";
  #sent = 0;
  #over = false;

  /**
   * @param {import("./asking.js").Client} client
   * @param {Blob | undefined} file none: of an upload that was sent and not confirmed
   * @param {import("./upload.js").UploadOptions} options
   * @param {import("./control.js").Control} control
   * @param {Entry} [known] resume this one
   */
  constructor(client, file, options, control, known) {
    this.#client = client;
    this.#file = file;
    this.#options = options;
    this.#control = control;
    this.#entry = known;
  }

  pause() {
    if (this.#control.pause()) this.#report();
  }

  resume() {
    if (this.#control.resume()) this.#report();
  }

  async cancel() {
    if (!this.#over) this.#control.cancel();
    return await this.drop();
  }

  /** Cancel at the service what has begun; false: it had completed. */
  async drop() {
    const entry = this.#entry;
    if (!entry || this.#over) return !this.#over;
    entry.canceled = true;
    await this.#save();
    return await forget(this.#client, entry);
  }

  /** @returns {Promise<Result>} */
  async run() {
    const { stopped } = this.#control;
    stopped.throwIfAborted();
    this.#report("waiting");
    const key = this.#entry?.key ?? (await keyOf(this.#client, /** @type {Blob} */ (this.#file), this.#options));
    const free = await hold(key);
    const release = free ?? (await hold(key, stopped));
    try {
      return await this.#alone(key, !free);
    } finally {
      release?.();
    }
  }

  /**
   * Do it, as the only one for this file. `waited`: until another one had done it.
   * @param {string} key
   * @param {boolean} waited
   * @returns {Promise<Result>}
   */
  async #alone(key, waited) {
    const body = this.#file && (await requestFor(this.#file, this.#options));
    let entry = await this.#client.store.get(key);
    const done = entry?.done;
    if (waited && done && JSON.stringify(entry?.body) === JSON.stringify(body)) {
      this.#entry = entry;
      return await this.finish(done);
    }
    if (this.#options.resume === false || entry?.canceled || done) entry = undefined;
    for (let times = 0; ; times++) {
      this.#control.stopped.throwIfAborted();
      if (times > 1 || !(entry ?? body)) throw lost(this.#ticket);
      const fresh = !entry?.upload_id;
      this.#entry = entry ??= newEntry(this.#client, key, body ?? {}, this.#size);
      await this.#save();
      const ticket = (this.#ticket = await (fresh ? this.#begin(entry) : this.#look(entry)));
      if (ticket && !isLost(ticket.status)) {
        return await this.finish(isDone(ticket.status) ? ticket : await this.#send(entry, fresh));
      }
      await this.finish();
      entry = undefined; // what was begun is gone: begin again
    }
  }

  /**
   * Send a file whose upload was requested with others; it is confirmed with others, or by `run`.
   * @param {Entry} entry
   * @param {any} ticket
   */
  async sendAs(entry, ticket) {
    this.#entry = entry;
    this.#ticket = ticket;
    entry.upload_id = ticket.upload_id;
    entry.upload_token = ticket.upload_token;
    await this.#save();
    this.#control.stopped.throwIfAborted();
    if (entry.body.method && !this.#client.forms) throw storageError({ status: 405, text: "", after: 0 });
    await this.#sendMissing(entry, true);
  }

  get #size() {
    return this.#file?.size ?? this.#entry?.size ?? 0;
  }

  /** @param {Entry} entry */
  async #begin(entry) {
    try {
      const ticket = await request(this.#client, entry, this.#control.stopped);
      if (ticket.is_duplicate || isDone(ticket.status)) return ticket; // perhaps another's: nothing to cancel
      entry.upload_id = ticket.upload_id;
      entry.upload_token = ticket.upload_token;
      await this.#save();
      return ticket;
    } catch (/** @type {any} */ error) {
      if (error.status && !error.retry && error.status !== 401) await this.#client.store.delete(entry.key);
      throw error;
    }
  }

  /** Look at an upload that was begun before, without URLs; undefined: there is none. @param {Entry} entry */
  #look(entry) {
    return callsOf(this.#client, entry, this.#control.stopped)("GET", "").catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  /**
   * Send what storage does not have, confirm, and wait for the verification.
   * @param {Entry} entry
   * @param {boolean} fresh whether storage can have nothing yet
   */
  async #send(entry, fresh) {
    const call = callsOf(this.#client, entry, this.#control.stopped);
    let answer = this.#ticket;
    for (let round = 0; answer.status !== "PROCESSING"; round++) {
      await this.#sendMissing(entry, fresh && !round);
      this.#report("verifying");
      try {
        answer = await call("POST", "/confirm", { etag: entry.parts[0]?.etag });
        break;
      } catch (/** @type {any} */ error) {
        if (error.code !== "content_not_found" || round === ROUNDS) {
          if (error.status === 400 || error.status === 404) await this.finish(); // it cannot go on
          throw error;
        }
        delete entry.parts[0];
      }
    }
    this.#report("verifying");
    while (!isDone(answer.status)) {
      if (isLost(answer.status)) {
        await this.finish();
        throw lost(answer);
      }
      const began = Date.now();
      answer = await call("GET", `?wait=${WAIT_SECONDS}`);
      if (!isDone(answer.status) && Date.now() - began < this.#client.wire.pause) {
        await sleep(this.#client.wire.pause, this.#control.stopped);
      }
    }
    return answer;
  }

  /** @param {Entry} entry @param {boolean} fresh */
  #sendMissing(entry, fresh) {
    this.#report("sending");
    const parallel = this.#options.parallel ?? 6;
    return sendMissing(this.#client, this.#control, this.#file, entry, this.#ticket, fresh, parallel, (sent) => {
      this.#sent = sent;
      this.#report();
    });
  }

  /**
   * Nothing is left to do. `result`: of a success.
   * @template T
   * @param {T} [result]
   * @returns {Promise<T>}
   */
  async finish(result) {
    const { store } = this.#client;
    const entry = /** @type {Entry} */ (this.#entry);
    if (result && (await isAwaited(entry.key))) await store.put({ ...entry, done: result });
    else await store.delete(entry.key);
    if (result) {
      this.#over = true;
      this.#sent = this.#size;
      this.#report("done");
    }
    return /** @type {T} */ (result);
  }

  #save() {
    return this.#client.store.put(/** @type {Entry} */ (this.#entry));
  }

  /** @param {Progress["phase"]} [phase] */
  #report(phase = this.#phase) {
    this.#phase = phase;
    if (phase === "sending") phase = this.#control.flowing.aborted ? "paused" : isOffline() ? "offline" : phase;
    const { upload_id } = this.#entry ?? {};
    tell(this.#options.onProgress, { phase, sent: this.#sent, total: this.#size, upload_id });
  }
}
