/** A service and a storage on loopback that break off where a test wants it. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { createUpwell, memoryStore } from "../src/index.js";

/** @typedef {import("node:http").IncomingMessage} Request */
/** @typedef {import("node:http").ServerResponse} Response */
/** @typedef {"cut" | "lose" | "hang" | {status: number, headers?: Record<string, string>, body?: unknown}} Trouble */

export const MIB = 1024 * 1024;
export const sha256 = (/** @type {Uint8Array | string} */ data) => createHash("sha256").update(data).digest("hex");

/** @param {number} size @param {string} [name] */
export const chanceFile = (size, name = "film.mp4", type = "video/mp4") =>
  new File([randomBytes(size)], name, { type, lastModified: 1_700_000_000_000 });

/** A server whose requests can meet trouble: `cut` before they are handled, `lose` their answer, `hang`, or a refusal. */
class Server {
  /** @type {string[]} */
  calls = [];
  /** @type {{match: RegExp, trouble: Trouble, times: number}[]} */
  #troubles = [];
  #server = createServer((request, response) => void this.#serve(request, response));
  #port = 0;
  #active = 0;
  mostActive = 0;
  /** Trouble by chance, besides what a test asked for. @type {(call: string) => Trouble | undefined} */
  chance = () => undefined;

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start() {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = /** @type {import("node:net").AddressInfo} */ (this.#server.address()).port;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @param {RegExp} match @param {Trouble} trouble */
  meet(match, trouble, times = 1) {
    this.#troubles.push({ match, trouble, times });
  }

  /** @param {RegExp} match */
  count(match) {
    return this.calls.filter((call) => match.test(call)).length;
  }

  /** @param {RegExp} match */
  async called(match, times = 1) {
    while (this.count(match) < times) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  /** @param {Request} request @param {Response} response */
  async #serve(request, response) {
    const call = `${request.method} ${request.url}`;
    this.calls.push(call);
    this.mostActive = Math.max(this.mostActive, ++this.#active);
    response.on("close", () => this.#active--);
    const met = this.#troubles.find(({ match, times }) => times > 0 && match.test(call));
    if (met) met.times--;
    const trouble = met?.trouble ?? this.chance(call);
    if (trouble === "cut") return request.socket.destroy();
    if (trouble === "hang") return;
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the client left
    }
    if (typeof trouble === "object") {
      const { status, headers, body } = trouble;
      response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
      return;
    }
    const answer = await this.handle(request, Buffer.concat(chunks), response);
    if (trouble === "lose") return request.socket.destroy();
    if (answer === undefined) return;
    const { status = 200, headers = {}, body } = answer;
    response.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body));
  }

  /**
   * @param {Request} _request
   * @param {Buffer} _body
   * @param {Response} _response
   * @returns {Promise<{status?: number, headers?: Record<string, string>, body?: any} | undefined>}
   */
  async handle(_request, _body, _response) {
    throw new Error("of a subclass");
  }
}

/** @param {number} status @param {string} code @param {Record<string, unknown>} [details] */
const refusal = (status, code, details = {}) => ({
  status,
  body: { success: false, status, error: { type: "Error", message: `It is ${code}.`, code, details } },
});

export const xml = (/** @type {string} */ code) => `<Error><Code>${code}</Code><Message>It is ${code}</Message></Error>`;

export class FakeStorage extends Server {
  /** @type {Map<string, {bytes: Buffer, etag: string}>} */
  objects = new Map();
  /** @type {Map<string, Map<number, {bytes: Buffer, etag: string, sha256: string | undefined}>>} */
  multiparts = new Map();
  /** URLs signed before this time are refused. */
  epoch = 0;
  signed = 0;
  keepsHashes = true;
  takesForms = true;

  /** @param {string} key @param {Record<string, string>} [query] */
  sign(key, query = {}) {
    return `${this.url}/${key}?${new URLSearchParams({ ...query, signed: String(++this.signed) })}`;
  }

  expireAll() {
    this.epoch = this.signed;
  }

