/** What a client remembers of unfinished uploads: in IndexedDB, so that a reload of the page loses nothing. */

import { abortable, gate } from "./retry.js";

/**
 * An unfinished upload. `body`: the request that made it, under the idempotency key `asked`. `parts`: ETag and SHA-256
 * by number; 0 is a file that is sent whole. `canceled`: only the service does not know yet. `done`: the result, for a tab
 * that waited.
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} scope which service and bucket
 * @property {string} asked
 * @property {Record<string, any>} body
 * @property {string} name
 * @property {number} size
 * @property {number} at when it began, in milliseconds since 1970
 * @property {string} [upload_id]
 * @property {string} [upload_token]
 * @property {Record<number, {etag?: string | undefined, sha256?: string | undefined, size: number}>} parts
 * @property {boolean} [canceled]
 * @property {any} [done]
 */

/**
 * Where entries are kept, with the methods of an IDBObjectStore. Hand one in where there is no IndexedDB and uploads
 * have to survive a restart.
 * @typedef {object} Store
 * @property {(key: string) => Promise<Entry | undefined>} get
 * @property {(entry: Entry) => Promise<unknown>} put
 * @property {(key: string) => Promise<unknown>} delete
 * @property {() => Promise<Entry[]>} getAll
 */

/** @returns {Store} */
export function memoryStore() {
  /** @type {Map<string, Entry>} */
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    put: async (entry) => kept.set(entry.key, structuredClone(entry)),
    delete: async (key) => kept.delete(key),
    getAll: async () => [...kept.values()],
  };
}

/** IndexedDB, or memory where the browser refuses it, as in some private windows. @returns {Store} */
export function browserStore() {
  const instead = memoryStore();
  /** @type {Promise<IDBDatabase> | undefined} */
  let opened;

  /** @param {IDBRequest} request @returns {Promise<any>} */
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const open = () => {
    const request = indexedDB.open("upwell", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("uploads", { keyPath: "key" });
    return done(request);
  };

  /** @param {keyof Store} name @returns {(given?: any) => Promise<any>} */
  const method = (name) => async (given) => {
    try {
      opened ??= open();
      const uploads = (await opened).transaction("uploads", "readwrite").objectStore("uploads");
      return await done(given === undefined ? uploads.getAll() : uploads[name](given));
    } catch {
      opened = undefined;
      return await instead[name](given);
    }
  };

  return { get: method("get"), put: method("put"), delete: method("delete"), getAll: method("getAll") };
}

/** @type {Map<string, Promise<unknown>>} */
const held = new Map();
/** @type {Set<string>} */
const awaited = new Set();

/**
 * Hold a name, so that no other tab does; return how to release it. Without a signal: undefined if another holds it.
 * @param {string} name
 * @param {AbortSignal} [signal] wait for it
 * @returns {Promise<(() => void) | undefined>}
 */
export async function hold(name, signal) {
  const [released, release] = gate();
  const { locks } = globalThis.navigator ?? {};
  if (locks) {
    return await new Promise((resolve, reject) => {
      locks
        .request(name, signal ? { signal } : { ifAvailable: true }, (lock) => {
          resolve(lock ? release : undefined);
          return lock && released;
        })
        .catch(reject);
    });
  }
  // A page without https, or Node: one tab, one process.
  while (held.has(name)) {
    if (!signal) return undefined;
    awaited.add(name);
    await abortable(/** @type {Promise<unknown>} */ (held.get(name)), signal).finally(() => awaited.delete(name));
  }
  held.set(name, released);
  return () => {
    held.delete(name);
    release();
  };
}

/** Whether another one waits for a name. @param {string} name */
export async function isAwaited(name) {
  const { locks } = globalThis.navigator ?? {};
  return locks ? (await locks.query()).pending?.some((lock) => lock.name === name) : awaited.has(name);
}
