/** Sending one file: the options, the progress, the result. */

import { Control } from "./control.js";
import { withHandle } from "./handle.js";
import { Uploading } from "./uploading.js";

/**
 * @typedef {object} Progress
 * @property {"waiting" | "sending" | "paused" | "offline" | "verifying" | "done"} phase `waiting`: until another tab has
 *   sent this file
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
 * @property {(file: Blob) => Promise<string>} [hash] the SHA-256 of a large file, 64 hex digits, so that the service
 *   recognizes a known file, and compares the whole
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

/** @typedef {Promise<Result> & import("./handle.js").Handle} Upload */

/**
 * @param {import("./asking.js").Client} client
 * @param {Blob | undefined} file none: of an upload that was sent and not confirmed
 * @param {UploadOptions} options
 * @param {import("./store.js").Entry} [known] resume this one
 * @returns {Upload}
 */
export function upload(client, file, options = {}, known) {
  const uploading = new Uploading(client, file, options, new Control(), known);
  return withHandle(uploading.run(), uploading, options.signal);
}
