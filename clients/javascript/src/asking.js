/** The request for an upload, and what is kept of it, so that the same upload is found again. */

import { UpwellError } from "./errors.js";
import { canHash, factsOf, fingerprint, hash, newId } from "./files.js";

/** @typedef {import("./store.js").Entry} Entry */

/**
 * What the uploads of one `createUpwell` share. `path`: of the bucket's uploads. `forms`: whether storage takes them.
 * @typedef {object} Client
 * @property {import("./wire.js").Wire} wire
 * @property {import("./store.js").Store} store
 * @property {import("./parallel.js").Pool} pool
 * @property {string} path
 * @property {string} scope
 * @property {boolean} forms
 */

const WHOLE = 16 * 1024 * 1024;
const DONE = ["COMPLETED", "SKIPPED"];
const LOST = ["FAILED", "CANCELED"];

/** @param {string} status */
export const isDone = (status) => DONE.includes(status);
/** @param {string} status */
export const isLost = (status) => LOST.includes(status);

/** The error of an upload that has failed or was canceled; without an answer, the service has none. @param {any} [answer] */
export const lost = ({ status = "gone", message, failure_reason } = {}) =>
  new UpwellError(message ?? `The upload is ${status}: send the file again.`, {
    code: failure_reason ?? `upload_${status.toLowerCase()}`,
  });

/**
 * The body of the request.
 * @param {Blob} file
 * @param {import("./upload.js").UploadOptions} options
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

/**
 * Under which name an upload of this file is kept and locked.
 * @param {Client} client
 * @param {Blob} file
 * @param {import("./upload.js").UploadOptions} options
 */
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
export const request = ({ wire, path }, entry, signal) =>
  wire.call("POST", path, { body: entry.body, headers: { "Idempotency-Key": entry.asked }, signal });

/**
 * Return how to call the routes of an upload, with its own token where there is one.
 * @param {Client} client
 * @param {Entry} entry
 * @param {AbortSignal} signal
 */
export const callsOf =
  ({ wire }, entry, signal) =>
  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  (method, path, body) =>
    wire.call(method, `uploads/${entry.upload_id}${path}`, { token: entry.upload_token, body, signal });

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
