/** The one error of this package, and the sentences that several modules need. */

/**
 * @typedef {object} Facts
 * @property {string} code stable: for programs; the message is for people
 * @property {number} [status] the HTTP status, if the service or the storage answered
 * @property {Record<string, any>} [details]
 * @property {boolean | undefined} [retry] whether the same call may succeed later
 * @property {number} [after] seconds that the answer asked to wait
 * @property {unknown} [cause]
 */

/** Every failure of an upload. `code` is stable; the message says what is wrong and what to do. */
export class UpwellError extends Error {
  /**
   * @param {string} message
   * @param {Facts} facts
   */
  constructor(message, { code, status, details = {}, retry = false, after = 0, cause }) {
    super(message, { cause });
    this.name = "UpwellError";
    this.code = code;
    this.status = status;
    this.details = details;
    /** Whether the same call may succeed later. */
    this.retry = retry;
    /** Seconds that the answer asked to wait. */
    this.after = after;
  }
}

/** @param {unknown} cause */
export const fileChanged = (cause) =>
  new UpwellError("The file changed or was removed while it was sent: choose it again.", {
    code: "file_changed",
    cause,
  });

/** @param {string} place @param {unknown} [cause] */
export const unreachable = (place, cause) =>
  new UpwellError(`${place} cannot be reached: check the connection and its CORS origins.`, {
    code: "unreachable",
    retry: true,
    cause,
  });