  /** @override @param {Request} request @param {Buffer} body */
  async handle(request, body) {
    const url = new URL(request.url ?? "", this.url);
    const query = url.searchParams;
    const key = url.pathname.slice(1);
    const refuse = (/** @type {number} */ status, /** @type {string} */ code) => ({ status, body: xml(code) });
    if (request.method === "POST") {
      if (!this.takesForms) return refuse(405, "MethodNotAllowed");
      const form = await new globalThis.Response(new Uint8Array(body), {
        headers: { "Content-Type": request.headers["content-type"] ?? "" },
      }).formData();
      if (Number(form.get("policy")) <= this.epoch) return refuse(403, "AccessDenied");
      const file = /** @type {File} */ (form.get("file"));
      return this.#keep(String(form.get("key")), Buffer.from(await file.arrayBuffer()), 204);
    }
    if (Number(query.get("signed")) <= this.epoch) return refuse(403, "AccessDenied");
    const promised = query.get("sha256");
    if (promised && promised !== sha256(body)) return refuse(400, "BadDigest");
    const length = query.get("length");
    if (length && Number(length) !== body.length) return refuse(403, "SignatureDoesNotMatch");
    const number = Number(query.get("part"));
    if (number) {
      const parts = this.multiparts.get(key);
      if (!parts) return refuse(404, "NoSuchUpload");
      const etag = createHash("md5").update(body).digest("hex");
      parts.set(number, { bytes: body, etag, sha256: promised && this.keepsHashes ? promised : undefined });
      return { headers: { ETag: `"${etag}"` } };
    }
    if (query.has("once") && this.objects.has(key)) return refuse(412, "PreconditionFailed");
    return this.#keep(key, body, 200);
  }

  /** @param {string} key @param {Buffer} bytes @param {number} status */
  #keep(key, bytes, status) {
    const etag = createHash("md5").update(bytes).digest("hex");
    this.objects.set(key, { bytes, etag });
    return { status, headers: { ETag: `"${etag}"` } };
  }
}

export class FakeService extends Server {
  /** @type {Map<string, any>} */
  uploads = new Map();
  /** @type {Map<string, any>} */
  #asked = new Map();
  /** @type {Map<string, any>} */
  #tasks = new Map();
  /** @type {any[]} */
  bodies = [];
  /** @type {string[]} */
  secrets = [];
  tokens = new Set(["ut_1"]);
  givesTokens = true;
  /** @type {((upload: any, bytes: Buffer) => string | undefined) | undefined} */
  verify;
  /** confirms answer PROCESSING, and this many looks later the upload is COMPLETED */
  looks = 0;
  /** @type {Set<Response>} */
  streams = new Set();
  /** @type {{id: number, type: string, subject: string}[]} */
  log = [];

  /** @param {FakeStorage} storage */
  constructor(storage) {
    super();
    this.storage = storage;
  }

  /** The only upload. */
  get one() {
    return [...this.uploads.values()][0];
  }

