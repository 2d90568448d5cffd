/** A page in a thread of its own, which a test ends at once, as a reload does. */

import { Worker, isMainThread, workerData } from "node:worker_threads";

import { createUpwell } from "../src/index.js";
import { fileStore } from "./file-store.js";

/** @typedef {{url: string, path: string, bytes: Uint8Array, name: string, options: import("../src/index.js").UploadOptions}} Page */

/**
 * Begin an upload in a thread; return how to end the thread.
 * @param {Page} page
 */
export function openPage(page) {
  const worker = new Worker(new URL(import.meta.url), { workerData: page });
  return () => worker.terminate();
}

/** @param {Uint8Array} bytes @param {string} name */
export const fileOf = (bytes, name) =>
  new File([new Uint8Array(bytes)], name, { type: "video/mp4", lastModified: 1_700_000_000_000 });

if (!isMainThread) {
  const { url, path, bytes, name, options } = /** @type {Page} */ (workerData);
  const upwell = createUpwell({ url, bucket: "b", token: "ut_1", store: fileStore(path), pause: 4 });
  await upwell.upload(fileOf(bytes, name), options);
}
