/**
 * Uploads from a page, or from Node, straight to storage.
 * @module
 */

import { events } from "./events.js";
import { canHash } from "./files.js";
import { interrupted } from "./interrupted.js";
import { uploadAll } from "./many.js";
import { Pool } from "./parallel.js";
import { browserStore, memoryStore } from "./store.js";
import { upload } from "./upload.js";
import { Wire } from "./wire.js";

export { UpwellError } from "./errors.js";
export { memoryStore };

/** @typedef {import("./wire.js").Token} Token */
/** @typedef {import("./wire.js").TokenSource} TokenSource */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {import("./upload.js").Upload} Upload */
/** @typedef {import("./handle.js").Handle} Handle */
/** @typedef {import("./upload.js").Progress} Progress */
/** @typedef {import("./upload.js").Result} Result */
/** @typedef {import("./upload.js").UploadOptions} UploadOptions */
/** @typedef {import("./many.js").ManyOptions} ManyOptions */
/** @typedef {import("./many.js").Outcome} Outcome */
/** @typedef {import("./many.js").Total} Total */
/** @typedef {import("./interrupted.js").Interrupted} Interrupted */
/** @typedef {import("./events.js").EventOptions} EventOptions */
/** @typedef {import("./events.js").UpwellEvent} UpwellEvent */

/**
 * @typedef {object} UpwellOptions
 * @property {string} url the address of the service
 * @property {string} bucket its id or name
 * @property {TokenSource} token an upload token, or a function that gets one from your server; it is called again when
 *   one ends, with the one before
 * @property {string} [user] who uses the page: unfinished uploads of one user are not shown to another one
 * @property {number} [parallel] the most requests that send bytes at once (6)
 * @property {Store} [store] where unfinished uploads are kept: IndexedDB in browsers, else memory
 * @property {string} [namespace] only with an API key, on a server
 * @property {number} [pause] milliseconds before the first retry (500); pauses double, up to 30 times as much
 */

/**
 * @typedef {object} Upwell
 * @property {(file: Blob, options?: UploadOptions) => Upload} upload send one file
 * @property {(files: Iterable<Blob>, options?: ManyOptions) => Promise<Outcome[]> & Handle} uploadAll send many files;
 *   each has its own result or error
 * @property {() => Promise<Interrupted[]>} interrupted what a reload of the page broke off
 * @property {(options?: EventOptions) => AsyncGenerator<UpwellEvent, void, void>} events what happens to the uploads
 */

/**
 * @param {UpwellOptions} options
 * @returns {Upwell}
 */
export function createUpwell(options) {
  const wire = new Wire(options);
  const { bucket, user = "", parallel = 6 } = options;
  if (!canHash()) console.warn("Upwell: without https a page cannot hash, so storage cannot check the bytes.");
  const client = {
    wire,
    store: options.store ?? (globalThis.indexedDB ? browserStore() : memoryStore()),
    pool: new Pool(parallel),
    path: `buckets/${encodeURIComponent(bucket)}/uploads`,
    scope: `${wire.at(bucket)} ${user}`,
    forms: true,
  };
  return {
    upload: (file, given) => upload(client, file, given),
    uploadAll: (files, given) => uploadAll(client, files, given),
    interrupted: () => interrupted(client),
    events: (given) => events(wire, given),
  };
}
