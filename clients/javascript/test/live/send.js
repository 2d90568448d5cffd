/** Sends a file of chance, and prints what became of it: tests/javascript breaks the lines and restarts the servers. */

import { createHash, randomBytes } from "node:crypto";

import { createUpwell } from "../../src/index.js";

const [size = "0", partSize = "0"] = process.argv.slice(2);
const bytes = randomBytes(Number(size));
const file = new File([bytes], "film.mp4", { type: "video/mp4" });
const upwell = createUpwell({
  url: process.env.UPWELL_URL ?? "",
  bucket: process.env.UPWELL_BUCKET ?? "",
  token: process.env.UPWELL_API_KEY ?? "",
  namespace: process.env.UPWELL_NAMESPACE ?? "",
  pause: 50,
});
const result = await upwell.upload(file, {
  property: "video",
  partSize: Number(partSize),
  onProgress: ({ phase, sent }) => console.error(phase, sent),
});
console.log(JSON.stringify({ ...result, sent: createHash("sha256").update(bytes).digest("hex") }));
