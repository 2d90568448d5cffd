/**
 * One upload, from a file to its verification. It is asked for under an idempotency key that is kept before the request
 * leaves; what storage has is kept part by part; a confirm is repeated until there is an answer. So wherever it breaks
 * off, the next attempt goes on from there. Only a cancel that the caller asks for deletes anything.
 */

import { Control } from "./control.js";
import { UpwellError, fileChanged } from "./errors.js";
import { canHash, checkReadable, factsOf, fingerprint, hash, newId } from "./files.js";
import { each } from "./parallel.js";
import { isOffline, onAbort, persist, sleep } from "./retry.js";
import { send, storageError } from "./send.js";
import { hold, isAwaited } from "./store.js";
import { passes } from "./wire.js";

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {import("./send.js").Signed} Signed */
/** @typedef {{wire: import("./wire.js").Wire, store: import("./store.js").Store, pool: import("./parallel.js").Pool, path: string, scope: string, forms: boolean}} Client */

/**
 * @typedef {object} Progress
 * @property {"waiting" | "sending" | "paused" | "offline" | "verifying" | "done"} phase `waiting`: another tab sends this file
 * @property {number} sent bytes that storage has, or that are on their way
 * @property {number} total
 * @property {string | undefined} upload_id
 */

/**
 * @typedef {object} UploadOptions
 * @property {string} [property] the property of the bucket's schema that the file is for
 * @property {Record<string, unknown>} [metadata]
 * @property {number} [partSize] bytes, from 5 MiB; larger files are sent in parts (16 MiB)
 * @property {number} [parallel] the most parts at once (6)
 * @property {boolean} [resume] false: begin again, even if parts of this file were sent before
 * @property {AbortSignal} [signal] cancels the upload
 * @property {(progress: Progress) => void} [onProgress]
 * @property {(file: Blob) => Promise<string>} [hash] the SHA-256 of a large file, 64 hex digits: known files are not sent again
 * @property {Record<string, unknown>} [create] further fields of the request, as in the reference of the HTTP API
 */

/**
 * What became of an upload, as the service says it.
 * @typedef {object} Result
 * @property {string} upload_id
 * @property {"COMPLETED" | "SKIPPED"} status `SKIPPED`: an object with this unique key exists
 * @property {string | null} object_id
 * @property {number | null} file_size_bytes
 * @property {string | null} file_hash
 * @property {boolean} is_duplicate
 * @property {string | null} message
 */

/** @typedef {Promise<Result> & Handle} Upload */

/**
 * @typedef {object} Handle
 * @property {() => void} pause stop sending; parts that were sent stay
 * @property {() => void} resume
 * @property {() => Promise<boolean>} cancel resolves when the service knows; false: the upload had completed before
 */

const WHOLE = 16 * 1024 * 1024;
const ROUNDS = 5;
const REFUSALS = 3;
const SIGNED_AT_ONCE = 100;
const WAIT_SECONDS = 30;
const DONE = ["COMPLETED", "SKIPPED"];
const LOST = ["FAILED", "CANCELED"];

/** @param {string} status */
export const isDone = (status) => DONE.includes(status);
/** @param {string} status */
export const isLost = (status) => LOST.includes(status);

/**
 * @param {Client} client
 * @param {Blob | undefined} file none: of an upload that was sent and not confirmed
 * @param {UploadOptions} options
 * @param {Entry} [known] resume this one
 * @returns {Upload}
 */
export function upload(client, file, options = {}, known) {
  const uploading = new Uploading(client, file, options, new Control(), known);
  return withHandle(uploading.run(), uploading, options.signal);
}

/**
 * Call a function of the page. What it throws is the page's, and ends no upload.
 * @template T
 * @param {((value: T) => void) | undefined} listener
 * @param {T} value
 */