  /** @override @param {Request} request @param {Buffer} raw @param {Response} response */
  async handle(request, raw, response) {
    const secret = (request.headers.authorization ?? "").replace("Bearer ", "");
    this.secrets.push(secret);
    const url = new URL(request.url ?? "", this.url);
    const body = raw.length ? JSON.parse(raw.toString()) : undefined;
    this.bodies.push(body);
    const [, , kind, id, action, last] = url.pathname.split("/");
    if (!this.tokens.has(secret) && !(kind === "uploads" && secret === `uo_${id}`)) return refusal(401, "token_expired");
    if (kind === "events") return this.#stream(url, response);
    if (kind === "tasks") return this.#task(id ?? "");
    if (kind === "buckets") {
      const key = String(request.headers["idempotency-key"]);
      if (action === "uploads" && last === "batch") return this.#many(key, body);
      if (last === "confirm") return this.#confirmMany(body);
      return this.#create(key, body);
    }
    const upload = this.uploads.get(id ?? "");
    if (!upload) return refusal(404, "upload_not_found");
    if (request.method === "DELETE") {
      if (upload.status === "COMPLETED") return refusal(400, "upload_completed");
      upload.status = "CANCELED";
      return { status: 204 };
    }
    if (action === "parts" && last === "sign") return this.#signParts(upload, body);
    if (action === "parts") return this.#parts(upload);
    if (action === "sign") return { body: this.#ticket(upload, true) };
    if (action === "confirm") return this.confirm(upload, body);
    if (upload.status === "PROCESSING" && this.looks-- <= 0) upload.status = "COMPLETED";
    return { body: this.#ticket(upload, false) };
  }

  /** @param {string} key @param {any} body */
  #create(key, body) {
    const known = this.#asked.get(key);
    if (known) return { body: this.#ticket(known, true) };
    const refused = this.#refuse(body);
    if (refused) return refused;
    const upload = this.#make(body);
    this.#asked.set(key, upload);
    return { body: this.#ticket(upload, true) };
  }

  /** @param {any} body */
  #refuse(body) {
    return body.filename.endsWith(".exe") ? refusal(403, "content_type_denied") : undefined;
  }

  /** @param {any} body */
  #make(body) {
    const id = `upl_${this.uploads.size + 1}`;
    const partSize = body.multipart === "always" ? (body.part_size ?? 16 * MIB) : undefined;
    const upload = { id, key: `k/${id}`, status: "PENDING", body, partSize };
    this.uploads.set(id, upload);
    return upload;
  }

  /** @param {any} upload @param {boolean} signed */
  #ticket({ id, key, status, body, partSize, duplicate }, signed) {
    const open = signed && status === "PENDING" && !partSize;
    const query = {
      ...(body.file_size_bytes && { length: String(body.file_size_bytes) }),
      ...(body.integrity && body.file_hash && { sha256: body.file_hash, once: "1" }),
    };
    return {
      upload_id: id,
      status,
      ...(this.givesTokens && signed && { upload_token: `uo_${id}` }),
      method: partSize ? "multipart" : (body.method ?? "put"),
      presigned_url: open && body.method !== "post" ? this.storage.sign(key, query) : null,
      post: open && body.method === "post" ? this.#form(key) : null,
      required_headers: open ? { "Content-Type": body.content_type, "Content-Length": String(body.file_size_bytes) } : null,
      part_size: partSize ?? null,
      part_count: partSize ? Math.ceil(body.file_size_bytes / partSize) : null,
      integrity: body.integrity ?? null,
      is_duplicate: !!duplicate,
      object_id: status === "COMPLETED" ? `obj_${id}` : null,
      filename: body.filename,
    };
  }

