/** How many requests send bytes at once: as many as the line carries well. */

import { abortable, gate } from "./retry.js";

const QUICK = 4_000;
const SLOW = 20_000;

/** Shared by all uploads of one client. It begins with two, grows while sends are quick, and halves when one breaks. */
export class Pool {
  #most;
  #limit;
  #busy = 0;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {number} most */
  constructor(most) {
    this.#most = most;
    this.#limit = Math.min(2, most);
  }

  /** The line broke under one of the sends. */
  broke() {
    this.#limit = Math.max(1, this.#limit >> 1);
  }

  /**
   * Do `work` when a place is free.
   * @template T
   * @param {() => Promise<T>} work
   * @param {AbortSignal} signal ends the waiting for a place
   * @returns {Promise<T>}
   */
  async run(work, signal) {
    while (this.#busy >= this.#limit) {
      const [turn, go] = gate();
      this.#waiting.push(go);
      await abortable(turn, signal).catch((reason) => {
        this.#wake(); // the place of one that left may have been this one's
        throw reason;
      });
    }
    this.#busy++;
    const began = Date.now();
    try {
      const result = await work();
      const ms = Date.now() - began;
      if (ms < QUICK) this.#limit = Math.min(this.#limit + 1, this.#most);
      else if (ms > SLOW) this.#limit = Math.max(this.#limit - 1, 1);
      return result;
    } finally {
      this.#busy--;
      this.#wake();
    }
  }

  #wake() {
    for (const go of this.#waiting.splice(0)) go(); // those without a place wait again, in the same order
  }
}

/**
 * Do `work` for each item, `most` at once; reject with the first error when all have ended.
 * @template T
 * @param {T[]} items
 * @param {number} most
 * @param {(item: T) => Promise<unknown>} work
 */
export async function each(items, most, work) {
  const rest = items.values(); // shared by the workers
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  for (const ended of await Promise.allSettled(Array.from({ length: most }, worker))) {
    if (ended.status === "rejected") throw ended.reason;
  }
}
