/** Waiting: until the line is back, as long as an answer asks for, and never after the signal says stop. */

/** @typedef {import("./errors.js").UpwellError} UpwellError */

const LONGEST = 30;
const PATIENCE = 3_600_000;

/** Whether the browser knows that there is no line; it may be wrong, so this only makes pauses longer. */
export const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * Listen to a signal; return how to stop listening.
 * @param {AbortSignal | undefined} signal
 * @param {() => void} stop
 */
export function onAbort(signal, stop) {
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  return () => signal?.removeEventListener("abort", stop);
}

/** A promise, and how to resolve it. @returns {[Promise<void>, () => void]} */
export function gate() {
  let open = () => {};
  /** @type {Promise<void>} */
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return [opened, open];
}

/**
 * Settle with a promise, or reject as soon as the signal aborts.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export const abortable = (promise, signal) =>
  new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal?.reason));
    promise.then(resolve, reject).finally(off);
  });

/**
 * A signal that aborts with the given one, or when the time is up.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 */
export const within = (ms, signal = new AbortController().signal) => AbortSignal.any([AbortSignal.timeout(ms), signal]);

/**
 * Wait; a line that comes back ends the pause early.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 */
export const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", end);
      off();
      resolve(undefined);
    };
    const timer = setTimeout(end, ms);
    globalThis.addEventListener?.("online", end);
    const off = onAbort(signal, () => {
      reject(signal?.reason);
      queueMicrotask(end);
    });
  });

/**
 * Run `work` until it succeeds, its error is final, or the pauses add up to an hour; time offline is not counted.
 * @template T
 * @param {(attempt: number) => Promise<T>} work
 * @param {{pause: number, signal?: AbortSignal | undefined, onWait?: (error: UpwellError) => void}} options `pause`:
 *   milliseconds before the first retry; pauses double, up to 30 times as much
 * @returns {Promise<T>}
 */
export async function persist(work, { pause, signal, onWait }) {
  let waited = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (/** @type {any} */ error) {
      signal?.throwIfAborted();
      if (!error.retry || waited > PATIENCE) throw error;
      onWait?.(error);
      const longest = pause * LONGEST;
      const jittered = Math.min(pause * 2 ** attempt, longest) * (0.5 + Math.random() / 2);
      const ms = isOffline() ? longest : Math.max(error.after * 1000, jittered);
      if (!isOffline()) waited += ms;
      await sleep(ms, signal);
    }
  }
}
