/** Pause, resume and cancel: one for an upload, or for all of a list. */

import { UpwellError } from "./errors.js";
import { abortable, gate } from "./retry.js";

const PAUSED = {};

export class Control {
  #stop = new AbortController();
  #flow = new AbortController();
  #gate = Promise.resolve();
  #open = () => {};

  /** Aborts when the upload is canceled. */
  get stopped() {
    return this.#stop.signal;
  }

  /** Aborts when it is paused or canceled; another one after it has gone on. */
  get flowing() {
    return this.#flow.signal;
  }

  /** Return whether it was not paused or canceled before. */
  pause() {
    if (this.flowing.aborted) return false;
    [this.#gate, this.#open] = gate();
    this.#flow.abort(PAUSED);
    return true;
  }

  /** Return whether it was paused before. */
  resume() {
    if (!this.flowing.aborted || this.stopped.aborted) return false;
    this.#flow = new AbortController();
    this.#open();
    return true;
  }

  cancel() {
    const reason = new UpwellError("The upload was canceled.", { code: "canceled" });
    this.#stop.abort(reason);
    this.#flow.abort(reason);
  }

  /**
   * Do `work` while nothing is paused; begin it again after a pause broke it off.
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async run(work) {
    for (;;) {
      await abortable(this.#gate, this.stopped);
      try {
        return await work(this.flowing);
      } catch (error) {
        if (error !== PAUSED) throw error;
      }
    }
  }
}
