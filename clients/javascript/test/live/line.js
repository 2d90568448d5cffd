/** A line to a server, which can be slow and can be cut. */

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** @param {number} target a port */
export async function lineTo(target) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  const line = {
    port: 0,
    /** milliseconds for each piece that a client sends */
    slow: 0,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    async close() {
      line.cut();
      server.close();
    },
  };
  const server = createServer(async (near) => {
    const far = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(/** @type {import("node:net").Socket} */ (socket));
      socket?.on("error", () => {});
      socket?.on("close", () => {
        sockets.delete(socket);
        other?.destroy();
      });
    }
    far.pipe(near);
    try {
      for await (const piece of near) {
        if (line.slow) await pause(line.slow);
        if (!far.write(piece)) await once(far, "drain");
      }
    } catch {
      // cut
    }
    far.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  line.port = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  return line;
}
