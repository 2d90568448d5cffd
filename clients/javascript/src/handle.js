/** What a page gets and gives: a promise with its controls, and functions that must not end an upload. */

import { onAbort } from "./retry.js";

/**
 * @typedef {object} Handle
 * @property {() => void} pause stop sending; parts that were sent stay
 * @property {() => void} resume
 * @property {() => Promise<boolean>} cancel resolves when the service knows; false: the upload had completed before
 */

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
