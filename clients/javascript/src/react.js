/**
 * A hook for React: the state of one upload.
 * @module
 */

import { useCallback, useRef, useState } from "react";

/** @typedef {import("./index.js").Progress} Progress */
/** @typedef {import("./index.js").Result} Result */

/**
 * @typedef {object} UploadState
 * @property {Progress | undefined} progress undefined: nothing was begun
 * @property {Result | undefined} result
 * @property {Error | undefined} error not of a cancel
 * @property {(file: Blob, options?: import("./index.js").UploadOptions) => Promise<void>} upload begin, and cancel what
 *   was begun before
 * @property {() => void} pause
 * @property {() => void} resume
 * @property {() => void} cancel
 */

/** @typedef {{progress?: Progress | undefined, result?: Result | undefined, error?: Error | undefined}} Shown */

/**
 * Send files one after the other, and show how far they are. An upload goes on when the component is unmounted.
 * @param {import("./index.js").Upwell} upwell
 * @returns {UploadState}
 */
export function useUpload(upwell) {
  const [shown, show] = useState(/** @type {Shown} */ ({}));
  const current = useRef(/** @type {import("./index.js").Upload | undefined} */ (undefined));

  const upload = useCallback(
    /** @type {UploadState["upload"]} */
    async (file, options) => {
      current.current?.cancel().catch(() => {});
      show({});
      /** @param {Shown} next */
      const update = (next) => {
        if (current.current === running) show(next);
      };
      /** @type {import("./index.js").Upload | undefined} */
      let running;
      running = current.current = upwell.upload(file, {
        ...options,
        onProgress(progress) {
          update({ progress });
          options?.onProgress?.(progress);
        },
      });
      try {
        const result = await running;
        show((before) => (current.current === running ? { ...before, result } : before));
      } catch (/** @type {any} */ error) {
        show((before) => (current.current === running && error.code !== "canceled" ? { ...before, error } : before));
      }
    },
    [upwell],
  );

  const pause = useCallback(() => current.current?.pause(), []);
  const resume = useCallback(() => current.current?.resume(), []);
  const cancel = useCallback(() => {
    current.current?.cancel().catch(() => {});
    current.current = undefined;
    show({});
  }, []);
  return { progress: shown.progress, result: shown.result, error: shown.error, upload, pause, resume, cancel };
}