export function tell(listener, value) {
  try {
    listener?.(value);
  } catch (error) {
    void Promise.reject(error); // as an error that nobody caught
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {Handle} handle
 * @param {AbortSignal} [signal] cancels
 * @returns {Promise<T> & Handle}
 */
export function withHandle(promise, handle, signal) {
  const off = onAbort(signal, () => handle.cancel().catch(() => {})); // where it fails, the next page tries again
  return Object.assign(promise.finally(off), {
    pause: () => handle.pause(),
    resume: () => handle.resume(),
    cancel: () => handle.cancel(),
  });
}

/**
 * The request for an upload.
 * @param {Blob} file
 * @param {UploadOptions} options
 */
export async function requestFor(file, { property, metadata, partSize, hash: wholeHash, create }) {
  const { name, path, size, type } = factsOf(file);
  const large = size > (partSize ?? WHOLE);
  const file_hash = wholeHash ? await wholeHash(file) : !large && size && canHash() ? await hash(file) : undefined;
  return {
    filename: name,
    content_type: type,
    file_size_bytes: size || undefined, // of an empty file the service takes none
    blob_property: property,
    metadata: path ? { relative_path: path, ...metadata } : metadata,
    multipart: large ? "always" : undefined,
    part_size: large ? partSize : undefined,
    file_hash,
    integrity: (large ? canHash() : file_hash) ? "storage" : undefined,
    ...create,
  };
}

/** @param {Client} client @param {Blob} file @param {UploadOptions} options */
export const keyOf = (client, file, options) => fingerprint(file, client.scope, options.property ?? "");

/**
 * @param {Client} client
 * @param {string} key
 * @param {Record<string, any>} body
 * @param {number} size
 * @returns {Entry}
 */
export const newEntry = (client, key, body, size) => ({
  key,
  scope: client.scope,
  asked: newId(),
  body,
  name: body.filename,
  size,
  at: Date.now(),
  parts: {},
});

/**
 * Ask for an upload; the same entry gets the same upload again.
 * @param {Client} client
 * @param {Entry} entry
 * @param {AbortSignal} [signal]
 */
const request = ({ wire, path }, entry, signal) =>
  wire.call("POST", path, {
    body: entry.body,
    headers: { "Idempotency-Key": entry.asked },
    signal,
  });

/**
 * Cancel an upload at the service, whatever of it is known here. Return false if it had completed: then it stays.
 * @param {Client} client
 * @param {Entry} entry
 */
export async function forget(client, entry) {
  let { upload_id, upload_token: token } = entry;
  let open = true;
  if (!upload_id) {
    // Its answer was lost. Of a duplicate it has another's id, which nothing may cancel.
    const ticket = await request(client, entry).catch((error) => {
      if (!error.status || error.retry) throw error;
    });
    open = !!ticket && !isDone(ticket.status) && !ticket.is_duplicate;
    ({ upload_id, upload_token: token } = ticket ?? {});
  }
  if (open) {
    await client.wire.call("DELETE", `uploads/${upload_id}?only_open=true`, { token }).catch((error) => {
      if (error.status !== 400 && error.status !== 404) throw error;
      open = error.status === 404;
    });
  }
  await client.store.delete(entry.key);
  return open;
}

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
  /** @type {Map<number, number>} */
  #loaded = new Map();
  /** @type {unknown} */
  #failed;
  #over = false;
  /** @type {{part: Record<string, unknown>, resolve: (signed: Signed) => void, reject: (error: unknown) => void}[]} */
  #unsigned = [];
  #signing = false;

  /**
   * @param {Client} client
   * @param {Blob | undefined} file
   * @param {UploadOptions} options
   * @param {Control} control
   * @param {Entry} [known]
   */
  constructor(client, file, options, control, known) {
    this.#client = client;
    this.#file = file;
    this.#options = options;
    this.#control = control;
    this.#entry = known;
  }

  pause() {
    if (this.#phase !== "verifying" && this.#control.pause()) this.#report();
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
    this.#failed = undefined;
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
      if (times > 1 || !(entry ?? body)) throw this.#lost(this.#ticket);
      const fresh = !entry?.upload_id;
      this.#entry = entry ??= newEntry(this.#client, key, body ?? {}, this.#size);
      await this.#save();
      this.#ticket = await (fresh ? this.#begin(entry) : this.#look());
      if (this.#ticket && !isLost(this.#ticket.status)) {
        return await this.finish(isDone(this.#ticket.status) ? this.#ticket : await this.#send(entry, fresh));
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
    if (ticket.post && !this.#client.forms) throw storageError({ status: 405, text: "", after: 0 });
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

  /** Look at an upload that was begun before, without URLs; undefined: there is none. */
  #look() {
    return this.#call("GET", "").catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  /**
   * Send what storage does not have, confirm, and wait for the verification.
   * @param {Entry} entry
   * @param {boolean} fresh whether storage can have nothing yet
   */
  async #send(entry, fresh) {
    let answer = this.#ticket;
    for (let round = 0; answer.status !== "PROCESSING"; round++) {
      await this.#sendMissing(entry, fresh && !round);
      this.#report("verifying");
      try {
        answer = await this.#call("POST", "/confirm", { etag: entry.parts[0]?.etag });
        break;
      } catch (/** @type {any} */ error) {
        if (error.code !== "content_not_found" || round === ROUNDS) {
          if (error.status === 400 || error.status === 404) await this.finish(); // it cannot go on
          throw error;
        }
        delete entry.parts[0];
        this.#loaded.clear();
        this.#sent = 0;
      }
    }
    this.#report("verifying");
    while (!isDone(answer.status)) {
      if (isLost(answer.status)) {
        await this.finish();
        throw this.#lost(answer);
      }
      const began = Date.now();
      answer = await this.#call("GET", `?wait=${WAIT_SECONDS}`);
      if (!isDone(answer.status) && Date.now() - began < this.#client.wire.pause) {
        await sleep(this.#client.wire.pause, this.#control.stopped);
      }
    }
    return answer;
  }

  /** @param {Entry} entry @param {boolean} fresh */
  async #sendMissing(entry, fresh) {
    const { part_size, part_count, method } = this.#ticket;
    const inParts = method === "multipart";
    this.#report("sending");
    try {
      const stored = inParts && !fresh ? await this.#stored() : new Map();
      const numbers = inParts ? Array.from({ length: part_count }, (_, index) => index + 1) : [0];
      const most = inParts ? (this.#options.parallel ?? 6) : 1;
      await each(numbers, most, async (number) => {
        const from = (number - 1) * part_size;
        const blob = number ? this.#file?.slice(from, from + part_size) : this.#file;
        await this.#sendPart(entry, number, blob, stored.get(number));
      });
    } catch (/** @type {any} */ error) {
      // Storage has put the parts together already, or the upload has ended: the confirm knows.
      if (!/^(parts_gone|NoSuchUpload|wrong_state|upload_)/.test(error.code)) throw error;
    }
  }

  /** @returns {Promise<Map<number, {size_bytes: number, etag: string, sha256?: string}>>} */
  async #stored() {
    const { parts } = await this.#call("GET", "/parts");
    return new Map(parts.map((/** @type {any} */ part) => [part.part_number, part]));
  }

  /**
   * @param {Entry} entry
   * @param {number} number
   * @param {Blob | undefined} blob
   * @param {{size_bytes: number, etag: string, sha256?: string} | undefined} stored
   */
  async #sendPart(entry, number, blob, stored) {
    const kept = entry.parts[number];
    if (number ? stored && (await this.#isSame(blob, stored, kept)) : kept) {
      this.#count(number, number ? (stored?.size_bytes ?? 0) : entry.size);
      return;
    }
    if (!blob) {
      throw new UpwellError(`Not all of ${entry.name} was sent: choose the file again.`, { code: "file_needed" });
    }
    const sha256 = number && this.#ticket.integrity === "storage" ? await hash(blob) : undefined;
    try {
      await this.#control.run((flowing) =>
        this.#client.pool.run(() => this.#put(entry, number, blob, sha256, flowing), flowing),
      );
    } catch (error) {
      this.#failed ??= error;
      throw error;
    }
  }

  /**
   * Whether a stored part has the bytes of this file: by storage's SHA-256, or the one kept here when it was sent.
   * @param {Blob | undefined} blob
   * @param {{size_bytes: number, etag: string, sha256?: string}} stored
   * @param {{etag?: string | undefined, sha256?: string | undefined} | undefined} kept
   */
  async #isSame(blob, stored, kept) {
    if (!blob) return true;
    if (blob.size !== stored.size_bytes) return false;
    const mine = !!kept?.etag && kept.etag === stored.etag.replace(/"/g, "");
    const known = stored.sha256 ?? (mine ? kept?.sha256 : undefined);
    if (!known || !canHash()) return mine;
    return (await hash(blob)) === known;
  }

  /**
   * @param {Entry} entry
   * @param {number} number
   * @param {Blob} blob
   * @param {string | undefined} sha256
   * @param {AbortSignal} signal
   */
  async #put(entry, number, blob, sha256, signal) {
    let refusals = 0;
    /** @type {Signed | undefined} */
    let signed;
    /** @param {number} attempt */
    const once = async (attempt) => {
      if (this.#failed) throw this.#failed;
      this.#count(number, 0);
      signed ??= await this.#sign(number, blob, sha256);
      const answer = await send(signed, blob, signal, (loaded) => this.#count(number, loaded)).catch(async (error) => {
        if (attempt % 2) signed = undefined; // perhaps it has expired, and the browser hides the answer
        if (!signal.aborted) await checkReadable(blob);
        throw error;
      });
      if (answer.status < 300 || answer.status === 412) {
        this.#count(number, blob.size);
        entry.parts[number] = { etag: answer.etag, sha256, size: blob.size };
        return;
      }
      const error = storageError(answer);
      if (answer.status === 403) signed = undefined; // expired
      if (!passes(answer.status) && ++refusals > REFUSALS) error.retry = false;
      if (answer.status === 400) {
        await checkReadable(blob);
        if (sha256 && (await hash(blob)) !== sha256) throw fileChanged(error);
      }
      throw error;
    };
    await persist(once, { pause: this.#client.wire.pause, signal, onWait: () => this.#client.pool.broke() });
    await this.#save();
  }

  /**
   * @param {number} number
   * @param {Blob} blob
   * @param {string | undefined} sha256
   * @returns {Promise<Signed>}
   */
  async #sign(number, blob, sha256) {
    if (number) {
      return await new Promise((resolve, reject) => {
        this.#unsigned.push({ part: { part_number: number, size_bytes: blob.size, sha256 }, resolve, reject });
        if (!this.#signing) void this.#signAll();
      });
    }
    const ticket = this.#ticket.presigned_url || this.#ticket.post ? this.#ticket : await this.#call("POST", "/sign");
    this.#ticket = { ...this.#ticket, presigned_url: null, post: null }; // the next one is signed again
    return ticket.post
      ? { ...ticket.post, headers: {} }
      : { url: ticket.presigned_url, headers: ticket.required_headers ?? {} };
  }

  /** Sign what waits, in as few requests as there are while the one before is on its way. */
  async #signAll() {
    this.#signing = true;
    while (this.#unsigned.length) {
      await Promise.resolve(); // for the others of this moment
      const batch = this.#unsigned.splice(0, SIGNED_AT_ONCE);
      try {
        const { parts } = await this.#call("POST", "/parts/sign", { parts: batch.map(({ part }) => part) });
        batch.forEach(({ resolve }, index) => resolve({ url: parts[index].url, headers: parts[index].required_headers }));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#signing = false;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  #call(method, path, body) {
    const { upload_id, upload_token: token } = /** @type {Entry} */ (this.#entry);
    return this.#client.wire.call(method, `uploads/${upload_id}${path}`, { token, body, signal: this.#control.stopped });
  }

  /** @param {any} answer */
  #lost(answer) {
    const { status = "gone", message, failure_reason } = answer ?? {};
    return new UpwellError(message ?? `The upload is ${status}: send the file again.`, {
      code: failure_reason ?? `upload_${status.toLowerCase()}`,
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

  /** @param {number} number @param {number} loaded */
  #count(number, loaded) {
    this.#sent += loaded - (this.#loaded.get(number) ?? 0);
    this.#loaded.set(number, loaded);
    this.#report();
  }

  /** @param {Progress["phase"]} [phase] */
  #report(phase = this.#phase) {
    this.#phase = phase;
    const now = phase === "sending" && this.#control.flowing.aborted ? "paused" : phase === "sending" && isOffline() ? "offline" : phase;
    tell(this.#options.onProgress, {
      phase: now,
      sent: this.#sent,
      total: this.#size,
      upload_id: this.#entry?.upload_id,
    });
  }
}