  /** @param {string} key */
  #form(key) {
    return { url: `${this.storage.url}/`, fields: { key, policy: String(++this.storage.signed) } };
  }

  /** @param {any} upload @param {any} body */
  #signParts(upload, body) {
    if (!this.storage.multiparts.has(upload.key)) this.storage.multiparts.set(upload.key, new Map());
    upload.status = "IN_PROGRESS";
    return {
      body: {
        parts: body.parts.map((/** @type {any} */ part) => ({
          part_number: part.part_number,
          url: this.storage.sign(upload.key, {
            part: String(part.part_number),
            length: String(part.size_bytes),
            ...(part.sha256 && { sha256: part.sha256 }),
          }),
          required_headers: {},
        })),
      },
    };
  }

  /** @param {any} upload */
  #parts(upload) {
    if (!["PENDING", "IN_PROGRESS"].includes(upload.status)) return refusal(400, "wrong_state");
    const parts = this.storage.multiparts.get(upload.key) ?? new Map();
    const rows = [...parts].map(([part_number, { bytes, etag, sha256: hash }]) => ({
      part_number,
      size_bytes: bytes.length,
      etag,
      sha256: hash ?? null,
    }));
    return { body: { parts: rows.sort((one, other) => one.part_number - other.part_number) } };
  }

  /** @param {any} upload @param {any} body */
  confirm(upload, body) {
    if (upload.status === "COMPLETED") return { body: this.#ticket(upload, false) };
    if (["FAILED", "CANCELED"].includes(upload.status)) return refusal(400, "wrong_state");
    let found = this.storage.objects.get(upload.key);
    if (upload.partSize) {
      const parts = this.storage.multiparts.get(upload.key) ?? new Map();
      const count = Math.ceil(upload.body.file_size_bytes / upload.partSize);
      const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !parts.has(number));
      if (missing.length) return refusal(400, "content_not_found", { missing_parts: missing });
      const bytes = Buffer.concat(Array.from({ length: count }, (_, index) => parts.get(index + 1).bytes));
      this.storage.objects.set(upload.key, (found = { bytes, etag: "x" }));
      this.storage.multiparts.delete(upload.key);
    }
    if (!found) return refusal(400, "content_not_found");
    if (body?.etag && !upload.partSize && body.etag !== found.etag) return refusal(400, "etag_mismatch");
    const wrong = this.verify?.(upload, found.bytes);
    if (wrong) {
      upload.status = "FAILED";
      return refusal(400, wrong);
    }
    upload.status = this.looks ? "PROCESSING" : "COMPLETED";
    return { body: this.#ticket(upload, false) };
  }

  /** @param {string} key @param {any} body */
  #many(key, body) {
    const index = body.uploads.findIndex((/** @type {any} */ one) => this.#refuse(one));
    if (index >= 0) return refusal(403, "content_type_denied", { index });
    const made = this.#asked.get(key) ?? body.uploads.map((/** @type {any} */ one) => this.#make(one));
    this.#asked.set(key, made);
    return { body: { uploads: made.map((/** @type {any} */ one) => this.#ticket(one, true)), total: made.length } };
  }

  /** @param {any} body */
  #confirmMany(body) {
    const outputs = body.confirmations
      .map((/** @type {any} */ one) => this.confirm(this.uploads.get(one.upload_id), one))
      .filter((/** @type {any} */ answer) => (answer.status ?? 200) === 200)
      .map((/** @type {any} */ answer) => answer.body);
    const task_id = `task_${this.#tasks.size + 1}`;
    this.#tasks.set(task_id, {
      task_id,
      status: outputs.length === body.confirmations.length ? "COMPLETED" : "COMPLETED_WITH_ERRORS",
      outputs,
    });
    return { body: { task_id, task: { task_id, status: "PENDING", outputs: [] } } };
  }

  /** @param {string} id */
  #task(id) {
    return { body: this.#tasks.get(id) };
  }

  /** @param {URL} url @param {Response} response */
  #stream(url, response) {
    const asked = url.searchParams.get("after");
    const after = asked === "latest" ? this.log.length : Number(asked);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`id: ${after}\nretry: 1000\n\n`);
    for (const event of this.log.slice(after)) response.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
    this.streams.add(response);
    response.on("close", () => this.streams.delete(response));
    return undefined;
  }

  /** @param {string} type */
  happen(type) {
    const event = { id: this.log.length + 1, type, subject: "upl_1" };
    this.log.push(event);
    for (const stream of this.streams) stream.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** Bytes that an upload has in storage. @param {string} id */
  bytes(id) {
    return this.storage.objects.get(this.uploads.get(id).key)?.bytes;
  }
}

/**
 * Run a test with servers of its own.
 * @param {(world: {service: FakeService, storage: FakeStorage, store: import("../src/index.js").Store,
 *   client: (options?: Partial<import("../src/index.js").UpwellOptions>) => import("../src/index.js").Upwell}) => Promise<void>} body
 */
export const world = (body) => async () => {
  const storage = new FakeStorage();
  const service = new FakeService(storage);
  const store = memoryStore();
  await storage.start();
  await service.start();
  try {
    await body({
      service,
      storage,
      store,
      client: (options) => createUpwell({ url: service.url, bucket: "b", token: "ut_1", store, pause: 4, ...options }),
    });
  } finally {
    await service.stop();
    await storage.stop();
  }
};
