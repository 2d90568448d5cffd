/** Bytes to the storage: with progress in browsers, and never twice as slow as a dead line. */

import { UpwellError, unreachable } from "./errors.js";
import { onAbort, within } from "./retry.js";
import { passes, retryAfter } from "./wire.js";

const STALLED = 60_000;
const SLOWEST_BYTES_PER_MS = 8;

/** @typedef {{status: number, text: string, after: number, etag?: string | undefined}} Answer */

/**
 * @typedef {object} Signed
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {Record<string, string> | undefined} [fields] of a POST policy: then `headers` are not sent
 */

/**
 * Send bytes once. Rejects if no answer comes; any answer is returned.
 * @param {Signed} signed
 * @param {Blob} body
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onProgress
 * @returns {Promise<Answer>}
 */
export function send({ url, headers, fields }, body, signal, onProgress) {
  signal.throwIfAborted(); // paused or canceled while the bytes were hashed
  if (fields) return viaFetch(url, { method: "POST", body: form(fields, body) }, body.size, signal);
  // The browser sends the length itself, and refuses a script that wants to.
  const sent = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-length");
  if (typeof XMLHttpRequest === "function") return viaXhr(url, sent, body, signal, onProgress);
  return viaFetch(url, { method: "PUT", headers: sent, body }, body.size, signal);
}

/**
 * @param {Record<string, string>} fields
 * @param {Blob} file
 */
function form(fields, file) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append("file", file); // the last: storage ignores what follows
  return data;
}

/**
 * @param {string} url
 * @param {RequestInit} request
 * @param {number} size
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function viaFetch(url, request, size, signal) {
  const limited = within(STALLED + Math.ceil(size / SLOWEST_BYTES_PER_MS), signal);
  try {
    const answer = await fetch(url, { ...request, signal: limited });
    return {
      status: answer.status,
      etag: plain(answer.headers.get("ETag")),
      text: answer.ok ? "" : await answer.text(),
      after: retryAfter(answer.headers.get("Retry-After")),
    };
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable("The storage", error);
  }
}

/**
 * @param {string} url
 * @param {[string, string][]} headers
 * @param {Blob} body
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onProgress
 * @returns {Promise<Answer>}
 */
function viaXhr(url, headers, body, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const stop = () => xhr.abort();
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    /** @param {number} factor */
    const alive = (factor = 1) => {
      clearTimeout(timer);
      timer = setTimeout(stop, STALLED * factor);
    };
    xhr.open("PUT", url);
    for (const [name, value] of headers) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded }) => {
      alive(loaded < body.size ? 1 : 5); // storage may take its time between the last byte and its answer
      onProgress(loaded);
    };
    xhr.onloadend = () => {
      clearTimeout(timer);
      off();
      if (signal.aborted) reject(signal.reason);
      else if (!xhr.status) reject(unreachable("The storage"));
      else {
        // All headers: asking for one that storage does not expose writes an error to the console.
        const all = xhr.getAllResponseHeaders();
        resolve({
          status: xhr.status,
          etag: plain(lineOf(all, "etag")),
          text: xhr.responseText,
          after: retryAfter(lineOf(all, "retry-after")),
        });
      }
    };
    alive();
    xhr.send(body);
    const off = onAbort(signal, stop);
  });
}

/** The value of a line `name: value`. @param {string} text @param {string} name */
export const lineOf = (text, name) => text.match(new RegExp(`^${name}: ?(.*)`, "im"))?.[1];

/** An ETag without its quotes. @param {string | null | undefined} etag */
export const plain = (etag) => etag?.replace(/"/g, "") || undefined;

/**
 * The error of an answer that is no success. A URL that has expired or other bytes may do better the next time.
 * @param {Answer} answer
 */
export function storageError({ status, text, after }) {
  const named = (/** @type {string} */ tag) => text.match(`<${tag}>([^<]+)`)?.[1];
  return new UpwellError(`The storage refused the bytes with ${status}: ${named("Message") ?? "no reason given"}.`, {
    code: named("Code") ?? "storage_refused",
    status,
    retry: passes(status) || [400, 403, 409].includes(status),
    after,
  });
}
