/** What a file is, without reading more of it than needed. */

import { fileChanged } from "./errors.js";

const HEAD = 65_536;

/** WebCrypto, which a page has only on https:// and localhost. */
export const canHash = () => !!globalThis.crypto?.subtle;

/** Hex of random bytes; `crypto.randomUUID` is missing on pages without https. */
export const newId = () => hex(crypto.getRandomValues(new Uint8Array(16)));

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {Blob} blob */
const read = (blob) =>
  blob.arrayBuffer().catch((error) => {
    throw fileChanged(error);
  });

/** The SHA-256 of a part, which is read into memory. @param {Blob} blob */
export const hash = async (blob) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await read(blob))));

/** Refuse a file that can no longer be read. @param {Blob} file */
export const checkReadable = (file) => read(file.slice(0, 1));

/**
 * The facts of a file. `path`: within a folder that was dropped or chosen.
 * @param {Blob} file
 */
export function factsOf(file) {
  const { name = "file", webkitRelativePath: path = "", lastModified = 0 } = /** @type {Partial<File>} */ (file);
  return { name, path, lastModified, size: file.size, type: file.type || "application/octet-stream" };
}

/**
 * What a file is recognized by after a reload.
 * @param {Blob} file
 * @param {unknown[]} purpose
 */
export async function fingerprint(file, ...purpose) {
  const head = canHash() ? await hash(file.slice(0, HEAD)) : "";
  return JSON.stringify([...purpose, ...Object.values(factsOf(file)), head]);
}
